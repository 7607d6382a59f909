"""`Measured`: pieces with their sizes, and where one is cut that has no finer border."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from rag_chunk.arrays import Positions, Spans, as_spans, index_in
from rag_chunk.chunker.pieces import Pieces
from rag_chunk.corpus import Corpus
from rag_chunk.units import Counts, Units


@dataclass(frozen=True, slots=True)
class Measured:
    """Pieces with how many units they have."""

    pieces: Pieces
    counts: Counts

    def at(self, rows: Positions) -> "Measured":
        """Return the pieces in these rows."""
        pieces = Pieces(self.pieces.spans[rows], self.pieces.levels[rows])
        return Measured(pieces, Counts(*(column[rows] for column in self.counts)))


def measured(pieces: Pieces, units: Units) -> Measured:
    """Measure all pieces."""
    return Measured(pieces, units.counted(pieces.spans))


def joined(parts: Sequence[Measured]) -> Measured:
    """Return the pieces of several, one after the other."""
    spans, levels = [part.pieces.spans for part in parts], [part.pieces.levels for part in parts]
    counts = zip(*(part.counts for part in parts), strict=True)
    return Measured(Pieces(np.concatenate(spans), np.concatenate(levels)), Counts(*map(np.concatenate, counts)))


def sizes_of(chunks: Spans, counts: Counts, first: Positions, last: Positions, units: Units) -> Positions:
    """Return the sizes of chunks, given the rows of the first and the last piece of each and what those count."""
    sizes = counts.reach[last] - counts.lead[first]
    doubtful = np.flatnonzero(counts.opens[first] > counts.closes[last])
    if len(doubtful):
        sizes[doubtful] = units.counted(as_spans(chunks[doubtful])).sizes
    return sizes


def cut_exactly(span: Positions, corpus: Corpus, units: Units, limit: int) -> Iterator[int]:
    """Yield where a stretch that has no finer border is cut, so that each part counts at most `limit` units.

    Only a single grapheme cluster may be larger.
    """
    start, end = (int(border) for border in span)
    while True:
        if _about(units, start, end) <= limit + 4 and units.size(start, end) <= limit:
            return
        start = _next_cut(start, end, corpus, units, limit)
        if start >= end:
            return
        yield start


def _next_cut(start: int, end: int, corpus: Corpus, units: Units, limit: int) -> int:
    """Return the furthest place after `start` up to which the text counts at most `limit` units."""
    nearest = _after_cluster(corpus, start)
    index = int(index_in(units.starts, start)) + limit
    while True:
        place = int(units.starts[index]) if index < len(units.starts) else end
        cut = min(corpus.cluster_around(min(place, end))[0], end)
        if cut <= nearest:
            return nearest
        if units.size(start, cut) <= limit:
            return cut
        index -= 1


def _after_cluster(corpus: Corpus, start: int) -> int:
    """Return where the grapheme cluster that starts at `start` ends."""
    return max(corpus.cluster_around(start + 1)[1], start + 1)


def _about(units: Units, start: int, end: int) -> int:
    """Return the number of units that start inside: near the size, and found without encoding."""
    first, last = index_in(units.starts, [start, end])
    return int(last - first)
