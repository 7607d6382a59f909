"""All differences at once: studentised sign-flip permutation with max-T (Westfall & Young 1993)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from rag_chunk.analysis.statistics.scores import ALPHA, DECIMALS, Array, check_scores, limits_of
from rag_chunk.analysis.statistics.table_blocks import block_sizes, map_blocks

Patterns = npt.NDArray[np.uint8]

FLIPS = 10_000
EXACT_UP_TO = 13
_TOLERANCE = 1e-9
_POWER_QUANTILE = 0.8416  # of the normal distribution, at 80 %


@dataclass(frozen=True, slots=True)
class Pair:
    """The difference of two configurations: `a` has the higher mean (in a tie, the lower index).

    `low` and `high` are the simultaneous 95 % interval of the difference; `detectable` is the difference that
    these questions could have shown for this pair, None if none could be.
    """

    a: int
    b: int
    difference: float
    low: float
    high: float
    p_adjusted: float
    detectable: float | None

    @property
    def identical(self) -> bool:
        """Whether the two score the same on every question."""
        return self.detectable == 0 and self.difference == 0


@dataclass(frozen=True, slots=True)
class PairedTest:
    """All configurations against each other; configurations are column indices.

    `not_shown_worse` includes the leader. `detectable` is the median over the leader's pairs, leaving out
    rivals that score the same on every question; None if no difference could be shown or there is no such
    pair. `critical_t` is what a |t| must exceed to be shown, infinite where none could.
    """

    num_questions: int
    means: tuple[float, ...]
    leader: int
    not_shown_worse: tuple[int, ...]
    pairs: tuple[Pair, ...]
    detectable: float | None
    critical_t: float = math.inf

    @property
    def worse_than_leader(self) -> tuple[bool, ...]:
        """Whether each configuration is shown to be worse than the leader."""
        return tuple(index not in self.not_shown_worse for index in range(len(self.means)))

    @property
    def level_with_leader(self) -> tuple[int, ...]:
        """The other configurations that have the leader's mean."""
        return tuple(pair.b for pair in self.pairs if pair.a == self.leader and pair.difference == 0)


def compare_all(scores: npt.ArrayLike, *, seed: int, flips: int = FLIPS, reference: int | None = None) -> PairedTest:
    """Compare all configurations with each other from `scores` [questions, configurations].

    With a `reference`, only the pairs that it is part of are compared: that configuration was there before the scores, so
    the family is smaller, and shows more. The other pairs are then as if they were identical, and say nothing.

    For each pair with differences d over the n questions, t = mean(d) / (sd(d) / sqrt(n)). Flipping the sign
    of whole questions gives the distribution of max |t| over all pairs when nothing differs: all 2^n patterns
    up to 13 questions, else `flips` seeded ones. The adjusted p is the share of flips (the data as they are
    counted with them) whose maximum reaches |t|. This takes a question's differences to be as likely with the
    opposite signs, as they are between configurations that differ by chance only. Intervals are difference +-
    c se with c the critical value of max |t|, so that an interval leaves out 0 exactly if p < 0.05; no
    difference can be larger than the range of the scores.
    """
    table = check_scores(scores)
    if not table.size:
        raise ValueError("there is nothing to compare without questions and configurations")
    means = tuple(math.fsum(column) / len(table) for column in table.T.tolist())
    weights, errors = _weights_and_errors(table)
    if reference is not None:
        others = np.arange(len(weights)) != reference
        weights[np.ix_(others, others)] = 0
    patterns = _sign_patterns(len(table), flips, seed)
    maxima = np.sort(_largest_per_flip(table, weights, patterns))
    p_adjusted = _p_values(_observed_statistic(table, weights), maxima, sampled=len(table) > EXACT_UP_TO)
    critical_t = _critical_t(maxima, len(table))
    half_widths = _half_widths(errors, weights, critical_t)
    low, high = limits_of(table)
    pairs = tuple(
        _pair((i, j), means, float(half_widths[i, j]), float(p_adjusted[i, j]), high - low)
        for i, j in combinations(range(len(means)), 2)
    )
    return _comparison(len(table), means, pairs, critical_t)


def questions_needed(test: PairedTest, difference: float) -> int | None:
    """Return how many questions of this kind would show a true `difference` in four of five cases; None if unknown.

    A difference of n questions with standard error s / sqrt(n) exceeds c of them with probability 0.8 where it is
    (c + 0.84) s / sqrt(n), c being the critical value of max |t| over as many configurations as there are now. The
    spread s is that of the leader's pairs, which follows from `detectable` = c s / sqrt(n).
    """
    if not test.detectable or not math.isfinite(test.critical_t):
        return None
    spread = test.detectable / test.critical_t * math.sqrt(test.num_questions)
    return math.ceil(((test.critical_t + _POWER_QUANTILE) * spread / difference) ** 2)


