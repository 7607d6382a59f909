"""Compares the configurations of an analysis: which lead, which are not shown worse, which to take."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.analysis import statistics
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.outcome import Outcome, distinct, index_sizes
from rag_chunk.analysis.pareto import pareto_front
from rag_chunk.analysis.question_power import find_undecided
from rag_chunk.analysis.report import (
    AgainstBaseline,
    BaselineResult,
    ComparisonResult,
    ConfigurationResult,
    HoldoutResult,
    PairResult,
    ReviewedResult,
)
from rag_chunk.analysis.scoring import HEADLINE, Scored
from rag_chunk.analysis.summary import explain, is_too_close, summarize, summarize_reviewed
from rag_chunk.analysis.usual_choice import recommend_for, usual_configuration
from rag_chunk.config import AnalysisConfig, is_external
from rag_chunk.config.catalog import is_bound
from rag_chunk.corpus.arrays import Floats
from rag_chunk.scorer import CURVE

_DECIMALS = 12


def blocks(scored: Sequence[Scored]) -> list[list[Scored]]:
    """Group configurations by retriever and reranker, best first in each: what holds for one says nothing of another.

    Where no two have the same, they are rivals with all that they have, and are in one group. Bounds come
    last, apart from the rest: no pipeline can have them, so nothing is compared with them.
    """
    bounds = [each for each in scored if is_bound(each.result.config.retriever)]
    rivals = [each for each in scored if not is_bound(each.result.config.retriever)]
    groups = [*_group_by_retriever(rivals), *_group_by_retriever(bounds)]
    return [sorted(group, key=lambda each: -each.result.metrics.get(HEADLINE, 0.0)) for group in groups]


def _group_by_retriever(scored: Sequence[Scored]) -> list[list[Scored]]:
    by_retriever: dict[tuple[str, str | None], list[Scored]] = {}
    for each in scored:
        retriever, reranker = each.result.config.retriever, each.result.config.reranker
        by_retriever.setdefault(("given" if is_external(retriever) else retriever, reranker), []).append(each)
    return [list(scored)] if scored and len(by_retriever) == len(scored) else list(by_retriever.values())


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
        retrievers=distinct(result.config.retriever for result in outcome.results),
        leader=names[outcome.leader],
        not_shown_worse=outcome.not_shown_worse,
        recommended=outcome.recommended_name,
        leaders={f"{HEADLINE}_{budget}": names[places[0]] for budget, places in leaders.items()},
        pareto=() if outcome.is_bound else tuple(names[place] for place in _pareto(outcome.results)),
        baseline=baseline,
        holdout=holdout,
        pairs=tuple(pair_result(pair, names) for pair in outcome.shown.pairs),
        too_close=asked.choosing is None and is_too_close(outcome.shown),
        verdict=summarize(outcome, baseline, held_out=asked.choosing is not None),
        explanation=explain(outcome, leaders, held_out=asked.choosing is not None),
        reviewed=_compare_reviewed(scored, asked, settings.margin, seed),
    )


def _table(scored: Sequence[Scored]) -> Floats:
    """Return the headline scores of the questions that report: [questions, configurations]."""
    return np.array([each.reporting for each in scored]).T


def _outcome(scored: Sequence[Scored], asked: EvaluationSet, margin: float, seed: int) -> Outcome:
    table = _table(scored)
    choosing = np.array([each.choosing for each in scored]).T if asked.choosing else table
    return _outcome_of([each.result for each in scored], table, choosing, margin, seed)


def _outcome_of(
    results: Sequence[ConfigurationResult], table: Floats, choosing: Floats, margin: float, seed: int
) -> Outcome:
    """Return what the scores `table` [questions, configurations] show; the scores `choosing` make the choice."""
    shown = chosen = statistics.compare_all(table, seed=seed)
    if choosing is not table:
        chosen = statistics.compare_all(choosing, seed=seed)
    usual, left_out = usual_configuration(results), _worse(chosen, chosen.leader)
    leads = statistics.sure_leads(choosing, usual).tolist()
    return Outcome(
        results,
        shown,
        chosen,
        chosen.leader,
        recommend_for(results, leads, left_out, margin),
        _worse(shown, chosen.leader),
        missed=int((table == 0).all(axis=1).sum()),
        undecided=int(find_undecided(table).sum()),
        usual=usual,
        leads=leads,
        loss=statistics.expected_loss(choosing, usual, seed=seed),
    )


def _compare_reviewed(
    scored: Sequence[Scored], asked: EvaluationSet, margin: float, seed: int
) -> ReviewedResult | None:
    """Return what the reviewed questions alone show, of those that report; None where all or none are reviewed."""
    reviewed = np.array([question.reviewed for question in asked.reporting.questions.questions], bool)
    if reviewed.all() or not reviewed.any():
        return None
    table = _table(scored)[reviewed]
    outcome = _outcome_of([each.result for each in scored], table, table, margin, seed)
    names = outcome.names
    return ReviewedResult(
        count=outcome.shown.num_questions,
        leader=names[outcome.leader],
        not_shown_worse=outcome.not_shown_worse,
        recommended=outcome.recommended_name,
        means=dict(zip(names, outcome.shown.means, strict=True)),
        verdict=summarize_reviewed(outcome),
    )


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


def _pareto(results: Sequence[ConfigurationResult]) -> list[int]:
    """Return the best for their cost."""
    return pareto_front(np.array([result.metrics[HEADLINE] for result in results]), _costs(results))


def _costs(results: Sequence[ConfigurationResult]) -> Floats:
    """Return the size of each index and of the context of `top_k` chunks: [configurations, 2]."""
    return np.column_stack([index_sizes(results), [result.metrics["context_size"] for result in results]])


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
    """Return the other one of a `pair` against the baseline, a place in `names`; too few questions show nothing."""
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
