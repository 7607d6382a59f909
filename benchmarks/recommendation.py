"""How much is lost by taking the recommended configuration, chosen by some public questions and judged by the others?

Each corpus of the public data is a set of its own: three of chroma-eval, five languages of XQuAD, the filings of
financebench (where a converter for PDF is installed). In each draw, 20, 40 or 100 questions choose, or half of them; all
others judge. The loss is the mean of the best configuration, by those that judge, less the chosen one's, in points.

- `recommended`: the rule of an analysis: a usual configuration, unless another surely leads it.
- `highest`: the highest mean; where several share it, one of them by chance.
- `usual`: the usual configuration, always.
- constants: always recursive-character with one size, the nearest there is.
- `size left out`: the recommended rule, had its usual size been measured on the other corpora only (leave one out).
- `best constant`: the strategy, size and overlap that loses least on the other corpora (leave one out).

`estimated` is the loss that the verdict tells, and `true` that of the recommended one by all questions. Against the highest
mean and the best constant, each case (a set, and how many questions choose) has the difference of the losses with its
standard error, by a bootstrap over the questions. Ends with 1 where the recommended one loses more by two such errors in a
case, or in the mean over the sets.

    python benchmarks/recommendation.py                        # 60 to 80 configurations a set, some minutes
    python benchmarks/recommendation.py FOLDER --retriever dense      # vectors of hashed words
    python benchmarks/recommendation.py --unit tokens --draws 20
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np
import numpy.typing as npt
from public_data import DATA, headline_scores, public_sets, report_on

from rag_chunk import Corpus, Questions
from rag_chunk.analysis import usual_choice
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.statistics import expected_loss, sure_leads
from rag_chunk.analysis.usual_choice import recommend_for, usual_configuration
from rag_chunk.config.sweep import sweep

STRATEGIES = "fixed-size sliding-window sentence paragraph recursive-character header markdown hierarchical".split()
SIZES = (50, 100, 150, 200, 300, 400, 600, 800)
CONSTANTS = (200, 400)
RIVALS = ("highest", "best constant")
SEED = 19
SHARES = (0.15, 0.2, 0.25, 0.3, 0.35, 0.4)

Array = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]
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


def _best_share(sets: Sequence[Scores]) -> Rule:
    """Return the recommended rule with the share of the budget, for a usual size, that loses least on the other families."""
    lost: dict[str, dict[float, list[float]]] = {}
    for scores in sets:
        truth = 100 * scores.table.mean(axis=0)
        for share in SHARES:
            with patch.object(usual_choice, "USUAL_SHARE", share):
                usual = usual_configuration(scores.results)
            loss = 0.0 if usual is None else float(truth.max() - truth[usual])
            lost.setdefault(scores.family, {}).setdefault(share, []).append(loss)

    def rule(scores: Scores, drawn: Array, rng: np.random.Generator) -> int:
        others = [lost[family] for family in lost if family != scores.family]
        share = min(SHARES, key=lambda share: np.mean([np.mean(each[share]) for each in others]))
        with patch.object(usual_choice, "USUAL_SHARE", share):
            return _recommended(scores, drawn, rng)

    return rule


def _loss_of(scores: Scores, key: Key) -> float:
    truth = 100 * scores.table.mean(axis=0)
    return float(truth.max() - truth[scores.place(key[0], key[1], overlap=key[2])])


def losses(scores: Scores, rules: Iterable[Rule], copies: Counts, count: int, draws: int) -> Array:
    """Return the loss of each rule in each draw [rules, draws], in points.

    `copies` [questions] is how often each question is in the set; all copies of one choose, or all of them judge.
    """
    lost = []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        choosing = _draw(copies, count, rng)
        judging = copies.astype(np.float64)
        judging[choosing] = 0
        truth = 100 * judging @ scores.table / judging.sum()
        lost.append([truth.max() - truth[rule(scores, scores.table[choosing], rng)] for rule in rules])
    return np.array(lost).T


def _draw(copies: Counts, count: int, rng: np.random.Generator) -> Counts:
    """Return the places of about `count` questions that choose, each with all its copies."""
    order = rng.permutation(np.flatnonzero(copies))
    drawn = order[: int(np.searchsorted(copies[order].cumsum(), count)) + 1]
    return np.repeat(drawn, copies[drawn])


def resampled_losses(scores: Scores, rules: Sequence[Rule], count: int, draws: int, resamples: int) -> Array:
    """Return the mean loss of each rule over all draws, for each resample of the set's questions [rules, resamples].

    Draws share their questions, so the standard error over them is too small: it tells nothing of how other questions
    would choose and judge (Nadeau & Bengio 2003, Inference for the Generalization Error, Machine Learning 52). So all
    questions are drawn anew with repetition (Efron & Tibshirani 1993, chapter 6), and every resample chooses and judges
    in all its draws, with no question on both sides; the spread over resamples has the error of both. XQuAD's languages
    get the same resamples, because they have the same questions.
    """
    size = len(scores.table)
    lost = []
    for number in range(resamples):
        drawn = np.random.default_rng([SEED, number]).integers(size, size=size)
        lost.append(losses(scores, rules, np.bincount(drawn, minlength=size), count, draws).mean(axis=1))
    return np.array(lost).T


def estimated_and_true(scores: Scores, count: int, draws: int) -> tuple[float, float]:
    """Return the loss that the verdict tells by the questions that choose, and the true one: means in points.

    The true loss is how far the recommended configuration is below the best one, both by all questions of the set: few
    questions that judge have a best one by chance, which is no choice's loss.
    """
    usual, means = usual_configuration(scores.results), scores.table.mean(axis=0)
    told, true = [], []
    for draw in range(draws):
        rng = np.random.default_rng(draw)
        drawn = scores.table[_draw(np.ones(len(scores.table), np.int64), count, rng)]
        told.append(expected_loss(drawn, usual, seed=draw, resamples=50))
        true.append(means.max() - means[_recommended(scores, drawn, rng)])
    return 100 * float(np.mean(told)), 100 * float(np.mean(true))


@dataclass(frozen=True)
class Case:
    """A set and how many of its questions choose: the mean losses [rules], and those of `resampled_losses`."""

    name: str
    count: int
    is_half: bool
    means: Array
    resampled: Array
    estimated: float
    true: float

    def against(self, rival: int) -> Array:
        """Return how much more the first rule loses than the `rival`: as it is, then by each resample."""
        return np.append(self.means[0] - self.means[rival], self.resampled[0] - self.resampled[rival])


def main() -> None:
    """Print the losses of each rule on each set, and over all of them."""
    options = _options()
    shared: dict[str, object] = {"unit": options.unit, "retriever": options.retriever}
    if options.retriever != "bm25":
        shared["embedding_model"] = "hashing"
    sets = [scores_of(*each, shared) for each in public_sets(options.folder)]
    rules = {"recommended": _recommended, "highest": _highest, "best constant": _best_constant(sets)}
    rules["size left out"] = _best_share(sets)
    rules |= {"usual": _usual} | {f"constant {size}": _constant(size) for size in CONSTANTS}
    print(f"{'set':22}{'questions':>11} " + "".join(f"{name:>15}" for name in [*rules, "estimated", "true"]))
    cases = []
    for scores in sets:
        half = len(scores.table) // 2
        for count in [*(each for each in (20, 40, 100) if each < half), half]:
            cases.append(_case(scores, rules, count, options))
            means = "".join(f"{each:15.2f}" for each in [*cases[-1].means, cases[-1].estimated, cases[-1].true])
            print(f"{scores.name:22}{count:>6} / {len(scores.table):<4}{means}", flush=True)
    _print_sums(cases)
    beaten = [_print_rival(cases, name, list(rules).index(name)) for name in RIVALS]
    sys.exit(any(beaten))


def _case(scores: Scores, rules: Mapping[str, Rule], count: int, options: argparse.Namespace) -> Case:
    once, draws = np.ones(len(scores.table), np.int64), options.draws
    means = losses(scores, rules.values(), once, count, draws).mean(axis=1)
    compared = [rules[name] for name in ("recommended", *RIVALS)]
    resampled = resampled_losses(scores, compared, count, draws, options.resamples)
    is_half = count == len(scores.table) // 2
    return Case(scores.name, count, is_half, means, resampled, *estimated_and_true(scores, count, draws))


def _by_count(cases: Sequence[Case]) -> dict[str, list[Case]]:
    """Return the cases with each number of questions that choose, those with half of them apart."""
    groups: dict[str, list[Case]] = {}
    for case in cases:
        groups.setdefault("half" if case.is_half else str(case.count), []).append(case)
    return groups


def _print_sums(cases: Sequence[Case]) -> None:
    """Print the mean over the sets for each number of questions that choose."""
    for count, of_count in _by_count(cases).items():
        means = np.mean([[*case.means, case.estimated, case.true] for case in of_count], axis=0)
        print(f"{f'all {len(of_count)} sets':22}{count:>6}       " + "".join(f"{each:15.2f}" for each in means))
    told = sum(case.estimated >= case.true for case in cases)
    print(f"estimated is at least true in {told} of {len(cases)} cases")


def _print_rival(cases: Sequence[Case], name: str, rival: int) -> bool:
    """Print how much more the recommended one loses than a rival, over all sets and in each case, the worst first.

    Return whether that is beyond two errors anywhere.
    """
    sums = {f"{'all':22}{count:>6}": [case.against(rival) for case in of] for count, of in _by_count(cases).items()}
    each = {f"{case.name:22}{case.count:>6}": case.against(rival) for case in cases}
    signs = [_sign(gap) for gap in each.values()]
    print(
        f"\nagainst {name}: of {len(each)} cases, it loses more in {sum(gap[0] > 0 for gap in each.values())},", end=" "
    )
    print(f"beyond two errors in {signs.count('worse')}, and less beyond two errors in {signs.count('better')}")
    gaps = {where: np.mean(of, axis=0) for where, of in sums.items()}
    gaps |= sorted(each.items(), key=lambda case: -case[1][0] / _error(case[1]))
    for where, gap in gaps.items():
        print(f"{where}  {gap[0]:+.2f} ± {_error(gap):.2f}  {_sign(gap)}")
    return any(_sign(gap) == "worse" for gap in gaps.values())


def _sign(gap: Array) -> str:
    if abs(gap[0]) <= 2 * _error(gap):
        return "not shown"
    return "worse" if gap[0] > 0 else "better"


def _error(gap: Array) -> float:
    """Return the standard error of a gap: its spread over the resamples; a gap that never varies has a tiny one."""
    return max(float(gap[1:].std(ddof=1)), 1e-9)


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=DATA, help="the public data (beside the repository)")
    parser.add_argument("--draws", type=int, default=60, help="how often questions are drawn (60)")
    parser.add_argument("--resamples", type=int, default=60, help="how often all are, for the errors (60)")
    parser.add_argument("--unit", default="words", help="the unit of sizes (words)")
    parser.add_argument("--retriever", default="bm25", choices=["bm25", "dense", "hybrid"], help="bm25")
    return parser.parse_args()


if __name__ == "__main__":
    main()
