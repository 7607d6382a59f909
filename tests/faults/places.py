"""Working folders with documents and a store, and processes that run the program in them."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile, rmtree

from rag_chunk.errors import SIGNALS
from tests.support.mlflow_folder import write_documents

LONGEST = 30.0  # seconds that one process may take
RUNS = 3  # of an analysis of two configurations
STRATEGIES = "sentence,header"


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder with documents, a store that is known to SQLite by its file, and the store's address."""

    folder: Path
    database: Path
    uri: str
    experiment: str

    @property
    def options(self) -> list[str]:
        return ["--mlflow-uri", self.uri, "--experiment-name", self.experiment]

    @property
    def analysis(self) -> list[str]:
        words = ["analyze", "docs", "--strategy", STRATEGIES, "--test-file", "questions.json", "--mlflow-tracking"]
        return [*words, *self.options]

    @property
    def environment(self) -> dict[str, str]:
        """Folders of its own for what the program keeps elsewhere, as on a machine of its own; the cache is shared."""
        beside = self.folder.with_suffix(".home")
        beside.mkdir(exist_ok=True)
        return {"HOME": str(beside), "TMPDIR": str(beside)}

    def waiting(self) -> list[Path]:
        """Return the results that the program kept: in the working folder, else elsewhere."""
        above = (self.folder, self.folder.with_suffix(".home"))
        unsent = [each for folder in above for each in folder.glob("**/unsent/*") if (each / "report.json").exists()]
        return sorted(unsent)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its status, or None where it had to be killed, and what it printed.

    `signalled` is the seconds from its start to the first signal that it got; 0 where it got none.
    """

    status: int | None
    seconds: float
    out: str
    err: str
    signalled: float = 0.0

    @property
    def after_signal(self) -> float:
        """How long it went on after the first signal."""
        return self.seconds - self.signalled if self.signalled else 0.0


def start(place: Place, words: list[str], before: Callable[[], None] = lambda: None) -> int:
    """Fork a process that has MLflow imported already, and that runs the program with these words."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        os.chdir(place.folder)
        _take_output(place)
        os.environ |= place.environment
        tempfile.tempdir = None  # it was asked for before the fork
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        before()
        status = _run_program(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it is, it is a fault to be counted
        import traceback

        traceback.print_exc()
    finally:
        os._exit(status)


def start_cold(place: Place, words: list[str]) -> int:
    """Start a process that has nothing imported, as a shell does."""
    out, err = (_open_output(place, name) for name in ("out", "err"))
    command = [sys.executable, "-m", "rag_chunk", *words]
    environment = {**os.environ, **place.environment, "PYTHONPATH": str(Path.cwd())}
    process = subprocess.Popen(command, cwd=place.folder, stdout=out, stderr=err, env=environment, restore_signals=True)
    os.close(out)
    os.close(err)
    process.returncode = 0  # it is waited for by its number
    return process.pid


def _output(place: Place, name: str) -> Path:
    return place.folder.with_suffix(f".{name}")


def _open_output(place: Place, name: str) -> int:
    """Open what a process prints: beside the working folder, which may be full."""
    return os.open(_output(place, name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)


def _take_output(place: Place) -> None:
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(_open_output(place, name), number)


def _run_program(words: list[str]) -> int:
    from rag_chunk.cli import main

    sys.argv = ["rag-chunk", *words]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0
    return 0


def wait_for(place: Place, child: int, stop: Callable[[float], None] = lambda _: None) -> Ended:
    """Wait until a process ends; `stop` is called now and then with the seconds it has run."""
    begun = time.monotonic()
    while (seconds := time.monotonic() - begun) < LONGEST:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return Ended(os.waitstatus_to_exitcode(status), seconds, *_printed(place))
        stop(seconds)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(None, LONGEST, *_printed(place))


def _printed(place: Place) -> tuple[str, str]:
    out, err = (_output(place, name).read_text(errors="replace") for name in ("out", "err"))
    return out, err


def runs_of(place: Place) -> list[dict[str, object]]:
    """Return the runs of the experiment that are not deleted, as the database has them."""
    if not place.database.exists():
        return []
    query = """
        SELECT r.status, r.artifact_uri, (SELECT count(*) FROM metrics m WHERE m.run_uuid = r.run_uuid), r.name
        FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = ? AND r.lifecycle_stage = 'active'
    """
    with closing(sqlite3.connect(f"file:{place.database}?mode=rw", uri=True)) as database:
        rows = database.execute(query, [place.experiment]).fetchall()
    return [
        {"status": status, "metrics": count, "files": _has_files(place, uri), "name": name}
        for status, uri, count, name in rows
    ]


def _has_files(place: Place, uri: str) -> bool:
    proxied = "mlflow-artifacts:/"
    folder = Path(uri.removeprefix("file://")) if not uri.startswith(proxied) else None
    folder = folder or place.database.parent / "mlartifacts" / uri.removeprefix(proxied)
    return (folder / "config.yaml").exists()


@contextmanager
def new_place(root: Path, empty: Path, name: str) -> Iterator[Place]:
    """Make a working folder with an empty database, and remove it afterwards."""
    folder = root / name
    folder.mkdir()
    write_documents(folder)
    copyfile(empty, folder / "runs.db")
    place = Place(folder, folder / "runs.db", f"sqlite:///{folder}/runs.db", "faults")
    try:
        yield place
    finally:
        remove(place)


def remove(place: Place) -> None:
    """Remove a working folder, and what belongs to it."""
    for each in (place.folder, place.folder.with_suffix(".home")):
        rmtree(each, ignore_errors=True)
    for name in ("out", "err", "calls", "requests"):
        _output(place, name).unlink(missing_ok=True)
