"""A question as the page shows it: its evidence with its places, what is odd about it, and others that are like it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.editable_file import EditableQuestion
from rag_chunk.questions.folding import fold, fold_text
from rag_chunk.questions.locator import Locator, note_unknown_documents
from rag_chunk.questions.parsing import KNOWN, Wording
from rag_chunk.questions.question import Evidence
from rag_chunk.questions.search import line_of

ALIKE = 92  # percent, from which two questions are shown beside each other
_ALIKE_WITH_EVIDENCE = 50  # where they have a passage in common
_MOST_TWINS, _MOST_PLACES = 4, 20


def state_of(question: EditableQuestion) -> str:
    """Return whether a question is a draft, accepted or rejected."""
    if question.asked.is_rejected:
        return "rejected"
    return "accepted" if question.asked.reviewed else "draft"


def view_question(question: EditableQuestion, others: Mapping[str, EditableQuestion], corpus: Corpus) -> dict[str, Any]:
    """Return all that the page shows of one question."""
    asked, account = question.asked, Diagnostics()
    locator = Locator(corpus, account)
    items = [
        [_view_wording(wording, located, corpus) for wording, located in zip(item, alone, strict=True)]
        for item in asked.items
        for alone in [locator.items(replace(asked, items=tuple((each,) for each in item)))]
    ]
    note_unknown_documents(account, corpus)
    return {
        "id": question.id,
        "version": question.version,
        "question": asked.question,
        "tags": asked.tags,
        "state": state_of(question),
        "items": items,
        "notes": [*question.problems, *_notes(account, asked.label)],
        "other": {name: _in_words(value) for name, value in question.fields.items() if name not in KNOWN},
        "twins": [_view_twin(others[name]) for name in twins_of(question, others)],
    }


def _notes(account: Diagnostics, label: str) -> list[str]:
    """Return the findings on a question, each once; the page shows which question it is."""
    return list(dict.fromkeys(finding.text.removeprefix(f"{label}: ") for finding in account.findings))


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_in_words(each)}" for name, each in value.items())
    return ", ".join(map(_in_words, value)) if isinstance(value, list) else str(value)


def _view_wording(wording: Wording, located: Evidence | None, corpus: Corpus) -> dict[str, Any]:
    spans = [*located.spans, *located.parts] if located else []
    places = [_view_place(corpus, start, end) for start, end in spans[:_MOST_PLACES]]
    text = wording.text or (corpus.text(*spans[0]) if spans else wording.place)
    return {"text": text, "places": places, "count": len(spans), "step": located.step if located else None}


def _view_place(corpus: Corpus, start: int, end: int) -> dict[str, Any]:
    document, first, last = corpus.place(start, end)
    index = int(corpus.documents_at(np.array([start]))[0])
    return {"document": index, "start": first, "end": last, "where": f"{document.name}, {line_of(document, first)}"}


def twins_of(question: EditableQuestion, others: Mapping[str, EditableQuestion]) -> list[str]:
    """Return the ids of questions that ask nearly the same, the most alike first."""
    from rapidfuzz import fuzz

    passages = _passages(question)
    scores = {}
    for name, other in others.items():
        score = fuzz.token_sort_ratio(_words(question), _words(other))
        least = _ALIKE_WITH_EVIDENCE if passages & _passages(other) else ALIKE
        if name != question.id and score >= least:
            scores[name] = score
    return sorted(scores, key=lambda name: -scores[name])[:_MOST_TWINS]


def ids_with_twins(questions: Mapping[str, EditableQuestion]) -> set[str]:
    """Return the ids of all questions that are nearly asked by another one that is not rejected."""
    from rapidfuzz import fuzz, process

    kept = [question for question in questions.values() if state_of(question) != "rejected"]
    words = [_words(question) for question in kept]
    passages = [_passages(question) for question in kept]
    scores = process.cdist(words, words, scorer=fuzz.token_sort_ratio, score_cutoff=_ALIKE_WITH_EVIDENCE)
    pairs = zip(*scores.nonzero(), strict=True)
    alike = {
        (one, other)
        for one, other in pairs
        if one < other and (scores[one, other] >= ALIKE or passages[one] & passages[other])
    }
    return {kept[place].id for pair in alike for place in pair}


def _view_twin(other: EditableQuestion) -> dict[str, Any]:
    texts = [wording.text or wording.place for wording in _wordings(other)]
    return {
        "id": other.id,
        "version": other.version,
        "question": other.asked.question,
        "state": state_of(other),
        "evidence": texts,
    }


def _words(question: EditableQuestion) -> str:
    return fold(question.asked.question).text


def _passages(question: EditableQuestion) -> set[str]:
    return {fold_text(wording.text) for wording in _wordings(question) if wording.text}


def _wordings(question: EditableQuestion) -> Iterable[Wording]:
    return (wording for item in question.asked.items for wording in item)


def count_states(questions: Iterable[EditableQuestion]) -> dict[str, int]:
    """Return how many questions are accepted, drafts and rejected."""
    states: Sequence[str] = [state_of(question) for question in questions]
    return {state: states.count(state) for state in ("accepted", "draft", "rejected")}
