"""Scores as a table, and their range."""

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]

ALPHA = 0.05
DECIMALS = 12


def check_scores(scores: npt.ArrayLike) -> Array:
    """Return `scores` as [questions, configurations], rounded so that float noise is no difference."""
    table = np.asarray(scores, dtype=np.float64).round(DECIMALS)
    if not np.isfinite(table).all():
        raise ValueError("scores must be finite numbers")
    return table


def limits_of(table: Array) -> tuple[float, float]:
    """Return the range of the scores: [0, 1], wider if some lie outside."""
    return min(0.0, float(table.min())), max(1.0, float(table.max()))
