"""`Corpus`: documents lie end to end on one line of characters."""

import hashlib
import itertools
import threading
import time
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar
from unicodedata import is_normalized

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans
from rag_chunk.corpus.characters import (
    BLOCK,
    LONE,
    classify_characters,
    flags_of,
)
from rag_chunk.corpus.document import Document, Location, Skipped
from rag_chunk.corpus.graphemes import Graphemes
from rag_chunk.corpus.whitespace import Whitespace
from rag_chunk.errors import InputError

T = TypeVar("T")


@dataclass(frozen=True)
class Corpus:
    """Documents in name order, on one line: document i begins at `starts[i]`, the last `starts` is the length.

    >>> corpus = Corpus([Document("b.md", "two"), Document("a.md", "one ")])
    >>> [document.name for document in corpus.documents], corpus.starts.tolist()
    (['a.md', 'b.md'], [0, 4, 7])
    >>> corpus.text(0, 3)
    'one'
    """

    documents: tuple[Document, ...]
    skipped: tuple[Skipped, ...] = field(default=(), compare=False)

    _derived_values: dict[object, Any] = field(init=False, repr=False, compare=False)
    _deriving: threading.RLock = field(init=False, repr=False, compare=False)
    _clock: threading.local = field(init=False, repr=False, compare=False)

    def __init__(self, documents: Iterable[Document], skipped: Iterable[Skipped] = ()) -> None:
        """Order the `documents` by name; raise `InputError` where two have the same one."""
        ordered = tuple(sorted(documents, key=lambda document: document.name))
        for one, other in itertools.pairwise(ordered):
            if one.name == other.name:
                raise InputError(f"two documents are named {one.name!r}; give each a name of its own")
        object.__setattr__(self, "documents", ordered)
        object.__setattr__(self, "skipped", tuple(skipped))
        object.__setattr__(self, "_derived_values", dict[object, Any]())
        object.__setattr__(self, "_deriving", threading.RLock())
        object.__setattr__(self, "_clock", threading.local())

    def __repr__(self) -> str:
        """Return how many documents there are, and how long they are together."""
        return f"Corpus({len(self.documents):,} documents, {len(self):,} characters)"

    @property
    def rows_in_memory(self) -> Sequence[int]:
        """Which documents are in memory with their texts: all."""
        return range(len(self.documents))

    @cached_property
    def starts(self) -> Positions:
        """Where each document begins on the line, and the line's length: int64 [documents + 1]."""
        lengths = [len(document.text) for document in self.documents]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])

    def derive(self, kind: type[T], find: Callable[[], T], *details: object) -> T:
        """Return the value of type `kind` that `find` computes from this corpus: once, kept as long as the corpus.

        `details`, which can be hashed, are all that the value depends on besides the corpus; with a type that
        several values share, such as an array, they begin with a name. Of several threads one computes it, and the
        others wait.
        """
        key = (kind, *details)
        if key not in self._derived_values:
            before, started = self.seconds_deriving, time.perf_counter()
            with self._deriving:
                if key not in self._derived_values:
                    self._derived_values[key] = find()
            # What `find` itself derived on the way is part of its time, and is not added again.
            self._clock.seconds = before + time.perf_counter() - started
        value: T = self._derived_values[key]
        return value

    @property
    def seconds_deriving(self) -> float:
        """Seconds that this thread has spent on what is computed once and shared by everything that uses this corpus."""
        seconds: float = getattr(self._clock, "seconds", 0.0)
        return seconds

    def __len__(self) -> int:
        """Return the number of characters on the line."""
        return int(self.starts[-1])

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for all names and texts."""
        return digest_corpus((document.digest, document.name) for document in self.documents)

    def _blocks(self) -> Iterator[tuple[int, str]]:
        """Yield the line in blocks of at most `BLOCK` characters: where each starts, and its text."""
        start, length, waiting = 0, 0, list[str]()
        for document in self.documents:
            for place in range(0, len(document.text), BLOCK):
                part = document.text[place : place + BLOCK]
                if length + len(part) > BLOCK:
                    yield start, "".join(waiting)
                    start, length, waiting = start + length, 0, []
                waiting.append(part)
                length += len(part)
        if waiting:
            yield start, "".join(waiting)

    def classify_characters(self, kind_of: Callable[[str], int]) -> Bytes:
        """Return what `kind_of` says of each character of the line, a number below 255: uint8 [characters]."""
        kinds = np.empty(len(self), np.uint8)
        for start, text in self._blocks():
            kinds[start : start + len(text)] = classify_characters(text, kind_of)
        return kinds

    @cached_property
    def flags(self) -> Bytes:
        """What each character of the line is: see `rag_chunk.corpus.characters`."""
        return self.classify_characters(flags_of)

    @cached_property
    def _unspaced_blocks(self) -> Bools:
        """Which blocks of the line have a character of a script that is written without spaces: bool [blocks + 1]."""
        blocks = range(0, len(self) + 1, BLOCK)
        return np.array([(self.flags[place : place + BLOCK] & LONE).any() for place in blocks], bool)

    def may_be_unspaced(self, spans: Spans) -> Bools:
        """Return whether there is, near each span, a character of a script that is written without spaces: bool [n]."""
        before = np.append(0, np.cumsum(self._unspaced_blocks))
        is_near: Bools = before[spans[:, 1] // BLOCK + 1] > before[spans[:, 0] // BLOCK]
        return is_near

    def documents_at(self, positions: Positions) -> Positions:
        """Return the index of the document that holds each position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def place(self, start: int, end: int) -> Location:
        """Return the stretch [start, end) of the line as one within its document."""
        index = bisect_right(self.starts.data, start, hi=len(self.documents)) - 1
        offset = int(self.starts[index])
        return Location(self.documents[index], start - offset, end - offset)

    def text(self, start: int, end: int) -> str:
        """Return the text of the stretch [start, end), which lies in one document."""
        document, first, last = self.place(start, end)
        return document.text[first:last]

    def texts(self, spans: Spans) -> list[str]:
        """Return the text of each span, none of which crosses a document."""
        index = self.documents_at(spans[:, 0])
        inner = (spans - self.starts[index][:, None]).tolist()
        texts = [document.text for document in self.documents]
        return [texts[number][start:end] for number, (start, end) in zip(index.tolist(), inner, strict=True)]

    @cached_property
    def graphemes(self) -> Graphemes:
        """Where grapheme clusters begin and end on the line."""
        return Graphemes(self.documents, self.starts, self.flags)

    @cached_property
    def whitespace(self) -> Whitespace:
        """Where white space is on the line."""
        return Whitespace(self.flags)

    def non_whitespace_before(self, positions: Positions) -> Positions:
        """Return how many characters before each position are not white space."""
        return self.whitespace.non_whitespace_before(positions)

    def non_whitespace_lengths(self, spans: Spans) -> Positions:
        """Return the number of characters in each span that are not white space: [n]."""
        return self.non_whitespace_before(spans[:, 1]) - self.non_whitespace_before(spans[:, 0])

    def trim(self, spans: Spans) -> Spans:
        """Return the spans without the white space at their edges; those that are blank are left out."""
        starts, ends = self.whitespace.past(spans[:, 0], 1), self.whitespace.past(spans[:, 1], -1)
        kept = starts < ends
        starts, ends = starts[kept], ends[kept]
        return np.column_stack([self.graphemes.starts(starts), self.graphemes.ends(ends)])


def count_not_normalized(corpus: Corpus) -> int:
    """Return how many documents are not in Unicode NFC: they hold letters apart from their accents."""
    return sum(not is_normalized("NFC", document.text) for document in corpus.documents)


def digest_corpus(documents: Iterable[tuple[str, str]]) -> str:
    """Return 16 hexadecimal digits for documents in order, given by their digests and names."""
    lines = "".join(f"{digest} {name}\n" for digest, name in documents)
    return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:16]
