"""How much is lost by taking the recommended configuration, chosen by some public questions and judged by the others?

Each corpus of the public data is a set of its own: three of chroma-eval, five languages of XQuAD, the filings of
financebench (where a converter for PDF is installed). In each draw, 20, 40 or 100 questions choose, or half of them; all
others judge. The loss is the mean of the best configuration, by those that judge, less the chosen one's, in points.

- `recommended`: the rule of an analysis: a usual configuration, unless another surely leads it.
- `highest`: the highest mean; where several share it, one of them by chance.
- `cheapest`: the rule before it: the fewest chunks of the best for their cost within half a point of the highest mean.
- `usual`: the usual configuration, always.
- constants: always recursive-character with one size, the nearest there is.
- `best constant`: the strategy, size and overlap that loses least on the other corpora (leave one out).

`estimated` is the loss that the verdict tells. Ends with 1 where, over all lexical sets, the recommended one loses more
than the highest mean or than the best constant by more than two standard errors of the draws.

    python benchmarks/recommendation.py                        # 60 to 80 configurations a set, about a minute
    python benchmarks/recommendation.py FOLDER --retriever dense      # vectors of hashed words
    python benchmarks/recommendation.py --unit tokens --draws 20
"""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from public_data import DATA, headline_scores, public_sets, report_on

from rag_chunk import Corpus, Questions
from rag_chunk.analysis.pareto import pareto_front
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.statistics import expected_loss, sure_leads
from rag_chunk.analysis.usual_choice import recommend_for, usual_configuration
from rag_chunk.config.sweep import sweep

STRATEGIES = "fixed-size sliding-window sentence paragraph recursive-character header markdown hierarchical".split()
SIZES = (50, 100, 150, 200, 300, 400, 600, 800)
CONSTANTS = (200, 400)
OLD_MARGIN = 0.005

Array = npt.NDArray[np.float64]
Key = tuple[str, int, bool]
Rule = Callable[["Scores", Array, np.random.Generator], int]


@dataclass(frozen=True)
class Scores:
    """A set: its configurations, and the headline score of every question under each [questions, configurations]."""

    name: str
    results: Sequence[ConfigurationResult]
    table: Array

    @property
    def family(self) -> str:
        """What is left out together: the languages of XQuAD are translations of one text."""
        return self.name.partition("-")[0]

    def place(self, strategy: str, size: int, *, overlap: bool) -> int:
        """Return the configuration that is nearest to a strategy, a size and an overlap."""

        def distance(place: int) -> tuple[bool, float, bool]:
            config = self.results[place].config
            apart = abs(np.log2(config.chunk_size / size))
            return config.strategy != strategy, float(apart), bool(config.overlap) != overlap

        return min(range(len(self.results)), key=distance)


def scores_of(name: str, corpus: Corpus, questions: Questions, shared: Mapping[str, object]) -> Scores:
    """Run all configurations on one set."""
    varied = {"strategy": STRATEGIES, "chunk_size": SIZES}
    plain = sweep({**shared, "overlap": 0}, varied).configs.values()
    usual = sweep(shared, varied).configs.values()
    configs = list(dict.fromkeys([*plain, *usual]))
    report = report_on(corpus, configs, questions)
    order = np.random.default_rng(0).permutation(
        len(report.configurations)
    )  # they are best first: no rule may use that
    return Scores(name, [report.configurations[place] for place in order], headline_scores(report)[:, order])


def _recommended(scores: Scores, drawn: Array, _: np.random.Generator) -> int:
    """Take what an analysis recommends, but for leaving out what is shown to be worse, which hardly ever matters."""
    leads = sure_leads(drawn, usual_configuration(scores.results)).tolist()
    return recommend_for(scores.results, leads, [False] * len(leads), 0.0)


def _highest(_: Scores, drawn: Array, rng: np.random.Generator) -> int:
    means = drawn.mean(axis=0)
    return int(rng.choice(np.flatnonzero(means >= means.max() - 1e-9)))


def _cheapest(scores: Scores, drawn: Array, _: np.random.Generator) -> int:
    means = drawn.mean(axis=0)
    metrics = [result.metrics for result in scores.results]
    costs = np.array([[round(each["index_ratio"], 2), each["context_size"]] for each in metrics])
    near = [place for place in pareto_front(means, costs) if means[place] >= means.max() - OLD_MARGIN]
    return min(near, key=lambda place: metrics[place]["num_chunks"])


def _usual(scores: Scores, drawn: Array, rng: np.random.Generator) -> int:
    usual = usual_configuration(scores.results)
    return _highest(scores, drawn, rng) if usual is None else usual