def _sign_patterns(num_questions: int, flips: int, seed: int) -> Patterns:
    """Return sign patterns as packed bits [patterns, bytes]; the last bit is the last question's."""
    if num_questions <= EXACT_UP_TO:
        return np.arange(2**num_questions, dtype=">u2").view(np.uint8).reshape(-1, 2)
    rng = np.random.Generator(np.random.PCG64(seed))
    return rng.integers(256, size=(flips, -(-num_questions // 8)), dtype=np.uint8)


def _weights_and_errors(table: Array) -> tuple[Array, Array]:
    """Return 1 / sqrt(n sum(d^2)) (0 where all d are 0) and the standard error of each pair [a, b].

    Sign flips leave sum(d^2) alone, and with u = |sum(d)| / sqrt(n sum(d^2)), t^2 = (n - 1) u^2 / (1 - u^2):
    u grows with |t| and, unlike it, is finite where all d are equal, so that u is what is flipped and
    compared.
    """
    count, size = table.shape
    roots, errors = np.zeros((size, size)), np.zeros((size, size))
    for i in range(size):
        differences = table - table[:, i : i + 1]
        roots[i] = np.sqrt(count * np.square(differences).sum(axis=0))
        errors[i] = differences.std(axis=0, ddof=min(1, count - 1)) / math.sqrt(count)
    return np.divide(1.0, roots, out=np.zeros_like(roots), where=roots > 0), errors


def _observed_statistic(table: Array, weights: Array) -> Array:
    """Return u of each pair [a, b], nothing flipped."""
    sums = table.sum(axis=0)
    values: Array = np.abs(sums[:, np.newaxis] - sums) * weights
    return values


def _largest_per_flip(table: Array, weights: Array, patterns: Patterns) -> Array:
    """Return the largest u over all pairs for each sign pattern [patterns]."""
    centred = np.ascontiguousarray((table - table.mean(axis=1, keepdims=True)).T)
    sizes = block_sizes(len(patterns), max(table.shape))
    blocks = np.split(patterns, np.cumsum(sizes)[:-1])
    return np.concatenate(
        [*map_blocks(lambda block: _largest_of_pairs(centred @ _signs(block, len(table)), weights), blocks)]
    )


def _signs(patterns: Patterns, num_questions: int) -> Array:
    """Return 1 or -1 for each question and pattern: [questions, patterns]."""
    bits = np.unpackbits(patterns, axis=1)[:, -num_questions:]
    signs: Array = np.multiply(bits.T, -2.0)
    signs += 1.0
    return signs


def _largest_of_pairs(sums: Array, weights: Array) -> Array:
    """Return the largest u of any pair [flips]; `sums` is [configurations, flips]."""
    largest, space = np.zeros(sums.shape[1]), np.empty_like(sums)
    for i in range(len(sums) - 1):
        values = np.subtract(sums[i + 1 :], sums[i], out=space[i + 1 :])
        np.abs(values, out=values)
        values *= weights[i, i + 1 :, np.newaxis]
        np.maximum(largest, values.max(axis=0), out=largest)
    return largest


def _p_values(observed: Array, maxima: Array, *, sampled: bool) -> Array:
    """Return the share of flips whose maximum reaches each observed u; `maxima` is sorted.

    Sampled flips do not hold the data as they are, which are therefore counted once more (Phipson & Smyth
    2010).
    """
    reached = len(maxima) - np.searchsorted(maxima, observed - _TOLERANCE, side="left")
    return (reached + sampled) / (len(maxima) + sampled)


def _critical_t(maxima: Array, num_questions: int) -> float:
    """Return the largest max |t| that is not yet significant; infinite where no t could be.

    A p under 0.05 needs at most `allowed` of the flips to reach t. A pattern and its opposite give the same
    t, so under two allowed ones (5 questions or fewer) nothing can be shown.
    """
    sampled = num_questions > EXACT_UP_TO
    allowed = math.ceil(ALPHA * (len(maxima) + sampled) - sampled) - 1
    if allowed <= 1:
        return math.inf
    square = float(maxima[-1 - allowed]) ** 2
    return math.inf if square > 1 - _TOLERANCE else math.sqrt((num_questions - 1) * square / (1 - square))


def _half_widths(errors: Array, weights: Array, critical_t: float) -> Array:
    """Return c se of each pair [a, b]: 0 where all scores are equal, else infinite if c is."""
    if math.isfinite(critical_t):
        return critical_t * errors
    return np.where(weights > 0, math.inf, 0.0)


def _pair(places: tuple[int, int], means: Sequence[float], half: float, p_adjusted: float, widest: float) -> Pair:
    """Build a pair, its interval within +-`widest` and in agreement with its p."""
    a, b = sorted(places, key=lambda index: (-means[index], index))
    difference = means[a] - means[b]
    low, high = max(difference - half, -widest), min(difference + half, widest)
    low = low if p_adjusted < ALPHA else min(low, 0.0)
    shown = round(half, DECIMALS)
    detectable = shown if shown < widest else None
    difference, low, high = (round(value, DECIMALS) for value in (difference, low, high))
    return Pair(a, b, difference, low, high, p_adjusted, detectable)


def _comparison(num_questions: int, means: tuple[float, ...], pairs: tuple[Pair, ...], critical_t: float) -> PairedTest:
    """Gather what the pairs say about the leader, the first of the highest mean."""
    leader = means.index(max(means))
    rivals = [pair for pair in pairs if leader in (pair.a, pair.b)]
    worse = {pair.b for pair in rivals if pair.p_adjusted < ALPHA}
    not_shown_worse = tuple(index for index in range(len(means)) if index not in worse)
    detectable = _median_detectable([pair for pair in rivals if not pair.identical])
    return PairedTest(num_questions, means, leader, not_shown_worse, pairs, detectable, critical_t)


def _median_detectable(pairs: Sequence[Pair]) -> float | None:
    """Return the median detectable difference, None counting as infinite."""
    sizes = [math.inf if pair.detectable is None else pair.detectable for pair in pairs]
    middle = float(np.median(sizes)) if sizes else math.inf
    return middle if math.isfinite(middle) else None
