"""The ceiling: rankings that take, at each step, the chunk with the most new evidence for what it costs."""

from dataclasses import dataclass

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, Positions, Spans, distinct, first_of_runs
from rag_chunk.corpus.arrays import among as is_among
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.overlaps import EvidenceOverlaps


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Evidence cut at the borders of meetings: a meeting takes the parts from `first` up to `last`.

    `lengths` [parts]; `begin` and `end` [alternatives] are an alternative's parts. Evidence 0-10 that one chunk meets
    at 0-6 and another at 4-10 has the parts 0-4, 4-6 and 6-10: the first takes parts 0 and 1, the second 1 and 2, and
    after the first the second adds part 2 alone.

    A pair is a question and a chunk: `pair` [meetings] is that of each meeting, and `runs` are the first meetings of each
    pair with each item. `item_opens` [items] are the items' first alternatives.
    """

    lengths: Positions
    first: Positions
    last: Positions
    begin: Positions
    end: Positions
    pair: Positions
    runs: Positions
    item_opens: Positions


def oracle_ranking(overlaps: EvidenceOverlaps, costs: Spans, budget: int) -> Ranking:
    """Return greedy rankings of the chunks, up to `budget`: [questions, steps], -1 at the end.

    `costs` are their spans in the unit of the budget: [chunks, 2].

    All questions are advanced together, a chunk a step.
    """
    questions = len(overlaps.table.items)
    parts, pair_question = _parts(overlaps), overlaps.question[overlaps.opens[:-1]]
    cost = (costs[:, 1] - costs[:, 0])[overlaps.row[overlaps.opens[:-1]]]
    taken, spent = np.zeros(len(parts.lengths), bool), np.zeros(questions, np.int64)
    columns = [np.full(questions, -1, np.int64)]
    while len(cost):
        density = np.where(spent[pair_question] < budget, _gains(overlaps, parts, taken) / cost, 0.0)
        chosen = _best(density, pair_question)
        if not len(chosen):
            break
        columns.append(np.full(questions, -1, np.int64))
        columns[-1][pair_question[chosen]] = overlaps.row[overlaps.opens[chosen]]
        spent[pair_question[chosen]] += cost[chosen]
        taken |= _parts_of(parts, chosen)
    return np.column_stack(columns[1:] or columns)


def _parts(overlaps: EvidenceOverlaps) -> _Parts:
    # Alternatives are moved apart, so that the borders of all are one sorted array and no part crosses from one to
    # the next; the gap between two becomes a part that no meeting takes.
    apart = overlaps.alternative * (int(overlaps.high.max(initial=0)) + 1)
    borders = distinct(apart + overlaps.low, apart + overlaps.high)
    first, last = np.searchsorted(borders, apart + overlaps.low), np.searchsorted(borders, apart + overlaps.high)
    begin = np.full(len(overlaps.table.item), len(borders), np.int64)
    end = np.zeros(len(overlaps.table.item), np.int64)
    np.minimum.at(begin, overlaps.alternative, first)
    np.maximum.at(end, overlaps.alternative, last)
    pair = np.repeat(np.arange(len(overlaps.opens) - 1), np.diff(overlaps.opens))
    runs = first_of_runs(pair, overlaps.table.item[overlaps.alternative])
    item_opens = first_of_runs(overlaps.table.item)
    return _Parts(np.diff(borders), first, last, np.minimum(begin, end), end, pair, runs, item_opens)


def _gains(overlaps: EvidenceOverlaps, parts: _Parts, taken: Bools) -> Floats:
    """Return the evidence that each pair of a question and a chunk would add: the rise of sum |e| cov_e: [pairs]."""
    # `before` sums what is taken up to each part, so that what is taken between two parts is one difference. An
    # item counts as its best alternative (`best`); a chunk raises it by what its own best one would then have more.
    table, lengths = overlaps.table, overlaps.table.lengths
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(parts.lengths * taken)])
    have = before[parts.end] - before[parts.begin]
    best = np.maximum.reduceat(have / lengths, parts.item_opens)
    new = overlaps.high - overlaps.low - (before[parts.last] - before[parts.first])
    then = (have[overlaps.alternative] + new) / lengths[overlaps.alternative]
    item = table.item[overlaps.alternative[parts.runs]]
    rise = np.maximum(np.maximum.reduceat(then, parts.runs) - best[item], 0)
    return np.bincount(parts.pair[parts.runs], rise * table.item_weights[item], minlength=len(overlaps.opens) - 1)


def _best(density: Floats, question: Positions) -> Positions:
    """Return the pair with the highest density above 0 of each question, the first where several have it."""
    opens = first_of_runs(question)
    highest = np.maximum.reduceat(density, opens)
    counts = np.diff(np.append(opens, len(question)))
    best = np.flatnonzero((density == np.repeat(highest, counts)) & (density > 0))
    return best[first_of_runs(question[best])]


def _parts_of(parts: _Parts, pairs: Positions) -> Bools:
    """Return which parts the meetings of some sorted `pairs` take."""
    here = np.flatnonzero(is_among(parts.pair, pairs))
    edges = np.zeros(len(parts.lengths) + 1, np.int64)
    np.add.at(edges, parts.first[here], 1)
    np.add.at(edges, parts.last[here], -1)
    is_taken: Bools = np.cumsum(edges)[:-1] > 0
    return is_taken
