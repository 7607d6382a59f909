"""Documents out of a JSONL file of `{"name": …, "text": …}`."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rag_chunk.corpus.document import Document
from rag_chunk.corpus.text_encoding import decode, writable
from rag_chunk.errors import InputError


def read_jsonl(path: Path) -> Iterator[Document]:
    """Yield the documents of a JSONL file; raise `InputError` with every line that is not one."""
    try:
        lines = decode(path.read_bytes()).split("\n")
    except ValueError as error:
        raise InputError(f"{path} {error}") from None
    problems, documents = [], []
    for number, line in enumerate(lines, 1):
        try:
            documents += _line_document(line)
        except ValueError as error:
            problems.append(f"  line {number}: {error}")
        except RecursionError:
            problems.append(f"  line {number}: it is nested too deeply")
    if problems or not documents:
        listed = "\n".join(problems) or "  it has no lines"
        raise InputError(f'{path} must hold one {{"name": …, "text": …}} a line:\n{listed}')
    yield from documents


def _line_document(line: str) -> list[Document]:
    if not line.strip():
        return []
    value: Any = json.loads(line)
    name, text = (value.get("name"), value.get("text")) if isinstance(value, dict) else (None, None)
    if not isinstance(name, str) or not name or not isinstance(text, str):
        raise ValueError('it needs "name" and "text", both text')
    return [Document(writable(name), text.removeprefix("\ufeff"))]
