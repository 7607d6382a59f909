"""The interval of a mean: studentised bootstrap (Efron & Tibshirani 1993, section 12.5)."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag_chunk.analysis.statistics.scores import ALPHA, DECIMALS, Array, check_scores, limits_of
from rag_chunk.analysis.statistics.table_blocks import block_sizes, map_blocks

Draws = npt.NDArray[np.int64]

RESAMPLES = 10_000
_NORMAL_QUANTILE = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Interval:
    """A 95 % confidence interval."""

    low: float
    high: float


def mean_interval(scores: npt.ArrayLike, *, seed: int) -> Interval | None:
    """Return the interval of the mean of `scores` [questions]; see `mean_intervals`."""
    return mean_intervals(np.asarray(scores, dtype=np.float64)[:, np.newaxis], seed=seed)[0]


def mean_intervals(scores: npt.ArrayLike, *, seed: int, resamples: int = RESAMPLES) -> tuple[Interval | None, ...]:
    """Return the 95 % studentised-bootstrap interval of the mean of each column of `scores`.

    `scores` is [questions, configurations]. With t* = (mean* - mean) / se* over resamples of the questions,
    the interval is [mean - t*(97.5 %) se, mean - t*(2.5 %) se]. A resample that is constant has an infinite
    t*, so each end is held within Wilson's score interval, the widest that scores in [0, 1] can need (their
    variance is at most mean (1 - mean)); scores outside [0, 1] widen that range to the observed one. Constant
    scores give Wilson's interval; under 2 questions there is no interval.
    """
    table = check_scores(scores)
    if len(table) <= 1:
        return (None,) * int(table.shape[1])
    means = table.mean(axis=0)
    errors = table.std(axis=0, ddof=1) / math.sqrt(len(table))
    lower, upper = _bootstrap_quantiles(table - means, resamples, seed)
    wilson_low, wilson_high = _wilson(means, len(table), limits_of(table))
    constant = np.ptp(table, axis=0) == 0
    low = np.where(constant, wilson_low, np.maximum(means - upper * errors, wilson_low))
    high = np.where(constant, wilson_high, np.minimum(means - lower * errors, wilson_high))
    return tuple(Interval(*ends) for ends in np.column_stack((low, high)).round(DECIMALS).tolist())


def _wilson(means: Array, num_questions: int, limits: tuple[float, float]) -> tuple[Array, Array]:
    """Return the ends of Wilson's score interval (Wilson 1927) of each mean, scaled to `limits`."""
    low, high = limits
    share, square = (means - low) / (high - low), _NORMAL_QUANTILE**2
    middle = (share + square / (2 * num_questions)) / (1 + square / num_questions)
    variance = share * (1 - share) / num_questions + square / (4 * num_questions**2)
    half = _NORMAL_QUANTILE * np.sqrt(np.maximum(variance, 0)) / (1 + square / num_questions)
    return low + (high - low) * (middle - half), low + (high - low) * (middle + half)


def _bootstrap_quantiles(centred: Array, resamples: int, seed: int) -> tuple[Array, Array]:
    """Return the 2.5 % and 97.5 % quantiles of t* of each column of `centred`."""
    blocks = map_blocks(
        lambda drawn: _studentise(count_draws(drawn), centred), draw_questions(centred, resamples, seed)
    )
    statistics = np.concatenate([*blocks])
    statistics.sort(axis=0)
    rank = int(ALPHA / 2 * (resamples + 1)) - 1
    return statistics[rank], statistics[-1 - rank]


def draw_questions(table: Array, resamples: int, seed: int) -> Iterator[Draws]:
    """Yield blocks [resamples, questions] of the questions of `table` that each resample draws."""
    rng = np.random.Generator(np.random.PCG64(seed))
    for size in block_sizes(resamples, max(table.shape)):
        yield rng.integers(len(table), size=(size, len(table)))


def count_draws(drawn: Draws) -> Array:
    """Return how often each question is drawn: [resamples, questions]; `drawn` is overwritten."""
    size, num_questions = drawn.shape
    drawn += num_questions * np.arange(size)[:, np.newaxis]
    counts = np.bincount(drawn.ravel(), minlength=drawn.size)
    return counts.reshape(drawn.shape).astype(np.float64)


def _studentise(counts: Array, centred: Array) -> Array:
    """Return t* = mean* / se* [resamples, configurations]; infinite for a constant resample off the mean."""
    num_questions = len(centred)
    squares = centred**2
    means = counts @ centred / num_questions
    spread = counts @ squares - num_questions * means**2
    noise = 1e-12 * squares.sum(axis=0)
    spread[spread <= noise] = 0
    means[means**2 <= noise * 1e-12] = 0
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = means / np.sqrt(spread / (num_questions * (num_questions - 1)))
    return np.nan_to_num(ratio, nan=0.0, posinf=np.inf, neginf=-np.inf)
