"""The results folder: what `--save` writes, what waits to be sent, and what the tracker reads."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.folder import REPORT, folder_lock, prepare_folder, write_text
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.chunker.export import jsonl
from rag_chunk.config import ConfigFile
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.converters import is_converted_folder, write_converted_folder
from rag_chunk.errors import InputError
from rag_chunk.questions.question import Question, question_to_dict
from rag_chunk.rendering import csv_text, html_text, markdown_text

_UNFINISHED = f"{REPORT}.part"


def provenance(report: Report, found: ConfigurationResult) -> dict[str, Any]:
    """Return where a configuration comes from: the section `recorded` of its config file."""
    return {
        "analysis_id": report.analysis_id,
        "created": report.created.isoformat(),
        "rag_chunk": report.rag_chunk,
        "name": found.name,
        "corpus_digest": report.corpus.digest,
        "questions_digest": report.questions.digest if report.questions else None,
        **({"embedding": found.embedding.model} if found.embedding else {}),
        "metrics": dict(found.metrics),
    }


def config_file(report: Report, found: ConfigurationResult) -> ConfigFile:
    """Return the config file of one configuration of `report`."""
    files = found.given.model_dump() if found.given else {}
    analysis = {**report.analysis, **{name: [path] for name, path in files.items()}}
    return ConfigFile(found.config.applicable_settings(), analysis, provenance(report, found))


def save_results(analysis: Analysis, folder: Path, tracking: Mapping[str, Any] | None = None) -> None:
    """Write the results folder. Raise `InputError` where something of somebody else's is in the way."""
    prepare_folder(folder)
    try:
        with folder_lock(folder):
            _write_all(analysis, folder, dict(tracking or {}))
    except OSError as error:
        raise InputError(f"the results could not be written to {folder}: {error.strerror}") from error


def _write_all(analysis: Analysis, folder: Path, tracking: dict[str, Any]) -> None:
    """Write all files, the report last: where it is, the results are whole."""
    report = analysis.report
    for name in ("configs", "chunks"):
        if (folder / name).is_symlink():
            raise InputError(f"{folder / name} is a link, and what it leads to would be removed; name another folder")
        (folder / name).mkdir(exist_ok=True)
        for old in (folder / name).iterdir():
            old.unlink()
    for name in ("questions.json", REPORT):
        (folder / name).unlink(missing_ok=True)
    write_text(folder / "analysis.yaml", ConfigFile({}, report.analysis).to_yaml())
    write_text(folder / "comparison.csv", csv_text(report))
    write_text(folder / "report.md", markdown_text(report))
    write_text(folder / "report.html", html_text(analysis))
    for found in report.configurations:
        write_text(folder / "configs" / f"{found.name}.yaml", config_file(report, found).to_yaml())
        write_text(folder / "chunks" / f"{found.name}.jsonl", jsonl(analysis.chunkings[found.name]))
    if analysis.questions:
        asked = [_question(question, analysis.corpus) for question in analysis.questions.questions]
        write_text(folder / "questions.json", _json(asked))
    _write_documents(analysis.corpus, folder / "documents")
    write_text(folder / "tracking.json", _json(tracking))
    write_text(folder / _UNFINISHED, report.to_json())
    (folder / _UNFINISHED).replace(folder / REPORT)


def _write_documents(corpus: Corpus, folder: Path) -> None:
    """Write all documents where some were converted: whoever has them needs no converter to repeat the analysis."""
    if folder.is_symlink():
        raise InputError(f"{folder} is a link, and what it leads to would be removed; name another folder")
    if is_converted_folder(folder):
        shutil.rmtree(folder)
    if any(document.conversion for document in corpus.documents):
        write_converted_folder(corpus.documents, folder)


def _question(question: Question, corpus: Corpus) -> dict[str, Any]:
    """Return a question as a question file holds it, and the step that located each item of its evidence."""
    return {**question_to_dict(question, corpus), "steps": [item.step for item in question.evidence]}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
