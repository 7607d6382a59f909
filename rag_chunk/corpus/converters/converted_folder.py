"""A folder of converted documents: their texts as files, and one index with names, pages and converters.

Whoever has this folder needs no converter to read the same documents again.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag_chunk.corpus.document import Conversion, Document, Page
from rag_chunk.errors import InputError

INDEX = "rag-chunk-documents.json"
_SCHEMA = 1


def is_converted_folder(folder: Path) -> bool:
    """Whether `folder` is one that `write_converted_folder` wrote."""
    return (folder / INDEX).is_file()


def write_converted_folder(documents: Iterable[Document], folder: Path) -> None:
    """Write the documents: each text under its name, with `.md` or `.txt` after it where it was converted."""
    entries = []
    for document in documents:
        ending = (".md" if document.is_markdown else ".txt") if document.conversion else ""
        file = folder / f"{document.name}{ending}"
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.exists():
            raise InputError(f"{file} is there already; name an empty folder")
        file.write_bytes(document.text.encode())
        entries.append(_entry(document, file.relative_to(folder).as_posix()))
    index = {"schema_version": _SCHEMA, "documents": entries}
    (folder / INDEX).write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _entry(document: Document, file: str) -> dict[str, Any]:
    converted = {"conversion": asdict(document.conversion)} if document.conversion else {}
    pages = {"pages": document.pages} if document.pages else {}
    return {"name": document.name, "file": file, "digest": document.digest, **converted, **pages}


def read_converted_folder(folder: Path) -> Iterator[Document]:
    """Yield the documents; raise `InputError` with every file that is not what was written."""
    try:
        index = json.loads((folder / INDEX).read_bytes())
        entries = index["documents"] if index["schema_version"] == _SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise InputError(f"{folder / INDEX} cannot be used; convert the documents again")
    documents, problems = [], []
    for entry in entries:
        try:
            documents.append(_document(folder, entry))
        except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
            name = entry.get("name") if isinstance(entry, dict) else entry
            problems.append(f"  {name}: {error if type(error) is ValueError else 'its file or entry is damaged'}")
    if problems:
        raise InputError(f"{folder} is not as it was converted; convert again:\n" + "\n".join(problems))
    yield from documents


def _document(folder: Path, entry: dict[str, Any]) -> Document:
    file = folder / entry["file"]
    if not file.resolve().is_relative_to(folder.resolve()):
        raise ValueError("its file is outside the folder")
    pages = tuple(Page(int(start), str(label)) for start, label in entry.get("pages", []))
    conversion = Conversion(**entry["conversion"]) if "conversion" in entry else None
    document = Document(str(entry["name"]), file.read_bytes().decode(), pages, conversion)
    if document.digest != entry["digest"]:
        raise ValueError("its text was changed after it was converted")
    return document
