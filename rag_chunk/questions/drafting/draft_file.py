"""Drafts as a question file: each with its evidence, and with where it comes from."""

from collections.abc import Iterator
from typing import Any

from rag_chunk.config.drafting import FILTERS, DraftingConfig
from rag_chunk.corpus import Corpus
from rag_chunk.questions.drafting.draft_filters import DraftedQuestion
from rag_chunk.questions.drafting.drafter import Drafting
from rag_chunk.questions.question import question_to_dict
from rag_chunk.questions.question_file import format_questions

_HEAD = """\
# Draft questions by {model}. Review them before you trust any result.
#
# For each draft: would a user ask this? Is the evidence all of the text that answers it, and no more? If so, delete
# the line "reviewed: false"; if not, correct or delete the question. rag-chunk review does this in a browser.
"""
_REASONS = {
    "unreadable": "no answer in the form that was asked for",
    "declined": "the model found no question to ask",
    "unsupported": "a quote that is not in the text",
    **{name: f"{meaning} ({name})" for name, meaning in FILTERS.items()},
}


def draft_file(drafting: Drafting, config: DraftingConfig, corpus: Corpus) -> str:
    """Return a question file of drafts: YAML, or JSON where that is asked for or YAML would be too large."""
    model = config.require_model()
    questions = [_to_dict(draft, model, config.filters, corpus) for draft in drafting.questions]
    return format_questions(questions, config.output_file, _HEAD.format(model=" ".join(model.split())))


def _to_dict(draft: DraftedQuestion, model: str, filters: tuple[str, ...], corpus: Corpus) -> dict[str, Any]:
    fields = question_to_dict(draft.question, corpus)
    evidence = fields.pop("evidence")
    documents = {passage.document.name: passage.document.digest for passage in draft.passages}
    drafted = {"model": model, "date": draft.day, "documents": documents, "passed": ", ".join(["quoted", *filters])}
    return {**fields, "reviewed": False, "evidence": evidence, "drafted": drafted}


def tally_lines(drafting: Drafting) -> Iterator[str]:
    """Yield how many drafts were asked for and kept, and for each reason how many were dropped."""
    yield f"Asked for {drafting.asked:,} drafts, kept {len(drafting.questions):,}."
    for reason, meaning in _REASONS.items():
        if count := drafting.dropped.get(reason):
            yield f"  dropped {count:,}: {meaning}"
