"""The Pareto front: the configurations that none beats in recall for an index and a context that are no larger."""

import numpy as np

from rag_chunk.corpus.arrays import Floats

_DECIMALS = 12


def pareto_front(recall: Floats, costs: Floats) -> list[int]:
    """Return the rows that no other row dominates: at least their `recall` [n] at `costs` [n, kinds] no higher.

    A row that is equal in everything dominates nothing.

    >>> pareto_front(np.array([0.9, 0.8, 0.8, 0.7]), np.array([[2.0], [1.0], [1.5], [1.0]]))
    [0, 1]
    """
    losses = np.column_stack([-recall, costs]).round(_DECIMALS)
    no_worse = (losses[:, None] <= losses).all(axis=2)
    better = (losses[:, None] < losses).any(axis=2)
    return np.flatnonzero(~(no_worse & better).any(axis=0)).tolist()
