"""Relevance judgements: the folders of BEIR and MTEB, and the qrels of TREC. Evidence is a document as a whole."""

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rag_chunk.corpus.text_encoding import read_utf8
from rag_chunk.errors import InputError
from rag_chunk.questions.parquet_rows import read_parquet

_HEADER = re.compile(r"query[-_]?id\s+corpus[-_]?id\s+score\s*", re.IGNORECASE)
_JUDGEMENT = re.compile(r"\S+\s+(?:\S+\s+)?\S+\s+-?\d+\s*")
_TREC = re.compile(r"\S+[ \t]+(?:Q?0|\d+)[ \t]+\S+[ \t]+-?\d+\s*")
_QUERIES = ("queries.jsonl", "queries.tsv", "topics.tsv")
_LOOKED_AT = 20  # lines


def is_qrels(text: str) -> bool:
    """Whether a text holds judgements: of BEIR, which have a header, or of TREC."""
    lines = [line for line in text.splitlines()[:_LOOKED_AT] if line.strip()]
    if lines and _HEADER.fullmatch(lines[0]):
        return True
    return bool(lines) and all(_TREC.fullmatch(line) for line in lines)


def is_judged_folder(folder: Path) -> bool:
    """Whether a folder has a part of what BEIR's have."""
    return any((folder / name).exists() for name in ("corpus.jsonl", "queries.jsonl", "qrels"))


def read_judgements(path: Path) -> tuple[list[Mapping[str, Any]], dict[str, str], list[str]]:
    """Return records, the documents that are beside them, and notices; `path` is a folder, or a file of judgements."""
    folder = path if path.is_dir() else path.parent
    qrels = _find_qrels(path) if path.is_dir() else path
    documents = _read_documents(folder) or _read_documents(folder.parent)
    queries = _read_queries(folder)
    judged: dict[str, dict[str, int]] = {}
    refused = 0
    for query, document, grade in _judgements(qrels):
        if grade > 0 and documents.get(document) != "":
            judged.setdefault(query, {})[document] = grade
        else:
            refused += 1
    unknown = sum(name not in queries for name in judged)
    records: list[Mapping[str, Any]] = [
        _record(name, queries[name], grades, documents) for name, grades in judged.items() if name in queries
    ]
    notices = ["evidence is each relevant document as a whole: shorter evidence tells chunkings apart better"]
    notices += [f"judgements left out, not relevant or an empty document: {refused:,}"] if refused else []
    notices += [f"queries left out, as their text is not beside the judgements: {unknown:,}"] if unknown else []
    return records, {f"{name}.txt": text for name, text in documents.items()}, notices


def _record(name: str, text: str, grades: Mapping[str, int], documents: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": name,
        "question": text,
        "tags": sorted({f"grade-{grade}" for grade in grades.values()}),
        "evidence": [{"doc": f"{document}.txt" if document in documents else document} for document in grades],
    }


def _find_qrels(folder: Path) -> Path:
    """Return the judgements of a folder: those of its test split, where it has several."""
    files = [
        path
        for path in (
            *sorted(folder.glob("qrels/*.tsv")),
            *sorted(folder.glob("qrels/*.jsonl")),
            *sorted(folder.glob("qrels/*.parquet")),
            *sorted(folder.glob("qrels*")),
        )
        if path.is_file()
    ]
    test = _of_test_split(files)
    if not test:
        raise InputError(f"{folder} has no qrels/test.tsv; a folder as BEIR's has corpus.jsonl, queries.jsonl and that")
    return test[0]


def _read_documents(folder: Path) -> dict[str, str]:
    path = folder / "corpus.jsonl"
    rows = _rows(path) if path.is_file() else _parquet_rows(folder / "corpus")
    return {_name(row): "\n\n".join(filter(None, (row.get("title"), row.get("text")))) for row in rows}


def _read_queries(folder: Path) -> dict[str, str]:
    """Return the texts of the queries, which are in the folder or in the one above."""
    if rows := _parquet_rows(folder / "queries"):
        return {_name(row): row["text"] for row in rows}
    places = [place / name for place in (folder, folder.parent) for name in _QUERIES]
    path = next((path for path in places if path.is_file()), None)
    if path is None:
        raise InputError(f"the texts of the queries are not in {folder}; put them there as {' or '.join(_QUERIES)}")
    if path.suffix == ".jsonl":
        return {_name(row): row["text"] for row in _rows(path)}
    pairs = (line.partition("\t") for line in read_utf8(path).splitlines() if line.strip())
    return {name.strip(): text.strip() for name, _, text in pairs}


def _parquet_rows(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of a part of a data set, as Hugging Face keeps it: those of its test split, where it has one."""
    return [row for path in _of_test_split(sorted(folder.glob("*.parquet"))) for row in read_parquet(path)]


def _of_test_split(files: list[Path]) -> list[Path]:
    """Return the files of the test split; all of them, where none is."""
    return [path for path in files if path.name.startswith(("test.", "test-"))] or files


def _name(row: Mapping[str, Any]) -> str:
    """Return the id of a document or a query: `_id` of BEIR, `id` of MTEB."""
    return str(row["_id"] if "_id" in row else row["id"])


def _rows(path: Path, *keys: str) -> Sequence[dict[str, Any]]:
    """Return the lines of a file, each with one of the keys."""
    keys = keys or ("_id", "id")
    try:
        rows = [json.loads(line) for line in read_utf8(path).split("\n") if line.strip()]
    except ValueError as error:
        raise InputError(f"{path} cannot be read as JSON lines: {error}") from None
    if wrong := [row for row in rows if not isinstance(row, dict) or not row.keys() & set(keys)]:
        raise InputError(f"{path} has a line without {keys[0]}: {str(wrong[0])[:60]}")
    return rows


def _judgements(path: Path) -> Iterator[tuple[str, str, int]]:
    """Yield query, document and grade: tabs of BEIR, JSON lines or Parquet of MTEB, or white space and an iteration of TREC."""
    if path.suffix in {".jsonl", ".parquet"}:
        for judged in _rows(path, "query-id") if path.suffix == ".jsonl" else _parquet_rows(path.parent):
            yield str(judged["query-id"]), str(judged["corpus-id"]), int(judged["score"])
        return
    for row in csv.reader(read_utf8(path).splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        cells = row if len(row) > 1 else " ".join(row).split()
        if _JUDGEMENT.fullmatch(" ".join(cells)):
            yield cells[0].strip(), cells[-2].strip(), int(cells[-1])
