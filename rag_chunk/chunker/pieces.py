"""`Pieces`: a corpus cut as finely as a strategy may cut it, before anything is packed together."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from rag_chunk.arrays import Positions, Spans, as_spans, distinct, index_in
from rag_chunk.corpus import Corpus
from rag_chunk.units import Units, word_starts


class Level(IntEnum):
    """How coarse a border is. A coarser one is preferred as the place for a cut."""

    GRAPHEME = 0
    WORD = 1
    SENTENCE = 2
    LINE = 3
    PARAGRAPH = 4
    PART = 18  # between the outermost parts of a block; less their depth for inner ones, at least PARAGRAPH + 1
    AFTER_HEADING = 19  # before a block that is to stay whole; where it is over the limit, its heading stays with it
    BLOCK = 20
    GROUP = 30  # always cut here: nothing is packed across it


Borders = Sequence[tuple[int, Positions]]  # levels, and where the borders of that level are


@dataclass(frozen=True, slots=True)
class Pieces:
    """Stretches in order, without white space at their edges, and the level of the border before each.

    `spans` is [pieces, 2] on the line, `levels` is [pieces].
    """

    spans: Spans
    levels: Positions

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.spans)


def pieces_at(corpus: Corpus, borders: Borders, skipped: Spans | None = None) -> Pieces:
    """Cut the corpus at all `borders`, given by level; what lies in a `skipped` span is left out.

    Borders of documents and of skipped spans are always of the level GROUP.
    """
    apart = np.zeros((0, 2), np.int64) if skipped is None else skipped
    levels, places = zip((Level.GROUP, corpus.starts[:-1]), (Level.GROUP, apart.ravel()), *borders, strict=True)
    positions = np.concatenate(places)
    ranks = np.repeat(np.array(levels, np.int64), [len(place) for place in places])
    aligned = corpus.grapheme_starts(positions)
    starts = distinct(aligned)
    coarsest = np.zeros(len(starts), np.int64)
    np.maximum.at(coarsest, np.searchsorted(starts, aligned), ranks)
    return _without(_trimmed(corpus, starts, coarsest), apart)


def _without(pieces: Pieces, skipped: Spans) -> Pieces:
    """Leave out the pieces in `skipped` spans; what comes after one opens a group."""
    if not len(skipped):
        return pieces
    row = np.searchsorted(skipped[:, 0], pieces.spans[:, 0], side="right") - 1
    inside = (row >= 0) & (pieces.spans[:, 0] < skipped[np.maximum(row, 0), 1])
    after = np.concatenate([[False], inside[:-1]])
    levels = np.where(after, Level.GROUP, pieces.levels)
    return Pieces(pieces.spans[~inside], levels[~inside])


def _trimmed(corpus: Corpus, starts: Positions, levels: Positions) -> Pieces:
    """Drop blank pieces; the coarsest border before a piece counts, also where only white space is between."""
    raw = as_spans(np.column_stack([starts, np.append(starts, len(corpus))[1:]]))
    kept = np.flatnonzero(corpus.solid(raw))
    if not len(kept):
        return Pieces(raw[:0], levels[:0])
    before = np.concatenate([[0], kept[:-1] + 1])
    return Pieces(corpus.trimmed(raw[kept]), np.maximum.reduceat(levels, before)[: len(kept)])


@dataclass(frozen=True, slots=True)
class Measured:
    """Pieces with their sizes in some unit: what a strategy needs for any `chunk_size`.

    A chunk of the pieces i to j - 1 has `reach[j - 1] - lead[i]` units (see `Units`). All are [pieces].
    """

    pieces: Pieces
    sizes: Positions
    lead: Positions
    reach: Positions


def measured(pieces: Pieces, units: Units) -> Measured:
    """Measure all pieces."""
    lead, reach = units.lead(pieces.spans[:, 0]), units.reach(pieces.spans[:, 1])
    return Measured(pieces, sizes_of(pieces.spans, reach - lead, units), lead, reach)


def sizes_of(spans: Spans, differences: Positions, units: Units) -> Positions:
    """Return the sizes of `spans`, given what `reach` less `lead` says; only the others are counted anew."""
    doubtful = ~units.additive(spans)
    sizes = differences.copy()
    sizes[doubtful] = units.sizes(spans[doubtful])
    return sizes


def within(known: Measured, corpus: Corpus, units: Units, limit: int) -> Measured:
    """Cut every piece that is over `limit` into its words, and words that are over it into whole graphemes.

    Only the new pieces are measured.
    """
    large = np.flatnonzero(known.sizes > limit)
    if not len(large):
        return known
    pieces = known.pieces
    new = measured(_parts(pieces, large, _inside(pieces.spans[large], corpus, units, limit), corpus), units)
    kept = np.flatnonzero(known.sizes <= limit)
    order = np.argsort(np.concatenate([pieces.spans[kept, 0], new.pieces.spans[:, 0]]), kind="stable")
    spans = as_spans(np.concatenate([pieces.spans[kept], new.pieces.spans])[order])
    levels = np.concatenate([pieces.levels[kept], new.pieces.levels])[order]
    sizes, lead, reach = (
        np.concatenate([getattr(known, name)[kept], getattr(new, name)])[order] for name in ("sizes", "lead", "reach")
    )
    return Measured(Pieces(spans, levels), sizes, lead, reach)


def _parts(pieces: Pieces, large: Positions, cuts: Borders, corpus: Corpus) -> Pieces:
    """Return what the `large` pieces fall into at the `cuts`."""
    starts = np.concatenate([pieces.spans[large, 0], *(places for _, places in cuts)])
    levels = np.concatenate([pieces.levels[large], *(np.full(len(places), level) for level, places in cuts)])
    starts, first = np.unique(starts, return_index=True)
    whole = np.searchsorted(pieces.spans[large, 0], starts, side="right") - 1
    ends = np.minimum(np.append(starts, len(corpus))[1:], pieces.spans[large[whole], 1])
    return Pieces(corpus.trimmed(as_spans(np.column_stack([starts, ends]))), levels[first])


def _inside(spans: Spans, corpus: Corpus, units: Units, limit: int) -> Borders:
    """Return where pieces are cut: at their words, and inside those words that are over `limit`."""
    found = [word_starts(corpus, start, end) for start, end in spans.tolist()]
    words = np.concatenate([starts[starts > first] for starts, first in zip(found, spans[:, 0], strict=True)])
    starts = distinct(spans[:, 0], words)
    ends = np.minimum(np.append(starts, len(corpus))[1:], spans[np.searchsorted(spans[:, 0], starts, "right") - 1, 1])
    parts = corpus.trimmed(as_spans(np.column_stack([starts, ends])))
    large = parts[units.sizes(parts) > limit]
    inner = [place for part in large for place in cut_exactly(part, corpus, units, limit)]
    return [(Level.WORD, words), (Level.GRAPHEME, np.array(inner, np.int64))]


def cut_exactly(span: Positions, corpus: Corpus, units: Units, limit: int) -> Iterator[int]:
    """Yield where a stretch that has no finer border is cut, so that each part counts at most `limit` units.

    Only a single grapheme cluster may be larger.
    """
    start, end = (int(border) for border in span)
    while True:
        if _about(units, start, end) <= limit + 4 and _size(units, start, end) <= limit:
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
        if _size(units, start, cut) <= limit:
            return cut
        index -= 1


def _after_cluster(corpus: Corpus, start: int) -> int:
    """Return where the grapheme cluster that starts at `start` ends."""
    return max(corpus.cluster_around(start + 1)[1], start + 1)


def _size(units: Units, start: int, end: int) -> int:
    return int(units.sizes(as_spans([(start, end)]))[0])


def _about(units: Units, start: int, end: int) -> int:
    """Return the number of units that start inside: near the size, and found without encoding."""
    first, last = index_in(units.starts, [start, end])
    return int(last - first)
