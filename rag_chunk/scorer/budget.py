"""Walks rankings until a budget is spent; the last chunk is cut at the character, or the token."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, Spans, distinct, ranges
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.pricing import Pricing, pricing_of

CURVE = (1000, 2000, 4000, 8000, 16000)
LADDER = (1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 24000, 32000)
_CELLS = 2**22
_MARGIN, _MORE = 1.25, 4  # by which the usual depth is over that of chunks of mean size
Costs = np.ndarray[tuple[int, int], np.dtype[np.int64]]


def budgets_of(config: RunConfig) -> tuple[int, ...]:
    """Return every budget in characters at which recall is measured, in order."""
    headline = {config.budget} if config.budget_unit == "characters" else set[int]()
    return tuple(sorted({*headline, *CURVE, *LADDER}))


def required_depth(chunking: Chunking, config: RunConfig) -> int:
    """Return how many ranked chunks surely fill the largest budget: the number of the smallest that do.

    Where repeated text is paid for once, n chunks cost at least their sum divided by how many of them share a place.
    """
    filled = max(_count_to_fill(costs, budget, config) for budget, costs in _largest(chunking, config))
    return min(max(filled, config.top_k), len(chunking))


def _count_to_fill(costs: Spans, budget: int, config: RunConfig) -> int:
    """Return how many of the cheapest chunks reach the budget."""
    sums = np.cumsum(np.sort(costs[:, 1] - costs[:, 0]))
    repeats = _most_at_one_place(costs) if config.pays_once else 1
    return int(np.searchsorted(sums, budget * repeats)) + 1


def usual_depth(chunking: Chunking, config: RunConfig) -> int:
    """Return how many ranked chunks fill the largest budgets in most rankings: hardly any has only the smallest."""
    if not len(chunking):
        return config.top_k
    means = [(budget, float(np.diff(costs, axis=1).mean())) for budget, costs in _largest(chunking, config)]
    return max(config.top_k, *(int(_MARGIN * budget / mean) + _MORE for budget, mean in means))


def fills_budgets(ranking: Ranking, chunking: Chunking, config: RunConfig) -> bool:
    """Whether each list of `ranking` [lists, depth] costs as much as the largest budget, or more."""
    for budget, costs in _largest(chunking, config):
        after = walk(ranking, Pricing(costs), merge_overlaps=config.pays_once).after
        if (after[:, -1] < budget).any():
            return False
    return True


def _largest(chunking: Chunking, config: RunConfig) -> list[tuple[int, Spans]]:
    """Return the largest budget in characters, and one in another unit, each with the chunks' costs in its unit."""
    in_characters = config.budget_unit == "characters"
    others = [] if in_characters else [(config.budget, pricing_of(chunking, config).costs)]
    return [(budgets_of(config)[-1], chunking.spans), *others]


def _most_at_one_place(spans: Spans) -> int:
    """Return how many of `spans` the most crowded character lies in; at least 1."""
    starts, ends = np.sort(spans[:, 0]), np.sort(spans[:, 1])
    return int((np.arange(1, len(starts) + 1) - np.searchsorted(ends, starts, side="right")).max(initial=1))


