"""Which questions, configurations and documents a page shows one by one: all, until it would be too large."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.corpus import Corpus
from rag_chunk.questions import Question

MOST_TEXT = 1_500_000  # bytes of documents
MOST_DOCUMENTS = 2_000
MOST_COLUMNS = 100  # configurations beside each other
MOST_QUESTIONS = 2_000
MOST_CELLS = 60_000  # questions times configurations


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows of the questions, the configurations beside each other, and the documents' texts by their place.

    The texts are in the order of the corpus; a text may be the beginning of its document.
    """

    questions: tuple[Question, ...]
    rows: tuple[int, ...]
    columns: tuple[ConfigurationResult, ...]
    texts: Mapping[int, str]
    notes: tuple[str, ...]


def compact(data: Any) -> str:
    """Return JSON that is safe inside a script element: no character in it can end one."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def sample_of(analysis: Analysis) -> Sample:
    """Choose what is shown, and say what is not."""
    report = analysis.report
    columns = report.configurations[:MOST_COLUMNS]
    asked = _reported_questions(analysis)
    rows = _spread(len(asked), max(min(MOST_CELLS // len(columns), MOST_QUESTIONS), 1))
    questions = tuple(asked[row] for row in rows)
    texts = _texts(analysis, questions)
    which = "those with the most evidence first" if questions else "the first ones that fit"
    notes = (
        *_few("configurations", len(columns), len(report.configurations), "the best ones"),
        *_few("questions", len(rows), len(asked), "taken evenly from the file"),
        *_few("documents", len(texts), len(analysis.corpus.documents), which),
        *_truncate_texts(analysis.corpus, texts),
    )
    return Sample(questions, rows, columns, texts, notes)


def by_weight(report: Report) -> list[ConfigurationResult]:
    """Return the configurations in the order in which they deserve room: what was named first, then best first."""
    named = [
        name
        for each in report.comparisons
        for name in (each.representative, each.leader, *([each.baseline.name] if each.baseline else []))
    ]
    first = {each.config.strategy: each.name for each in reversed(report.configurations)}
    names = dict.fromkeys([*named, *reversed(first.values()), *(each.name for each in report.configurations)])
    return [report.configuration(name) for name in names]


def _reported_questions(analysis: Analysis) -> list[Question]:
    """Return the questions that the report is of, in its order."""
    if analysis.questions is None:
        return []
    known = {question.id: question for question in analysis.questions.questions}
    return [known[each.id] for each in analysis.report.configurations[0].questions]


def _spread(count: int, most: int) -> tuple[int, ...]:
    if count <= most:
        return tuple(range(count))
    return tuple(np.linspace(0, count - 1, most).round().astype(int).tolist())


def _texts(analysis: Analysis, questions: Sequence[Question]) -> dict[int, str]:
    """Return the texts that fit, by their place in the corpus.

    Those with the most evidence come first, then those of which the recommended configuration retrieved most.
    """
    corpus = analysis.corpus
    retrieved = Counter(name.rpartition(":")[0] for each in analysis.report.best.questions for name in each.retrieved)
    starts = np.array([item.spans[0][0] for question in questions for item in question.evidence], np.int64)
    weights = Counter(corpus.documents_at(starts).tolist())
    order = sorted(
        range(len(corpus.documents)), key=lambda index: (-weights[index], -retrieved[corpus.documents[index].name])
    )
    texts: dict[int, str] = {}
    room = MOST_TEXT
    for index in order[:MOST_DOCUMENTS]:
        text = corpus.documents[index].text
        size = len(text) if len(text) > room else _bytes(text)
        if size <= room or not texts:
            texts[index] = text if size <= room else _beginning(text, room)
            room -= min(size, room)
    return dict(sorted(texts.items()))


def _bytes(text: str) -> int:
    return len(compact(text).encode("utf-8", "backslashreplace"))


def _beginning(text: str, room: int) -> str:
    """Return the first characters of a text that take no more than `room` bytes."""
    kept = text[:room]
    return kept[: room * len(kept) // max(_bytes(kept), 1)]


def _few(what: str, shown: int, count: int, which: str) -> list[str]:
    return [f"{shown:,} of {count:,} {what} are shown here, {which}."] if shown < count else []


def _truncate_texts(corpus: Corpus, texts: Mapping[int, str]) -> list[str]:
    cut = [(corpus.documents[index], text) for index, text in texts.items()]
    return [
        f"Of {document.name}, the first {len(text):,} of {len(document.text):,} characters are shown."
        for document, text in cut
        if len(text) < len(document.text)
    ]
