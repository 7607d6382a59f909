"""Pages of text: what a converter returns, how it is cleaned, and how pages become one document."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from rag_chunk.corpus.converters.line_hyphens import settle_line_hyphens
from rag_chunk.corpus.document import Page

RULE = 3  # the version of `clean_page`, `settle_line_hyphens` and `join_pages`: change it with them, since texts differ then

_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_HYPHENS = re.compile(
    "[\u00ad\ufffe]+(?:[ \t]*\n[ \t]*)?"
)  # soft hyphens, and what PDFium writes for a hyphen at a line's end
_BROKEN = re.compile(
    "(?<=[0-9.)])\ufffe[ \t]*\n?[ \t]*(?=\\w)|\ufffe[ \t]*\n?[ \t]*(?=[0-9A-Z])"
)  # of a number, behind a full stop, or before a name: COVID-19, U.S.-based, Pfizer-BioNTech
_SPACES = re.compile("[\u00a0\u2000-\u200a\u202f\u205f]")
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_PADDING = re.compile("(?<![ \t])[ \t]+$", re.MULTILINE)  # tried once for each run of spaces
_LONE = re.compile("[\ud800-\udfff]")


class ConversionError(Exception):
    """A file that a converter cannot read; the message goes after the file's name: "is encrypted"."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one conversion may take. `bytes` holds for the file, and for what is packed in it, each.

    `seconds` are of the processor, so that a busy machine refuses no file; `elapsed` are of the clock.
    """

    seconds: float = 120
    elapsed: float = 600
    memory: int = 4_000_000_000
    pages: int = 10_000
    characters: int = 50_000_000
    bytes: int = 500_000_000


@dataclass(frozen=True, slots=True)
class ConvertedPages:
    """The text of each page, in order; a text without pages is one page, and has no labels."""

    pages: tuple[str, ...]
    labels: tuple[str, ...] = ()


def number_pages(pages: Iterable[str]) -> ConvertedPages:
    """Return pages that are labelled by their number, from 1, as every viewer counts them."""
    texts = tuple(pages)
    return ConvertedPages(texts, tuple(map(str, range(1, len(texts) + 1))))


def clean_page(text: str) -> str:
    r"""Return a page in the form in which all converters' texts are kept; nothing else is changed.

    Lines end in a line feed, and without spaces; every space is an ordinary one; a soft hyphen joins its word, as does a
    hyphen at the end of a line, except beside a number or before a capital; control characters are dropped; letters are
    composed (NFC).

    >>> clean_page("Cafe\u0301\u00a0co\u00ad\r\noperate  \r\n")
    'Café cooperate'
    """
    text = _LINE_ENDS.sub("\n", _LONE.sub("\ufffd", text))
    text = _HYPHENS.sub("", _BROKEN.sub("-", _CONTROLS.sub("", text)))
    text = _PADDING.sub("", _SPACES.sub(" ", text))
    return unicodedata.normalize("NFC", text).strip("\n")


def join_pages(converted: ConvertedPages) -> tuple[str, tuple[Page, ...]]:
    """Return the text of a document, its pages apart by a blank line, and where each page starts.

    A hyphen at the end of a line stays where the document's other words show that it belongs to its word. A page without text starts where the next one does.
    """
    text, starts = "", list[int]()
    parts = [clean_page(page) for page in settle_line_hyphens(converted.pages)]
    position, written = 0, list[str]()
    for part in parts:
        gap = 2 if written and part else 0
        starts.append(position + (2 if written else 0))
        if part:
            written.append(part)
            position += gap + len(part)
    text = "\n\n".join(written)
    places = [min(start, len(text)) for start in starts]
    return text, tuple(Page(start, label) for start, label in zip(places, converted.labels, strict=False))