@dataclass(frozen=True, slots=True, eq=False)
class BudgetCurve:
    """What a ranking costs, chunk after chunk.

    Costs are in the unit of `pricing`. `after` [lists, depth]: what is spent when a chunk is wholly read. Segments are what is paid for, in the order
    of reading: whole chunks, or with `merge_overlaps` the parts that were not read before. `spent` [pieces + 1] is
    the sum of all before, over all lists; `ends` [pieces] is where a piece ends on the line; `opens` [lists] is each
    list's first piece.

    In characters, two lists over chunks (0, 4), (4, 10) and (10, 12), of lengths 4, 6 and 2: `ranking` [[1, 0], [2, 1]] gives
    `after` [[6, 10], [2, 8]], `spent` [0, 6, 10, 12, 18], `ends` [10, 4, 12, 10] and `opens` [0, 2]. A budget of 7
    reads chunk 1 whole and one character of chunk 0 in the first list: it is cut at 4 - (10 - 7) = 1.
    """

    ranking: Ranking
    after: Costs
    spent: Positions
    ends: Positions
    opens: Positions
    pricing: Pricing

    @property
    def before(self) -> Costs:
        """What is spent when a chunk comes: [lists, depth]."""
        zero = np.zeros((len(self.after), 1), np.int64)
        return np.concatenate([zero, self.after[:, :-1]], axis=1)

    def whole(self, budgets: Positions) -> Costs:
        """Return how many chunks are wholly read at each budget: [budgets, lists]."""
        return self._count(self.after, budgets, "right")

    def started_chunks(self, budget: int) -> Positions:
        """Return how many chunks are read at least in part: [lists]."""
        ranked = (self.ranking >= 0).sum(axis=1)
        counts: Positions = np.minimum(self._count(self.before, np.array([budget]), "left")[0], ranked)
        return counts

    @staticmethod
    def _count(costs: Costs, budgets: Positions, side: Literal["left", "right"]) -> Costs:
        """Search each row of `costs` for each budget, all rows at once."""
        # Each row gets a range of numbers of its own (row 0 as it is, row 1 moved up by `apart`, …), so that all
        # rows are one sorted array and one binary search answers every row and budget.
        lists, depth = costs.shape
        apart = max(int(costs.max(initial=0)), int(budgets.max())) + 1
        rows = np.arange(lists) * apart
        places = np.searchsorted((costs + rows[:, None]).ravel(), budgets[:, None] + rows, side=side)
        counts: Costs = places - np.arange(lists) * depth
        return counts

    def cuts(self, budget: Positions, place: Positions) -> Positions:
        """Return where on the line each `budget` runs out within the list at the same index of `place`: [n].

        The list's chunks must cost more than the budget.
        """
        target = self.spent[self.opens[place]] + budget
        piece = np.searchsorted(self.spent[1:], target, side="right")
        return self.pricing.positions(self.ends[piece] - (self.spent[piece + 1] - target))


def walk(ranking: Ranking, pricing: Pricing, *, merge_overlaps: bool) -> BudgetCurve:
    """Add up what the chunks of `ranking` [lists, depth] cost, row -1 costing nothing."""
    costs = pricing.costs
    padded = np.concatenate([costs, np.zeros((1, 2), np.int64)])
    if merge_overlaps and ranking.shape[1] and _most_at_one_place(costs) > 1:
        return _merge_curve(ranking, padded, pricing)
    lengths = (padded[:, 1] - padded[:, 0])[ranking]
    after = np.cumsum(lengths, axis=1)
    spent = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths.ravel())])
    opens = np.arange(len(ranking)) * ranking.shape[1]
    return BudgetCurve(ranking, after, spent, padded[ranking.ravel(), 1], opens, pricing)


def _merge_curve(ranking: Ranking, padded: Spans, pricing: Pricing) -> BudgetCurve:
    """Cut the line at all borders of chunks; a piece is paid for where a list reads it first."""
    # Chunks (0, 6) and (4, 10) make the borders 0 4 6 10 and the pieces 0-4, 4-6, 6-10: the first chunk is pieces
    # 0 and 1, the second 1 and 2. A list that reads both pays for piece 1 once, where it comes first.
    borders = distinct(padded.ravel())
    first, last = np.searchsorted(borders, padded[:, 0]), np.searchsorted(borders, padded[:, 1])
    rows = ranking.ravel()
    counts = (last - first)[rows]
    piece = ranges(first[rows], first[rows] + counts)
    place = np.repeat(np.arange(len(rows)) // ranking.shape[1], counts)
    cost = (borders[piece + 1] - borders[piece]) * _is_first(place, piece, len(borders))
    spent = np.concatenate([np.zeros(1, np.int64), np.cumsum(cost)])
    behind = np.cumsum(counts).reshape(ranking.shape)
    opens = np.concatenate([np.zeros(1, np.int64), behind[:-1, -1]])[: len(ranking)]
    return BudgetCurve(ranking, spent[behind] - spent[opens][:, None], spent, borders[piece + 1], opens, pricing)


def _is_first(place: Positions, piece: Positions, pieces: int) -> Positions:
    """Return 1 where a list (in order) holds a piece for the first time, else 0: [n]."""
    first = np.zeros(len(piece), np.int64)
    step = max(1, _CELLS // pieces)
    for begin in range(0, int(place[-1]) + 1 if len(place) else 0, step):
        here = slice(*np.searchsorted(place, [begin, begin + step]))
        key = (place[here] - begin) * pieces + piece[here]
        seen = np.empty(step * pieces, np.int64)
        seen[key[::-1]] = np.arange(len(key))[::-1]  # of equal keys the last one written stays: the first
        first[here] = seen[key] == np.arange(len(key))
    return first
