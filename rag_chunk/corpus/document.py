"""`Document`: a text under a name."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.characters import plain_bytes


@dataclass(frozen=True)
class Document:
    """A text as it was read, under a name.

    `name` is the path relative to the folder, with `/`. Nothing in `text` is cleaned; only a byte-order
    mark is not part of it.
    """

    name: str
    text: str

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
        """Whether Markdown rules hold for it, told by the name's ending."""
        return self.name.lower().endswith((".md", ".markdown", ".mdx"))

    @property
    def is_rst(self) -> bool:
        """Whether its section titles are those of reStructuredText, told by the name's ending."""
        return self.name.lower().endswith(".rst")

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
