"""Packs pieces into chunks: as many as fit, cut at the coarsest border among those."""

import itertools
from collections.abc import Callable

import numpy as np

from rag_chunk.chunker.measured_segments import cut_exactly, measure_once, sizes_of
from rag_chunk.chunker.omission import skipped_spans
from rag_chunk.chunker.packing_table import PackingTable
from rag_chunk.chunker.segments import Borders, Level, Segments, pieces_at
from rag_chunk.chunker.splittable import SplittableSegments
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bytes, Positions, Spans, as_spans, occurring
from rag_chunk.corpus.units import Units, units_of


def _overlap_starts(rows: PackingTable, overlap: int, levels: Bytes) -> Positions:
    """Return for each row the first row of the chunk after a cut there: whole pieces of at most `overlap` units back.

    `levels` are those of the borders, as far as they count for what is whole. No chunk goes back across a group, and
    each goes further than the one before it. What would fit whole without the overlap fits with it too: else the
    overlap is shorter.
    """
    cuts = rows.numbers[1:-1]
    back = np.searchsorted(rows.lead, rows.reach[:-1] - overlap, side="left").astype(cuts.dtype)
    onward = rows.short_of.take(_next_whole(rows, cuts, levels[1:-1]))
    first = _first_whole(rows, levels[1:-1], np.maximum(back, onward))
    opens_group = rows.levels[1:-1] == Level.GROUP
    return np.concatenate([rows.numbers[:1], np.where(opens_group, cuts, first)])


def _next_whole(rows: PackingTable, cuts: Positions, wanted: Bytes) -> Positions:
    """Return for each cut the row after the next whole piece: as coarse as `wanted`, or what of it fits into a chunk."""
    after = rows.next_as_coarse(wanted, cuts + 1)
    large = np.flatnonzero(rows.furthest[1:] < after)
    if len(large):
        beyond = cuts[large]
        coarsest = rows.levels[rows.coarsest(rows.furthest[beyond], beyond)]
        after[large] = rows.next_as_coarse(coarsest, beyond + 1)
    return after


def _first_whole(rows: PackingTable, wanted: Bytes, earliest: Positions) -> Positions:
    """Return for each cut the first row, from its `earliest` on, such that no border from there to the cut is coarser."""
    firsts = cuts = rows.numbers[1:-1]
    for level in occurring(wanted).tolist():
        first = rows.following(level, earliest)
        firsts = np.where((first < cuts) & (wanted <= level), first, firsts)
    return firsts


def _plain(rows: PackingTable) -> tuple[Positions, Positions]:
    """Return the first row of each chunk, and the row after it."""
    ends = rows.coarsest(rows.furthest, rows.numbers[:-1]).data
    cuts, cut, last = [0], ends[0], len(ends)
    while cut < last:
        cuts.append(cut)
        cut = ends[cut]
    borders = np.fromiter([*cuts, cut], np.int64, len(cuts) + 1)
    return borders[:-1], borders[1:]


def _overlapping(rows: PackingTable, overlap: int, whole: int, units: Units) -> tuple[Positions, Positions]:
    """Return the first row of each chunk, and the row after it; a chunk begins with whole pieces of the one before."""
    # Four rows of one unit, a limit of 3 and an overlap of 1: `starts` [0 0 1 2] is for each row the first row of the chunk
    # after a cut there, `ends` [3 3 4 4] the row after the last of that chunk. Followed from the cut 0: rows 0 to 2, cut at
    # 3, then from row 2 to the end. `begun` is [0 2] and `ended` [3 4].
    levels = np.minimum(rows.levels, np.uint8(whole))
    firsts = _overlap_starts(rows, overlap, levels)
    starts, ends = firsts.data, rows.coarsest(rows.furthest.take(firsts), rows.numbers[:-1]).data
    level_of, begun, ended = levels.tobytes(), list[int](), list[int]()
    before, cut, last = -1, 0, len(rows)
    while cut < last:
        row, end = starts[cut], ends[cut]
        if row <= before:  # the whole chunk before would be repeated
            inner = level_of[before + 1 : cut + 1]
            row = before + 1 + inner.index(max(inner))
            end = rows.coarsest_of(row, cut)
        begun.append(row)
        ended.append(end)
        before, cut = row, end
    first, after = (np.fromiter(column, np.int64, len(column)) for column in (begun, ended))
    return _sharing(rows, first, after, overlap, units), after


