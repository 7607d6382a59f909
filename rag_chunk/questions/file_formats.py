"""The formats of question files, told by content: JSON, JSONL, CSV, and else YAML."""

import ast
import csv
import io
import itertools
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from rag_chunk.config import yaml_text
from rag_chunk.errors import InputError
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.foreign_formats import LISTS, QUESTION_COLUMNS, translate_file, translate_record

_SPACE = re.compile(r"[ \t\n\r]*")
_LIST_OF_TEXTS = re.compile(r"\[\s*[\[\"]")
_DELIMITERS = ",;\t"
_LONGEST_HEADER = 10_000  # characters
_SHAPE = (
    'a question file is a list of {"question": …, "relevant": ["a phrase"]}, by itself or under "questions", '
    "in JSON, JSONL or YAML, or a CSV with the columns question and relevant"
)


Form = Literal["json", "jsonl", "csv", "yaml"]


@dataclass(frozen=True, slots=True)
class RawQuestion:
    """One question as it stands in the file, its number from 1, and its line, where that is known.

    One that `is_translated` stands there under the names of another tool.
    """

    fields: dict[str, Any]
    number: int
    line: int | None = None
    is_translated: bool = False


def parse_records(text: str, account: Diagnostics) -> list[RawQuestion]:
    """Return the questions in `text` that can be read; what cannot is noted in `account`."""
    if not text.strip():
        _unreadable(account, f"is empty; {_SHAPE}")
        return []
    form = form_of(text)
    if form == "csv":
        return list(_csv(text, account, delimiter_of(text)))
    if form == "jsonl":
        return list(_jsonl(text, account))
    return _json(text, account) if form == "json" else _yaml(text, account)


def form_of(text: str) -> Form:
    """Return the form of a question file that is not empty."""
    if text.lstrip()[0] in "{[":
        return "jsonl" if _is_jsonl(text) else "json"
    return "csv" if delimiter_of(text) else "yaml"


def delimiter_of(text: str) -> str:
    """Return what separates the cells of a CSV, or nothing where the text is none."""
    return _separator_line(text) or _delimiter(text)


def load_objects(text: str) -> list[dict[str, Any]]:
    """Return the records of JSON, JSON lines or CSV as they are; raise `InputError` where they cannot be read."""
    try:
        if text.lstrip()[:1] not in "{[":
            rows = csv.DictReader(io.StringIO(text, newline=""))
            return [{name: _python_list(cell) for name, cell in row.items() if cell} for row in rows]
        loaded = (
            [json.loads(line) for line in text.split("\n") if line.strip()] if _is_jsonl(text) else json.loads(text)
        )
    except (ValueError, RecursionError, csv.Error) as error:
        raise InputError(f"the records cannot be read: {error}") from None
    if isinstance(loaded, dict):
        loaded = next((value for value in loaded.values() if isinstance(value, list)), [loaded])
    return [record for record in loaded if isinstance(record, dict)]


def _unreadable(account: Diagnostics, said: str, number: int = 0, what: str = "the file") -> None:
    account.add("error", "unreadable", what, said, number)


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
            yield _raw_question(_load(line), position, number)
        except json.JSONDecodeError as error:
            _unreadable(account, error.msg, position, f"line {number}, column {error.colno}:")
        except (ValueError, RecursionError) as error:
            _unreadable(account, _reason(error), position, f"line {number}:")


def _json(text: str, account: Diagnostics) -> list[RawQuestion]:
    try:
        loaded = _load(text)
    except json.JSONDecodeError as error:
        _unreadable(account, f"cannot be read as JSON: line {error.lineno}, column {error.colno}: {error.msg}")
        return []
    except (ValueError, RecursionError) as error:
        _unreadable(account, f"cannot be read as JSON: {_reason(error)}")
        return []
    try:
        records = translate_file(loaded)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        _unreadable(account, f"has the keys of another tool's question set, but not its form: {error!r}")
        return []
    if records is not None:
        return [RawQuestion(fields, number, is_translated=True) for number, fields in enumerate(records, 1)]
    listed = _list_of_questions(loaded, account)
    return list(_as_records(listed, list(_lines(text)) if listed else [], account))


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; JSON would silently keep the last of what stands twice."""
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError(f"{_twice([name for name, _ in pairs])!r} appears twice in one object")
    return fields


def _twice(names: Sequence[str]) -> str:
    return next((name for name, count in Counter(names).items() if count > 1), "")


def _reason(error: Exception) -> str:
    """Return why a text cannot be read, where Python's own words help nobody."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    return "a number has too many digits" if "integer string conversion" in str(error) else str(error)


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
    try:
        loaded, lines = yaml_text.load_with_lines(text, "questions")
    except ValueError as error:
        _unreadable(account, f"cannot be read as YAML: {_reason(error)}")
        return []
    return list(_as_records(_list_of_questions(loaded, account), lines, account))


def _list_of_questions(loaded: Any, account: Diagnostics) -> list[Any]:
    """Return the list of questions that was loaded."""
    listed = loaded.get("questions") if isinstance(loaded, dict) else loaded
    if isinstance(listed, list):
        return listed
    _unreadable(account, f"holds no list of questions; {_SHAPE}")
    return []


