"""Questions as records of an evaluation dataset that a team shares, merged with what others edited there.

A record has the question under `inputs`, and under `expectations` the texts of its evidence as MLflow's scorers expect
them. Beside them, under `rag_chunk`, is the evidence with its places as it was last merged: what was edited since then,
there or here, follows from a comparison with it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

OURS = "rag_chunk"
Fields = dict[str, Any]
Texts = list[tuple[str | None, str]]


@dataclass(frozen=True, slots=True)
class Merge:
    """The records to send, and what stays as it is in the dataset: questions by id, and why."""

    records: tuple[Fields, ...] = ()
    edited_there: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    repeated: tuple[str, ...] = ()


def plan_merge(questions: Iterable[Mapping[str, Any]], records: Iterable[Mapping[str, Any]]) -> Merge:
    """Return what merging `questions`, as a question file holds them, changes in the `records` of a dataset.

    What was edited in the dataset only is left as it is there; what was edited on both sides is a conflict.
    """
    there = {_question(record): record for record in records}
    lists: dict[str, list[Any]] = {"records": [], "edited_there": [], "conflicts": [], "repeated": []}
    seen: set[str] = set()
    for question in questions:
        text, name = question["question"], str(question["id"])
        if text in seen:
            lists["repeated"].append(name)
        elif (kind := _kind(question, there.get(text))) == "records":
            lists["records"].append(_record(question))
        elif kind:
            lists[kind].append(name)
        seen.add(text)
    return Merge(**{name: tuple(values) for name, values in lists.items()})


def _kind(question: Mapping[str, Any], record: Mapping[str, Any] | None) -> str | None:
    """Return what becomes of a question: a field of `Merge`, or nothing where both sides are the same."""
    ours = _expected_texts(question["evidence"])
    if record is None:
        return "records"
    base = _base(record)
    edited_here = base is None or base != _own(question)
    if _texts(record) == ours:
        return "records" if edited_here else None
    edited_there = base is None or _texts(record) != _expected_texts(base["evidence"])
    if not edited_there:
        return "records"
    return "conflicts" if edited_here else "edited_there"


def questions_of(records: Iterable[Mapping[str, Any]]) -> tuple[list[Fields], list[str]]:
    """Return the records as a question file holds them, and the ids of those that were edited in the dataset.

    Evidence that was not edited keeps its place; other evidence is a text to be searched in its document.
    """
    questions, edited = [], []
    for record in records:
        base, texts = _base(record), _texts(record)
        kept = {_first(item): item for item in (base or {}).get("evidence", [])}
        evidence = [kept.get(each, {"text": each[1], **({"doc": each[0]} if each[0] else {})}) for each in texts]
        name = (base or {}).get("id") or record.get("dataset_record_id")
        tags = (base or {}).get("tags")
        questions.append(
            {"id": name, "question": _question(record), **({"tags": tags} if tags else {}), "evidence": evidence}
        )
        if base and texts != _expected_texts(base["evidence"]):
            edited.append(str(name))
    return questions, edited


def _record(question: Mapping[str, Any]) -> Fields:
    context = [{"doc_uri": doc, "content": text} for doc, text in _expected_texts(question["evidence"])]
    return {
        "inputs": {"question": question["question"]},
        "expectations": {"expected_retrieved_context": context, OURS: _own(question)},
        "tags": {"id": str(question["id"])},
    }


def _own(question: Mapping[str, Any]) -> Fields:
    """Return what a question file holds of a question beside its text."""
    return {name: question[name] for name in ("id", "tags", "evidence") if question.get(name)}


def _base(record: Mapping[str, Any]) -> Fields | None:
    """Return our evidence as it was last merged, where there is some and it is of use."""
    own = _object(record.get("expectations")).get(OURS)
    if not isinstance(own, dict) or not isinstance(own.get("evidence"), list):
        return None
    try:
        list(map(_first, own["evidence"]))
    except (KeyError, TypeError, IndexError):
        return None
    return own


def _expected_texts(evidence: Sequence[Any]) -> Texts:
    return [_first(item) for item in evidence]


def _first(item: Any) -> tuple[str | None, str]:
    """Return the document and the text of an item; of alternatives the first, as a record has room for one."""
    span = item[0] if isinstance(item, list) else item
    return span["doc"], span["text"]


def _texts(record: Mapping[str, Any]) -> Texts:
    """Return the documents and texts that a record expects; what is only an address has no text."""
    listed = _object(record.get("expectations")).get("expected_retrieved_context")
    return list(_passages(listed)) if isinstance(listed, list) else []


def _passages(listed: Iterable[Any]) -> Iterator[tuple[str | None, str]]:
    for passage in listed:
        fields = _object(passage)
        if isinstance(fields.get("content"), str) and fields["content"].strip():
            yield fields.get("doc_uri"), fields["content"]


def _question(record: Mapping[str, Any]) -> Any:
    """Return the question of a record, under one of its usual names."""
    inputs = _object(record.get("inputs"))
    return next((inputs[name] for name in ("question", "query", "input") if inputs.get(name)), None)


def _object(value: Any) -> Fields:
    return value if isinstance(value, dict) else {}
