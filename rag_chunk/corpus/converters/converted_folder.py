"""A folder of converted documents: their texts as files, and one index with names, pages and converters.

Whoever has this folder needs no converter to read the same documents again.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from rag_chunk.corpus.document import Conversion, Document, Page
from rag_chunk.errors import InputError

INDEX = "rag-chunk-documents.json"
_SCHEMA = 1
_UNSAFE = re.compile('[\\x00-\\x1f\\x7f\\ud800-\\udfff\\\\<>:"|?*]')
_LONGEST = 200  # bytes of a part of a path


def find_strays(folder: Path) -> list[str]:
    """Return the files of a converted folder that its index does not name, and that are therefore not read."""
    known = {INDEX, *(file for _, file in list_converted(folder))}
    files = (file.relative_to(folder).as_posix() for file in sorted(folder.rglob("*")) if file.is_file())
    return [name for name in files if name not in known and not name.startswith(".")]


def is_converted_folder(folder: Path) -> bool:
    """Whether `folder` is one that `write_converted_folder` wrote."""
    return (folder / INDEX).is_file()


def write_converted_folder(documents: Iterable[Document], folder: Path) -> None:
    """Write the documents: each text under its name, with `.md` or `.txt` after it where it was converted.

    A name is data: one that could lead out of the folder, or that a file has already, is replaced by another. The index
    knows which file holds which document. Raise `InputError` where the folder is not empty.
    """
    if folder.is_dir() and any(folder.iterdir()):
        raise InputError(f"{folder} is not empty; name an empty folder")
    entries = []
    folder.mkdir(parents=True, exist_ok=True)
    for number, document in enumerate(documents, 1):
        file = folder / _file_name(document, number, folder)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(document.text.encode())
        entries.append(_entry(document, file.relative_to(folder).as_posix()))
    index = {"schema_version": _SCHEMA, "documents": entries}
    (folder / INDEX).write_text(json.dumps(index, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _file_name(document: Document, number: int, folder: Path) -> str:
    """Return the document's own name, or a number where that is no path below `folder`, or is taken."""
    ending = (".md" if document.is_markdown else ".txt") if document.conversion else ""
    name = f"{document.name}{ending}"
    parts = name.split("/")
    is_safe = all(map(_is_file_name, parts)) and name != INDEX
    return name if is_safe and _is_free(folder, parts) else f"document-{number}{ending or '.txt'}"


def _is_free(folder: Path, parts: list[str]) -> bool:
    above = [folder.joinpath(*parts[:count]) for count in range(1, len(parts))]
    return not folder.joinpath(*parts).exists() and not any(path.is_file() for path in above)


def _is_file_name(part: str) -> bool:
    return not _UNSAFE.search(part) and part.strip(" .") != "" and len(part.encode(errors="replace")) <= _LONGEST


def _entry(document: Document, file: str) -> dict[str, Any]:
    converted = {"conversion": asdict(document.conversion)} if document.conversion else {}
    pages = {"pages": document.pages} if document.pages else {}
    return {"name": document.name, "file": file, "digest": document.digest, **converted, **pages}


def list_converted(folder: Path) -> list[tuple[str, str]]:
    """Return the name of each document, and its file in `folder`."""
    try:
        return [(str(entry["name"]), str(entry["file"])) for entry in _read_index(folder)]
    except (KeyError, TypeError):
        raise _unusable(folder) from None


def _read_index(folder: Path) -> list[Any]:
    try:
        index = json.loads((folder / INDEX).read_bytes())
        entries = index["documents"] if index["schema_version"] == _SCHEMA else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        entries = None
    if not isinstance(entries, list):
        raise _unusable(folder)
    return entries


def _unusable(folder: Path) -> InputError:
    return InputError(f"{folder / INDEX} cannot be used; convert the documents again")


def read_converted_folder(folder: Path, only: Collection[str] | None = None) -> Iterator[Document]:
    """Yield the documents, or `only` those of these names; raise `InputError` with every file that is not what was written."""
    documents, problems = [], []
    for entry in _read_index(folder):
        if only is not None and entry["name"] not in only:
            continue
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
    if not file.resolve().is_relative_to(folder.resolve()) or not file.is_file():
        raise ValueError("its file is no file of this folder")
    pages = tuple(Page(int(start), str(label)) for start, label in entry.get("pages", []))
    if any(first.start > second.start for first, second in pairwise((Page(0, ""), *pages))):
        raise ValueError("its pages are not in order")
    conversion = Conversion(**entry["conversion"]) if "conversion" in entry else None
    document = Document(str(entry["name"]), file.read_bytes().decode(), pages, conversion)
    if document.digest != entry["digest"]:
        raise ValueError("its text was changed after it was converted")
    return document
