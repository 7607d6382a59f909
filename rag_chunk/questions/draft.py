"""One draft question, and what all of its sources ask of a text."""

from typing import NamedTuple

from rag_chunk.corpus import Document

SHORTEST, LONGEST = 30, 300  # characters of a sentence that is worth a question
_ENDERS = ".!?…。！？"


class Draft(NamedTuple):
    """A draft: what might be asked, the document that it is about, a phrase of it, and what it was drawn from."""

    question: str
    document: str
    phrase: str
    kind: str


def is_telling(text: str) -> bool:
    """Whether a sentence is whole and of a usual length."""
    return SHORTEST <= len(text) <= LONGEST and text[0].isalnum() and text[-1] in _ENDERS


def on_one_line(text: str) -> str:
    """Return a text with each run of white space as one space."""
    return " ".join(text.split())


def has_plain_pages(document: Document) -> bool:
    """Whether a document has pages of lines, in which titles and rows look like any other line."""
    return bool(document.pages) and not document.is_markdown
