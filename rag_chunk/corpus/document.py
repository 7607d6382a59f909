"""`Document`: a text under a name."""

import bisect
import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.characters import plain_bytes


class Page(NamedTuple):
    """Where a page starts in its document's text, in characters, and its label, such as `57`."""

    start: int
    label: str


@dataclass(frozen=True, slots=True)
class Conversion:
    """How a text was made of a file: the converter with its version and options, and the version of the rule that cleans pages.

    `source_digest` is of the file's bytes; `is_markdown` says whether the converter writes Markdown.
    """

    converter: str
    version: str
    rule: int
    source_digest: str
    is_markdown: bool
    options: str = ""


@dataclass(frozen=True)
class Document:
    """A text as it was read, or as a converter made it of a file, under a name.

    `name` is the path relative to the folder, with `/`. Nothing in a `text` that was read is cleaned; only a byte-order
    mark is not part of it. `pages` are in order; there are none where the file has none.
    """

    name: str
    text: str
    pages: tuple[Page, ...] = ()
    conversion: Conversion | None = None

    def __repr__(self) -> str:
        """Return the name and the length, not the text: a chunk holds its document.

        >>> Document("guide.md", "Turn left.")
        Document('guide.md', 10 characters)
        """
        return f"Document({self.name!r}, {len(self.text):,} characters)"

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def is_markdown(self) -> bool:
        """Whether Markdown rules hold for it, by its converter, else by the extension of its name."""
        if self.conversion:
            return self.conversion.is_markdown
        return self.name.lower().endswith((".md", ".markdown", ".mdx"))

    @property
    def is_rst(self) -> bool:
        """Whether its section titles are those of reStructuredText, by the extension of its name."""
        return self.name.lower().endswith(".rst")

    @cached_property
    def _page_starts(self) -> list[int]:
        return [page.start for page in self.pages]

    def page_labels(self, start: int, end: int) -> tuple[str, ...]:
        """Return the labels of the pages that a stretch of the text is on; none where there are no pages.

        >>> Document("a.pdf", "one two", (Page(0, "1"), Page(4, "2"))).page_labels(2, 6)
        ('1', '2')
        """
        first = max(bisect.bisect_right(self._page_starts, start) - 1, 0)
        last = max(bisect.bisect_left(self._page_starts, end), first + 1)
        return tuple(page.label for page in self.pages[first:last])

    @cached_property
    def line_starts(self) -> Positions:
        r"""Where each line starts, within the document: [lines]. Lines end at `\r\n`, `\r` or `\n` only."""
        letters = plain_bytes(self.text)
        feed = letters == ord("\n")
        if "\r" in self.text:
            lonely = letters == ord("\r")
            lonely[:-1] &= ~feed[1:]
            feed |= lonely
        return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(feed) + 1])


class Skipped(NamedTuple):
    """Something that was not read, and why."""

    name: str
    reason: str


class Location(NamedTuple):
    """A stretch within one document: offsets count from the document's start."""

    document: Document
    start: int
    end: int
