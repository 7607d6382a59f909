"""The results folder: what `--save` writes, what waits to be sent, and what the tracker reads."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.document_lists import write_lists
from rag_chunk.analysis.folder import (
    DIGESTS,
    FOLDERS,
    PARTIAL,
    REPORT,
    WHOLE,
    file_digest,
    folder_lock,
    prepare_folder,
    replace_results,
    write_text,
)
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.chunker import Chunking
from rag_chunk.config import AnalysisConfig, ConfigFile
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.converters import write_converted_folder
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.errors import InputError
from rag_chunk.questions.question import Question, question_to_dict
from rag_chunk.rendering import csv_text, markdown_text


def provenance(report: Report, result: ConfigurationResult) -> dict[str, Any]:
    """Return where a configuration comes from: the section `recorded` of its config file."""
    return {
        "analysis_id": report.analysis_id,
        "created": report.created.isoformat(),
        "rag_chunk": report.rag_chunk,
        "name": result.name,
        "corpus_digest": report.corpus.digest,
        "questions_digest": report.questions.digest if report.questions else None,
        **({"embedding": result.embedding.model} if result.embedding else {}),
        "metrics": dict(result.metrics),
    }


def config_file(report: Report, result: ConfigurationResult) -> ConfigFile:
    """Return the config file of one configuration of `report`."""
    files = result.given.model_dump() if result.given else {}
    analysis = {**report.analysis, **{name: [path] for name, path in files.items()}}
    if result.converter:
        analysis["converter"] = list(AnalysisConfig(**report.analysis).conversions()[result.converter])
    return ConfigFile(result.config.applicable_settings(), analysis, provenance(report, result))


def save_results(analysis: Analysis, folder: Path, tracking: Mapping[str, Any] | None = None) -> None:
    """Write the results folder. Raise `InputError` where something of somebody else's is in the way."""
    prepare_folder(folder)
    try:
        with folder_lock(folder):
            _write_all(analysis, folder, dict(tracking or {}))
    except OSError as error:
        raise InputError(f"the results could not be written to {folder}: {error.strerror}") from error


def _write_all(analysis: Analysis, folder: Path, tracking: dict[str, Any]) -> None:
    """Write all files beside those of older results, which are replaced when the new ones are whole."""
    for name in FOLDERS:
        if (folder / name).is_symlink():
            raise InputError(f"{folder / name} is a link, and its target would be removed; choose another folder")
    if (folder / WHOLE).is_dir():
        try:
            replace_results(folder)
        except InputError:  # what is there cannot be used
            shutil.rmtree(folder / WHOLE)
    new = folder / PARTIAL
    shutil.rmtree(new, ignore_errors=True)
    try:
        for name in ("configs", "chunks"):
            (new / name).mkdir(parents=True)
        _write_files(analysis, new, tracking)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    new.replace(folder / WHOLE)
    replace_results(folder)


def _write_files(analysis: Analysis, folder: Path, tracking: dict[str, Any]) -> None:
    from rag_chunk.rendering.html import html_text

    report = analysis.report
    write_text(folder / "analysis.yaml", ConfigFile({}, report.analysis).to_yaml())
    write_text(folder / "comparison.csv", csv_text(report))
    write_text(folder / "report.md", markdown_text(report))
    write_text(folder / "report.html", html_text(analysis))
    for result in report.configurations:
        write_text(folder / "configs" / f"{result.name}.yaml", config_file(report, result).to_yaml())
        _write_chunks(analysis.chunkings[result.name], folder / "chunks" / f"{result.name}.jsonl")
    if analysis.questions:
        asked = [_question(question, analysis.corpus) for question in analysis.questions.questions]
        write_text(folder / "questions.json", _json(asked))
    _write_documents(analysis.corpus, folder / "documents")
    write_lists(report.corpus, analysis.corpus, folder)
    (folder / REPORT).write_bytes(report.to_bytes())
    write_text(folder / DIGESTS, _json(_digests(folder)))
    write_text(folder / "tracking.json", _json(tracking))


def _write_chunks(chunking: Chunking, path: Path) -> None:
    """Write a line of JSON for each chunk; where their texts are not in memory, that is their places alone."""
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(chunking.json_lines())


def _digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file that is sent to MLflow as it is."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return {file.relative_to(folder).as_posix(): file_digest(file) for file in files}


def _write_documents(corpus: Corpus, folder: Path) -> None:
    """Write all documents where some were converted: whoever has them needs no converter to repeat the analysis."""
    if not isinstance(corpus, PartialCorpus) and any(document.conversion for document in corpus.documents):
        write_converted_folder(corpus.documents, folder)


def _question(question: Question, corpus: Corpus) -> dict[str, Any]:
    """Return a question as a question file holds it, and the step that located each item of its evidence."""
    return {**question_to_dict(question, corpus), "steps": [item.step for item in question.evidence]}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
