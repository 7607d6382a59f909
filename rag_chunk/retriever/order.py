"""From scores to a ranking that is total: score descending, then the chunks' order."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.retriever import Ranking

ScoredRows = tuple[Ranking, Floats]  # a ranking and the score of each of its places: [questions, depth] each
_GROUPS = 4  # groups of columns for each place: with more of them fewer columns are sorted in vain
_LARGEST = 64  # columns of a group: each is a step of a loop


def best_first(scores: Floats, depth: int) -> Ranking:
    """Return the `depth` best columns of each row of `scores`, best first, ties in order: int64 [rows, depth].

    >>> best_first(np.array([[0.0, 2.0, 2.0, 0.0]]), 3).tolist()
    [[1, 2, 0]]
    """
    rows, columns = scores.shape
    if not rows or not depth:
        return np.zeros((rows, min(depth, columns)), np.int64)
    if depth >= columns:
        return np.argsort(-scores, axis=1, kind="stable")
    # Some columns of each row are kept, all that can be among the best, and moved to the left, in order: `kept` is where
    # they come from. What is right of them is inf, and sorted to the end.
    row, column = _candidates(scores, depth)
    counts = np.bincount(row, minlength=rows)
    is_filled = np.arange(int(counts.max())) < counts[:, None]
    kept = np.zeros(is_filled.shape, np.int64)
    negated = np.full(is_filled.shape, np.inf, scores.dtype)
    kept[is_filled], negated[is_filled] = column, -scores[row, column]
    order = np.argsort(negated, axis=1, kind="stable")[:, :depth]
    return np.take_along_axis(kept, order, axis=1)


def _candidates(scores: Floats, depth: int) -> tuple[Positions, Positions]:
    """Return the row and the column, in order, of all scores that can be among the `depth` best of their row.

    Where many equal the lower bound, as chunks without a word of the question do, those that come first are enough.
    """
    columns, bounds = scores.shape[1], _lower_bounds(scores, depth)
    places = np.flatnonzero(scores >= bounds)
    counts = np.diff(np.searchsorted(places, np.arange(len(scores) + 1) * columns))
    row = np.repeat(np.arange(len(scores)), counts)
    if counts.max() > 2 * depth:
        is_tied = scores.ravel()[places] == bounds[row, 0]
        tied = np.bincount(row, is_tied, len(scores))
        # The ties of a row are numbered from 1 on, and `better` are the scores of its row that are above them.
        number, better = np.cumsum(is_tied) - np.repeat(np.cumsum(tied) - tied, counts), counts - tied
        is_kept = ~is_tied | (number <= depth - better[row])
        places, row = places[is_kept], row[is_kept]
    return row, places - row * columns


def merge_best(lists: Sequence[ScoredRows], depth: int) -> ScoredRows:
    """Merge rankings of different chunks: best first, ties in the order of rows, at most `depth` of them.

    >>> one, other = (np.array([[4, 0]]), np.array([[2.0, 1.0]])), (np.array([[2, 3]]), np.array([[2.0, 0.5]]))
    >>> merge_best([one, other], 3)[0].tolist()
    [[2, 4, 0]]
    """
    some = [each for each in lists if each[0].shape[1]] or lists[:1]
    if len(some) == 1:  # it is in order
        ((rows, scores),) = some
        return rows[:, :depth], scores[:, :depth]
    rows, scores = (np.hstack(columns) for columns in zip(*some, strict=True))
    order = np.lexsort((rows, -scores), axis=1)[:, :depth]
    return np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1)


def no_rows(questions: int) -> ScoredRows:
    """Return empty rankings, to which others are added."""
    scores: Floats = np.zeros((questions, 0), np.float32)
    return np.zeros((questions, 0), np.int64), scores


def best_columns(scores: Floats, depth: int) -> ScoredRows:
    """Return the `depth` best columns of each row, as `best_first` does, and their scores."""
    best = best_first(scores, depth)
    return best, scores.take(best + np.arange(len(scores))[:, None] * scores.shape[1])


def _lower_bounds(scores: Floats, depth: int) -> Floats:
    """Return what at least `depth` columns of each row reach, and few others: [rows, 1].

    Columns are put into groups. The best of each group are `depth` columns at least as good as the last of the best
    `depth` of these, and they are far fewer than all.
    """
    columns = scores.shape[1]
    groups = max(_GROUPS * depth, -(-columns // _LARGEST))
    best = scores
    if 2 * groups <= columns:
        best = scores[:, :groups].copy()
        for first in range(groups, columns - groups + 1, groups):
            np.maximum(best, scores[:, first : first + groups], out=best)
    place = best.shape[1] - depth
    return np.partition(best, place, axis=1)[:, place, None]


def select_rows(rows: Positions, wanted: Positions) -> Positions:
    """Return the places of `wanted` in `rows`, as far as they are there, in the order of `rows`.

    >>> select_rows(np.array([4, 1, 9]), np.array([1, 4, 5])).tolist()
    [0, 1]
    """
    return np.flatnonzero(np.isin(rows, wanted))
