"""Questions and the evidence that answers them."""

from rag_chunk.questions.check import QuestionCheck, check_questions
from rag_chunk.questions.diagnostics import Finding
from rag_chunk.questions.question import STEPS, Evidence, Question, Questions, located
from rag_chunk.questions.question_file import read_questions

__all__ = [
    "STEPS",
    "Evidence",
    "Finding",
    "Question",
    "QuestionCheck",
    "Questions",
    "check_questions",
    "located",
    "read_questions",
]
