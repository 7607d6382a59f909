"""Questions and the evidence that answers them."""

from rag_chunk.questions.check import QuestionCheck, check_questions
from rag_chunk.questions.diagnostics import Diagnostic
from rag_chunk.questions.question import STEPS, Evidence, Question, Questions, question_to_dict
from rag_chunk.questions.question_file import read_questions

__all__ = [
    "STEPS",
    "Diagnostic",
    "Evidence",
    "Question",
    "QuestionCheck",
    "Questions",
    "check_questions",
    "question_to_dict",
    "read_questions",
]
