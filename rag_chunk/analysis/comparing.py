"""Compares the configurations of an analysis: which lead, which are not shown worse, which to take."""

from collections.abc import Sequence

import numpy as np

from rag_chunk import statistics, verdicts
from rag_chunk.config import AnalysisConfig
from rag_chunk.report import ComparisonResult, ConfigurationResult, PairResult

HEADLINE = "budget_recall"


def _scores(found: Sequence[ConfigurationResult]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the headline score of every question under every configuration: [questions, configurations]."""
    return np.array([[question.scores[HEADLINE] for question in each.questions] for each in found]).T


def with_intervals(found: Sequence[ConfigurationResult], seed: int) -> list[ConfigurationResult]:
    """Return the configurations with the 95 % interval of the headline metric, where there are questions enough."""
    if not found[0].questions:
        return list(found)
    intervals = statistics.mean_intervals(_scores(found), seed=seed) or [None] * len(found)
    return [
        each.model_copy(update={"intervals": {HEADLINE: (interval.low, interval.high)}}) if interval else each
        for each, interval in zip(found, intervals, strict=True)
    ]


def compared(found: Sequence[ConfigurationResult], analysis: AnalysisConfig, seed: int) -> ComparisonResult | None:
    """Return what the questions show about the configurations; nothing without questions."""
    if not found[0].questions:
        return None
    comparison = statistics.compare_all(_scores(found), seed=seed)
    names = [each.name for each in found]
    recommended = statistics.recommend(
        comparison.means,
        comparison.worse_than_leader,
        [int(each.metrics["num_chunks"]) for each in found],
        [each.metrics["index_ratio"] for each in found],
        analysis.margin,
    )
    return ComparisonResult(
        metric=HEADLINE,
        leader=names[comparison.leader],
        not_shown_worse=tuple(names[place] for place in comparison.not_shown_worse),
        recommended=names[recommended],
        pairs=tuple(_pair(pair, names) for pair in comparison.pairs),
        verdict=_verdict(comparison, recommended, found),
    )


def _pair(pair: statistics.Pair, names: Sequence[str]) -> PairResult:
    return PairResult(
        a=names[pair.a],
        b=names[pair.b],
        difference=pair.difference,
        low=pair.low,
        high=pair.high,
        p_adjusted=pair.p_adjusted,
    )


def _verdict(
    comparison: statistics.Comparison, recommended: int, found: Sequence[ConfigurationResult]
) -> tuple[str, ...]:
    names = [each.name for each in found]
    sentences = [
        verdicts.verdict(comparison, names),
        verdicts.recommendation_verdict(comparison, recommended, names),
        _scope(found),
        verdicts.sample_warning(comparison.num_questions),
    ]
    return tuple(sentence for sentence in sentences if sentence)


def _scope(found: Sequence[ConfigurationResult]) -> str:
    """Say for which retrieval and which budget the figures hold: neither says anything of another."""
    retrievers = " and ".join(dict.fromkeys(each.config.retriever for each in found))
    budgets = " and ".join(dict.fromkeys(f"{each.config.budget:,}" for each in found))
    return f"This holds for {retrievers} retrieval and {budgets} characters of context."
