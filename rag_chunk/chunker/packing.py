"""Packs pieces into chunks: as many as fit, cut at the coarsest border among those."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rag_chunk.arrays import Positions, Spans, as_spans
from rag_chunk.chunker.pieces import Borders, Level, Measured, cut_exactly, measured, pieces_at, sizes_of, within
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.structure import structure_of
from rag_chunk.units import Units, units_of


@dataclass(frozen=True, slots=True)
class Rows:
    """Pieces measured: a chunk of the rows i to j - 1 has `reach[j - 1] - lead[i]` units.

    Both are made monotone, on the side that never counts too few, so that they can be searched.
    """

    lead: Positions
    reach: Positions
    levels: Positions  # [rows]: of the border before each row
    group_ends: Positions  # [rows]: the first row after the group that holds each row
    last_at: tuple[Positions, ...]  # per level, coarsest first: [rows + 1], the last border at or before each row


def _levels(known: Measured, limit: int) -> Positions:
    """Return the levels, that between a heading and a block over the limit lowered: they stay together."""
    levels = known.pieces.levels
    opens = np.flatnonzero(levels >= Level.AFTER_HEADING)
    closes = np.append(opens, len(levels))[1:]
    large = known.reach[closes - 1] - known.lead[opens] > limit
    lowered = levels.copy()
    lowered[opens[large & (levels[opens] == Level.AFTER_HEADING)]] = Level.WORD
    return lowered


def _rows(known: Measured, limit: int) -> Rows:
    pieces, own_levels = known.pieces, _levels(known, limit)
    rows = np.arange(len(pieces))
    borders = np.append(own_levels, Level.GROUP)
    firsts = np.append(np.flatnonzero(own_levels == Level.GROUP), len(pieces))
    levels = np.unique(own_levels)[::-1]
    return Rows(
        lead=np.minimum.accumulate(known.lead[::-1])[::-1],
        reach=np.maximum.accumulate(known.reach),
        levels=own_levels,
        group_ends=firsts[np.searchsorted(firsts, rows, side="right")],
        last_at=tuple(_last_at(borders, level) for level in levels[:-1]),
    )


def _last_at(borders: Positions, level: int) -> Positions:
    rows = np.arange(len(borders))
    return np.maximum.accumulate(np.where(borders >= level, rows, 0))


def _furthest(rows: Rows, limit: int) -> Positions:
    """Return for each row the row after the last one that still fits into a chunk that begins with it."""
    fits = np.searchsorted(rows.reach, rows.lead + limit, side="right")
    return np.minimum(np.maximum(fits, np.arange(len(fits)) + 1), rows.group_ends)


def _coarsest(rows: Rows, furthest: Positions, beyond: Positions) -> Positions:
    """Return where to cut: at the coarsest border in (beyond, furthest], the last of its kind."""
    ends = furthest
    for last_at in reversed(rows.last_at):
        found = last_at[furthest]
        ends = np.where(found > beyond, found, ends)
    return ends


def _backed(rows: Rows, furthest: Positions, overlap: int, whole: int) -> Positions:
    """Return for each cut j the first row of the chunk after it: whole pieces of at most `overlap` units back.

    No chunk goes back across a group, and each goes further than the one before it. What would fit whole without
    the overlap fits with it too: else the overlap is shorter.
    """
    cuts = np.arange(1, len(furthest))
    wanted = np.minimum(rows.levels[cuts], whole)
    after = _next_as_coarse(rows, wanted, cuts + 1)
    reached = np.where(furthest[cuts] >= after, after, cuts + 1)
    back = np.searchsorted(rows.lead, rows.reach[cuts - 1] - overlap, side="left")
    onward = np.searchsorted(furthest, reached, side="left")
    first = np.minimum(_next_as_coarse(rows, wanted, np.maximum(back, onward)), cuts)
    opens_group = rows.group_ends[cuts - 1] == cuts
    return np.concatenate([[0], np.where(opens_group, cuts, first)])


def _next_as_coarse(rows: Rows, wanted: Positions, places: Positions) -> Positions:
    """Return the first row at or after each place whose border is of the level `wanted` there, or coarser."""
    last = len(rows.levels)
    found = np.minimum(places, last)
    for level in np.unique(wanted).tolist():
        borders = np.where(np.append(rows.levels, Level.GROUP) >= level, np.arange(last + 1), last)
        following = np.minimum.accumulate(borders[::-1])[::-1]
        found = np.where(wanted == level, following[np.minimum(places, last)], found)
    return found


def _plain(rows: Rows, furthest: Positions) -> list[tuple[int, int]]:
    ends = _coarsest(rows, furthest, np.arange(len(furthest))).tolist()
    chunks, row = [], 0
    while row < len(ends):
        chunks.append((row, ends[row]))
        row = ends[row]
    return chunks


def _overlapping(rows: Rows, furthest: Positions, firsts: Positions) -> list[tuple[int, int]]:
    cuts = np.arange(len(furthest))
    ends = _coarsest(rows, furthest[firsts], cuts).tolist()
    starts = firsts.tolist()
    chunks: list[tuple[int, int]] = []
    row, cut = 0, 0
    while cut < len(ends):
        row, end = starts[cut], ends[cut]
        if chunks and row <= chunks[-1][0]:  # the whole chunk before would be repeated
            row = chunks[-1][0] + 1
            end = int(_coarsest(rows, furthest[row : row + 1], cuts[cut : cut + 1])[0])
        chunks.append((row, end))
        cut = end
    return chunks


def pack(corpus: Corpus, config: RunConfig, kind: str, find: Callable[[Corpus], Borders], whole: int = 0) -> Spans:
    """Return chunks of at most `chunk_size` units: neighbouring pieces of one group together, greedily.

    The pieces lie between the borders that `find` finds; they and their sizes are kept under `kind`. Each
    chunk ends at the coarsest border that it can reach. The next one goes back by whole pieces of at most
    `overlap` units, to a border that is as coarse as the one where the chunk ended, or of the level `whole`.
    """
    units = units_of(corpus, config)
    key = (kind, config.skip_blocks)
    pieces = corpus.derived(key, lambda: pieces_at(corpus, find(corpus), skipped_spans(corpus, config)))
    known = corpus.derived((key, units), lambda: measured(pieces, units))
    return pack_measured(known, corpus, config, whole)


def skipped_spans(corpus: Corpus, config: RunConfig) -> Spans:
    """Return the stretches that `skip_blocks` leaves out."""
    if not config.skip_blocks:
        return np.zeros((0, 2), np.int64)
    return structure_of(corpus).skipped(config.skip_blocks)


def pack_measured(known: Measured, corpus: Corpus, config: RunConfig, whole: int = 0) -> Spans:
    """Pack pieces that are measured already: see `pack`."""
    units = units_of(corpus, config)
    known = within(known, corpus, units, config.chunk_size)
    if not len(known.pieces):
        return known.pieces.spans
    rows = _rows(known, config.chunk_size)
    furthest = _furthest(rows, config.chunk_size)
    if config.overlap:
        chunks = _overlapping(rows, furthest, _backed(rows, furthest, config.overlap, whole))
    else:
        chunks = _plain(rows, furthest)
    first, after = np.array(chunks, np.int64).T
    spans = as_spans(np.column_stack([known.pieces.spans[first, 0], known.pieces.spans[after - 1, 1]]))
    sizes = sizes_of(spans, known.reach[after - 1] - known.lead[first], units)
    return kept_to(spans, sizes, corpus, units, config.chunk_size)


def kept_to(spans: Spans, sizes: Positions, corpus: Corpus, units: Units, limit: int) -> Spans:
    """Cut the spans whose own text counts more than `limit` units: where a border changes many tokens."""
    large = np.flatnonzero(sizes > limit)
    if not len(large):
        return spans
    parts = []
    for row in large.tolist():
        start, end = spans[row].tolist()
        borders = [start, *cut_exactly(spans[row], corpus, units, limit), end]
        parts += list(itertools.pairwise(borders))
    cut = corpus.trimmed(as_spans(parts))
    together = np.concatenate([np.delete(spans, large, axis=0), cut])
    return longest(as_spans(together[np.lexsort((together[:, 1], together[:, 0]))]))


def longest(spans: Spans) -> Spans:
    """Of sorted spans leave out those that lie in another one.

    >>> longest(as_spans([(0, 4), (0, 7), (2, 7), (5, 9)])).tolist()
    [[0, 7], [5, 9]]
    """
    if len(spans) < 2:  # noqa: PLR2004 - nothing to compare
        return spans
    spans = as_spans(spans[np.append(spans[1:, 0] != spans[:-1, 0], np.True_)])
    reached = np.maximum.accumulate(spans[:, 1])
    return as_spans(spans[np.append(np.True_, spans[1:, 1] > reached[:-1])])
