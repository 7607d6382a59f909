"""Configurations of several analyses side by side: paired over the questions that all of them answered."""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np

from rag_chunk.analysis import HEADLINE, statistics, verdicts
from rag_chunk.analysis.comparison import against_result, pair_result
from rag_chunk.analysis.history.converter_differences import converter_differences
from rag_chunk.analysis.history.outcomes import ComparedSide, ComparisonReport
from rag_chunk.analysis.history.pairing import Pairing, document_differences, pair_questions
from rag_chunk.analysis.history.saved_analysis import SavedAnalysis
from rag_chunk.analysis.outcome import distinct
from rag_chunk.analysis.report import AgainstBaseline, BaselineResult
from rag_chunk.config import RunConfig, did_you_mean, is_external
from rag_chunk.config.metric_table import metrics_of
from rag_chunk.errors import InputError, SettingsError

_DECIDING = (
    "retriever",
    "filter",
    "top_k",
    "budget",
    "budget_unit",
)  # figures that were measured under others say nothing of each other
_FEWEST_SIDES = 2
_ROUNDING = 1e-9
_PAIRLESS = {*metrics_of("shape", "time", "embedding")}  # metrics that questions have no part in


def compare_analyses(
    saved: Sequence[SavedAnalysis],
    *,
    metric: str = HEADLINE,
    anyway: bool = False,
    remedy: str = "--anyway compares them all the same",
) -> ComparisonReport:
    """Compare the configurations that are meant, by `metric`; the others are compared with the first.

    Raise `InputError` where fewer than 10 questions are common, or where the retriever, its filter, `top_k` or the
    budget differ, unless `anyway`; `remedy` says how to go on then.
    """
    sides = _label_sides(saved)
    pairing = pair_questions({label: side.asked_questions() for label, side in sides.items()})
    scores = {label: _scores(side, metric, label) for label, side in sides.items()}
    warnings = [*_mismatches(sides), *_too_few(pairing)]
    if warnings and not (anyway and pairing.ids):
        way = remedy if pairing.ids else "there is nothing to compare by"
        raise InputError(f"{'; '.join([*_conversions(saved), *warnings])}: {way}")
    table = np.array([[scores[label][name] for label, name in zip(sides, ids, strict=True)] for ids in pairing.ids])
    shown = statistics.compare_all(table, seed=saved[0].configuration.config.seed)
    names = list(sides)
    against = _against(shown, names)
    return ComparisonReport(
        metric=metric,
        sides=tuple(_side(label, side, saved[0], pairing, place) for place, (label, side) in enumerate(sides.items())),
        settings=_settings([side.configuration.config for side in saved]),
        num_questions=len(pairing.ids),
        left_out=pairing.left_out,
        against=against,
        pairs=tuple(pair_result(pair, names) for pair in shown.pairs),
        warnings=tuple(warnings),
        verdict=_verdict(shown, sides, against, metric),
    )


def _label_sides(saved: Sequence[SavedAnalysis]) -> dict[str, SavedAnalysis]:
    """Return the sides by their configuration's name, with where it is from wherever the name alone is not enough."""
    if len(saved) < _FEWEST_SIDES:
        raise SettingsError("a comparison needs two sides: rag-chunk compare BASE NEW")
    for side in saved:
        if side.report.questions is None or not side.configuration.questions:
            raise InputError(f"{side.source} has no questions to compare by: it was analysed without --test-file")
    names = Counter(side.configuration.name for side in saved)
    labels = [
        side.configuration.name + (f" ({side.source})" if names[side.configuration.name] > 1 else "") for side in saved
    ]
    twice = [label for label, count in Counter(labels).items() if count > 1]
    if twice:
        raise SettingsError(f"{twice[0]} is named twice; a comparison needs two different sides")
    return dict(zip(labels, saved, strict=True))


def _scores(side: SavedAnalysis, metric: str, label: str) -> dict[str, float]:
    """Return the score of each question by id."""
    questions = side.configuration.questions
    known = set.intersection(*(set(each.scores) for each in questions))
    if metric not in known:
        raise InputError(
            f"{label} has no {metric!r} for each question{did_you_mean(metric, known)}. "
            f"There are {', '.join(sorted(known))}"
        )
    scores = {each.id: each.scores[metric] for each in questions}
    if any(not 0 <= score <= 1 for score in scores.values()):
        raise InputError(f"{metric} is not a share; compare by a share such as {HEADLINE}")
    return scores


