"""Compares the configurations of an analysis: which lead, which are not shown worse, which to take."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from rag_chunk.analysis import statistics, verdicts
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.pareto import pareto_front
from rag_chunk.analysis.report import (
    AgainstBaseline,
    BaselineResult,
    ComparisonResult,
    ConfigurationResult,
    HoldoutResult,
    PairResult,
)
from rag_chunk.analysis.scoring import HEADLINE, Scored
from rag_chunk.config import AnalysisConfig, is_external
from rag_chunk.corpus.arrays import Floats
from rag_chunk.scorer import CURVE

_INDEX_DECIMALS = 2  # where white space falls moves an index' size by less than a percent
_DECIMALS = 12
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the questions show of some configurations: those that report, and those that choose.

    `leader` and `recommended` are chosen by the latter; without a holdout both are the same questions. `worse` tells
    of each configuration whether it is shown to be worse than the leader.
    """

    results: Sequence[ConfigurationResult]
    shown: statistics.PairedTest
    chosen: statistics.PairedTest
    leader: int
    recommended: int
    worse: Sequence[bool]

    @property
    def names(self) -> list[str]:
        """The configurations' names, in order."""
        return [result.name for result in self.results]


def blocks(scored: Sequence[Scored]) -> list[list[Scored]]:
    """Group configurations by retriever, best first in each: what holds for one says nothing of another.

    Where no two have the same retriever, they are rivals with all that they have, and stand in one group.
    """
    by_retriever: dict[str, list[Scored]] = {}
    for each in scored:
        retriever = each.result.config.retriever
        by_retriever.setdefault("given" if is_external(retriever) else retriever, []).append(each)
    groups = [list(scored)] if len(by_retriever) == len(scored) else list(by_retriever.values())
    return [sorted(group, key=lambda each: -each.result.metrics.get(HEADLINE, 0.0)) for group in groups]


def with_intervals(scored: Sequence[Scored], seed: int) -> list[Scored]:
    """Return the configurations with the 95 % interval of the headline metric, where there are questions enough."""
    if not scored or scored[0].reporting is None:
        return list(scored)
    intervals = statistics.mean_intervals(_table(scored), seed=seed)
    return [_with_interval(each, interval) for each, interval in zip(scored, intervals, strict=True)]


def _with_interval(scored: Scored, interval: statistics.Interval | None) -> Scored:
    ends = {HEADLINE: (interval.low, interval.high)} if interval else {}
    return Scored(scored.result.model_copy(update={"intervals": ends}), scored.reporting, scored.choosing)


def compare_configurations(
    scored: Sequence[Scored], asked: EvaluationSet, settings: AnalysisConfig, seed: int
) -> ComparisonResult:
    """Return what the questions show about some configurations."""
    outcome = _outcome(scored, asked, settings.margin, seed)
    names = outcome.names
    leaders = _leaders(outcome)
    baseline = _baseline(outcome, settings.baseline)
    holdout = _holdout(outcome, asked, settings.holdout)
    return ComparisonResult(
        metric=HEADLINE,
        retrievers=_distinct(result.config.retriever for result in outcome.results),
        leader=names[outcome.leader],
        not_shown_worse=tuple(name for name, worse in zip(names, outcome.worse, strict=True) if not worse),
        recommended=names[outcome.recommended],
        leaders={f"{HEADLINE}_{budget}": names[places[0]] for budget, places in leaders.items()},
        pareto=tuple(names[place] for place in _pareto(outcome.results)),
        baseline=baseline,
        holdout=holdout,
        pairs=tuple(pair_result(pair, names) for pair in outcome.shown.pairs),
        verdict=_verdict(outcome, leaders, baseline, holdout),
    )


def _table(scored: Sequence[Scored]) -> Floats:
    """Return the headline scores of the questions that report: [questions, configurations]."""
    return np.array([each.reporting for each in scored]).T


def _outcome(scored: Sequence[Scored], asked: EvaluationSet, margin: float, seed: int) -> Outcome:
    results = [each.result for each in scored]
    shown = chosen = statistics.compare_all(_table(scored), seed=seed)
    if asked.choosing:
        chosen = statistics.compare_all(np.array([each.choosing for each in scored]).T, seed=seed)
    recommended = recommend_for(results, chosen, margin)
    return Outcome(results, shown, chosen, chosen.leader, recommended, _worse(shown, chosen.leader))


def _worse(comparison: statistics.PairedTest, leader: int) -> list[bool]:
    """Whether each configuration is shown to be worse than `leader`; too few questions show nothing."""
    enough = comparison.num_questions >= statistics.FEWEST_FOR_A_WINNER
    beaten = {pair.b for pair in comparison.pairs if pair.a == leader and pair.p_adjusted < statistics.ALPHA}
    return [enough and place in beaten for place in range(len(comparison.means))]


def _leaders(outcome: Outcome) -> dict[int, list[int]]:
    """Return which configurations have the highest mean at each budget of the curve, of equal ones the leader first."""
    order = [outcome.leader, *(place for place in range(len(outcome.results)) if place != outcome.leader)]
    leaders: dict[int, list[int]] = {}
    for budget in CURVE:
        means = [round(result.metrics[f"{HEADLINE}_{budget}"], _DECIMALS) for result in outcome.results]
        leaders[budget] = [place for place in order if means[place] == max(means)]
    return leaders


