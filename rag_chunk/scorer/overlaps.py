"""Where chunks and evidence meet, and how much of it a ranking brings."""

from dataclasses import dataclass

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, Positions, Spans, first_of_runs, ranges
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.evidence import EvidenceTable

_CELLS = 2**21  # comparisons held at once
Sizes = np.ndarray[tuple[int, int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True, eq=False)
class EvidenceOverlaps:
    """Every chunk that shares a non-white-space character with an alternative of evidence, in the order of question, chunk, alternative.

    `low` and `high` are the borders, counted without white space, of what they share. `opens` are the first meetings of each pair of a
    question and a chunk, and the end: [pairs + 1].
    """

    table: EvidenceTable
    alternative: Positions
    row: Positions
    low: Positions
    high: Positions
    opens: Positions

    @property
    def question(self) -> Positions:
        """The question of each meeting."""
        questions: Positions = self.table.question[self.alternative]
        return questions


@dataclass(frozen=True, slots=True, eq=False)
class Hits:
    """The meetings of a ranking, in the order of lists, alternatives and `low`.

    A list is one ranking of one question. `opens` are the first hits of each pair of a list and an alternative.
    """

    meeting: Positions
    list: Positions
    rank: Positions
    opens: Positions


def find_overlaps(table: EvidenceTable, chunks: Spans) -> EvidenceOverlaps:
    """Find where the `chunks` [n, 2], counted without white space, meet the evidence."""
    # In the order of their starts, the chunks that can meet a span lie between two borders: the first whose furthest
    # end so far (`reach`, never falling) is beyond the span's start, and the first that starts behind the span.
    # Chunks (0, 5), (3, 9), (9, 12) and span (6, 10): reach is 5 9 12, so rows 1 and 2 are looked at, and kept as
    # they share 6-9 and 9-10 with it. A long chunk before can let in some that end too early: `low < high` drops them.
    order = np.argsort(chunks[:, 0], kind="stable")
    reach = np.maximum.accumulate(chunks[order, 1])
    first = np.searchsorted(reach, table.spans[:, 0], side="right")
    behind = np.searchsorted(chunks[order, 0], table.spans[:, 1], side="left")
    counts = np.maximum(behind - first, 0)
    alternative = np.repeat(np.arange(len(counts)), counts)
    row = order[ranges(first, first + counts)]
    low = np.maximum(table.spans[alternative, 0], chunks[row, 0])
    high = np.minimum(table.spans[alternative, 1], chunks[row, 1])
    kept = np.flatnonzero(low < high)
    kept = kept[np.lexsort((alternative[kept], row[kept], table.question[alternative[kept]]))]
    opens = first_of_runs(table.question[alternative[kept]], row[kept])
    return EvidenceOverlaps(table, alternative[kept], row[kept], low[kept], high[kept], np.append(opens, len(kept)))


def hits(overlaps: EvidenceOverlaps, ranking: Ranking, repeats: int = 1) -> Hits:
    """Return the meetings of the chunks in `ranking` [questions * repeats, depth]."""
    lists = ranking.reshape(len(ranking) // repeats, repeats, ranking.shape[1])
    pair, which, rank = _places(overlaps, lists)
    counts = np.diff(overlaps.opens)[pair]
    meeting = ranges(overlaps.opens[pair], overlaps.opens[pair] + counts)
    place = np.repeat(overlaps.question[overlaps.opens[pair]] * repeats + which, counts)
    order = np.lexsort((overlaps.low[meeting], overlaps.alternative[meeting], place))
    meeting, place = meeting[order], place[order]
    return Hits(meeting, place, np.repeat(rank, counts)[order], first_of_runs(place, overlaps.alternative[meeting]))


def _places(
    overlaps: EvidenceOverlaps, lists: "np.ndarray[tuple[int, int, int], np.dtype[np.int64]]"
) -> tuple[Positions, ...]:
    """Return (pair, list, rank) wherever the chunk of a pair is in a list of its question."""
    pairs = overlaps.opens[:-1]
    question, row = overlaps.question[pairs], overlaps.row[pairs]
    step = max(1, _CELLS // max(1, lists.shape[1] * lists.shape[2]))
    blocks = [np.zeros((3, 0), np.int64)]
    for first in range(0, len(pairs), step):
        block = slice(first, first + step)
        same = np.flatnonzero(lists[question[block]] == row[block, None, None])
        pair, place = np.divmod(same, lists.shape[1] * lists.shape[2])
        blocks.append(np.stack([pair + first, *np.divmod(place, lists.shape[2])]))
    return tuple(np.concatenate(blocks, axis=1))


def union_sizes(low: Positions, high: Sizes, opens: Positions) -> Sizes:
    """Return the size of the union of each group of stretches: [cases, groups].

    Stretches are in the order of groups, then `low` [n]; a group begins at each of `opens`. `high` [cases, n] is
    where a stretch ends in each case, at least at `low`. Each adds what lies beyond all before it in its group.
    """
    # One group with stretches 0-4, 2-3 and 3-9: the furthest end before each is nothing, 4 and 4, so they add 4, 0
    # and 5, which is 9. Groups are moved apart by `base`, so that one running maximum serves them all: what an
    # earlier group reached lies below where the next one begins.
    if not len(low):
        return np.zeros((len(high), len(opens)), np.int64)
    group = np.zeros(len(low), np.int64)
    group[opens] = 1
    base = (np.cumsum(group) - 1) * (int(high.max()) + 1)  # keeps groups apart in one running maximum
    reach = np.maximum.accumulate(high + base, axis=1)
    before = np.concatenate([np.zeros((len(high), 1), np.int64), reach[:, :-1]], axis=1)
    new = np.maximum(high + base - np.maximum(low + base, before), 0)
    sizes: Sizes = np.add.reduceat(new, opens, axis=1)
    return sizes


@dataclass(frozen=True, slots=True, eq=False)
class ItemCoverage:
    """How much of the items that a ranking meets is there, as a share: [cases, items met], by the list of each."""

    list: Positions
    item: Positions
    share: Floats


def cover_items(overlaps: EvidenceOverlaps, ranked: Hits, high: Sizes) -> ItemCoverage:
    """Return cov_e of each item, that of its best alternative.

    `high` [cases, hits] is up to where each hit is visible, counted without white space, in each case.
    """
    # From hits to items in two steps, each a reduction over runs: the union of the hits of each alternative, and the best
    # alternative of each item, as a share of its size. `recall_of_items` then sums over a list's items, by their weights;
    # lists without any hit keep the 0 that they start with.
    table, sizes = overlaps.table, union_sizes(overlaps.low[ranked.meeting], high, ranked.opens)
    alternative = overlaps.alternative[ranked.meeting[ranked.opens]]
    place, item = ranked.list[ranked.opens], table.item[alternative]
    opens = first_of_runs(place, item)
    if not len(opens):
        return ItemCoverage(place, item, np.zeros((len(high), 0)))
    best = np.maximum.reduceat(sizes / table.lengths[alternative], opens, axis=1)
    return ItemCoverage(place[opens], item[opens], best)


def recall(overlaps: EvidenceOverlaps, ranked: Hits, high: Sizes, lists: int) -> tuple[Floats, Bools]:
    """Return evidence recall, and whether every item is wholly there: [cases, lists] each.

    `high` is as in `cover_items`: sum of |e| cov_e over sum of |e|, where cov_e is the best of the item's alternatives.
    """
    return recall_of_items(overlaps.table, cover_items(overlaps, ranked, high), lists)


def recall_of_items(table: EvidenceTable, covered: ItemCoverage, lists: int) -> tuple[Floats, Bools]:
    """Return the recall of each list from that of its items, and whether every item is wholly there: [cases, lists]."""
    best, place, last = covered.share, covered.list, first_of_runs(covered.list)
    if not len(last):
        return np.zeros((len(best), lists)), np.zeros((len(best), lists), bool)
    gained, whole = np.zeros((len(best), lists)), np.zeros((len(best), lists), np.int64)
    gained[:, place[last]] = np.add.reduceat(best * table.item_weights[covered.item], last, axis=1)
    whole[:, place[last]] = np.add.reduceat((best == 1).astype(np.int64), last, axis=1)
    repeats = lists // max(1, len(table.items))
    complete: Bools = whole == np.repeat(table.items, repeats)
    return gained / np.maximum(np.repeat(table.weights, repeats), 1), complete
