"""`import_questions`: the question sets of other tools, read as ours, with a count of what is lost."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rag_chunk.corpus.text_encoding import read_utf8
from rag_chunk.errors import InputError
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.file_formats import load_objects, parse_records
from rag_chunk.questions.foreign_formats import (
    DROPPED,
    FILES,
    RECORDS,
    map_record,
    squad_articles,
    squad_of,
    translate_file,
    translate_record,
)
from rag_chunk.questions.parquet_rows import read_parquet
from rag_chunk.questions.parsing import KNOWN
from rag_chunk.questions.relevance_judgements import is_judged_folder, is_qrels, read_judgements

Contents = tuple[list[Mapping[str, Any]], dict[str, str], list[str]]  # records, documents, notices
Container = Callable[[Path, Mapping[str, str] | None], Contents]
_PARQUET, _HEAD = b"PAR1", 4096
_SQUAD_ROW = ("context", "question", "answers", "answer_start")
MAPPED = ("id", "question", "evidence", "doc", "page", "tags")


@dataclass(frozen=True, slots=True)
class Imported:
    """Questions as a question file holds them, texts of documents by name, and notices of what was left out."""

    questions: Sequence[Mapping[str, Any]]
    documents: Mapping[str, str] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def import_questions(path: Path, mapping: Mapping[str, str] | None = None, form: str | None = None) -> Imported:
    """Read the question set at `path`: a file of a known layout, recognised by its content, or a folder as BEIR's.

    `mapping` names where our fields are in each record, as `{"question": "input.query"}`. `form`, one of `FORMATS`, is
    the only layout that is tried. Raise `InputError` where nothing can be read.
    """
    account = Diagnostics()
    documents: dict[str, str] = {}
    notices: list[str] = []
    if container := container_of(path, form):
        records, documents, notices = container(path, mapping)
    else:
        text = read_utf8(path)
        records = _records(text, mapping, form, account)
        documents = _articles(text) if form in {None, "squad"} and not mapping else {}
    unread = [f"{finding.text} (left out)" for finding in account.of_kind("unreadable")]
    if not records:
        layout = form or "of a known layout"
        raise InputError(f"no question {layout} is in {path}" + "".join(f"\n  {said}" for said in unread))
    return _keep(records, documents, [*notices, *unread])


def container_of(path: Path, form: str | None = None) -> Container | None:
    """Return what reads a path that is no text of records: a folder, judgements, or Parquet; recognised by its content."""
    if form not in {None, "squad"}:
        return _CONTAINERS.get(str(form))
    if path.is_dir():
        return _CONTAINERS["beir"] if is_judged_folder(path) else None
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None  # whoever reads it says why
    if head.startswith(_PARQUET):
        return _CONTAINERS["autorag"]
    text = head.decode("utf-8", "replace")
    if all(f'"{key}"' in text for key in _SQUAD_ROW) and '"paragraphs"' not in text:
        return _read_squad_rows
    return _CONTAINERS["trec"] if is_qrels(text.rpartition("\n")[0]) else None


def _records(
    text: str, mapping: Mapping[str, str] | None, form: str | None, account: Diagnostics
) -> list[Mapping[str, Any]]:
    """Return the records of a text; those of a named layout must have its keys."""
    if mapping:
        return [map_record(fields, mapping) for fields in load_objects(text)]
    if form is None:
        return [record.fields for record in parse_records(text, account)]
    if records := _records_of_file(text, form):
        return records
    loaded = load_objects(text)
    translated = [translate_record(fields, form) for fields in loaded]
    return [after for before, after in zip(loaded, translated, strict=True) if after is not before]


def _records_of_file(text: str, form: str) -> list[Mapping[str, Any]]:
    """Return the records of a file that is one object of a named layout; none where it is another."""
    try:
        return list(translate_file(json.loads(text), form) or [])
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"the file has not the form of {form}: {error!r}") from None
    except (ValueError, RecursionError):
        return []  # no JSON, or more than one


def import_shared(records: Sequence[Mapping[str, Any]]) -> Imported:
    """Read the records of an evaluation dataset, with our places of evidence that was not edited there."""
    from rag_chunk.questions.shared_records import questions_of  # few question files come from there

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


def _keep(records: Sequence[Mapping[str, Any]], documents: Mapping[str, str], said: Sequence[str]) -> Imported:
    """Keep the questions that have evidence, of each the fields that we read, and count the rest."""
    kept = [
        record for record in records if record.get("question") and (record.get("relevant") or record.get("evidence"))
    ]
    lost = Counter(name for record in kept for name in record if name not in KNOWN and name != DROPPED)
    notices = list(said)
    if len(kept) < len(records):
        notices.append(
            f"{len(records) - len(kept):,} of {len(records):,} records left out: no question, or no evidence"
        )
    if dropped := sum(record.get(DROPPED, 0) for record in records):
        notices.append(f"passages left out, as they have no text: {dropped:,}")
    if lost:
        notices.append("fields not kept: " + ", ".join(f"{name} ({count:,})" for name, count in lost.most_common()))
    questions = [{name: record[name] for name in KNOWN if name in record} for record in kept]
    if not questions:
        raise InputError(f"none of the {len(records):,} records has both a question and evidence")
    return Imported(questions, documents, tuple(notices))


def _articles(text: str) -> dict[str, str]:
    """Return the articles of a SQuAD file as documents; nothing for any other file."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        loaded = json.loads(text)
        return _join_articles(loaded) if isinstance(loaded, dict) and "data" in loaded else {}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _join_articles(loaded: dict[str, Any]) -> dict[str, str]:
    return {name: "\n\n".join(each["context"] for each in paragraphs) for name, paragraphs in squad_articles(loaded)}


def _read_squad_rows(path: Path, mapping: Mapping[str, str] | None) -> Contents:
    rows = load_objects(read_utf8(path))
    return ([map_record(row, mapping) for row in rows], {}, []) if mapping else _of_squad(rows, path)


def _of_squad(rows: Sequence[dict[str, Any]], path: Path) -> Contents:
    try:
        loaded = squad_of(rows)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path} has not the form of squad: {error!r}") from None
    return list(translate_file(loaded, "squad") or []), _join_articles(loaded), []


_AUTORAG = {"id": "qid", "question": "query", "evidence": "retrieval_gt_contents"}


def _read_parquet(path: Path, mapping: Mapping[str, str] | None) -> Contents:
    rows = read_parquet(path)
    if not mapping and rows and set(_SQUAD_ROW[:3]) <= rows[0].keys():
        return _of_squad(rows, path)
    return [map_record(row, mapping or _AUTORAG) for row in _with_texts(rows, path)], {}, []


def _with_texts(rows: list[dict[str, Any]], path: Path) -> list[dict[str, Any]]:
    """Return the rows of AutoRAG with the texts of its `corpus.parquet` beside them."""
    corpus = path.parent / "corpus.parquet"
    texts = {row.get("doc_id"): row.get("contents") for row in read_parquet(corpus)} if corpus.is_file() else {}
    for row in rows:
        groups = row.get("retrieval_gt") or []
        names = [name for group in groups for name in (group if isinstance(group, list) else [group])]
        row["retrieval_gt_contents"] = [texts.get(name) for name in names]
    return rows


def _read_judgements(path: Path, mapping: Mapping[str, str] | None) -> Contents:
    return read_judgements(path)


_CONTAINERS: Mapping[str, Container] = {"autorag": _read_parquet, "beir": _read_judgements, "trec": _read_judgements}
FORMATS = tuple(dict.fromkeys([*(row.name for row in (*RECORDS, *FILES)), *_CONTAINERS]))
