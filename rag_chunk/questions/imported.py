"""`import_questions`: the question sets of other tools, read as ours, with a count of what is lost."""

import csv
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag_chunk.errors import InputError, MissingExtra, not_utf8
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.file_formats import load_objects, parse_records
from rag_chunk.questions.foreign_formats import map_record, squad_articles
from rag_chunk.questions.parsing import KNOWN
from rag_chunk.questions.shared_records import questions_of

MAPPED = ("id", "question", "evidence", "doc", "page", "tags")


@dataclass(frozen=True, slots=True)
class Imported:
    """Questions as a question file holds them, texts of documents by name, and notices of what was left out."""

    questions: Sequence[Mapping[str, Any]]
    documents: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def import_questions(path: Path, mapping: Mapping[str, str] | None = None) -> Imported:
    """Read the question set at `path`: a file of a known layout, told by its content, or a folder as BEIR's.

    `mapping` names where our fields are in each record, as `{"question": "input.query"}`. Raise `InputError` where
    nothing can be read.
    """
    if path.is_dir():
        return _read_beir(path)
    account = Diagnostics()
    documents: dict[str, str] = {}
    if path.suffix == ".parquet":
        records = [map_record(row, mapping or _AUTORAG) for row in _parquet(path)]
    else:
        text = _text(path)
        if mapping:
            records = [map_record(fields, mapping) for fields in load_objects(text)]
        else:
            records = [record.fields for record in parse_records(text, account)]
            documents = _articles(text)
    unread = [finding.text for finding in account.of_kind("unreadable")]
    if not records:
        raise InputError(f"no question of a known layout is in {path}" + "".join(f"\n  {said}" for said in unread))
    return _keep(records, documents, unread)


def import_shared(records: Sequence[Mapping[str, Any]]) -> Imported:
    """Read the records of an evaluation dataset, with our places of evidence that was not edited there."""
    questions, edited = questions_of(records)
    imported = _keep(questions, {}, [])
    notices = (
        [f"edited in the dataset, so their evidence is searched by its text: {', '.join(edited)}"] if edited else []
    )
    return Imported(imported.questions, {}, (*imported.notices, *notices))


def parse_mapping(text: str) -> dict[str, str]:
    """Read `question=input.query,evidence=output.contexts`; raise `InputError` for a field that is none of ours."""
    pairs = [pair.partition("=") for pair in text.split(",")]
    unknown = [name.strip() for name, _, path in pairs if name.strip() not in MAPPED or not path.strip()]
    mapping = {name.strip(): path.strip() for name, _, path in pairs}
    if unknown or not {"question", "evidence"} <= mapping.keys():
        wrong = f"not {unknown[0]!r}" if unknown else f"not {text!r}"
        raise InputError(f"--map is question=…,evidence=… and any of {', '.join(MAPPED)}; {wrong}")
    return mapping


def _keep(records: Sequence[Mapping[str, Any]], documents: Mapping[str, str], unread: Sequence[str]) -> Imported:
    """Keep the questions that have evidence, of each the fields that we read, and count the rest."""
    kept = [
        record for record in records if record.get("question") and (record.get("relevant") or record.get("evidence"))
    ]
    lost = Counter(name for record in kept for name in record if name not in KNOWN)
    notices = [f"{said} (left out)" for said in unread]
    if len(kept) < len(records):
        notices.append(
            f"{len(records) - len(kept):,} of {len(records):,} records left out: no question, or no evidence"
        )
    if lost:
        notices.append("fields not kept: " + ", ".join(f"{name} ({count:,})" for name, count in lost.most_common()))
    questions = [{name: record[name] for name in KNOWN if name in record} for record in kept]
    if not questions:
        raise InputError(f"none of the {len(records):,} records has both a question and evidence")
    return Imported(questions, documents, tuple(notices))


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} {not_utf8(error)}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from None


def _articles(text: str) -> dict[str, str]:
    """Return the articles of a SQuAD file as documents; nothing for any other file."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        loaded = json.loads(text)
        articles = list(squad_articles(loaded)) if isinstance(loaded, dict) and "data" in loaded else []
        return {name: "\n\n".join(each["context"] for each in paragraphs) for name, paragraphs in articles}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


_AUTORAG = {"id": "qid", "question": "query", "evidence": "retrieval_gt_contents"}


def _parquet(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a Parquet file; AutoRAG's with the texts of its `corpus.parquet` beside it."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("parquet", "Parquet") from None
    try:
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        corpus = path.parent / "corpus.parquet"
        texts = {row["doc_id"]: row["contents"] for row in parquet.read_table(corpus).to_pylist()} if corpus.is_file() else {}  # fmt: skip
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from None
    for row in rows:
        groups = row.get("retrieval_gt") or []
        names = [name for group in groups for name in (group if isinstance(group, list) else [group])]
        row["retrieval_gt_contents"] = [texts[name] for name in names if name in texts]
    return rows


def _read_beir(folder: Path) -> Imported:
    """Read a folder as BEIR and MTEB have it: whole documents are the evidence, and grades become tags."""
    documents = {
        row["_id"]: "\n\n".join(filter(None, (row.get("title"), row["text"]))) for row in _rows(folder / "corpus.jsonl")
    }
    questions = {str(row["_id"]): row["text"] for row in _rows(folder / "queries.jsonl")}
    judged: dict[str, dict[str, int]] = {}
    for query, document, grade in _qrels(folder):
        if grade > 0:
            judged.setdefault(query, {})[document] = grade
    records = [
        {
            "id": name,
            "question": questions[name],
            "tags": sorted({f"grade-{grade}" for grade in grades.values()}),
            "evidence": [
                {"doc": f"{document}.txt", "start": 0, "end": len(documents[document])}
                for document in grades
                if documents.get(document)
            ],
        }
        for name, grades in judged.items()
        if name in questions
    ]
    imported = _keep(records, {f"{name}.txt": text for name, text in documents.items()}, [])
    whole = "evidence is each relevant document as a whole: shorter evidence tells chunkings apart better"
    return Imported(imported.questions, imported.documents, (*imported.notices, whole))


def _rows(path: Path) -> list[dict[str, Any]]:
    try:
        return [json.loads(line) for line in _text(path).split("\n") if line.strip()]
    except ValueError as error:
        raise InputError(f"{path} cannot be read as JSON lines: {error}") from None


def _qrels(folder: Path) -> Iterator[tuple[str, str, int]]:
    """Yield query, document and grade of BEIR's `qrels/*.tsv` or of TREC's `qrels.txt`."""
    files = sorted(folder.glob("qrels/*.tsv")) or sorted(folder.glob("qrels*"))
    test = [path for path in files if path.stem == "test"] or files
    if not test or test[0].is_dir():
        raise InputError(f"{folder} has no qrels/test.tsv; a folder as BEIR's has corpus.jsonl, queries.jsonl and that")
    for row in csv.reader(_text(test[0]).splitlines(), delimiter="\t"):
        cells = row if len(row) > 1 else row[0].split()
        if len(cells) >= 3 and cells[-1].strip().lstrip("-").isdigit():  # noqa: PLR2004 - query, document, grade
            yield cells[0], cells[-2], int(cells[-1])
