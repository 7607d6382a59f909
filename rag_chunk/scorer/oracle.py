"""The ceiling: rankings that take, at each step, the chunk with the most new evidence for each character."""

from dataclasses import dataclass

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, Positions, Spans
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.overlaps import Meetings, first_of_runs


@dataclass(frozen=True, slots=True, eq=False)
class _Parts:
    """Evidence cut at the borders of meetings: a meeting takes the parts from `first` up to `last`.

    `lengths` [parts]; `begin` and `end` [alternatives] are an alternative's parts.
    """

    lengths: Positions
    first: Positions
    last: Positions
    begin: Positions
    end: Positions


def oracle_ranking(met: Meetings, spans: Spans, budget: int) -> Ranking:
    """Return greedy rankings of the chunks `spans`, up to `budget` characters: [questions, steps], -1 at the end.

    All questions are advanced together, a chunk a step.
    """
    questions = len(met.table.items)
    parts, pair_question = _parts(met), met.question[met.opens[:-1]]
    costs = (spans[:, 1] - spans[:, 0])[met.row[met.opens[:-1]]]
    taken, spent = np.zeros(len(parts.lengths), bool), np.zeros(questions, np.int64)
    columns = [np.full(questions, -1, np.int64)]
    while len(costs):
        density = np.where(spent[pair_question] < budget, _gains(met, parts, taken) / costs, 0.0)
        chosen = _best(density, pair_question)
        if not len(chosen):
            break
        columns.append(np.full(questions, -1, np.int64))
        columns[-1][pair_question[chosen]] = met.row[met.opens[chosen]]
        spent[pair_question[chosen]] += costs[chosen]
        taken |= _parts_of(met, parts, chosen)
    return np.column_stack(columns[1:] or columns)


def _parts(met: Meetings) -> _Parts:
    apart = met.alternative * (int(met.high.max(initial=0)) + 1)
    borders = np.unique(np.concatenate([apart + met.low, apart + met.high]))
    first, last = np.searchsorted(borders, apart + met.low), np.searchsorted(borders, apart + met.high)
    begin = np.full(len(met.table.item), len(borders), np.int64)
    end = np.zeros(len(met.table.item), np.int64)
    np.minimum.at(begin, met.alternative, first)
    np.maximum.at(end, met.alternative, last)
    return _Parts(np.diff(borders), first, last, np.minimum(begin, end), end)


def _gains(met: Meetings, parts: _Parts, taken: Bools) -> Floats:
    """Return the evidence that each pair of a question and a chunk would add: the rise of sum |e| cov_e: [pairs]."""
    table = met.table
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(parts.lengths * taken)])
    have = before[parts.end] - before[parts.begin]
    best = np.maximum.reduceat(have / table.lengths, first_of_runs(table.item))
    new = met.high - met.low - (before[parts.last] - before[parts.first])
    then = (have[met.alternative] + new) / table.lengths[met.alternative]
    pair = np.repeat(np.arange(len(met.opens) - 1), np.diff(met.opens))
    item = table.item[met.alternative]
    opens = first_of_runs(pair, item)
    rise = np.maximum(np.maximum.reduceat(then, opens) - best[item[opens]], 0)
    return np.bincount(pair[opens], rise * table.item_weights[item[opens]], minlength=len(met.opens) - 1)


def _best(density: Floats, question: Positions) -> Positions:
    """Return the pair with the highest density above 0 of each question, the first where several have it."""
    opens = first_of_runs(question)
    highest = np.maximum.reduceat(density, opens)
    counts = np.diff(np.append(opens, len(question)))
    best = np.flatnonzero((density == np.repeat(highest, counts)) & (density > 0))
    return best[first_of_runs(question[best])]


def _parts_of(met: Meetings, parts: _Parts, pairs: Positions) -> Bools:
    """Return which parts the meetings of `pairs` take."""
    pair = np.repeat(np.arange(len(met.opens) - 1), np.diff(met.opens))
    here = np.flatnonzero(np.isin(pair, pairs))
    edges = np.zeros(len(parts.lengths) + 1, np.int64)
    np.add.at(edges, parts.first[here], 1)
    np.add.at(edges, parts.last[here], -1)
    found: Bools = np.cumsum(edges)[:-1] > 0
    return found
