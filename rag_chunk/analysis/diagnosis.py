"""What would help a configuration: one factor changed at a time, and a cure named only where it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from rag_chunk.analysis import statistics
from rag_chunk.analysis.comparison import against_result
from rag_chunk.analysis.phrases import join_words, points, these_questions
from rag_chunk.analysis.report import AgainstBaseline, ConfigurationResult
from rag_chunk.analysis.scoring import HEADLINE
from rag_chunk.analysis.summary import between_documents, where_lost
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Floats
from rag_chunk.scorer.losses import CAUSES

SCHEMA_VERSION = 1
_LITTLE = 0.01  # a loss of recall, or a share of the cost, that is not worth a word
_FEW_CHUNKS = 1.05  # times as many, which are worth showing


class _DiagnosisValue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Trial(_DiagnosisValue):
    """One factor that was changed: what that does to the headline, and what it costs.

    `difference` is the mean with the change less the mean without it; `low` and `high` are an interval that holds for all
    trials at once.
    """

    factor: str
    change: str
    config: RunConfig
    recall: float
    difference: float
    low: float
    high: float
    p_adjusted: float
    shown: Literal["better", "worse", "no difference"]
    costs: tuple[str, ...] = ()


class Diagnosis(_DiagnosisValue):
    """What was tried on a configuration, best first, and the verdict.

    `lost` is the recall that is missing by its cause; `not_in_text` counts the questions of which no evidence is in the
    documents' text, and which score 0.
    """

    schema_version: int = SCHEMA_VERSION
    source: str
    name: str
    config: RunConfig
    num_questions: int
    not_in_text: int = 0
    recall: float
    ceiling: float
    lost: dict[str, float]
    trials: tuple[Trial, ...]
    verdict: tuple[str, ...]

    @property
    def cures(self) -> tuple[Trial, ...]:
        """What is shown to help, the most first."""
        return tuple(trial for trial in self.trials if trial.shown == "better")

    def to_json(self) -> str:
        """Return the diagnosis as JSON."""
        return self.model_dump_json(indent=1)


@dataclass(frozen=True, slots=True)
class Tried:
    """A change that was run: the factor, the change in words, and what came out."""

    factor: str
    change: str
    result: ConfigurationResult


def diagnose_results(
    source: str, base: ConfigurationResult, tried: Sequence[Tried], without_effect: Sequence[str] = ()
) -> Diagnosis:
    """Compare what was tried with the configuration as it is, over all questions that either of them was asked.

    A question that is not in a result scores 0 there: none of its evidence is in that text. `without_effect` are changes
    that leave every chunk as it is, in words.
    """
    results = [base, *(each.result for each in tried)]
    ids = list(dict.fromkeys(question.id for result in results for question in result.questions))
    scores = np.column_stack([_scores(result, ids) for result in results])
    test = statistics.compare_all(scores, seed=base.config.seed, reference=0)
    pairs = {max(pair.a, pair.b): pair for pair in test.pairs if 0 in (pair.a, pair.b)}
    enough, names = len(ids) >= statistics.FEWEST_FOR_A_WINNER, [result.name for result in results]
    trials = [
        _trial(each, base, against_result(pairs[place], 0, names, enough=enough), test.means[place])
        for place, each in enumerate(tried, 1)
    ]
    trials.sort(key=lambda trial: -trial.difference)
    missing, share = len(ids) - len(base.questions), len(base.questions) / len(ids)
    lost = {name: base.metrics[name] * share for name in CAUSES}
    lost["lost_not_in_text"] += 1 - share
    recall, ceiling = test.means[0], base.metrics["oracle_recall"] * share
    detectable = [pair.detectable for pair in pairs.values() if not pair.identical]
    sentences = [
        _not_in_text(missing, len(ids)),
        where_lost(base),
        between_documents(base),
        *_cures(trials),
        "" if any(trial.shown == "better" for trial in trials) else _limit(recall, ceiling, missing),
        f"No chunk changes with {'; '.join(without_effect)}." if without_effect else "",
        _could_show(detectable, len(ids)),
    ]
    return Diagnosis(
        source=source,
        name=base.name,
        config=base.config,
        num_questions=len(ids),
        not_in_text=missing,
        recall=recall,
        ceiling=ceiling,
        lost=lost,
        trials=tuple(trials),
        verdict=tuple(filter(None, sentences)),
    )


def _scores(result: ConfigurationResult, ids: Sequence[str]) -> Floats:
    """Return the headline score of each question: [questions]."""
    by_id: Mapping[str, float] = {each.id: each.scores[HEADLINE] for each in result.questions}
    return np.array([by_id.get(each, 0.0) for each in ids])


def _trial(tried: Tried, base: ConfigurationResult, seen: AgainstBaseline, recall: float) -> Trial:
    return Trial(
        factor=tried.factor,
        change=tried.change,
        config=tried.result.config,
        recall=recall,
        costs=tuple(_costs(base, tried.result)),
        **seen.model_dump(exclude={"name"}),
    )


def _costs(base: ConfigurationResult, changed: ConfigurationResult) -> list[str]:
    """Return what a change costs, in words; nothing where it costs no more."""
    costs = []
    chunks = changed.metrics["num_chunks"] / max(base.metrics["num_chunks"], 1)
    text = changed.metrics["index_ratio"] / max(base.metrics["index_ratio"], _LITTLE)
    if chunks > _FEW_CHUNKS:
        costs.append(f"{chunks:.1f} × chunks")
    if text > _FEW_CHUNKS:
        costs.append(f"{text:.1f} × index")
    if changed.config.budget > base.config.budget:
        costs.append(f"{changed.config.budget / base.config.budget:.1f} × context")
    if changed.config.needs_vectors and not base.config.needs_vectors:
        costs.append("vectors")
    if changed.config.index_headings and not base.config.index_headings:
        costs.append("titles")
    return costs


def _not_in_text(missing: int, count: int) -> str:
    if not missing:
        return ""
    verb = "has" if missing == 1 else "have"
    return (
        f"{missing:,} of {count:,} questions {verb} no evidence in the documents' text, which conversion may have lost: "
        "rag-chunk check-questions lists them."
    )


def _cures(trials: Sequence[Trial]) -> list[str]:
    """Return a sentence for each change that is shown to help, or one that says that there is none."""
    cures = [trial for trial in trials if trial.shown == "better"]
    if not cures:
        some = "the change that was tried is not" if len(trials) == 1 else f"none of the {len(trials)} changes tried is"
        return [f"{some[0].upper()}{some[1:]} shown to help."] if trials else ["There is nothing to try."]
    return [
        f"Shown to help: {cure.factor} {cure.change}, by {points(cure.difference)} points (95 % interval "
        f"{points(cure.low)} to {points(cure.high)}), at {join_words(cure.costs) if cure.costs else 'no cost'}."
        for cure in cures
    ]


def _limit(recall: float, ceiling: float, missing: int) -> str:
    """Return what holds recall down where no change helps."""
    if 1 - recall <= _LITTLE:
        return "Hardly any evidence is missing, so there is little to gain."
    if missing and ceiling - recall <= _LITTLE:
        return "The text that the questions need is not in the documents: convert them in another way, or add them."
    if ceiling - recall > _LITTLE:
        return (
            f"A perfect ranking of the same chunks would reach {ceiling:.2f}, not {recall:.2f}: the retriever limits, or "
            "the wording of the questions. Give --embedding-model to try retrieval by vectors."
        )
    return f"Even a perfect ranking would reach only {ceiling:.2f}: the questions ask for more than the budget holds."


def _could_show(detectable: Sequence[float | None], count: int) -> str:
    known = sorted(each for each in detectable if each is not None)
    if not known:
        return ""
    middle = known[len(known) // 2]
    questions = these_questions(count)
    return f"{questions[0].upper()}{questions[1:]} could show a change of ±{points(middle)} points."
