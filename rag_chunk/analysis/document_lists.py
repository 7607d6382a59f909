"""The lists of a corpus' documents and skipped files: in the report, or where they are too long in files beside it."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rag_chunk.analysis.report_inputs import (
    CorpusEntry,
    DocumentEntry,
    DocumentListEntry,
    ListEntry,
    SkippedEntry,
    document_entries,
    skipped_entries,
    whole_corpus_entry,
)
from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError

MOST_LISTED = 10_000  # entries of a list that a report holds
DOCUMENT_LIST, SKIPPED_LIST = "document_list.jsonl", "skipped_list.jsonl"


def corpus_entry(corpus: Corpus) -> CorpusEntry:
    """Return the corpus as a report holds it: of a list beyond 10,000 entries their number, and the file's digest."""
    whole: dict[str, Any] = {}
    if len(corpus.documents) > MOST_LISTED:
        whole["document_list"] = _document_list(corpus)
    else:
        whole["documents"] = tuple(document_entries(corpus))
    if len(corpus.skipped) > MOST_LISTED:
        entries = skipped_entries(corpus.skipped)
        digest = hashlib.sha256(b"".join(map(_line, entries))).hexdigest()
        whole["skipped_list"] = ListEntry(file=SKIPPED_LIST, sha256=digest, count=len(entries))
    else:
        whole["skipped"] = skipped_entries(corpus.skipped)
    return CorpusEntry(digest=corpus.digest, **whole)


def _document_list(corpus: Corpus) -> DocumentListEntry:
    """Return what the report says of a list of documents; no more than one entry is in memory at a time."""
    digest, suffixes, characters = hashlib.sha256(), set[str](), 0
    for entry in document_entries(corpus):
        digest.update(_line(entry))
        suffixes.add(entry.suffix)
        characters += entry.characters
    return DocumentListEntry(
        file=DOCUMENT_LIST,
        sha256=digest.hexdigest(),
        count=len(corpus.documents),
        characters=characters,
        suffix=suffixes.pop() if len(suffixes) == 1 else None,
    )


def write_lists(entry: CorpusEntry, corpus: Corpus, folder: Path) -> None:
    """Write the lists that are too long for the report into files of `folder`, one JSON object a line."""
    if entry.document_list:
        _write(folder / DOCUMENT_LIST, document_entries(corpus))
    if entry.skipped_list:
        _write(folder / SKIPPED_LIST, skipped_entries(corpus.skipped))


def read_document_list(entry: CorpusEntry, folder: Path) -> CorpusEntry:
    """Return the entry with the documents of the list in `folder`; as it is where the report has them, or no file is there.

    Raise `InputError` where the file is not the one that belongs to the report.
    """
    file = folder / DOCUMENT_LIST
    if entry.document_list is None or not file.is_file():
        return entry
    data = file.read_bytes()
    if hashlib.sha256(data).hexdigest() != entry.document_list.sha256:
        raise InputError(f"{file} was changed after the analysis. Restore it, or run the analysis again")
    try:
        documents = tuple(map(DocumentEntry.model_validate_json, data.splitlines()))
    except ValidationError as error:
        raise InputError(f"{file} cannot be used: {error.errors(include_url=False)[0]['msg']}") from None
    return entry.model_copy(update={"documents": documents})


def with_all_documents(entry: CorpusEntry, corpus: Corpus) -> CorpusEntry:
    """Return the entry with all its documents, where the report has the number of them alone."""
    return whole_corpus_entry(corpus) if entry.document_list else entry


def _write(path: Path, entries: Iterable[DocumentEntry | SkippedEntry]) -> None:
    with path.open("wb") as file:
        file.writelines(map(_line, entries))


def _line(entry: DocumentEntry | SkippedEntry) -> bytes:
    return entry.model_dump_json(exclude_none=True).encode() + b"\n"
