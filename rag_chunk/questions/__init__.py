"""Questions and the evidence that answers them."""

from rag_chunk.questions.question import STEPS, Evidence, Question, Questions, located

__all__ = ["STEPS", "Evidence", "Question", "Questions", "located"]
