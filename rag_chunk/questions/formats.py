"""The formats of question files, told by content: JSON, JSONL, CSV, and else YAML."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rag_chunk.config import yaml_text
from rag_chunk.errors import InputError

_SPACE = re.compile(r"[ \t\n\r]*")
_DELIMITERS = ",;\t"
_SHAPE = (
    'a question file is a list of {"question": …, "relevant": ["a phrase"]}, by itself or under "questions", '
    "in JSON, JSONL or YAML, or a CSV with the columns question and relevant"
)


@dataclass(frozen=True, slots=True)
class Record:
    """One question as it stands in the file, and its line, where that is known."""

    fields: dict[str, Any]
    line: int | None = None


def records(text: str, where: str) -> list[Record]:
    """Return the questions in `text`; raise `InputError`, saying where, if it cannot be read."""
    if not text.strip():
        raise InputError(f"the question file {where} is empty; {_SHAPE}")
    if text.lstrip()[0] in "{[":
        return list(_jsonl(text, where)) if _is_jsonl(text) else _json(text, where)
    delimiter = _delimiter(text)
    return list(_csv(text, where, delimiter)) if delimiter else _yaml(text, where)


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
    return len(lines) > 1 or "question" in first


def _jsonl(text: str, where: str) -> Iterator[Record]:
    problems, found = [], []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                found.append(Record(_fields(json.loads(line)), number))
            except json.JSONDecodeError as error:
                problems.append(f"  line {number}, column {error.colno}: {error.msg}")
            except (ValueError, RecursionError) as error:
                problems.append(f"  line {number}: {error}")
    if problems:
        raise InputError(f"{where} cannot be read as JSONL:\n" + "\n".join(problems))
    yield from found


def _json(text: str, where: str) -> list[Record]:
    try:
        loaded = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where} cannot be read as JSON: line {error.lineno}, column {error.colno}: {error.msg}"
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{where} cannot be read as JSON: {error}") from error
    found = _listed(loaded, where)
    lines = list(_lines(text)) if len(found) else []
    return _as_records(found, lines if len(lines) == len(found) else [None] * len(found), where)


def _lines(text: str) -> Iterator[int]:
    """Yield the line of each element of the list in valid JSON: the whole, or what stands under "questions"."""
    decoder, place = json.JSONDecoder(), _behind_space(text, 0)
    if text[place] == "{":
        place = _list_of_questions(text, place, decoder)
    line, counted = 1, 0
    place = _behind_space(text, place + 1)
    while text[place] != "]":
        line, counted = line + text.count("\n", counted, place), place
        yield line
        place = _behind_space(text, decoder.raw_decode(text, place)[1])
        place = _behind_space(text, place + 1) if text[place] == "," else place


def _list_of_questions(text: str, place: int, decoder: json.JSONDecoder) -> int:
    """Return where the value of "questions" starts in the object at `place`."""
    while True:
        name, place = decoder.raw_decode(text, _behind_space(text, place + 1))
        place = _behind_space(text, _behind_space(text, place) + 1)
        if name == "questions":
            return place
        place = _behind_space(text, decoder.raw_decode(text, place)[1])


def _behind_space(text: str, place: int) -> int:
    found = _SPACE.match(text, place)
    return found.end() if found else place


def _yaml(text: str, where: str) -> list[Record]:
    try:
        loaded = yaml_text.load(text)
    except ValueError as error:
        raise InputError(f"{where} cannot be read as YAML: {error}") from error
    found = _listed(loaded, where)
    return _as_records(found, [None] * len(found), where)


def _listed(loaded: Any, where: str) -> list[Any]:
    """Return the list of questions that was loaded."""
    found = loaded.get("questions") if isinstance(loaded, dict) else loaded
    if not isinstance(found, list):
        raise InputError(f"{where} holds no list of questions; {_SHAPE}")
    return found


def _as_records(found: list[Any], lines: "list[int] | list[None]", where: str) -> list[Record]:
    others = [number for number, value in enumerate(found, 1) if not isinstance(value, dict)]
    if others:
        listed = ", ".join(map(str, others))
        raise InputError(f'{where}: what stands at {listed} in the list is no question; it needs {{"question": …}}')
    return [Record(fields, line) for fields, line in zip(found, lines, strict=True)]


def _fields(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError('it is no question; it needs {"question": …}')  # noqa: TRY004 - reported with the line
    return value


def _delimiter(text: str) -> str:
    """Return what separates the cells of a header with a column `question`, or nothing if that is no header."""
    header = text.lstrip("\r\n").split("\n", 1)[0]
    for delimiter in _DELIMITERS:
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if len(names) > 1 and "question" in names:
            return delimiter
    return ""


def _csv(text: str, where: str, delimiter: str) -> Iterator[Record]:
    """Yield the rows under the names of the header, each with the line on which it starts."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    begin = 1
    try:
        for row in rows:
            if any(cell.strip() for cell in row):
                if header:
                    yield Record(_csv_fields(header, row), begin)
                else:
                    header = [name.strip().lower() for name in row]
            begin = rows.line_num + 1
    except (csv.Error, ValueError) as error:
        raise InputError(f"{where} cannot be read as CSV: line {begin}: {error}") from error


def _csv_fields(header: list[str], row: list[str]) -> dict[str, Any]:
    if len(row) > len(header):
        raise ValueError(f"it has {len(row)} cells, and the header {len(header)}; a cell with a comma needs quotes")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    fields: dict[str, Any] = {name: _value(name, cell) for name, cell in cells.items()}
    if "references" in fields:
        document = {"doc": cells["corpus_id"]} if "corpus_id" in cells else {}
        fields["evidence"] = [{**document, **_reference(found)} for found in _list("references", fields["references"])]
        fields = {name: value for name, value in fields.items() if name not in {"references", "corpus_id"}}
    return fields


def _value(name: str, cell: str) -> Any:
    """Return what a cell holds: JSON where it must or may be a list, otherwise its text."""
    if name in {"references", "evidence"} or (name in {"relevant", "tags"} and cell.startswith("[")):
        try:
            return json.loads(cell)
        except json.JSONDecodeError as error:
            raise ValueError(f"{name} cannot be read as JSON: {error.msg} at character {error.pos + 1}") from error
    return re.split(r"\s*[,;]\s*", cell) if name == "tags" else cell


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must hold a JSON list")  # noqa: TRY004 - reported with the line
    return value


def _reference(value: Any) -> dict[str, Any]:
    """Return a reference of the paper's files under our names."""
    if not isinstance(value, dict):
        raise ValueError("references must hold objects with content, start_index, end_index")  # noqa: TRY004 - as above
    names = {"content": "text", "start_index": "start", "end_index": "end"}
    return {names.get(str(name), str(name)): found for name, found in value.items()}
