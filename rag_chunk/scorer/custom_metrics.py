"""Metrics of the user's own: `package.module:function`, `(chunks, question) -> number`, or a dict of numbers."""

import math
import re
import reprlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np

from rag_chunk.chunker.chunking import Chunk
from rag_chunk.config import RunConfig
from rag_chunk.config.functions import load_function
from rag_chunk.config.metric_table import METRICS
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.document import Location
from rag_chunk.errors import InputError
from rag_chunk.questions.question import Questions
from rag_chunk.scorer.groups import Scores
from rag_chunk.scorer.metrics import Figures

_NAME = re.compile(r"[^\W\d][\w.-]*(/\w[\w.-]*)*")  # what MLflow takes as a key, whatever store it keeps runs in
_LONGEST = 100
_TABLES = ("configuration", "id", "question", "retrieved")  # columns beside the metrics, wherever these are written
_TAKEN = {*METRICS, *_TABLES, *RunConfig.model_fields}


@dataclass(frozen=True, slots=True)
class KnownEvidence:
    """One item of a question's evidence: its text, and every place that fills it, the text's own first."""

    text: str
    places: tuple[Location, ...]


@dataclass(frozen=True, slots=True)
class KnownQuestion:
    """A question as a metric function is given it: with the texts of its evidence."""

    id: str
    question: str
    evidence: tuple[KnownEvidence, ...]
    tags: tuple[str, ...] = ()


MetricFunction = Callable[[Sequence[Chunk], KnownQuestion], float | Mapping[str, float]]


class UsersMetrics:
    """The functions that were named, loaded, and the questions as they are given to them."""

    def __init__(self, names: Sequence[str]) -> None:
        """Load the functions; raise `InputError` where one cannot be."""
        self._functions: dict[str, MetricFunction] = {name: load_function(name) for name in names}

    @property
    def names(self) -> tuple[str, ...]:
        """The functions' names."""
        return tuple(self._functions)

    def add_to(self, scores: Scores, corpus: Corpus, retrieved: Sequence[list[Chunk]], questions: Questions) -> Scores:
        """Return `scores` with the users' metrics: each is the mean over the questions.

        A function is given the chunks `retrieved` for a question, those that fill the budget, best first and whole, also
        the one that was cut. Raise `InputError` where it raises, or returns what is no metric.
        """
        asked = known_questions(corpus, questions)
        metrics, per_question = dict(scores.metrics), dict(scores.per_question)
        for name, function in self._functions.items():
            figures = _figures(name, function, list(zip(retrieved, asked, strict=True)))
            for metric, values in figures.per_question.items():
                _check_name(name, metric, metrics)
                per_question[metric] = values
                metrics[metric] = float(values.mean())
        return replace(scores, metrics=metrics, per_question=per_question)


def known_questions(corpus: Corpus, questions: Questions) -> tuple[KnownQuestion, ...]:
    """Return the questions with the texts of their evidence, made once."""
    return corpus.derive(tuple, lambda: _known_questions(corpus, questions), "known questions", questions)


def _known_questions(corpus: Corpus, questions: Questions) -> tuple[KnownQuestion, ...]:
    return tuple(
        KnownQuestion(
            question.id,
            question.question,
            tuple(
                KnownEvidence(corpus.text(*item.spans[0]), tuple(corpus.place(*span) for span in item.spans))
                for item in question.evidence
            ),
            question.tags,
        )
        for question in questions.questions
    )


def _figures(name: str, function: MetricFunction, asked: Sequence[tuple[list[Chunk], KnownQuestion]]) -> Figures:
    returned = [_call(name, function, chunks, question) for chunks, question in asked]
    for values, (_, question) in zip(returned, asked, strict=True):
        if values.keys() != returned[0].keys():
            odd = min(values.keys() ^ returned[0].keys())
            raise InputError(
                f"{name} returned {odd!r} for one of the questions {asked[0][1].id} and {question.id} only; "
                "a metric needs a number for every question"
            )
    return Figures({metric: np.array([values[metric] for values in returned]) for metric in returned[0]})


def _call(name: str, function: MetricFunction, chunks: list[Chunk], question: KnownQuestion) -> dict[str, float]:
    """Return the function's numbers for one question, by the metric's name."""
    try:
        returned: Any = function(chunks, question)
    except Exception as error:
        raise InputError(
            f"{name} raised {type(error).__name__} for question {question.id}: {error}. --debug shows where"
        ) from error
    values = returned if isinstance(returned, Mapping) and returned else {name.partition(":")[2]: returned}
    numbers = {metric: _number(value) for metric, value in values.items()}
    for metric, number in numbers.items():
        if number is None or not isinstance(metric, str):
            raise InputError(
                f"{name} returned {reprlib.repr(returned)} for question {question.id}; "
                "a metric function returns a finite number, or a dict of names and finite numbers"
            )
    return {metric: number for metric, number in numbers.items() if number is not None}


def _number(value: Any) -> float | None:
    """Return a finite number, or nothing where `value` is none."""
    if not isinstance(value, Real | np.bool_):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _check_name(function: str, metric: str, known: Collection[str]) -> None:
    if metric in _TAKEN or metric in known:
        raise InputError(f"the name {metric!r}, a metric of {function}, is taken; give it another")
    if not _NAME.fullmatch(metric) or len(metric) > _LONGEST:
        raise InputError(
            f"{metric!r}, a metric of {function}, is no name for a metric, which MLflow must take: "
            f"a letter, then letters, digits, _ . and -, with / between them; {_LONGEST} characters at most"
        )