def _constant(size: int) -> Rule:
    return lambda scores, _, __: scores.place("recursive-character", size, overlap=True)


def _best_constant(sets: Sequence[Scores]) -> Rule:
    """Return the rule that takes what loses least on the other families."""
    keys = {(strategy, size, overlap) for strategy in STRATEGIES for size in SIZES for overlap in (False, True)}
    lost = {(each.name, key): _loss_of(each, key) for each in sets for key in keys}
    chosen = {}
    for family in {each.family for each in sets}:
        others = [each for each in sets if each.family != family]
        families = sorted({each.family for each in others})

        def mean(key: Key, others: Sequence[Scores] = others, families: Sequence[str] = families) -> float:
            each = [[lost[other.name, key] for other in others if other.family == name] for name in families]
            return float(np.mean([np.mean(losses) for losses in each]))

        chosen[family] = min(sorted(keys), key=mean)
    return lambda scores, _, __: scores.place(*chosen[scores.family][:2], overlap=chosen[scores.family][2])


def _loss_of(scores: Scores, key: Key) -> float:
    truth = 100 * scores.table.mean(axis=0)
    return float(truth.max() - truth[scores.place(key[0], key[1], overlap=key[2])])


def losses(scores: Scores, rules: Mapping[str, Rule], count: int, draws: int) -> tuple[Array, float]:
    """Return the loss of each rule in each draw [rules, draws], in points, and the mean of the estimated ones."""
    lost, estimated = [], []
    usual = usual_configuration(scores.results)
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        order = rng.permutation(len(scores.table))
        drawn, others = scores.table[order[:count]], scores.table[order[count:]]
        truth = 100 * others.mean(axis=0)
        lost.append([truth.max() - truth[rule(scores, drawn, rng)] for rule in rules.values()])
        estimated.append(100 * expected_loss(drawn, usual, seed=draw, resamples=50))
    return np.array(lost).T, float(np.mean(estimated))


def main() -> None:
    """Print the losses of each rule on each set, and over all of them."""
    options = _options()
    shared: dict[str, object] = {"unit": options.unit, "retriever": options.retriever}
    if options.retriever != "bm25":
        shared["embedding_model"] = "hashing"
    sets = [scores_of(*each, shared) for each in public_sets(options.folder)]
    constants = {f"constant {size}": _constant(size) for size in CONSTANTS}
    rules = {"recommended": _recommended, "highest": _highest, "cheapest": _cheapest, "usual": _usual, **constants}
    rules["best constant"] = _best_constant(sets)
    print(f"{'set':22}{'questions':>11} " + "".join(f"{name:>15}" for name in [*rules, "estimated"]))
    lost: dict[str, list[Array]] = {}
    for scores in sets:
        half = len(scores.table) // 2
        for count in [*(each for each in (20, 40, 100) if each < half), half]:
            of_set, estimated = losses(scores, rules, count, options.draws)
            means = "".join(f"{each:15.2f}" for each in [*of_set.mean(axis=1), estimated])
            print(f"{scores.name:22}{count:>6} / {len(scores.table):<4}{means}")
            lost.setdefault("half" if count == half else str(count), []).append(of_set)
    sys.exit(_print_sums(lost, list(rules)))


def _print_sums(lost: Mapping[str, list[Array]], names: Sequence[str]) -> bool:
    """Print the mean over the sets; return whether a rival loses less than the recommended, beyond the draws' error."""
    beaten = False
    for count, of_sets in lost.items():
        means = np.mean([each.mean(axis=1) for each in of_sets], axis=0)
        print(f"{f'all {len(of_sets)} sets':22}{count:>6}       " + "".join(f"{each:15.2f}" for each in means))
        for rival in ("highest", "best constant"):
            differences = [each[names.index("recommended")] - each[names.index(rival)] for each in of_sets]
            errors = [each.std(ddof=1) / np.sqrt(len(each)) for each in differences]
            error = float(np.sqrt(np.square(errors).sum())) / len(errors)
            gap = float(np.mean(differences))
            beaten |= gap > 2 * error
            print(f"{'':22}against {rival}: {gap:+.2f} ± {error:.2f}")
    return beaten


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DATA, help="the public data (beside the repository)")
    parser.add_argument("--draws", type=int, default=60, help="how often questions are drawn (60)")
    parser.add_argument("--unit", default="words", help="the unit of sizes (words)")
    parser.add_argument("--retriever", default="bm25", choices=["bm25", "dense", "hybrid"], help="bm25")
    return parser.parse_args()


if __name__ == "__main__":
    main()