def _as_records(values: Sequence[Any], lines: Sequence[int], account: Diagnostics) -> Iterator[RawQuestion]:
    for number, (value, line) in enumerate(zip(values, lines, strict=True), 1):
        try:
            yield _raw_question(value, number, line)
        except ValueError as error:
            _unreadable(account, str(error), number, f"number {number} in the list (line {line}):")


def _raw_question(value: Any, number: int, line: int) -> RawQuestion:
    if not isinstance(value, dict):
        raise ValueError('this is not a question; it needs {"question": …}')  # noqa: TRY004 - reported with the line
    fields = translate_record(value)
    return RawQuestion(fields, number, line, is_translated=fields is not value)


def _separator_line(text: str) -> str:
    """Return the delimiter that Excel's first line `sep=;` names, or nothing."""
    match = re.match(r"sep=([,;\t|])\r?(?:\n|$)", text, re.IGNORECASE)
    return match[1] if match else ""


def _delimiter(text: str) -> str:
    """Return what separates the cells of a header with a column `question`, or nothing if that is no header."""
    header = re.split(r"[\r\n]", text.lstrip("\r\n"), maxsplit=1)[0]
    if len(header) > _LONGEST_HEADER:
        return ""
    for delimiter in _DELIMITERS:
        names = [name.strip().lower() for name in next(csv.reader([header], delimiter=delimiter), [])]
        if len(names) > 1 and QUESTION_COLUMNS & set(names):
            return delimiter
    return ""


def _csv(text: str, account: Diagnostics, delimiter: str) -> Iterator[RawQuestion]:
    """Yield the rows under the names of the header, each with the line on which it starts."""
    rows = _rows(text, account, delimiter)
    header = [name.strip().lower() for _, names in itertools.islice(rows, 1) for name in names]
    if again := _twice([name for name in header if name]):
        _unreadable(account, f"has two columns {again!r}")
        return
    for number, (line, row) in enumerate(rows, 1):
        try:
            yield _raw_row(header, row, number, line)
        except ValueError as error:
            _unreadable(account, str(error), number, f"line {line}:")


def _rows(text: str, account: Diagnostics, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the line on which it starts."""
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    try:
        if _separator_line(text):
            next(rows)
            begin = 2
        for row in rows:
            if any(cell.strip() for cell in row):
                yield begin, row
            begin = rows.line_num + 1
    except csv.Error as error:
        _unreadable(account, f"cannot be read as CSV: line {begin}: {error}")


def _raw_row(header: list[str], row: list[str], number: int, line: int) -> RawQuestion:
    if len(row) > len(header):
        raise ValueError(f"it has {len(row)} cells, and the header {len(header)}; a cell with a comma needs quotes")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    raw = _raw_question({name: _value(name, cell) for name, cell in cells.items()}, number, line)
    fields = raw.fields
    if "references" in fields:
        document = {"doc": cells["corpus_id"]} if "corpus_id" in cells else {}
        fields["evidence"] = [
            {**document, **_reference(reference)} for reference in _list("references", fields["references"])
        ]
        fields = {name: value for name, value in fields.items() if name not in {"references", "corpus_id"}}
        return RawQuestion(fields, number, line, is_translated=True)
    return raw


def _value(name: str, cell: str) -> Any:
    """Return what a cell holds: JSON where it must or may be a list, otherwise its text."""
    if name in {"references", "evidence"} or (name in {"relevant", "tags"} and cell.startswith("[")):
        try:
            return _load(cell)
        except json.JSONDecodeError as error:
            if name == "relevant" and not _LIST_OF_TEXTS.match(cell):
                return cell  # a phrase that begins with a bracket: `[x] Close the valve`, `[manual](m.md)`
            hint = '; a phrase that begins with [ is written as a list: ["[…"]' if name == "relevant" else ""
            raise ValueError(
                f"{name} cannot be read as JSON: {error.msg} at character {error.pos + 1}{hint}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{name} cannot be read as JSON: {_reason(error)}") from error
    if name in LISTS:
        return _python_list(cell)
    return re.split(r"\s*[,;]\s*", cell) if name == "tags" else cell


def _python_list(cell: str) -> Any:
    """Return a list or an object as Python or JSON writes it, which is how tools put one in a cell; else the cell."""
    if not cell.startswith(("[", "{")):
        return cell
    for read in (json.loads, ast.literal_eval):
        try:
            return read(cell)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            continue
    return cell


def _list(name: str, value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name} must hold a JSON list")  # noqa: TRY004 - reported with the line
    return value


def _reference(value: Any) -> dict[str, Any]:
    """Return a reference of the paper's files under our names."""
    if not isinstance(value, dict):
        raise ValueError("references must hold objects with content, start_index, end_index")  # noqa: TRY004 - as above
    names = {"content": "text", "start_index": "start", "end_index": "end"}
    return {names.get(str(name), str(name)): each for name, each in value.items()}
