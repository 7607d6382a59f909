"""How often is one of several equal configurations called better? At most 6 % of the time, it should be.

Draws score tables in which no configuration is better than another. Four kinds are made up: each question has a
difficulty, and given that, all configurations are exchangeable. The kind `real` is made of the scores of a sweep over the
public data: questions are drawn with replacement, configurations at random, and for each question apart the
configurations' labels are exchanged. Prints the share of draws in which any pair is called different by `compare_all`,
and with --bootstrap the same for percentile-bootstrap intervals of each pair, which know neither small samples nor that
there are many pairs. The test holds its level with any number of flips, so that fewer than an analysis makes will do.

    python benchmarks/false_winners.py                                                       # real: 2 minutes
    python benchmarks/false_winners.py --scores graded,mostly-found,hit-or-miss,ranks        # 8 minutes
    python benchmarks/false_winners.py --scores graded --bootstrap --flips 10000             # an hour
"""

import argparse
import math
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from public_data import FOLDER, FURTHER, headline_scores, measured, sweep

from rag_chunk.statistics import ALPHA, compare_all

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


def false_better_rate(sampler: Sampler, test: Test, draws: int, *, seed: int = 0) -> float:
    """Return the share of `draws` from `sampler` in which `test` calls any pair different.

    `sampler` returns exchangeable scores [questions, configurations], so every call is a false one.
    """
    calls = sum(test(sampler(np.random.default_rng((seed, draw))), draw) for draw in range(draws))
    return calls / draws


MADE_UP = {"graded": graded, "mostly-found": mostly_found, "hit-or-miss": hit_or_miss, "ranks": ranks}


def main() -> None:
    """Print a table of the rates."""
    options = _options()
    samplers = dict(MADE_UP)
    if "real" in options.scores:
        table = headline_scores(measured(options.folder, sweep(FURTHER)))
        samplers["real"] = partial(exchanged, table)
    tests = [partial(permutation_test, flips=options.flips)]
    tests += [partial(percentile_bootstrap, resamples=options.resamples)] if options.bootstrap else []
    noise = 2 * math.sqrt(ALPHA * (1 - ALPHA) / options.draws)
    print(f"any of the pairs called different, target at most {TARGET:.0%}")
    print(f"{options.draws} draws know a rate of {ALPHA:.0%} to ± {noise:.1%} (two standard errors)\n")
    print(f"{'scores':14}{'questions':>10}{'configurations':>16}{'max-T':>9}{'bootstrap':>11}{'CPU s':>8}")
    for name in options.scores:
        for questions in QUESTIONS:
            for configurations in CONFIGURATIONS:
                started = time.process_time()
                sampler = partial(samplers[name], questions, configurations)
                rates = [false_better_rate(sampler, test, options.draws, seed=options.seed) for test in tests]
                spent = time.process_time() - started
                ours, theirs = f"{rates[0]:.1%}", f"{rates[1]:.1%}" if options.bootstrap else ""
                place = f"{name:14}{questions:>10}{configurations:>16}"
                print(f"{place}{ours:>9}{theirs:>11}{spent:>8.1f}", flush=True)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = [*MADE_UP, "real"]
    parser.add_argument(
        "--scores", type=lambda text: text.split(","), default=["real"], help=f"of {', '.join(kinds)} (real)"
    )
    parser.add_argument("--folder", type=Path, default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--draws", type=int, default=1000, help="score tables per line (1000)")
    parser.add_argument("--flips", type=int, default=1000, help="sign flips per draw (1000)")
    parser.add_argument("--bootstrap", action="store_true", help="the percentile bootstrap too, which is slow")
    parser.add_argument("--resamples", type=int, default=1000, help="bootstrap resamples per draw (1000)")
    parser.add_argument("--seed", type=int, default=0, help="which score tables are drawn (0)")
    return parser.parse_args()


if __name__ == "__main__":
    main()
