"""Questions drafted by a model from passages of documents, with evidence that is theirs word for word."""

from rag_chunk.questions.drafting.call_estimate import CallEstimate, estimate_calls, most_calls
from rag_chunk.questions.drafting.draft_file import draft_file, tally_lines
from rag_chunk.questions.drafting.draft_filters import DraftContext, DraftedQuestion
from rag_chunk.questions.drafting.drafter import Drafting, Stop, draft_questions
from rag_chunk.questions.drafting.model_asker import ModelAsker
from rag_chunk.questions.drafting.source_passages import PassageSampler

__all__ = [
    "CallEstimate",
    "DraftContext",
    "DraftedQuestion",
    "Drafting",
    "ModelAsker",
    "PassageSampler",
    "Stop",
    "draft_file",
    "draft_questions",
    "estimate_calls",
    "most_calls",
    "tally_lines",
]