def _mismatches(sides: dict[str, SavedAnalysis]) -> list[str]:
    """Say which of the deciding settings differ, and between which sides."""
    mismatches = []
    for name in _DECIDING:
        values = {label: _describe(side.configuration.config, name) for label, side in sides.items()}
        if len(set(values.values())) > 1:
            base, first = next(iter(values.items()))
            label, other = next((label, value) for label, value in values.items() if value != first)
            mismatches.append(f"{name} is {first} for {base} and {other} for {label}")
    return mismatches


def _conversions(saved: Sequence[SavedAnalysis]) -> list[str]:
    """Say that the documents of a side were converted in another way than those of the first."""
    base = saved[0].report.corpus
    changes = dict.fromkeys(each for side in saved for each in converter_differences(base, side.report.corpus))
    return [f"{each.name} {each.what}" for each in changes]


def _describe(config: RunConfig, name: str) -> str:
    value = str(getattr(config, name))
    return "somebody else's" if is_external(value) else value


def _too_few(pairing: Pairing) -> list[str]:
    count = len(pairing.ids)
    if count >= statistics.FEWEST_FOR_A_WINNER:
        return []
    common = "1 question is" if count == 1 else f"{count or 'no'} questions are"
    if not count:
        return [f"{common} common"]
    return [f"only {common} common, and to show a difference takes {statistics.FEWEST_FOR_A_WINNER}"]


def _side(label: str, side: SavedAnalysis, base: SavedAnalysis, pairing: Pairing, place: int) -> ComparedSide:
    report, result = side.report, side.configuration
    return ComparedSide(
        label=label,
        source=side.source,
        configuration=result.name,
        analysis_id=report.analysis_id,
        created=report.created,
        rag_chunk=report.rag_chunk,
        corpus_digest=report.corpus.digest,
        questions_digest=report.questions.digest if report.questions else "",
        config=result.config,
        metrics=_metrics(side, {ids[place] for ids in pairing.ids}),
        documents=document_differences(base.report.corpus, report.corpus),
        converters=converter_differences(base.report.corpus, report.corpus),
    )


def _metrics(side: SavedAnalysis, common: set[str]) -> dict[str, float]:
    """Return the metrics over the common questions; those that are no means of questions only where all are common."""
    questions = side.configuration.questions
    shared = [each.id in common for each in questions]
    metrics: dict[str, float] = {}
    for name, metric in side.configuration.metrics.items():
        scores = [each.scores[name] for each in questions if name in each.scores]
        if len(scores) == len(questions) and math.isclose(np.mean(scores), metric, abs_tol=_ROUNDING):
            metrics[name] = float(np.mean(np.array(scores)[shared]))
        elif all(shared) or name in _PAIRLESS:
            metrics[name] = metric
    return metrics


def _settings(configs: Sequence[RunConfig]) -> dict[str, tuple[object, ...]]:
    """Return the settings that differ, with the value of each side."""
    dumped = [config.model_dump(mode="json") for config in configs]
    return {
        name: tuple(each[name] for each in dumped)
        for name in dumped[0]
        if any(each[name] != dumped[0][name] for each in dumped)
    }


def _against(shown: statistics.PairedTest, names: Sequence[str]) -> tuple[AgainstBaseline, ...]:
    """Return every other side against the first, in order."""
    enough = shown.num_questions >= statistics.FEWEST_FOR_A_WINNER
    pairs = [pair for pair in shown.pairs if 0 in {pair.a, pair.b}]  # in the order of the others
    return tuple(against_result(pair, 0, names, enough=enough) for pair in pairs)


def _verdict(
    shown: statistics.PairedTest, sides: dict[str, SavedAnalysis], against: tuple[AgainstBaseline, ...], metric: str
) -> tuple[str, ...]:
    configs = [side.configuration.config for side in sides.values()]
    retrievers, budgets = [config.retriever for config in configs], distinct(config.budget_text for config in configs)
    first = BaselineResult(name=next(iter(sides)), others=against)
    sentences = (
        verdicts.verdict(shown, list(sides)),
        *(verdicts.baseline_verdict(first, shown.num_questions) if len(against) > 1 else ()),
        verdicts.scope(
            retrievers,
            budgets,
            filters=[config.filter for config in configs],
            rerankers=[config.reranker for config in configs if config.reranker],
        )
        if metric == HEADLINE
        else "",
        verdicts.sample_warning(shown.num_questions),
    )
    return tuple(sentence for sentence in sentences if sentence)
