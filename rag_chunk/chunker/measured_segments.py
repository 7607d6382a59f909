"""`MeasuredSegments`: pieces with their sizes, and where one is cut that has no finer border."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rag_chunk.chunker.segments import Segments
from rag_chunk.corpus import Corpus, cache
from rag_chunk.corpus.arrays import Positions, Spans, as_spans
from rag_chunk.corpus.units import Counts, Units


@dataclass(frozen=True, slots=True)
class MeasuredSegments:
    """Segments with how many units they have."""

    pieces: Segments
    counts: Counts

    def at(self, rows: Positions | slice) -> "MeasuredSegments":
        """Return the pieces in these rows."""
        pieces = Segments(self.pieces.spans[rows], self.pieces.levels[rows])
        return MeasuredSegments(pieces, self.counts.at(rows))

    def between(self, first: Positions, last: Positions) -> Spans:
        """Return the spans from the start of each first piece to the end of its last one, both given by their rows."""
        return as_spans(np.column_stack([self.pieces.spans[first, 0], self.pieces.spans[last, 1]]))


def measure(pieces: Segments, units: Units) -> MeasuredSegments:
    """Measure all pieces."""
    return MeasuredSegments(pieces, units.count(pieces.spans))


def measure_once(pieces: Segments, corpus: Corpus, units: Units) -> MeasuredSegments:
    """Measure all pieces. Strategies have the same ones, with other levels: what those count is kept with the corpus."""
    spans = pieces.spans
    counts = corpus.derive(Counts, lambda: units.count(spans), "pieces", cache.checksum(spans.tobytes()), units)
    return MeasuredSegments(pieces, counts)


def join(one: MeasuredSegments, other: MeasuredSegments) -> MeasuredSegments:
    """Return the pieces of one, then those of the other."""
    spans, levels = zip(*((known.pieces.spans, known.pieces.levels) for known in (one, other)), strict=True)
    return MeasuredSegments(Segments(np.concatenate(spans), np.concatenate(levels)), one.counts.join(other.counts))


def sizes_of(chunks: Spans, counts: Counts, first: Positions, last: Positions, units: Units) -> Positions:
    """Return the sizes of chunks, given the rows of the first and the last piece of each and what those count."""
    sizes = counts.reach[last] - counts.lead[first]
    doubtful = np.flatnonzero(counts.opens[first] > counts.closes[last])
    if len(doubtful):
        sizes[doubtful] = units.count(as_spans(chunks[doubtful])).sizes
    return sizes


def cut_exactly(span: Positions, corpus: Corpus, units: Units, limit: int) -> list[int]:
    """Return where a stretch that has no finer border is cut, so that each part counts at most `limit` units.

    Only a single grapheme cluster may be larger. Several strategies have the same long words: their cuts are kept.
    """
    known: dict[tuple[int, int], list[int]] = corpus.derive(dict, dict, "cuts", units, limit)
    start, end = span.tolist()
    if (start, end) not in known:
        known[start, end] = list(_cuts(start, end, corpus, units, limit))
    return known[start, end]


def _cuts(start: int, end: int, corpus: Corpus, units: Units, limit: int) -> Iterator[int]:
    starts = units.starts.data
    first, last = bisect_left(starts, start), bisect_left(starts, end)
    while last - first > limit + 4 or units.size(start, end) > limit:  # the former is near the size, and found at once
        start = _next_cut(start, end, corpus, units, first + limit, limit)
        if start >= end:
            return
        yield start
        first = bisect_left(starts, start, first)


def _next_cut(start: int, end: int, corpus: Corpus, units: Units, index: int, limit: int) -> int:
    """Return the furthest place after `start`, at the unit `index` or before, up to which there are `limit` units."""
    nearest = corpus.graphemes.cluster_at(start + 1)[1]
    while True:
        place = int(units.starts[index]) if index < len(units.starts) else end
        cut = min(corpus.graphemes.cluster_at(min(place, end))[0], end)
        if cut <= nearest:
            return nearest
        if units.size(start, cut) <= limit:
            return cut
        index -= 1