def recommend_for(results: Sequence[ConfigurationResult], chosen: statistics.PairedTest, margin: float) -> int:
    """Return which configuration to take by a comparison: one of the best for their cost, by the same means."""
    front = pareto_front(np.array(chosen.means), _costs(results))
    worse = _worse(chosen, chosen.leader)
    return statistics.recommend(
        chosen.means,
        [worse[place] or place not in front for place in range(len(results))],
        [result.metrics["num_chunks"] for result in results],
        _index_sizes(results),
        margin,
    )


def _pareto(results: Sequence[ConfigurationResult]) -> list[int]:
    """Return the best for their cost."""
    return pareto_front(np.array([result.metrics[HEADLINE] for result in results]), _costs(results))


def _costs(results: Sequence[ConfigurationResult]) -> Floats:
    """Return the size of each index and of the context of `top_k` chunks: [configurations, 2]."""
    return np.column_stack([_index_sizes(results), [result.metrics["context_size"] for result in results]])


def _index_sizes(results: Sequence[ConfigurationResult]) -> list[float]:
    return [round(result.metrics["index_ratio"], _INDEX_DECIMALS) for result in results]


def _baseline(outcome: Outcome, name: str | None) -> BaselineResult | None:
    """Return every other configuration against the one of that `name`, where it is one of them."""
    named = [place for place, result in enumerate(outcome.results) if name in {result.name, *result.merged}]
    if not named:
        return None
    ours, names = named[0], outcome.names
    enough = outcome.shown.num_questions >= statistics.FEWEST_FOR_A_WINNER
    others = [
        against_result(pair, ours, names, enough=enough) for pair in outcome.shown.pairs if ours in {pair.a, pair.b}
    ]
    return BaselineResult(name=names[ours], others=tuple(sorted(others, key=lambda each: -each.difference)))


def against_result(pair: statistics.Pair, baseline: int, names: Sequence[str], *, enough: bool) -> AgainstBaseline:
    """Return how the other one of a `pair` stands to the baseline, a place in `names`; too few questions show nothing."""
    above = pair.b == baseline
    low, high = (pair.low, pair.high) if above else (0.0 - pair.high, 0.0 - pair.low)
    shown = enough and pair.p_adjusted < statistics.ALPHA
    return AgainstBaseline(
        name=names[pair.a if above else pair.b],
        difference=pair.difference if above else 0.0 - pair.difference,
        low=low,
        high=high,
        p_adjusted=pair.p_adjusted,
        shown=("better" if above else "worse") if shown else "no difference",
    )


def _holdout(outcome: Outcome, asked: EvaluationSet, share: float | None) -> HoldoutResult | None:
    if asked.choosing is None or share is None:
        return None
    return HoldoutResult(
        share=share,
        choosing=tuple(asked.choosing.questions.ids),
        reporting=tuple(asked.reporting.questions.ids),
        means=dict(zip(outcome.names, outcome.chosen.means, strict=True)),
    )


def pair_result(pair: statistics.Pair, names: Sequence[str]) -> PairResult:
    """Return a pair as reports hold it."""
    return PairResult(
        a=names[pair.a],
        b=names[pair.b],
        difference=pair.difference,
        low=pair.low,
        high=pair.high,
        p_adjusted=pair.p_adjusted,
    )


def _verdict(
    outcome: Outcome, leaders: dict[int, list[int]], baseline: BaselineResult | None, holdout: HoldoutResult | None
) -> tuple[str, ...]:
    names, results = outcome.names, outcome.results
    budgets = _distinct(result.config.budget for result in results)
    models = _distinct(name for result in results if (name := result.config.embedding_model))
    main = _of_the_held_out(outcome) if holdout else _of_all(outcome)
    some_score = any((*outcome.shown.means, *outcome.chosen.means))
    sentences = [
        *([*main, verdicts.curve_verdict(names, leaders, outcome.leader, budgets)] if some_score else []),
        "" if some_score else verdicts.explain_all_zero(names),
        *(verdicts.baseline_verdict(baseline, outcome.shown.num_questions) if baseline else ()),
        verdicts.scope(_distinct(result.config.retriever for result in results), budgets, models),
        verdicts.floor_warning(min(result.metrics.get("random_recall", 0.0) for result in results)),
        verdicts.overlap_warning(results[0].metrics.get("question_overlap", 0.0), results[0].config.retriever),
        verdicts.sample_warning(outcome.shown.num_questions),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _of_all(outcome: Outcome) -> list[str]:
    return [
        verdicts.verdict(outcome.shown, outcome.names),
        verdicts.recommendation_verdict(outcome.shown, outcome.recommended, outcome.names, dearer=_dearer(outcome)),
    ]


def _of_the_held_out(outcome: Outcome) -> list[str]:
    """Say what was chosen, by how many questions, and what the others show of it."""
    interval = outcome.results[outcome.recommended].intervals.get(HEADLINE)
    by = f" by the {outcome.chosen.num_questions:,} that chose"
    return [
        verdicts.holdout_verdict(outcome.chosen.num_questions, outcome.shown.num_questions),
        verdicts.recommendation_verdict(outcome.chosen, outcome.recommended, outcome.names, by, _dearer(outcome)),
        verdicts.standing(outcome.shown, outcome.recommended, outcome.names, interval),
    ]


def _dearer(outcome: Outcome) -> str:
    """Return what the leader has for which it is not recommended: chunks count first, as in `recommend`."""
    leader, taken = (outcome.results[place] for place in (outcome.leader, outcome.recommended))
    if leader.metrics["num_chunks"] > taken.metrics["num_chunks"]:
        return "more chunks"
    sizes = _index_sizes([leader, taken])
    return "a larger index" if sizes[0] > sizes[1] else "more context"


def _distinct(values: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(values))
