"""How often is one of several equal configurations called better? At most 6 % of the time, it should be.

Draws score tables in which no configuration is better than another:

- graded, mostly-found, hit-or-miss and ranks are made up: each question has a difficulty, and given that, all
  configurations are exchangeable;
- real draws from the scores of a sweep over the public data, questions with replacement and configurations at random, and
  exchanges the configurations' labels for each question apart;
- reweighted draws from the same scores and exchanges nothing: questions are drawn with the weights, as even as can be, with
  which the configurations' means are equal. These have unequal spreads and skewed differences, as real ones have;
- shifted moves each real configuration's scores to the same mean. This is the worst case: two configurations that were
  equal on most questions now differ on all of these by the same amount, which few questions cannot tell from a difference.
  It is here to show where the guarantee ends.

Prints the share of draws in which any pair is called different by `compare_all`, with the 95 % interval (Wilson's) within
which the true rate lies, and with --bootstrap the same for percentile-bootstrap intervals of each pair, which know neither
small samples nor that there are many pairs. The test holds its level with any number of flips, so that fewer than an
analysis makes will do. Ends with 1 where a rate is surely over the target: where its interval lies above it.

    python benchmarks/false_winners.py                                                       # real: 2 minutes
    python benchmarks/false_winners.py --scores reweighted --configurations 2,6,20           # 2 minutes
    python benchmarks/false_winners.py --scores graded,mostly-found,hit-or-miss,ranks        # 8 minutes
    python benchmarks/false_winners.py --scores graded --bootstrap --flips 10000             # an hour
"""

import argparse
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from public_data import FOLDER, FURTHER, analyze_folder, headline_scores, sweep

from rag_chunk.analysis.statistics import ALPHA, compare_all

Array = npt.NDArray[np.float64]
Sampler = Callable[[np.random.Generator], Array]
Test = Callable[[Array, int], bool]

QUESTIONS = (15, 30, 60)
CONFIGURATIONS = (2, 6, 20, 60)
TARGET = 0.06
LAST_PLACE = 10
NOISE = 1e-9


