"""Where each question is in the text of a question file, and how one is rewritten there in the file's own form.

Everything outside of the question that is rewritten stays as it is, to the byte.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any

from rag_chunk.config import yaml_text
from rag_chunk.questions.csv_format import delimiter_of
from rag_chunk.questions.file_formats import Form, element_spans, form_of
from rag_chunk.questions.yaml_record import rewrite_yaml_record

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class RecordLayout:
    """The form of a question file, and the stretch of its text that holds each question, in order."""

    form: Form
    spans: tuple[Span, ...]


def layout_of(text: str) -> RecordLayout:
    """Return where the questions are in the text of a file that can be read."""
    form = form_of(text)
    return RecordLayout(form, tuple(_SPANS[form](text)))


def rewrite_record(text: str, layout: RecordLayout, number: int, fields: Mapping[str, Any]) -> str:
    """Return the text with the question of that number, from 0, replaced by `fields`."""
    start, end = layout.spans[number]
    if layout.form == "csv":
        return _rewrite_csv(text, start, end, fields)
    old = text[start:end]
    new = _REWRITE[layout.form](old, fields, start - text.rfind("\n", 0, start) - 1)
    if "\r\n" in old:
        new = re.sub(r"\r?\n", "\r\n", new)
    return text[:start] + new + text[end:]


def _line_borders(text: str) -> list[int]:
    r"""Return where each line starts, and the end; lines end at `\r\n`, `\r` or `\n` only."""
    return [0, *accumulate(len(line) for line in io.StringIO(text, newline=""))]


def _jsonl_spans(text: str) -> Iterator[Span]:
    for match in re.finditer(r"[^\n]+", text):
        if line := match.group().strip():
            start = match.start() + match.group().index(line)
            yield start, start + len(line)


def _csv_spans(text: str) -> Iterator[Span]:
    """Yield the rows below the header that are not blank, each without the end of its line."""
    borders = _line_borders(text)
    yield from _rows_of_csv(text, borders)[1:]


def _rows_of_csv(text: str, borders: Sequence[int]) -> list[Span]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(text), strict=True)
    spans, first = [], 0
    for row in reader:
        is_separator = first == 0 and re.fullmatch(r"sep=.?", text[: borders[1]].strip(), re.IGNORECASE)
        if any(cell.strip() for cell in row) and not is_separator:
            start, end = borders[first], borders[reader.line_num]
            spans.append((start, start + len(text[start:end].rstrip("\r\n"))))
        first = reader.line_num
    return spans


def _yaml_spans(text: str) -> Iterator[Span]:
    """Yield whole lines for each element of a list in block style, the first from its hyphen on."""
    listed = yaml_text.find_list(text, "questions")
    borders = _line_borders(text)
    if listed.flow_style:
        for element in listed.value:
            yield tuple(borders[mark.line] + mark.column for mark in (element.start_mark, element.end_mark))
        return
    column = listed.start_mark.column
    starts = [borders[_line_of_hyphen(text, borders, element.start_mark.line)] for element in listed.value]
    end = listed.end_mark
    last = borders[end.line] if end.column <= column else len(text)
    for start, after in pairwise([*starts, last]):
        yield start + column, start + len(_without_remarks(text[start:after]))


def _line_of_hyphen(text: str, borders: Sequence[int], line: int) -> int:
    """Return the line of the hyphen of an element, which may begin on a line below it."""
    while not text[borders[line] : borders[line + 1]].lstrip(" ").startswith("-"):
        line -= 1
    return line


def _without_remarks(lines: str) -> str:
    """Return the lines without those at their end that are blank or a comment: they belong to what follows."""
    return re.sub(r"(?:\r?\n[ \t]*(?:#[^\n]*)?)+\Z", "", lines)


def _rewrite_json(old: str, fields: Mapping[str, Any], column: int) -> str:
    if "\n" not in old:
        return json.dumps(fields, ensure_ascii=False)
    inner = re.search(r"\n([ \t]+)\S", old)
    closing = re.search(r"\n([ \t]*)\S*\Z", old)
    outer = closing[1] if closing else ""
    indent = inner[1].removeprefix(outer) if inner else " "
    return json.dumps(fields, ensure_ascii=False, indent=indent).replace("\n", "\n" + outer)


def _rewrite_jsonl(old: str, fields: Mapping[str, Any], column: int) -> str:
    return json.dumps(fields, ensure_ascii=False)


def _rewrite_yaml(old: str, fields: Mapping[str, Any], column: int) -> str:
    if old.startswith("-"):
        return rewrite_yaml_record(old, fields, column)
    pairs = (yaml_text.dump_line({name: value})[1:-1] for name, value in fields.items())
    return f"{{{', '.join(pairs)}}}"


def _rewrite_csv(text: str, start: int, end: int, fields: Mapping[str, Any]) -> str:
    """Replace a row; a field without a column gets one at the end, which other rows leave out."""
    delimiter = delimiter_of(text)
    head, tail = _rows_of_csv(text, _line_borders(text))[0]
    header = next(csv.reader([text[head:tail]], delimiter=delimiter))
    names = [name.strip().lower() for name in header]
    added = [name for name in fields if name not in names]
    row = [_cell(name, fields.get(name)) for name in [*names, *added]]
    return text[:head] + _csv_line([*header, *added], delimiter) + text[tail:start] + _csv_line(row, delimiter) + text[end:]  # fmt: skip


def _csv_line(cells: Sequence[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter).writerow(cells)
    return line.getvalue().removesuffix("\r\n")


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name == "tags" and isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_SPANS: Mapping[Form, Callable[[str], Iterator[Span]]] = {
    "json": element_spans,
    "jsonl": _jsonl_spans,
    "csv": _csv_spans,
    "yaml": _yaml_spans,
}
_REWRITE: Mapping[Form, Callable[[str, Mapping[str, Any], int], str]] = {
    "json": _rewrite_json,
    "jsonl": _rewrite_jsonl,
    "yaml": _rewrite_yaml,
}
