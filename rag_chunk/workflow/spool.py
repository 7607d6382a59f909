"""Where results wait to be sent, and what tells of an analysis that was killed."""

import json
import os
import shlex
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chunk.analysis.folder import (
    PARTIAL,
    REPORT,
    WHOLE,
    check_results,
    folder_lock,
    is_in_use,
    prepare_folder,
    read_tracking,
    write_text,
)
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.corpus import MARKER
from rag_chunk.errors import InputError
from rag_chunk.workflow.results import save_results

if TYPE_CHECKING:
    from collections.abc import Callable

    from rag_chunk.analysis import Analysis
    from rag_chunk.mlflow_tracker import Tracked

    Notify = Callable[[str], None]

SPOOL = Path(".rag-chunk", "unsent")
_TRACKING = "tracking.json"
_REMOVED = ".removed"
_SECONDS_TO_BEGIN = 60.0  # after which an empty folder belongs to a process that was killed


def choose_spool(notify: "Notify") -> Path:
    """Return the folder in which results can wait: below the working folder, else elsewhere, with a call of `notify`.

    This is asked before the work. Raise `InputError` where results can be kept nowhere.
    """
    first: InputError | None = None
    for spool in _places():
        try:
            _check_writable(spool)
        except InputError as error:
            first = first or error
            continue
        if first:
            notify(f"{first}. They wait in {spool} until they are sent")
        return spool
    raise first or InputError("there is no place to keep the results")


def save_in_spool(analysis: "Analysis", spool: Path, tracking: dict[str, Any], notify: "Notify") -> Path:
    """Save results that wait to be sent, and return their folder: in `spool`, or elsewhere where its disk is full."""
    folder = spool / analysis.report.analysis_id
    try:
        save_results(analysis, folder, tracking)
    except InputError as error:
        remove_from_spool(folder)
        other = _choose_other(spool)
        if other is None:
            raise
        notify(f"{error}. They wait in {other} until they are sent")
        folder = other / analysis.report.analysis_id
        try:
            save_results(analysis, folder, tracking)
        except BaseException:
            remove_from_spool(folder)
            raise
    return folder


def _choose_other(full: Path) -> Path | None:
    """Return another place for results than the one that is full; None where there is none."""
    for spool in _places():
        if spool != full:
            with suppress(InputError):
                _check_writable(spool)
                return spool
    return None


def _places() -> Iterator[Path]:
    yield SPOOL
    with suppress(RuntimeError):  # no home
        yield Path.home() / SPOOL
    with suppress(OSError):  # no temporary folder
        yield Path(tempfile.gettempdir()) / f"rag-chunk-{getattr(os, 'getuid', int)()}" / SPOOL.name


def _check_writable(spool: Path) -> None:
    """Raise `InputError` where a folder below `spool` cannot be made and filled."""
    probe = spool / f"probe-{os.getpid()}"
    try:
        prepare_folder(probe)
    except InputError as error:
        raise InputError(str(error).replace(str(probe), str(spool))) from None
    finally:
        remove_from_spool(probe)


def remove_from_spool(folder: Path) -> None:
    """Remove results that have been sent, and the folders above them that are empty then.

    They get another name first: whoever is killed in the middle leaves nothing that seems to wait.
    """
    removed = folder.with_name(f"{folder.name}{_REMOVED}")
    shutil.rmtree(removed, ignore_errors=True)
    with suppress(OSError):
        folder.replace(removed)
    for each in (removed, folder):
        shutil.rmtree(each, ignore_errors=True)
    for above in (folder.parent, folder.parent.parent):
        if above.name in {SPOOL.name, SPOOL.parent.name}:
            with suppress(OSError):
                above.rmdir()


@contextmanager
def mark_open(spool: Path, options: TrackingConfig) -> Iterator[None]:
    """Keep a folder that names the runs of this analysis as long as it lasts: `track --all` ends them if we are killed."""
    folder = spool / options.tracking_id
    try:
        prepare_folder(folder)
        with folder_lock(folder):
            write_text(folder / _TRACKING, json.dumps(options.to_json(), ensure_ascii=False) + "\n")
            yield
    finally:
        remove_from_spool(folder)


def waiting_folders() -> list[Path]:
    """Return what waits in the working folder's spool; remove what processes that were killed left unfinished there."""
    folders = sorted(folder for folder in SPOOL.iterdir() if folder.is_dir()) if SPOOL.exists() else []
    for folder in folders:
        if folder.suffix == _REMOVED or (not _holds_anything(folder) and _is_old(folder)):
            shutil.rmtree(folder, ignore_errors=True)
    return [folder for folder in folders if folder.suffix != _REMOVED and _holds_anything(folder)]


def _holds_anything(folder: Path) -> bool:
    return any((folder / name).exists() for name in (REPORT, WHOLE, PARTIAL, _TRACKING))


def _is_old(folder: Path) -> bool:
    try:
        return time.time() - folder.stat().st_mtime > _SECONDS_TO_BEGIN
    except FileNotFoundError:  # its process has just removed it
        return False


def send(folder: Path, options: TrackingConfig, notify: "Notify") -> "Tracked | None":
    """Send a results folder to MLflow; return nothing where another process has just done so, and cleared it."""
    from rag_chunk.mlflow_tracker import track_folder

    check_results(folder)
    waiting = folder.parent.name == SPOOL.name
    if waiting and _was_cut_off(folder):
        _end_killed(folder, options, notify)
        return None
    with folder_lock(folder, notify):
        sent = waiting and not (folder / MARKER).exists()
        tracked = None if sent else track_folder(folder, options, notify=notify)
        if waiting and folder.exists():  # or another process has cleared it
            remove_from_spool(folder)
    if sent:
        notify(f"{folder} has just been sent by another process")
    return tracked


def _was_cut_off(folder: Path) -> bool:
    """Whether the process that made this folder was killed before there were results, or is at work on them."""
    begun = (folder / _TRACKING).exists() or (folder / PARTIAL).exists()
    return begun and not (folder / REPORT).exists() and not (folder / WHOLE).exists()


def _end_killed(folder: Path, options: TrackingConfig, notify: "Notify") -> None:
    """End the runs of an analysis whose process is gone, and remove its folder; leave one that is under way."""
    from rag_chunk.mlflow_tracker import end_left_running

    if is_in_use(folder):
        notify(f"{folder} belongs to an analysis that is under way")
        return
    if (folder / _TRACKING).exists():
        count = end_left_running(options.over(read_tracking(folder)), notify)
        if count:
            notify(f"an analysis was killed before it had results; ended {count} of its runs in MLflow")
    remove_from_spool(folder)


def safe_notice(folder: Path) -> str:
    """Return the line that sends the results in `folder`."""
    return f"The results are safe. Send them to MLflow with\nrag-chunk track {shlex.quote(str(folder))}"
