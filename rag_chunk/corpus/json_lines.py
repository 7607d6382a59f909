"""Documents out of JSON Lines of `{"name": …, "text": …}`."""

import json
from collections.abc import Iterator
from typing import Any

from rag_chunk.corpus.document import Document
from rag_chunk.corpus.text_encoding import decode, writable
from rag_chunk.errors import InputError


def parse_jsonl(data: bytes, source: str) -> Iterator[Document]:
    """Yield the documents of JSON Lines; raise `InputError` with every line that is not one, naming the `source`."""
    try:
        lines = decode(data).split("\n")
    except ValueError as error:
        raise InputError(f"{source} {error}") from None
    problems, documents = [], []
    for number, line in enumerate(lines, 1):
        try:
            documents += _line_document(line)
        except ValueError as error:
            problems.append(f"  line {number}: {error}")
        except RecursionError:
            problems.append(f"  line {number}: it is nested too deeply")
    if problems:
        raise not_documents(source, "\n".join(problems))
    yield from documents


def not_documents(source: str, problems: str) -> InputError:
    """Return the error that says what lines of documents look like, and what is wrong with those of `source`."""
    return InputError(f'{source} must hold one {{"name": …, "text": …}} a line:\n{problems}')


def _line_document(line: str) -> list[Document]:
    if not line.strip():
        return []
    value: Any = json.loads(line)
    document = row_document(value.get("name"), value.get("text")) if isinstance(value, dict) else None
    if document is None:
        raise ValueError('it needs "name" and "text", both text')
    return [document]


def row_document(name: Any, text: Any) -> Document | None:
    """Return the document of a row with these values; None where one is no text, or the name is empty."""
    if not isinstance(name, str) or not name or not isinstance(text, str):
        return None
    return Document(writable(name), text.removeprefix("\ufeff"))
