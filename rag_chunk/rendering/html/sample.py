"""Which questions, configurations and documents a page shows one by one: all, until it would be too large."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import spread
from rag_chunk.questions import Question

MOST_TEXT = 1_500_000  # bytes of documents
MOST_DOCUMENTS = 2_000
MOST_COLUMNS = 100  # configurations beside each other
MOST_QUESTIONS = 2_000
MOST_CELLS = 60_000  # questions times configurations
_AROUND = 1500  # characters on both sides of evidence
_MOST_PLACES = 20  # of one piece of evidence


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a document that is in the page: the document's place in the corpus, where it starts, its text."""

    document: int
    start: int
    text: str

    @property
    def end(self) -> int:
        """Where it ends in its document."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class Sample:
    """The rows of the questions, the configurations beside each other, and what of the documents' texts is in the page.

    The texts are in the order of the corpus: whole documents, or where there is no room, what is around the evidence.
    """

    questions: tuple[Question, ...]
    rows: tuple[int, ...]
    columns: tuple[ConfigurationResult, ...]
    texts: tuple[Excerpt, ...]
    notes: tuple[str, ...]


def compact(data: Any) -> str:
    """Return JSON that is safe inside a script element: no character in it can end one."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def sample_of(analysis: Analysis) -> Sample:
    """Choose what is shown, and say what is not."""
    report = analysis.report
    columns = report.configurations[:MOST_COLUMNS]
    asked = _reported_questions(analysis)
    rows = spread(len(asked), max(min(MOST_CELLS // len(columns), MOST_QUESTIONS), 1))
    questions = tuple(asked[row] for row in rows)
    texts = _texts(analysis, questions)
    notes = (
        *_few("configurations", len(columns), len(report.configurations), "the best ones"),
        *_few("questions", len(rows), len(asked), "taken evenly from the file"),
        *_describe_texts(analysis.corpus, texts, questions),
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


def _texts(analysis: Analysis, questions: Sequence[Question]) -> tuple[Excerpt, ...]:
    """Return the texts that fit: what is around the evidence of each question, then whole documents.

    Documents with the most evidence come first, then those of which the recommended configuration retrieved most.
    """
    corpus = analysis.corpus
    retrieved = Counter(name.rpartition(":")[0] for each in analysis.report.best.questions for name in each.retrieved)
    starts = np.array([item.spans[0][0] for question in questions for item in question.evidence], np.int64)
    weights = Counter(corpus.documents_at(starts).tolist())
    order = sorted(corpus.rows_in_memory, key=lambda index: (-weights[index], -retrieved[corpus.documents[index].name]))
    excerpts = _around_evidence(corpus, questions)
    room = MOST_TEXT - sum(_bytes(each.text) for each in excerpts)
    for index in order[:MOST_DOCUMENTS]:
        text, parts = corpus.documents[index].text, [each for each in excerpts if each.document == index]
        room += sum(_bytes(each.text) for each in parts)
        size = len(text) if len(text) > room else _bytes(text)
        if size <= room or not excerpts:
            kept = Excerpt(index, 0, text if size <= room else _beginning(text, room))
            excerpts = [each for each in excerpts if each.document != index] + [kept]
            parts = [kept]
        room -= sum(_bytes(each.text) for each in parts)
    return tuple(sorted(excerpts, key=lambda each: (each.document, each.start)))


def _around_evidence(corpus: Corpus, questions: Sequence[Question]) -> list[Excerpt]:
    """Return what is around the evidence of each question, as much as fits, the first questions first."""
    stretches: dict[int, list[tuple[int, int]]] = {}
    room = MOST_TEXT
    for item in (item for question in questions for item in question.evidence):
        for span in item.spans[:_MOST_PLACES]:
            document, start, end = corpus.place(*span)
            stretch = (max(0, start - _AROUND), min(len(document.text), end + _AROUND))
            index = int(np.searchsorted(corpus.starts[:-1], span[0], side="right")) - 1
            known = stretches.setdefault(index, [])
            if not any(first <= stretch[0] and stretch[1] <= last for first, last in known):
                room -= _bytes(document.text[slice(*stretch)])
                if room >= 0:
                    known.append(stretch)
    return [
        Excerpt(index, start, corpus.documents[index].text[start:end])
        for index, some in stretches.items()
        for start, end in _join(some)
    ]


def _join(stretches: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return what the stretches cover, in order, none touching another."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(stretches):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


def _bytes(text: str) -> int:
    return len(compact(text).encode("utf-8", "backslashreplace"))


def _beginning(text: str, room: int) -> str:
    """Return the first characters of a text that take no more than `room` bytes."""
    kept = text[:room]
    return kept[: room * len(kept) // max(_bytes(kept), 1)]


def _few(what: str, shown: int, count: int, which: str) -> list[str]:
    return [f"{shown:,} of {count:,} {what} are shown here, {which}."] if shown < count else []


def _describe_texts(corpus: Corpus, texts: Sequence[Excerpt], questions: Sequence[Question]) -> list[str]:
    """Say which documents are not in the page, or in part."""
    which = "those with the most evidence first" if questions else "the first ones that fit"
    shown = {each.document for each in texts}
    notes = _few("documents", len(shown), len(corpus.documents), which)
    parts = [each for each in texts if len(each.text) < len(corpus.documents[each.document].text)]
    if len(parts) == 1 and not parts[0].start:
        document, length = corpus.documents[parts[0].document], len(parts[0].text)
        return [*notes, f"Of {document.name}, the first {length:,} of {len(document.text):,} characters are shown."]
    count = len({each.document for each in parts})
    which = "1 document" if count == 1 else f"{count:,} documents"
    return [*notes, f"Of {which}, only what is around the evidence is shown."] if parts else notes
