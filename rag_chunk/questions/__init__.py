"""Questions and the evidence that answers them."""

from rag_chunk.questions.question import STEPS, Evidence, Question, Questions, located
from rag_chunk.questions.reader import read_questions

__all__ = ["STEPS", "Evidence", "Question", "Questions", "located", "read_questions"]