def _sharing(rows: PackingTable, first: Positions, after: Positions, overlap: int, units: Units) -> Positions:
    """Return the first rows of chunks, so that what is shared with the chunk before counts `overlap` units at most.

    What is counted from borders may be less than a short text has by itself: then nothing is shared.
    """
    back = np.flatnonzero(first[1:] < after[:-1]) + 1
    one, other = rows.chosen[first[back]], rows.chosen[after[back - 1] - 1]
    sizes = sizes_of(rows.known.between(one, other), rows.known.counts, one, other, units)
    first, moved = first.copy(), back[sizes > overlap]
    while len(moved):
        first[moved] = after[moved - 1]
        moved = np.flatnonzero(first[1:] <= first[:-1]) + 1  # else it would begin before the one that was moved
    return first


def pack(corpus: Corpus, config: RunConfig, kind: str, find: Callable[[Corpus], Borders], whole: int = 0) -> Spans:
    """Return chunks of at most `chunk_size` units: neighbouring pieces of one group together, greedily.

    The pieces lie between the borders that `find` finds; they and their sizes are kept under `kind`. Each
    chunk ends at the coarsest border that it can reach. The next one goes back by whole pieces of at most
    `overlap` units, to a border that is as coarse as the one where the chunk ended, or of the level `whole`.
    """
    units = units_of(corpus, config.unit, config.model)
    key = (kind, config.skip_blocks)
    pieces = corpus.derive(Segments, lambda: pieces_at(corpus, find(corpus), skipped_spans(corpus, config)), *key)
    known = corpus.derive(
        SplittableSegments, lambda: SplittableSegments(measure_once(pieces, corpus, units), corpus, units), *key, units
    )
    return pack_rows(known.rows(config.chunk_size, config.overlap), corpus, config, whole)


def pack_rows(rows: PackingTable, corpus: Corpus, config: RunConfig, whole: int = 0) -> Spans:
    """Pack pieces of which none is over `chunk_size`: see `pack`."""
    if not len(rows):
        return as_spans([])
    known, units = rows.known, units_of(corpus, config.unit, config.model)
    first, after = _overlapping(rows, config.overlap, whole, units) if config.overlap else _plain(rows)
    first, last = rows.chosen[first], rows.chosen[after - 1]
    spans = known.between(first, last)
    sizes = sizes_of(spans, known.counts, first, last, units)
    return cut_to_limit(spans, sizes, corpus, units, config.chunk_size)


def cut_to_limit(spans: Spans, sizes: Positions, corpus: Corpus, units: Units, limit: int) -> Spans:
    """Cut the spans whose own text counts more than `limit` units: where a border changes many tokens."""
    large = np.flatnonzero(sizes > limit)
    if not len(large):
        return spans
    parts = []
    for row in large.tolist():
        start, end = spans[row].tolist()
        borders = [start, *cut_exactly(spans[row], corpus, units, limit), end]
        parts += list(itertools.pairwise(borders))
    cut = corpus.trim(as_spans(parts))
    together = np.concatenate([np.delete(spans, large, axis=0), cut])
    return outermost(as_spans(together[np.lexsort((together[:, 1], together[:, 0]))]))


def outermost(spans: Spans) -> Spans:
    """Of sorted spans leave out those that lie in another one.

    >>> outermost(as_spans([(0, 4), (0, 7), (2, 7), (5, 9)])).tolist()
    [[0, 7], [5, 9]]
    """
    if (spans[1:] > spans[:-1]).all():  # nearly always, and seen much faster
        return spans
    return as_spans(spans[outermost_rows(spans)])


def outermost_rows(spans: Spans) -> Positions:
    """Return the rows of sorted spans that lie in no other one; of equal ones the last."""
    rows = np.flatnonzero(np.append(spans[1:, 0] != spans[:-1, 0], np.True_)[: len(spans)])
    reached = np.maximum.accumulate(spans[rows, 1])
    outer: Positions = rows[np.append(np.True_, spans[rows[1:], 1] > reached[:-1])[: len(rows)]]
    return outer
