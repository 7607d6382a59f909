"""`Document` and `Corpus`: documents lie end to end on one line of characters."""

import bisect
import hashlib
import itertools
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from rag_chunk.arrays import Bytes, Positions, Spans, among, as_spans, index_in, line_type
from rag_chunk.characters import SPACE, classify, cluster_borders, maybe_inside_clusters
from rag_chunk.errors import InputError

T = TypeVar("T")
_LONG_RUN = 256  # characters
BLOCK = 1 << 22  # characters of a document that are looked at together


@dataclass(frozen=True)
class Document:
    """A text as it was read, under a name.

    `name` is the path relative to the folder, with `/`. Nothing in `text` is cleaned; only a byte-order
    mark is not part of it.
    """

    name: str
    text: str

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for the text."""
        return hashlib.sha256(self.text.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @property
    def is_markdown(self) -> bool:
        """Whether Markdown rules hold for it, told by the name's ending."""
        return self.name.lower().endswith((".md", ".markdown", ".mdx"))

    @cached_property
    def line_starts(self) -> Positions:
        r"""Where each line starts, within the document: [lines]. Lines end at `\r\n`, `\r` or `\n` only."""
        codes = np.frombuffer(self.text.encode("utf-32-le", "surrogatepass"), np.uint32)
        feed = codes == ord("\n")
        lonely = codes == ord("\r")
        lonely[:-1] &= ~feed[1:]
        return np.concatenate([np.zeros(1, np.int64), np.flatnonzero(feed | lonely) + 1])


class Skipped(NamedTuple):
    """Something that was not read, and why."""

    name: str
    reason: str


class Place(NamedTuple):
    """A stretch within one document: offsets count from the document's start."""

    document: Document
    start: int
    end: int


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

    @cached_property
    def starts(self) -> Positions:
        """Where each document begins on the line, and the line's length: int64 [documents + 1]."""
        lengths = [len(document.text) for document in self.documents]
        return np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])

    @cached_property
    def _derived(self) -> dict[Hashable, Any]:
        return {}

    def derived(self, key: Hashable, find: Callable[[], T]) -> T:
        """Return what `find` finds out about this corpus; it is found once, and kept as long as the corpus."""
        if key not in self._derived:
            self._derived[key] = find()
        found: T = self._derived[key]
        return found

    def __len__(self) -> int:
        """Return the number of characters on the line."""
        return int(self.starts[-1])

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for all names and texts."""
        lines = "".join(f"{document.digest} {document.name}\n" for document in self.documents)
        return hashlib.sha256(lines.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    @cached_property
    def flags(self) -> Bytes:
        """What each character of the line is: see `rag_chunk.characters`."""
        flags = np.empty(len(self), np.uint8)
        for start, document in zip(self.starts.tolist(), self.documents, strict=False):
            for place in range(0, len(document.text), BLOCK):
                part = classify(document.text[place : place + BLOCK])
                flags[start + place : start + place + len(part)] = part
        return flags

    def documents_at(self, positions: Positions) -> Positions:
        """Return the index of the document that holds each position."""
        return np.searchsorted(self.starts, positions, side="right") - 1

    def place(self, start: int, end: int) -> Place:
        """Return the stretch [start, end) of the line as one within its document."""
        index = int(np.searchsorted(self.starts[:-1], start, side="right")) - 1
        offset = int(self.starts[index])
        return Place(self.documents[index], start - offset, end - offset)

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
        return self._moved(positions, lambda cluster: cluster[0])

    def grapheme_ends(self, positions: Positions) -> Positions:
        """Move each position inside a grapheme cluster to the cluster's end. Document borders stay."""
        return self._moved(positions, lambda cluster: cluster[1])

    def _moved(self, positions: Positions, to: Callable[[tuple[int, int]], int]) -> Positions:
        doubtful = np.flatnonzero((positions > 0) & (positions < len(self)))
        doubtful = doubtful[maybe_inside_clusters(self.flags, positions[doubtful])]
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
    def _solid_edges(self) -> Positions:
        """Where runs of characters that are no white space start and end, in turn; none crosses a document."""
        parts = [np.zeros(0, np.int64)]
        for first, last in itertools.pairwise(self.starts.tolist()):
            before = False
            for place in range(first, last, BLOCK):
                inked = (self.flags[place : min(place + BLOCK, last)] & SPACE) == 0
                changed = np.flatnonzero(inked != np.append(before, inked[:-1])) + place
                parts.append(changed.astype(line_type(len(self))))
                before = bool(inked[-1])
            parts.append(np.array([last] if before else [], line_type(len(self))))
        return np.concatenate(parts[1:] or parts)

    @cached_property
    def solid_starts(self) -> Positions:
        """Where each run of characters that are no white space starts, in order: [runs]."""
        return self._solid_edges[0::2].copy()

    @cached_property
    def solid_ends(self) -> Positions:
        """Where each of those runs ends: [runs]."""
        return self._solid_edges[1::2].copy()

    @cached_property
    def _solid_before(self) -> Positions:
        lengths = self.solid_ends - self.solid_starts
        return np.append(0, np.cumsum(lengths)).astype(line_type(len(self)))

    def solid_before(self, positions: Positions) -> Positions:
        """Return how many characters before each position are not white space."""
        if not len(self.solid_starts):
            return np.zeros_like(positions)
        index = index_in(self.solid_starts, positions, "right") - 1
        run = np.maximum(index, 0)
        starts, ends = self.solid_starts[run], self.solid_ends[run]
        inside = np.clip(positions - starts, 0, ends - starts)
        return np.where(index < 0, 0, self._solid_before[run] + inside)

    def solid_lengths(self, spans: Spans) -> Positions:
        """Return the number of characters in each span that are not white space: [n]."""
        return self.solid_before(spans[:, 1]) - self.solid_before(spans[:, 0])

    def trimmed(self, spans: Spans) -> Spans:
        """Return the spans without the white space at their edges; those that are blank are left out."""
        if not len(spans) or not len(self.solid_starts):
            return spans[:0]
        first = index_in(self.solid_ends, spans[:, 0], "right")
        last = index_in(self.solid_starts, spans[:, 1]) - 1
        kept = first <= last
        first, last, spans = first[kept], last[kept], spans[kept]
        starts = np.maximum(spans[:, 0], self.solid_starts[first])
        ends = np.minimum(spans[:, 1], self.solid_ends[last])
        return as_spans(np.column_stack([self.grapheme_starts(starts), self.grapheme_ends(ends)]))
