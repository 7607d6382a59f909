"""`RawQuestion`: a question as a file has it, and what reading JSON strictly needs."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.foreign_formats import translate_record


@dataclass(frozen=True, slots=True)
class RawQuestion:
    """One question as the file has it, its number from 1, and its line, where that is known.

    One that `is_translated` has the field names of another tool there.
    """

    fields: dict[str, Any]
    number: int
    line: int | None = None
    is_translated: bool = False


def raw_question(value: Any, number: int, line: int) -> RawQuestion:
    """Return an object of a file as a question, translated where it is another tool's; raise `ValueError` for no object."""
    if not isinstance(value, dict):
        raise ValueError('this is not a question; it needs {"question": …}')  # noqa: TRY004 - reported with the line
    fields = translate_record(value)
    return RawQuestion(fields, number, line, is_translated=fields is not value)


def note_unreadable(account: Diagnostics, said: str, number: int = 0, what: str = "the file") -> None:
    """Note what cannot be read."""
    account.add("error", "unreadable", what, said, number)


def load_json(text: str) -> Any:
    """Return what JSON holds; raise `ValueError` if an object has a name twice."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; JSON would silently keep only the last value of a name."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError(f"{first_repeated([name for name, _ in pairs])!r} appears twice in one object")
    return fields


def first_repeated(names: Sequence[str]) -> str:
    """Return the first name that comes twice, or nothing."""
    return next((name for name, count in Counter(names).items() if count > 1), "")


def explain_unreadable(error: Exception) -> str:
    """Return why a text cannot be read, where Python's own words do not help."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "a number has too many digits" if "integer string conversion" in str(error) else str(error)
