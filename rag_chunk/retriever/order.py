"""From scores to a ranking that is total: score descending, then the chunks' order."""

import numpy as np

from rag_chunk.corpus.arrays import Floats
from rag_chunk.retriever import Ranking


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
    kept = (np.flatnonzero(_among_best(scores, depth)) % columns).reshape(rows, depth)
    order = np.argsort(-np.take_along_axis(scores, kept, axis=1), axis=1, kind="stable")
    return np.take_along_axis(kept, order, axis=1)


def _among_best(scores: Floats, depth: int) -> "np.ndarray[tuple[int, int], np.dtype[np.bool_]]":
    """Return a mask with exactly `depth` columns of each row: of those that tie for the last place, the first."""
    last = np.partition(scores, scores.shape[1] - depth, axis=1)[:, -depth, None]
    above, level = scores > last, scores == last
    free = depth - above.sum(axis=1)
    crowded = np.flatnonzero(level.sum(axis=1) > free)
    level[crowded] &= np.cumsum(level[crowded], axis=1, dtype=np.int32) <= free[crowded, None]
    mask: np.ndarray[tuple[int, int], np.dtype[np.bool_]] = above | level
    return mask
