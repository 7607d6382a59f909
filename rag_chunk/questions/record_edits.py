"""Changes to the record of one question, as a question file holds it: pure functions from fields to fields.

Items of evidence are numbered as they are read: those of `relevant`, then those of `evidence`. What is not changed stays
as it was written.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from rag_chunk.errors import InputError
from rag_chunk.questions.parsing import REJECTED

Fields = dict[str, Any]
Review = bool | str


def set_question(fields: Mapping[str, Any], text: str) -> Fields:
    """Ask something else; raise `InputError` for nothing."""
    if not text.strip():
        raise InputError("a question cannot be empty; reject it instead")
    return {**fields, "question": " ".join(text.split())}


def set_tags(fields: Mapping[str, Any], tags: Sequence[str]) -> Fields:
    """Set the tags, each once; without any, the field goes."""
    kept = list(dict.fromkeys(tag.strip() for tag in tags if tag.strip()))
    rest = {name: value for name, value in fields.items() if name != "tags"}
    return {**fields, "tags": kept} if kept else rest


def set_review(fields: Mapping[str, Any], review: Review) -> Fields:
    """Mark the question as accepted (`True`), a draft (`False`) or `"rejected"`."""
    if review not in (True, False, REJECTED):
        raise InputError(f"a question is reviewed, not reviewed or {REJECTED}, not {review!r}")
    return {**fields, "reviewed": review}


def add_evidence(fields: Mapping[str, Any], span: Fields) -> Fields:
    """Add an item of evidence."""
    relevant, evidence = _items(fields)
    return _with_items(fields, relevant, [*evidence, span])


def add_alternative(fields: Mapping[str, Any], item: int, span: Fields) -> Fields:
    """Add a place that answers as well as those of an item do."""
    relevant, evidence = _items(fields)
    wordings = _wordings(fields, item)
    if item < len(relevant):  # a phrase becomes an object, for only those have places
        return _with_items(fields, [*relevant[:item], *relevant[item + 1 :]], [*evidence, [*wordings, span]])
    evidence[item - len(relevant)] = [*wordings, span]
    return _with_items(fields, relevant, evidence)


def replace_wording(fields: Mapping[str, Any], item: int, wording: int, span: Fields) -> Fields:
    """Put another place where one of an item's alternatives was."""
    wordings = _wordings(fields, item)
    _check(wording, wordings)
    wordings[wording] = span
    relevant, evidence = _items(fields)
    changed = wordings[0] if len(wordings) == 1 else wordings
    if item < len(relevant):
        return _with_items(fields, [*relevant[:item], *relevant[item + 1 :]], [*evidence, changed])
    evidence[item - len(relevant)] = changed
    return _with_items(fields, relevant, evidence)


def remove_wording(fields: Mapping[str, Any], item: int, wording: int) -> Fields:
    """Take one of an item's alternatives out, and the item with its last one."""
    relevant, evidence = _items(fields)
    items = relevant if item < len(relevant) else evidence
    place = item if item < len(relevant) else item - len(relevant)
    _check(place, items)
    wordings = items[place] if isinstance(items[place], list) else [items[place]]
    _check(wording, wordings)
    rest = [each for number, each in enumerate(wordings) if number != wording]
    items[place : place + 1] = [rest[0] if len(rest) == 1 else rest] if rest else []
    return _with_items(fields, relevant, evidence)


def _items(fields: Mapping[str, Any]) -> tuple[list[Any], list[Any]]:
    """Return the items under `relevant` and under `evidence`, each as a list."""
    relevant, evidence = (fields.get(name) or [] for name in ("relevant", "evidence"))
    return (
        [relevant] if isinstance(relevant, str) else list(relevant),
        [evidence] if isinstance(evidence, dict) else list(evidence),
    )


def _wordings(fields: Mapping[str, Any], item: int) -> list[Fields]:
    """Return the alternatives of an item, each as an object."""
    relevant, evidence = _items(fields)
    items = [*relevant, *evidence]
    _check(item, items)
    wordings = items[item] if isinstance(items[item], list) else [items[item]]
    return [each if isinstance(each, dict) else {"text": each} for each in wordings]


def _check(number: int, items: Sequence[Any]) -> None:
    if not 0 <= number < len(items):
        raise InputError("there is no such evidence any more; it was changed elsewhere")


def _with_items(fields: Mapping[str, Any], relevant: list[Any], evidence: list[Any]) -> Fields:
    items = {"relevant": relevant, "evidence": evidence}
    kept = {name: value for name, value in fields.items() if name not in items or items[name]}
    return kept | {name: value for name, value in items.items() if value}
