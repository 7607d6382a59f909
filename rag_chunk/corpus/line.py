"""`Corpus`: documents lie end to end on one line of characters."""

import bisect
import hashlib
import itertools
import time
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, TypeVar

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans, among, count_covered_before, distinct, line_type
from rag_chunk.corpus.characters import (
    BLOCK,
    JOINER,
    LONE,
    SPACE,
    STICKY,
    WHITE,
    classify_characters,
    cluster_borders,
    flags_of,
    maybe_inside_clusters,
    white_runs,
)
from rag_chunk.corpus.document import Document, Location, Skipped
from rag_chunk.errors import InputError

T = TypeVar("T")
_LONG_RUN = 256  # characters


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

    def __init__(self, documents: Iterable[Document], skipped: Iterable[Skipped] = ()) -> None:
        """Order the `documents` by name; raise `InputError` where two have the same one."""
        ordered = tuple(sorted(documents, key=lambda document: document.name))
        for one, other in itertools.pairwise(ordered):
            if one.name == other.name:
                raise InputError(f"two documents are named {one.name!r}; give each a name of its own")
        object.__setattr__(self, "documents", ordered)
        object.__setattr__(self, "skipped", tuple(skipped))

    def __repr__(self) -> str:
        """Return how many documents there are, and how long they are together."""
        return f"Corpus({len(self.documents):,} documents, {len(self):,} characters)"

    @cached_property
    def starts(self) -> Positions:
        """Where each document begins on the line, and the line's length: int64 [documents + 1]."""
        lengths = [len(document.text) for document in self.documents]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])

    @cached_property
    def _derived_values(self) -> dict[Hashable, Any]:
        return {}

    def derived(self, key: Hashable, find: Callable[[], T]) -> T:
        """Return what `find` computes from this corpus; it is computed once, and kept as long as the corpus."""
        if key not in self._derived_values:
            before, started = self.seconds_deriving, time.perf_counter()
            self._derived_values[key] = find()
            # What `find` itself derived on the way is part of its time, and is not added again.
            object.__setattr__(self, "seconds_deriving", before + time.perf_counter() - started)
        value: T = self._derived_values[key]
        return value

    @cached_property
    def seconds_deriving(self) -> float:
        """Seconds spent so far on what is computed once and shared by everything that uses this corpus."""
        return 0.0

    def __len__(self) -> int:
        """Return the number of characters on the line."""
        return int(self.starts[-1])

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for all names and texts."""
        lines = "".join(f"{document.digest} {document.name}\n" for document in self.documents)
        return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:16]

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
        found = np.empty(len(self), np.uint8)
        for start, text in self._blocks():
            found[start : start + len(text)] = classify_characters(text, kind_of)
        return found

    @cached_property
    def flags(self) -> Bytes:
        """What each character of the line is: see `rag_chunk.corpus.characters`."""
        return self.classify_characters(flags_of)

    @cached_property
    def _flags(self) -> memoryview:
        """The same, for looking at single characters."""
        return self.flags.data

    @cached_property
    def _unspaced_blocks(self) -> Bools:
        """Which blocks of the line have a character of a script that is written without spaces: bool [blocks + 1]."""
        blocks = range(0, len(self) + 1, BLOCK)
        return np.array([(self.flags[place : place + BLOCK] & LONE).any() for place in blocks], bool)

    def may_be_unspaced(self, spans: Spans) -> Bools:
        """Return whether there is, near each span, a character of a script that is written without spaces: bool [n]."""
        before = np.append(0, np.cumsum(self._unspaced_blocks))
        found: Bools = before[spans[:, 1] // BLOCK + 1] > before[spans[:, 0] // BLOCK]
        return found

    def documents_at(self, positions: Positions) -> Positions:
        """Return the index of the document that holds each position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def place(self, start: int, end: int) -> Location:
        """Return the stretch [start, end) of the line as one within its document."""
        index = int(np.searchsorted(self.starts[:-1], start, side="right")) - 1
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

    def grapheme_starts(self, positions: Positions) -> Positions:
        """Move each position inside a grapheme cluster to the cluster's start. Document borders stay."""
        return self._move(positions, lambda cluster: cluster[0])

    def cluster_at(self, position: int) -> tuple[int, int]:
        """Return what `cluster_around` does; most positions are surely inside none, and need no second look."""
        flags = self._flags
        inside = 0 < position < len(flags) and (flags[position] & STICKY or flags[position - 1] & JOINER)
        return self.cluster_around(position) if inside else (position, position)

    def grapheme_ends(self, positions: Positions) -> Positions:
        """Move each position inside a grapheme cluster to the cluster's end. Document borders stay."""
        return self._move(positions, lambda cluster: cluster[1])

    def _move(self, positions: Positions, to: Callable[[tuple[int, int]], int]) -> Positions:
        if not len(self):
            return positions
        doubtful = np.flatnonzero(maybe_inside_clusters(self.flags, positions))
        doubtful = doubtful[~among(positions[doubtful], self.starts)]
        moved = positions.copy() if len(doubtful) else positions
        for index in doubtful.tolist():
            moved[index] = to(self.cluster_around(int(positions[index])))
        return moved

    def cluster_around(self, position: int) -> tuple[int, int]:
        """Return the grapheme cluster that `position` lies inside, or twice itself where two clusters meet."""
        borders = next((known for known in self._long_runs if known[0] <= position <= known[-1]), None)
        borders = borders or self._cluster_borders(position)
        index = bisect.bisect_left(borders, position)
        if index == len(borders) or borders[index] == position:
            return position, position
        return borders[index - 1], borders[index]

    @cached_property
    def _long_runs(self) -> list[list[int]]:
        """The borders of clusters in long runs of joined characters: looked at once, asked for often."""
        return []

    def _cluster_borders(self, position: int) -> list[int]:
        index = int(np.searchsorted(self.starts, position, side="left")) - 1
        if index < 0 or position == self.starts[index + 1]:
            return [position]
        first, last = int(self.starts[index]), int(self.starts[index + 1])
        found = cluster_borders(self.documents[index].text, self.flags[first:last], position - first)
        borders = [first + border for border in found]
        if borders[-1] - borders[0] > _LONG_RUN:
            self._long_runs.append(borders)
        return borders

    @cached_property
    def _non_whitespace_runs(self) -> tuple[Positions, Positions]:
        """Where runs of characters that are no white space start, and where they end; none crosses a document."""
        kind, before = line_type(len(self)), False
        parts = []
        for place in range(0, len(self), BLOCK):
            inked = (self.flags[place : place + BLOCK] & SPACE) == 0
            changes = inked != np.concatenate([[before], inked[:-1]])
            parts.append((np.flatnonzero(changes) + place).astype(kind))
            before = bool(inked[-1])
        edges = np.concatenate([*parts, np.array([len(self)] if before else [], kind)])
        inner = distinct(self.starts)[1:-1]
        crossed = inner[(self.flags[inner - 1] | self.flags[inner]) & SPACE == 0].repeat(2)
        edges = np.insert(edges, np.searchsorted(edges, crossed), crossed) if len(crossed) else edges
        return edges[0::2].copy(), edges[1::2].copy()

    @property
    def non_whitespace_starts(self) -> Positions:
        """Where each run of characters that are no white space starts, in order: [runs]."""
        return self._non_whitespace_runs[0]

    @property
    def non_whitespace_ends(self) -> Positions:
        """Where each of those runs ends: [runs]."""
        return self._non_whitespace_runs[1]

    @cached_property
    def _non_whitespace_totals(self) -> Positions:
        lengths = self.non_whitespace_ends - self.non_whitespace_starts
        return np.append(0, np.cumsum(lengths)).astype(line_type(len(self)))

    def non_whitespace_before(self, positions: Positions) -> Positions:
        """Return how many characters before each position are not white space."""
        return count_covered_before(
            self.non_whitespace_starts, self.non_whitespace_ends, self._non_whitespace_totals, positions
        )

    def non_whitespace_lengths(self, spans: Spans) -> Positions:
        """Return the number of characters in each span that are not white space: [n]."""
        return self.non_whitespace_before(spans[:, 1]) - self.non_whitespace_before(spans[:, 0])

    @cached_property
    def white_runs(self) -> tuple[Positions, Positions]:
        """Where long stretches of white space start and end, near enough to be walked to: one in each wide gap."""
        return white_runs(self.flags)

    def past_space(self, positions: Positions, step: Literal[-1, 1] = 1) -> Positions:
        """Move each position over the white space after it (`step` 1) or before it (-1), also into other documents."""
        moved = positions.copy()
        rows = self._walk(moved, self._rows_beside_whitespace(moved, step), step)
        if len(rows):
            starts, ends = self.white_runs
            if step > 0:
                moved[rows] = ends[np.searchsorted(ends, positions[rows], side="right")]
            else:
                moved[rows] = starts[np.searchsorted(starts, positions[rows], side="left") - 1]
            self._walk(moved, rows[self._rows_beside_whitespace(moved[rows], step)], step)
        return moved

    def _walk(self, moved: Positions, rows: Positions, step: Literal[-1, 1]) -> Positions:
        """Move the positions in these rows over white space, in place; return the rows of those that are not past it."""
        for _ in range(2 * WHITE):
            if not len(rows):
                break
            moved[rows] += step
            rows = rows[self._rows_beside_whitespace(moved[rows], step)]
        return rows

    def _rows_beside_whitespace(self, positions: Positions, step: Literal[-1, 1]) -> Positions:
        """Return the rows of the positions that have white space after (`step` 1) or before (-1) them."""
        if not len(self):
            return np.zeros(0, np.intp)
        limit, look = (len(self), 0) if step > 0 else (0, -1)
        spaced = self.flags.take(positions + look, mode="clip") & SPACE
        return np.flatnonzero((spaced > 0) & (positions != limit))

    def holds_text(self, spans: Spans) -> Bools:
        """Return whether each span holds anything but white space: bool [n]."""
        found: Bools = self.past_space(spans[:, 0], 1) < spans[:, 1]
        return found

    def trim(self, spans: Spans) -> Spans:
        """Return the spans without the white space at their edges; those that are blank are left out."""
        starts, ends = self.past_space(spans[:, 0], 1), self.past_space(spans[:, 1], -1)
        kept = starts < ends
        starts, ends = starts[kept], ends[kept]
        return np.column_stack([self.grapheme_starts(starts), self.grapheme_ends(ends)])
