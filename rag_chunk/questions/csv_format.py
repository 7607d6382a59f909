"""Question files in CSV: a header with a column `question`, or with one that another tool calls so."""

import ast
import csv
import io
import itertools
import json
import re
from collections.abc import Iterator
from typing import Any

from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.foreign_formats import LISTS, QUESTION_COLUMNS
from rag_chunk.questions.raw_question import (
    RawQuestion,
    explain_unreadable,
    first_repeated,
    load_json,
    note_unreadable,
    raw_question,
)

_LIST_OF_TEXTS = re.compile(r"\[\s*[\[\"]")
_DELIMITERS = ",;\t"
_LONGEST_HEADER = 10_000  # characters


def delimiter_of(text: str) -> str:
    """Return what separates the cells of a CSV, or nothing where the text is none."""
    return _separator_line(text) or _delimiter(text)


def _separator_line(text: str) -> str:
    """Return the delimiter that Excel's first line `sep=;` names, or nothing."""
    match = re.match(r"\"?sep=([,;\t|])\"?\r?(?:\n|$)", text, re.IGNORECASE)
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


def parse_csv(text: str, account: Diagnostics, delimiter: str) -> Iterator[RawQuestion]:
    """Yield the rows under the names of the header, each with the line on which it starts."""
    rows = _rows(text, account, delimiter)
    header = [name.strip().lower() for _, names in itertools.islice(rows, 1) for name in names]
    if again := first_repeated([name for name in header if name]):
        note_unreadable(account, f"has two columns {again!r}")
        return
    for number, (line, row) in enumerate(rows, 1):
        try:
            yield _raw_row(header, row, number, line)
        except ValueError as error:
            note_unreadable(account, str(error), number, f"line {line}:")


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
        note_unreadable(account, f"cannot be read as CSV: line {begin}: {error}")


def _raw_row(header: list[str], row: list[str], number: int, line: int) -> RawQuestion:
    if len(row) > len(header):
        raise ValueError(f"it has {len(row)} cells, and the header {len(header)}; a cell with a comma needs quotes")
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False) if cell.strip()}
    raw = raw_question({name: _value(name, cell) for name, cell in cells.items()}, number, line)
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
            return load_json(cell)
        except json.JSONDecodeError as error:
            if isinstance(texts := parse_list(cell), list) and all(isinstance(text, str) for text in texts):
                return texts  # as Python writes it: ['a', 'b']
            if name == "relevant" and not _LIST_OF_TEXTS.match(cell):
                return cell  # a phrase that begins with a bracket: `[x] Close the valve`, `[manual](m.md)`
            hint = '; a phrase that begins with [ is written as a list: ["[…"]' if name == "relevant" else ""
            raise ValueError(
                f"{name} cannot be read as JSON: {error.msg} at character {error.pos + 1}{hint}"
            ) from error
        except (ValueError, RecursionError) as error:
            raise ValueError(f"{name} cannot be read as JSON: {explain_unreadable(error)}") from error
    if name in LISTS:
        return parse_list(cell)
    return re.split(r"\s*[,;]\s*", cell) if name == "tags" else cell


def parse_list(cell: str) -> Any:
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
