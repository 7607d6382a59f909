"""The results folder: what `--save` writes, what waits to be sent, and what the tracker reads."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.chunker.export import jsonl
from rag_chunk.config import ConfigFile
from rag_chunk.corpus import MARKER, Corpus
from rag_chunk.errors import InputError
from rag_chunk.questions.question import Question, located
from rag_chunk.rendering import csv_text, html_text, markdown_text

REPORT = "report.json"
_UNFINISHED = f"{REPORT}.part"
_LOCK = f"{MARKER}.lock"
_LOCK_SECONDS = 60
_MARKER_TEXT = "Results of rag-chunk. Files in this folder are never read as documents.\n"


def recorded(report: Report, found: ConfigurationResult) -> dict[str, Any]:
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
    return ConfigFile(found.config.meaningful(), analysis, recorded(report, found))


def save_results(analysis: Analysis, folder: Path, tracking: Mapping[str, Any] | None = None) -> None:
    """Write the results folder. Raise `InputError` where something of somebody else's is in the way."""
    claim(folder)
    try:
        with alone(folder):
            _write_all(analysis, folder, dict(tracking or {}))
    except OSError as error:
        raise InputError(f"the results could not be written to {folder}: {error.strerror}") from error


def claim(folder: Path) -> None:
    """Make the folder ours, and leave what it holds; raise `InputError` where results could not be written there.

    This is asked before the work: an analysis that cannot be kept is not worth its time.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; --save needs a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise InputError(f"{folder} holds files that are not rag-chunk's; --save needs a new folder or one of its own")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / MARKER, _MARKER_TEXT)
    except OSError as error:
        raise InputError(f"the results could not be written to {folder}: {error.strerror}") from error


@contextmanager
def alone(folder: Path, notify: Callable[[str], None] | None = None) -> Iterator[None]:
    """Let one process at a time use the folder. Others wait, and say so to `notify`, or write after a while without it.

    Of two that write, the last leaves its results, and not a mixture of both; of two that send them, one does.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK, is_singleton=True)  # within a process it may be nested
    with suppress(OSError, NotImplementedError):  # some file systems know no locks
        try:
            lock.acquire(_LOCK_SECONDS if notify is None else 1)
        except Timeout:
            if notify:
                notify(f"another process uses {folder}, and is waited for")
                lock.acquire()
    try:
        yield
    finally:
        lock.release()


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
    _write(folder / "analysis.yaml", ConfigFile({}, report.analysis).to_yaml())
    _write(folder / "comparison.csv", csv_text(report))
    _write(folder / "report.md", markdown_text(report))
    _write(folder / "report.html", html_text(analysis))
    for found in report.configurations:
        _write(folder / "configs" / f"{found.name}.yaml", config_file(report, found).to_yaml())
        _write(folder / "chunks" / f"{found.name}.jsonl", jsonl(analysis.chunkings[found.name]))
    if analysis.questions:
        asked = [_question(question, analysis.corpus) for question in analysis.questions.questions]
        _write(folder / "questions.json", _json(asked))
    _write(folder / "tracking.json", _json(tracking))
    _write(folder / _UNFINISHED, report.to_json())
    (folder / _UNFINISHED).replace(folder / REPORT)


def _question(question: Question, corpus: Corpus) -> dict[str, Any]:
    """Return a question as a question file holds it, and the step that located each item of its evidence."""
    return {**located(question, corpus), "steps": [item.step for item in question.evidence]}


def _write(path: Path, text: str) -> None:
    """Write UTF-8; a lone surrogate, which only JSON can carry, is escaped as JSON does."""
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"
