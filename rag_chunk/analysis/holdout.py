"""What every configuration of an analysis is asked: which questions report, which choose, and which metrics."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from rag_chunk.config import AnalysisConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.questions import Questions
from rag_chunk.scorer.custom_metrics import UsersMetrics

_FEWEST = 2  # questions, of which one chooses and one reports


@dataclass(frozen=True, slots=True, eq=False)
class QuestionSubset:
    """Some of the questions, and their rows among all of them."""

    questions: Questions
    rows: Positions


@dataclass(frozen=True, slots=True, eq=False)
class EvaluationSet:
    """All questions, the part that all figures are of, the part that chooses where one is held out, and what for.

    `by_tag` and `by_document` are rows of the reporting part, where there are two tags or documents at least.
    """

    questions: Questions
    reporting: QuestionSubset
    choosing: QuestionSubset | None
    groups: tuple[str, ...]
    users: UsersMetrics
    by_tag: Mapping[str, Positions] = field(default_factory=dict)
    by_document: Mapping[str, Positions] = field(default_factory=dict)


def evaluation_set(
    corpus: Corpus, questions: Questions | None, settings: AnalysisConfig, seed: int
) -> EvaluationSet | None:
    """Return what is asked; nothing without questions, which `SettingsError` then says of settings that need them."""
    users = UsersMetrics(settings.custom_metrics)
    if questions is None:
        _refuse_without_questions(settings)
        return None
    if not len(questions):
        return None
    reporting, choosing = _parts(questions, settings.holdout, seed)
    kept = reporting.questions
    return EvaluationSet(
        questions, reporting, choosing, settings.metrics, users, _by_tag(kept), _by_document(corpus, kept)
    )


def _refuse_without_questions(settings: AnalysisConfig) -> None:
    needy = {"--baseline": settings.baseline, "--holdout": settings.holdout, "--custom-metric": settings.custom_metrics}
    given = [name for name, value in needy.items() if value]
    if given:
        raise SettingsError(f"{given[0]} needs questions: give --test-file questions.json")


def _parts(questions: Questions, share: float | None, seed: int) -> tuple[QuestionSubset, QuestionSubset | None]:
    """Split the questions into those that report, a `share` of them, and those that choose.

    Which of the two a question is depends on the seed and its id alone, as far as the share allows.
    """
    count = len(questions)
    if share is None:
        return QuestionSubset(questions, np.arange(count)), None
    if count < _FEWEST:
        raise InputError("--holdout needs two questions at least: one to choose by, and one to report")
    keys = [hashlib.sha256(f"{seed}:{name}".encode("utf-8", "surrogatepass")).digest() for name in questions.ids]
    order = np.array(sorted(range(count), key=lambda row: keys[row]), np.int64)
    held = min(max(round(share * count), 1), count - 1)
    return _part(questions, np.sort(order[:held])), _part(questions, np.sort(order[held:]))


def _part(questions: Questions, rows: Positions) -> QuestionSubset:
    return QuestionSubset(replace(questions, questions=tuple(questions.questions[row] for row in rows)), rows)


def _by_tag(questions: Questions) -> dict[str, Positions]:
    return _group_rows([set(question.tags) for question in questions.questions])


def _by_document(corpus: Corpus, questions: Questions) -> dict[str, Positions]:
    """Group the questions by the documents of their evidence, an item counting where its first alternative is."""
    first = [
        [corpus.place(*item.spans[0]).document.name for item in question.evidence] for question in questions.questions
    ]
    return _group_rows([set(names) for names in first])


def _group_rows(names: list[set[str]]) -> dict[str, Positions]:
    """Return the rows that have each name, in the names' order; nothing where there is but one name."""
    known = sorted(set().union(*names))
    if len(known) <= 1:
        return {}
    return {name: np.flatnonzero([name in of_question for of_question in names]) for name in known}
