"""The formats of question files, recognised by their content: JSON, JSONL, CSV, and else YAML."""

import csv
import io
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from rag_chunk.errors import InputError
from rag_chunk.questions.csv_format import delimiter_of, parse_csv, parse_list
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.foreign_formats import translate_file, translate_record
from rag_chunk.questions.raw_question import (
    RawQuestion,
    explain_unreadable,
    load_json,
    note_unreadable,
    raw_question,
)

_SPACE = re.compile(r"[ \t\n\r]*")
_SHAPE = (
    'a question file is a list of {"question": …, "relevant": ["a phrase"]}, by itself or under "questions", '
    "in JSON, JSONL or YAML, or a CSV with the columns question and relevant"
)


Form = Literal["json", "jsonl", "csv", "yaml"]


def parse_records(text: str, account: Diagnostics) -> list[RawQuestion]:
    """Return the questions in `text` that can be read; what cannot is noted in `account`."""
    if not text.strip():
        note_unreadable(account, f"is empty; {_SHAPE}")
        return []
    form = form_of(text)
    if form == "csv":
        return list(parse_csv(text, account, delimiter_of(text)))
    if form == "jsonl":
        return list(_jsonl(text, account))
    return _json(text, account) if form == "json" else _yaml(text, account)


def form_of(text: str) -> Form:
    """Return the form of a question file that is not empty."""
    if text.lstrip()[0] in "{[":
        return "jsonl" if _is_jsonl(text) else "json"
    return "csv" if delimiter_of(text) else "yaml"


def load_objects(text: str) -> list[dict[str, Any]]:
    """Return the records of JSON, JSON lines or CSV as they are; raise `InputError` where they cannot be read."""
    try:
        if text.lstrip()[:1] not in "{[":
            rows = csv.DictReader(io.StringIO(text, newline=""))
            return [{name: parse_list(cell) for name, cell in row.items() if cell} for row in rows]
        loaded = (
            [json.loads(line) for line in text.split("\n") if line.strip()] if _is_jsonl(text) else json.loads(text)
        )
    except (ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"the records cannot be read: {error}") from None
    if isinstance(loaded, dict):
        lists = (value for value in loaded.values() if isinstance(value, list))
        loaded = next((value for value in lists if value and isinstance(value[0], dict)), [loaded])
    return [record for record in loaded if isinstance(record, dict)]


def _is_jsonl(text: str) -> bool:
    """Whether there are several lines, each an object of its own, or a single object that is one question."""
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines[0].startswith("{"):
        return False
    if len(lines) > 1 and all(line.startswith("{") and line.endswith("}") for line in lines):
        return True
    try:
        first = json.loads(lines[0])
    except (ValueError, RecursionError):
        return False
    return len(lines) > 1 or "question" in first or translate_record(first) is not first


def _jsonl(text: str, account: Diagnostics) -> Iterator[RawQuestion]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    for position, (number, line) in enumerate(lines, 1):
        try:
            yield raw_question(load_json(line), position, number)
        except json.JSONDecodeError as error:
            note_unreadable(account, error.msg, position, f"line {number}, column {error.colno}:")
        except (ValueError, RecursionError) as error:
            note_unreadable(account, explain_unreadable(error), position, f"line {number}:")


def _json(text: str, account: Diagnostics) -> list[RawQuestion]:
    try:
        loaded = load_json(text)
    except json.JSONDecodeError as error:
        note_unreadable(account, f"cannot be read as JSON: line {error.lineno}, column {error.colno}: {error.msg}")
        return []
    except (ValueError, RecursionError) as error:
        note_unreadable(account, f"cannot be read as JSON: {explain_unreadable(error)}")
        return []
    try:
        records = translate_file(loaded)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        note_unreadable(account, f"has the keys of another tool's question set, but not its form: {error!r}")
        return []
    if records is not None:
        return [RawQuestion(fields, number, is_translated=True) for number, fields in enumerate(records, 1)]
    listed = _list_of_questions(loaded, account)
    return list(_as_records(listed, list(_lines(text)) if listed else [], account))


def _lines(text: str) -> Iterator[int]:
    """Yield the line of each element of the list of questions in valid JSON."""
    line, counted = 1, 0
    for start, _ in element_spans(text):
        line, counted = line + text.count("\n", counted, start), start
        yield line


def element_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each element of the list in valid JSON is: of the whole, or of what is under "questions"."""
    decoder, place = json.JSONDecoder(), _behind_space(text, 0)
    if text[place] == "{":
        place = _place_of_questions(text, place, decoder)
    place = _behind_space(text, place + 1)
    while text[place] != "]":
        end = decoder.raw_decode(text, place)[1]
        yield place, end
        place = _behind_space(text, end)
        place = _behind_space(text, place + 1) if text[place] == "," else place


def _place_of_questions(text: str, place: int, decoder: json.JSONDecoder) -> int:
    """Return where the value of "questions" starts in the object at `place`."""
    while True:
        name, place = decoder.raw_decode(text, _behind_space(text, place + 1))
        place = _behind_space(text, _behind_space(text, place) + 1)
        if name == "questions":
            return place
        place = _behind_space(text, decoder.raw_decode(text, place)[1])


def _behind_space(text: str, place: int) -> int:
    space = _SPACE.match(text, place)
    return space.end() if space else place


def _yaml(text: str, account: Diagnostics) -> list[RawQuestion]:
    from rag_chunk.config import yaml_text

    try:
        loaded, lines = yaml_text.load_with_lines(text, "questions")
    except ValueError as error:
        note_unreadable(account, f"cannot be read as YAML: {explain_unreadable(error)}")
        return []
    return list(_as_records(_list_of_questions(loaded, account), lines, account))


def _list_of_questions(loaded: Any, account: Diagnostics) -> list[Any]:
    """Return the list of questions that was loaded."""
    listed = loaded.get("questions") if isinstance(loaded, dict) else loaded
    if isinstance(listed, list):
        return listed
    note_unreadable(account, f"holds no list of questions; {_SHAPE}")
    return []


def _as_records(values: Sequence[Any], lines: Sequence[int], account: Diagnostics) -> Iterator[RawQuestion]:
    for number, (value, line) in enumerate(zip(values, lines, strict=True), 1):
        try:
            yield raw_question(value, number, line)
        except ValueError as error:
            note_unreadable(account, str(error), number, f"number {number} in the list (line {line}):")