def graded(questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw recalls about half of which are 1, a tenth 0 and the rest between."""
    return _clipped_normal(0.9, (questions, configurations), rng)


def mostly_found(questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw recalls of which nine in ten are 1."""
    return _clipped_normal(1.9, (questions, configurations), rng)


def hit_or_miss(questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw zeros and ones."""
    chance = rng.beta(1.2, 0.4, size=(questions, 1))
    return (rng.random((questions, configurations)) < chance).astype(np.float64)


def ranks(questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw reciprocal ranks: 1, 1/2, 1/3, … and 0 beyond the tenth place."""
    chance = rng.beta(1.0, 1.0, size=(questions, 1))
    places = rng.geometric(np.maximum(chance, 0.01), size=(questions, configurations))
    return np.where(places > LAST_PLACE, 0.0, 1.0 / places)


def exchanged(table: Array, questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw from real scores [questions, configurations], and exchange the configurations' labels for each question."""
    columns = rng.choice(table.shape[1], configurations, replace=False)
    rows = rng.integers(len(table), size=questions)
    return rng.permuted(table[np.ix_(rows, columns)], axis=1)


def reweighted(table: Array, questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw real scores of configurations, and of questions by weights that make the configurations' means equal."""
    columns = table[:, rng.choice(table.shape[1], configurations, replace=False)]
    return columns[rng.choice(len(table), questions, p=equalising(columns[:, 1:] - columns[:, :1]))]


def equalising(differences: Array) -> Array:
    """Return the weights of rows nearest to even ones with which each column's mean is 0 (exponential tilting).

    They are proportional to exp(row @ tilt), where `tilt` minimises the logarithm of their sum: by Newton's steps, each
    halved until it descends. Raise `ValueError` where no weights do.
    """
    tilt = np.zeros(differences.shape[1])
    for _ in range(100):
        weights: Array = np.exp(differences @ tilt)
        level = float(np.log(weights.sum()))
        weights /= weights.sum()
        slope = weights @ differences
        if np.abs(slope).max() < NOISE:
            return weights
        bend = (differences * weights[:, np.newaxis]).T @ differences - np.outer(slope, slope)
        step = np.linalg.solve(bend + NOISE * np.eye(len(tilt)), slope)
        while np.log(np.exp(differences @ (tilt - step)).sum()) > level and np.abs(step).max() > NOISE:
            step /= 2
        tilt = tilt - step
    message = "no weights make these means equal"
    raise ValueError(message)


def shifted(table: Array, questions: int, configurations: int, rng: np.random.Generator) -> Array:
    """Draw from real scores of which each configuration's were moved to the same mean."""
    columns = rng.choice(table.shape[1], configurations, replace=False)
    rows = rng.integers(len(table), size=questions)
    centred: Array = table - table.mean(axis=0)
    return centred[np.ix_(rows, columns)]


def _clipped_normal(mean: float, shape: tuple[int, int], rng: np.random.Generator) -> Array:
    """Draw normal scores that share 80 % of their spread within a question, clipped to [0, 1]."""
    difficulty = rng.normal(0.0, 0.72, size=(shape[0], 1))
    return np.clip(mean + difficulty + rng.normal(0.0, 0.36, size=shape), 0.0, 1.0)


def permutation_test(scores: Array, seed: int, *, flips: int) -> bool:
    """Tell whether `compare_all` calls any pair different."""
    return any(pair.p_adjusted < ALPHA for pair in compare_all(scores, seed=seed, flips=flips).pairs)


def percentile_bootstrap(scores: Array, seed: int, *, resamples: int) -> bool:
    """Tell whether the 95 % percentile interval of any pair's difference leaves out 0."""
    rng = np.random.default_rng(seed)
    drawn = rng.multinomial(len(scores), np.full(len(scores), 1 / len(scores)), size=resamples)
    sums = np.ascontiguousarray((drawn @ scores).T)
    tail = int(resamples * ALPHA / 2)
    for i in range(len(sums) - 1):
        differences = sums[i + 1 :] - sums[i]
        not_above = np.count_nonzero(differences <= NOISE, axis=1)
        not_below = np.count_nonzero(differences >= -NOISE, axis=1)
        if np.minimum(not_above, not_below).min() <= tail:
            return True
    return False


def false_better(sampler: Sampler, test: Test, draws: int, *, seed: int = 0) -> int:
    """Return in how many of `draws` from `sampler` [questions, configurations] `test` calls any pair different.

    No configuration of a draw is better than another, so every call is a false one.
    """
    return sum(test(sampler(np.random.default_rng((seed, draw))), draw) for draw in range(draws))


def interval(calls: int, draws: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of the rate of which `calls` of `draws` are a sample."""
    share, square = calls / draws, 1.96**2 / draws
    half = math.sqrt(square * (share * (1 - share) + square / 4))
    return max(0.0, (share + square / 2 - half) / (1 + square)), (share + square / 2 + half) / (1 + square)


MADE_UP = {"graded": graded, "mostly-found": mostly_found, "hit-or-miss": hit_or_miss, "ranks": ranks}
REAL = {"real": exchanged, "reweighted": reweighted, "shifted": shifted}


def main() -> None:
    """Print a table of the rates; end with 1 where one is over the target."""
    options = _options()
    samplers = dict(MADE_UP)
    if REAL.keys() & set(options.scores):
        table = headline_scores(analyze_folder(options.folder, sweep(FURTHER)))
        samplers |= {name: partial(draw, table) for name, draw in REAL.items()}
    print(f"any of the pairs called different, target at most {TARGET:.0%}; {options.draws} draws a line\n")
    columns = f"{'max-T':>8}{'95 % interval':>17}{'bootstrap':>11}{'CPU s':>8}"
    print(f"{'scores':14}{'questions':>10}{'configurations':>16}{columns}")
    over = False
    for name in options.scores:
        for questions in options.questions:
            for configurations in options.configurations:
                print(f"{name:14}{questions:>10}{configurations:>16}", end="")
                sampler = partial(samplers[name], questions, configurations)
                over |= _measured(sampler, options)
    sys.exit(over)


def _measured(sampler: Sampler, options: argparse.Namespace) -> bool:
    """Print the rates of one kind of tables, and tell whether ours is surely over the target."""
    started = time.process_time()
    test = partial(permutation_test, flips=options.flips)
    calls = false_better(sampler, test, options.draws, seed=options.seed)
    theirs = ""
    if options.bootstrap:
        bootstrap = partial(percentile_bootstrap, resamples=options.resamples)
        theirs = f"{false_better(sampler, bootstrap, options.draws, seed=options.seed) / options.draws:.1%}"
    low, high = interval(calls, options.draws)
    spent, ends = time.process_time() - started, f"{low:.1%} to {high:.1%}"
    print(f"{calls / options.draws:>8.1%}{ends:>17}{theirs:>11}{spent:>8.1f}", flush=True)
    return low > TARGET


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(",")))


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = [*MADE_UP, *REAL]
    parser.add_argument(
        "--scores", type=lambda text: text.split(","), default=["real"], help=f"of {', '.join(kinds)} (real)"
    )
    parser.add_argument("--questions", type=_numbers, default=QUESTIONS, help="with commas (15,30,60)")
    parser.add_argument("--configurations", type=_numbers, default=CONFIGURATIONS, help="with commas (2,6,20,60)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--draws", type=int, default=1000, help="score tables per line (1000)")
    parser.add_argument("--flips", type=int, default=1000, help="sign flips per draw (1000)")
    parser.add_argument("--bootstrap", action="store_true", help="the percentile bootstrap too, which is slow")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples per draw (1000)")
    parser.add_argument("--seed", type=int, default=0, help="which score tables are drawn (0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
