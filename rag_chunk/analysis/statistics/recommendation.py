"""Which configuration to take: a usual one, unless the questions show another to be surely better.

With few questions the highest mean is mostly luck. So each configuration is judged by the lower end of its lead over a
usual one, which is known to do well elsewhere: the mean difference less two of its standard errors. The more questions
there are, the less that takes away.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from rag_chunk.analysis.statistics.intervals import count_draws, draw_questions
from rag_chunk.analysis.statistics.scores import Array, check_scores

ERRORS = 2.0  # standard errors that a lead must outweigh
RESAMPLES = 400
_TOLERANCE = 1e-9


def sure_leads(scores: npt.ArrayLike, usual: int | None) -> Array:
    """Return how far each configuration surely leads the `usual` one: [configurations], in units of the score.

    `scores` is [questions, configurations]. The usual one has 0. Without one, the means are returned; a single
    question makes no lead sure.
    """
    table = check_scores(scores)
    if usual is None:
        return np.array(table.mean(axis=0))
    everything = np.ones((1, len(table)))
    leads: Array = _leads(everything, table - table[:, usual : usual + 1])[0]
    return leads


def _leads(counts: Array, differences: Array) -> Array:
    """Return mean less `ERRORS` standard errors of `differences` [questions, configurations], for each row of `counts`.

    `counts` [resamples, questions] is how often each question is drawn.
    """
    questions = len(differences)
    means = counts @ differences / questions
    if questions == 1:
        return np.where(means == 0, 0.0, -np.inf)
    spread = np.maximum(counts @ differences**2 / questions - means**2, 0)
    return means - ERRORS * np.sqrt(spread / (questions - 1))


def recommend(
    leads: Sequence[float],
    left_out: Sequence[bool],
    unusual: Sequence[float],
    chunks: Sequence[float],
    index_sizes: Sequence[float],
    margin: float = 0.0,
) -> int:
    """Return the configuration with the surest lead; of equal ones the least `unusual`, then the one with fewer chunks.

    With a `margin`, in units of the score, the one with the fewest chunks of those whose lead is within it. After that the
    smaller index counts, then the surer lead, then the first. `left_out` are those that are shown to be worse than the
    leader. All sequences have one element per configuration.
    """
    candidates = [i for i in range(len(leads)) if not left_out[i]]
    floor = max(leads[i] for i in candidates) - margin - _TOLERANCE
    eligible = [i for i in candidates if leads[i] >= floor]
    return min(eligible, key=lambda i: (0 if margin else unusual[i], chunks[i], index_sizes[i], -leads[i], i))


def expected_loss(scores: npt.ArrayLike, usual: int | None, *, seed: int, resamples: int = RESAMPLES) -> float:
    """Return how far the surest lead falls below the best mean on average, in units of the score.

    In each of `resamples`, questions are drawn with repetition from those there are, and choose; all questions judge.
    """
    table = check_scores(scores)
    means = table.mean(axis=0)
    differences = table if usual is None else table - table[:, usual : usual + 1]
    lost = [
        means.max() - means[_surest(count_draws(drawn), differences, usual)]
        for drawn in draw_questions(table, resamples, seed)
    ]
    return math.fsum(np.concatenate(lost).tolist()) / resamples


def _surest(counts: Array, differences: Array, usual: int | None) -> npt.NDArray[np.int64]:
    """Return which configuration each resample chooses: [resamples]."""
    chosen = counts @ differences if usual is None else _leads(counts, differences)
    return np.asarray(chosen.argmax(axis=1), np.int64)
