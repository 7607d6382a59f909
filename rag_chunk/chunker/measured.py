"""`Measured`: pieces with their sizes, and where one is cut that has no finer border."""

from collections.abc import Iterator
from dataclasses import dataclass

from rag_chunk.arrays import Positions, Spans, as_spans, index_in
from rag_chunk.chunker.pieces import Pieces
from rag_chunk.corpus import Corpus
from rag_chunk.units import Units


@dataclass(frozen=True, slots=True)
class Measured:
    """Pieces with their sizes in some unit.

    A chunk of the pieces i to j - 1 has `reach[j - 1] - lead[i]` units (see `Units`). All are [pieces].
    """

    pieces: Pieces
    sizes: Positions
    lead: Positions
    reach: Positions


def measured(pieces: Pieces, units: Units) -> Measured:
    """Measure all pieces."""
    lead, reach, sizes = units.counted(pieces.spans)
    return Measured(pieces, sizes, lead, reach)


def sizes_of(spans: Spans, differences: Positions, units: Units) -> Positions:
    """Return the sizes of `spans`, given what `reach` less `lead` says; only the others are counted anew."""
    doubtful = ~units.additive(spans)
    sizes = differences.copy()
    sizes[doubtful] = units.counted(as_spans(spans[doubtful])).sizes
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
