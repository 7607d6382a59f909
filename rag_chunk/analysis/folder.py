"""The results folder: who may write there, and what it holds when it is read."""

import hashlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.analysis.document_lists import DOCUMENT_LIST, SKIPPED_LIST, read_document_list
from rag_chunk.analysis.report import ConfigurationResult, Report, parse_report
from rag_chunk.config import parse_config
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.corpus import MARKER
from rag_chunk.errors import InputError

if TYPE_CHECKING:
    from filelock import FileLock

    from rag_chunk.analysis.history import SavedAnalysis

REPORT = "report.json"
DIGESTS = "digests.json"
WHOLE = ".whole"  # new results, all there, that take the place of the old ones; a reader finishes what was cut off
PARTIAL = ".part"  # new results while they are written
FOLDERS = ("configs", "chunks", "documents")
_PROBE_BYTES = 1_000_000
_LOCK = f"{MARKER}.lock"
_CLAIM = f"{MARKER}.claim"
_LOCK_SECONDS = 60
_FOR_EVER = -1
_MARKER_TEXT = "Results of rag-chunk. Files in this folder are never read as documents.\n"
_TEXTS = re.compile(r'(<script type="application/json" id="texts">).*?(</script>)', re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Results:
    """A results folder: its report, and the text of each configuration's config file by name."""

    path: Path
    report: Report
    configs: Mapping[str, str]
    options: TrackingConfig

    def chunks(self, result: ConfigurationResult) -> Path | None:
        """Return the file with the chunks of a configuration, where there is one."""
        return self.file(f"chunks/{result.name}.jsonl")

    def file(self, name: str) -> Path | None:
        """Return the file of that name, where there is one."""
        file = self.path / name
        return file if file.is_file() else None


def read_results(path: Path) -> Results:
    """Read a results folder; raise `InputError` where it is none, or not whole."""
    check_results(path)
    _refuse_links(path)
    if (path / WHOLE).is_dir():
        with folder_lock(path):
            replace_results(path)
    file = path / REPORT
    if not file.exists():
        raise InputError(
            f"{path} holds no results yet: the analysis that saves them there is not at its end, or was stopped. "
            "Run it again with --save, or remove the folder"
        )
    report = parse_report(_text(file), str(file))
    if not re.fullmatch(r"[\w-]+", report.analysis_id):  # a search filter contains it
        raise InputError(f"{file} cannot be used: {report.analysis_id!r} is not an analysis id")
    configs = {result.name: _text(path / "configs" / f"{result.name}.yaml") for result in report.configurations}
    return Results(path=path, report=report, configs=configs, options=read_tracking(path))


def check_results(path: Path) -> None:
    """Raise `InputError` where `path` is no results folder."""
    if not (path / MARKER).exists():
        raise InputError(f"{path} is not a results folder of rag-chunk; analyze --save DIR writes one")


def check_unchanged(results: Results) -> None:
    """Raise `InputError` where a config, the chunks or the questions were edited after the analysis.

    MLflow would show settings and texts to which the metrics do not belong.
    """
    named = {result.name: result.config.digest() for result in results.report.configurations}
    changed = [f"configs/{name}.yaml" for name, digest in named.items() if _digest_of(results, name) != digest]
    listed = results.file(DIGESTS)
    for name, digest in _parse_digests(listed).items() if listed else ():
        file = results.file(name)
        if file is None or file_digest(file) != digest:
            changed.append(name)
    if changed:
        raise InputError(
            f"{results.path} was edited after the analysis: {', '.join(dict.fromkeys(changed))}. The metrics do not "
            "belong to what it holds now; restore it, or run the analysis again"
        )


def _digest_of(results: Results, name: str) -> str:
    return parse_config(results.configs[name], f"{results.path}/configs/{name}.yaml").config().digest()


def _parse_digests(file: Path) -> dict[str, str]:
    try:
        digests = json.loads(_text(file))
    except (ValueError, RecursionError):
        digests = None
    if not isinstance(digests, dict) or any(".." in name.split("/") or name.startswith("/") for name in digests):
        raise InputError(f"{file} cannot be used: it holds no digests by name. Save the analysis again")
    return digests


def file_digest(file: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def replace_results(folder: Path) -> None:
    """Let the new results, which are whole, take the place of the old ones; what was begun before is finished."""
    new = folder / WHOLE
    listed = new / DIGESTS  # moved last: until then it tells what the new results hold
    files = _parse_digests(listed) if listed.exists() else None  # before anything is removed
    for name in FOLDERS:
        if (new / name).is_dir():
            shutil.rmtree(folder / name, ignore_errors=True)
            (new / name).replace(folder / name)
    if files is not None:
        _remove_older(folder, files)
    for file in sorted(new.iterdir(), key=lambda each: each == listed):
        file.replace(folder / file.name)
    new.rmdir()


def _remove_older(folder: Path, files: Iterable[str]) -> None:
    """Remove what only older results had: their questions and lists, and the documents that had been converted."""
    for name in {"questions.json", DOCUMENT_LIST, SKIPPED_LIST}.difference(files):
        (folder / name).unlink(missing_ok=True)
    if not any(name.startswith("documents/") for name in files):
        shutil.rmtree(folder / "documents", ignore_errors=True)


def _refuse_links(path: Path) -> None:
    """Refuse links out of the folder: what they lead to would be sent to MLflow as a result."""
    root = path.resolve()
    for entry in path.rglob("*"):
        if entry.is_symlink() and not Path(os.path.realpath(entry)).is_relative_to(root):
            raise InputError(f"{entry} leads out of the results folder; put the file itself there")


def read_saved_analysis(path: Path) -> "SavedAnalysis":
    """Return the analysis of a results folder, or the configuration whose file, `configs/NAME.yaml`, is named."""
    from rag_chunk.analysis.history import SavedAnalysis, parse_questions

    is_config = path.is_file() and path.parent.name == "configs"
    results = read_results(path.parents[1] if is_config else path)
    if is_config and path.stem not in results.configs:
        raise InputError(f"{results.path} has no configuration {path.stem}")
    asked = results.file("questions.json") if results.report.questions else None
    corpus = read_document_list(results.report.corpus, results.path)
    return SavedAnalysis(
        source=str(path),
        report=results.report.model_copy(update={"corpus": corpus}),
        questions=parse_questions(_text(asked), str(asked)) if asked else {},
        name=path.stem if is_config else None,
    )


def read_tracking(folder: Path) -> TrackingConfig:
    """Return how the analysis was to be tracked; raise `InputError` where its file cannot be used."""
    path = folder / "tracking.json"
    if not path.is_file():
        return TrackingConfig()
    try:
        return TrackingConfig.from_json(json.loads(_text(path)))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON: {error}") from None


def _text(path: Path) -> str:
    """Return the file's text as it is, line ends included."""
    try:
        return path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None


def check_folder(folder: Path) -> None:
    """Raise `InputError` where a path is no folder for results."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; --save needs a folder")
    if folder.is_dir() and any(folder.iterdir()) and not (folder / MARKER).exists():
        raise InputError(f"{folder} holds files that are not rag-chunk's; --save needs a new folder or one of its own")


def prepare_folder(folder: Path) -> None:
    """Make the folder ours, and leave what it holds; raise `InputError` where results could not be written there.

    This is asked before the work: an analysis that cannot be kept is not worth its time.
    """
    check_folder(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / MARKER, _MARKER_TEXT)
        _write_probe(folder / f"{PARTIAL}-{os.getpid()}")
    except OSError as error:
        raise InputError(f"the results could not be written to {folder}: {error.strerror}") from error


def _write_probe(file: Path) -> None:
    """Write and remove a file of the size of small results: a full disk is noticed before the work."""
    try:
        file.write_bytes(bytes(_PROBE_BYTES))
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def folder_lock(folder: Path, notify: Callable[[str], None] | None = None) -> Iterator[None]:
    """Let one process at a time use the folder. Others wait, and say so to `notify`, or write after a while without it.

    Of two that write, the last leaves its results, and not a mixture of both; of two that send them, one does.
    """
    from filelock import FileLock

    lock = FileLock(folder / _LOCK, is_singleton=True)  # within a process it may be nested
    if not try_lock(lock, _LOCK_SECONDS if notify is None else 1) and notify:
        notify(f"another process uses {folder}, and is waited for")
        try_lock(lock, _FOR_EVER)
    try:
        yield
    finally:
        lock.release()


def check_unclaimed(folder: Path) -> None:
    """Raise `InputError` where another analysis is on its way to the folder, which need not be there."""
    if (folder / MARKER).exists():
        with claim_folder(folder):
            pass


@contextmanager
def claim_folder(folder: Path) -> Iterator[None]:
    """Let one analysis at a time be on its way to the folder; raise `InputError` where another one is, which would be replaced.

    Whoever reads or sends the results that are there need not wait for it.
    """
    from filelock import FileLock

    lock = FileLock(folder / _CLAIM)
    if not try_lock(lock):
        raise InputError(
            f"another analysis is running that saves to {folder}; wait for its end, or name another folder"
        )
    try:
        yield
    finally:
        lock.release()


def is_in_use(folder: Path) -> bool:
    """Whether another process holds the folder's lock."""
    from filelock import FileLock

    lock = FileLock(folder / _LOCK)
    is_free = try_lock(lock)
    lock.release()
    return not is_free


def try_lock(lock: "FileLock", seconds: float = 0) -> bool:
    """Acquire a lock, and return whether no other process holds it; some file systems know no locks, and then none does."""
    from filelock import Timeout

    try:
        lock.acquire(seconds)
    except Timeout:  # which is an OSError too
        return False
    except (OSError, NotImplementedError):
        return True
    return True


def write_text(path: Path, text: str) -> None:
    """Write UTF-8; a lone surrogate, which only JSON can carry, is escaped as JSON does."""
    path.write_bytes(text.encode("utf-8", "backslashreplace"))


def without_texts(page: str) -> str:
    """Return a page without the documents' texts, which may be confidential: its viewer says so."""
    return _TEXTS.sub(r"\1null\2", page, count=1)
