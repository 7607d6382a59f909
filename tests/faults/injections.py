# ruff: noqa: T201 - a script prints
"""The program run with a fault put in its way, over and over: nothing is lost, doubled, left running or badly said.

    python -m tests.faults.injections --count 1000

Each injection is an analysis of two configurations, tracked in a store on this machine: a signal at a random moment, a
process that is killed, a proxy that loses, delays or falsifies one answer, or a disk that fills. `track --all` follows,
with nothing in its way. Only addresses of this machine are used, and each process ends after `LONGEST` seconds.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.errors import SIGNALS
from tests.support.mlflow_folder import write_documents
from tests.support.mlflow_proxy import Proxy
from tests.support.mlflow_server import running_pages

LONGEST = 30.0  # seconds that one process may take
RUNS = 3  # of an analysis of two configurations
STRATEGIES = "sentence,header"
CALLS = (
    "runs/create",
    "runs/log-batch",
    "runs/log-inputs",
    "runs/update",
    "mlflow-artifacts",
    "runs/set-tag",
    "runs/get",
)
FAULTS = ("cut", "cut after", "error after", "late", "empty", "foreign", "hollow")
COLUMNS = ("lost", "duplicates", "running", "tracebacks", "late")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its status, or None where it had to be killed, and what it printed."""

    status: int | None
    seconds: float
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Place:
    """A working folder with documents, a store that is known to SQLite by its file, and the store's address."""

    folder: Path
    database: Path
    uri: str
    experiment: str


def start(place: Place, words: list[str], before: Callable[[], None] = lambda: None) -> int:
    """Fork a process that has MLflow imported already, and that runs the program with these words."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    try:
        os.chdir(place.folder)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(place.folder / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
        for each in SIGNALS:
            signal.signal(each, signal.SIG_DFL)
        before()
        status = _run_program(words)
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:  # noqa: BLE001 - whatever it is, it is a fault to be counted
        import traceback

        traceback.print_exc()
        status = 1
    finally:
        os._exit(status)


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
            code = os.waitstatus_to_exitcode(status)
            return Ended(code, seconds, *_printed(place))
        stop(seconds)
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return Ended(None, LONGEST, *_printed(place))


def _printed(place: Place) -> tuple[str, str]:
    return tuple((place.folder / name).read_text(errors="replace") for name in ("out", "err"))  # type: ignore[return-value] # two names


def analyze_words(place: Place) -> list[str]:
    words = ["analyze", "docs", "--strategy", STRATEGIES, "--test-file", "questions.json", "--mlflow-tracking"]
    return [*words, "--mlflow-uri", place.uri, "--experiment-name", place.experiment]


def faults_after(place: Place, ended: Ended, address: str) -> Counter[str]:
    """Send what waits, with nothing in the way, and count what is wrong then."""
    waiting = [
        folder for folder in (place.folder / ".rag-chunk" / "unsent").glob("*") if (folder / "report.json").exists()
    ]
    words = ["track", "--all", "--mlflow-uri", address, "--experiment-name", place.experiment]
    again = wait_for(place, start(place, words))
    wrong: Counter[str] = Counter()
    runs = runs_of(place)
    whole = [run for run in runs if run["status"] == "FINISHED" and run["metrics"] and run["files"]]
    kept = waiting or ended.status == 0
    shown = "sentence-200-50" in ended.out
    wrong["lost"] = int(
        (kept and len(whole) < RUNS) or (shown and not kept and "could not be written" not in ended.err)
    )
    wrong["duplicates"] = max(0, len([run for run in runs if run["status"] == "FINISHED"]) - RUNS)
    wrong["running"] = len([run for run in runs if run["status"] == "RUNNING"])
    wrong["tracebacks"] = sum("Traceback" in each.err for each in (ended, again))
    wrong["late"] = sum(each.status is None for each in (ended, again))
    if again.status not in {0, None}:
        wrong["lost"] += 1
    if wrong.total():
        print(f"\n{place.folder}: {dict(wrong)}\n{ended}\n{again}\n{runs}", flush=True)
    return wrong


def runs_of(place: Place) -> list[dict[str, object]]:
    """Return the runs of the experiment that are not deleted, as the database has them."""
    if not place.database.exists():
        return []
    query = """
        SELECT r.status, r.artifact_uri, (SELECT count(*) FROM metrics m WHERE m.run_uuid = r.run_uuid)
        FROM runs r JOIN experiments e USING (experiment_id) WHERE e.name = ? AND r.lifecycle_stage = 'active'
    """
    with closing(sqlite3.connect(f"file:{place.database}?mode=ro", uri=True)) as database:
        rows = database.execute(query, [place.experiment]).fetchall()
    return [{"status": status, "metrics": count, "files": _has_files(place, uri)} for status, uri, count in rows]


def _has_files(place: Place, uri: str) -> bool:
    proxied = "mlflow-artifacts:/"
    folder = Path(uri.removeprefix("file://")) if not uri.startswith(proxied) else None
    folder = folder or place.database.parent / "mlartifacts" / uri.removeprefix(proxied)
    return (folder / "config.yaml").exists()


@contextmanager
def new_place(root: Path, empty: Path, number: int) -> Iterator[Place]:
    """Make a working folder with an empty database, and remove it afterwards."""
    folder = root / f"place-{number}"
    folder.mkdir()
    write_documents(folder)
    shutil.copyfile(empty, folder / "runs.db")
    yield Place(folder, folder / "runs.db", f"sqlite:///{folder}/runs.db", "faults")
    shutil.rmtree(folder)


def interrupt(place: Place, chance: random.Random, usual: float) -> Ended:
    """Send a signal, sometimes two, at a random moment."""
    return _signalled(place, chance, usual, [chance.choice(SIGNALS) for _ in range(chance.choice((1, 1, 1, 2)))])


def kill(place: Place, chance: random.Random, usual: float) -> Ended:
    """Kill the process at a random moment, as the system does where memory is short."""
    return _signalled(place, chance, usual, [signal.SIGKILL])


def _signalled(place: Place, chance: random.Random, usual: float, numbers: list[signal.Signals]) -> Ended:
    moments = sorted((chance.uniform(0, usual), number) for number in numbers)
    child = start(place, analyze_words(place))

    def stop(seconds: float) -> None:
        while moments and seconds >= moments[0][0]:
            os.kill(child, moments.pop(0)[1])

    return wait_for(place, child, stop)


def fill_disk(place: Place, chance: random.Random, _: float) -> Ended:
    """Let no file become larger than a random size, as on a disk that is nearly full."""
    largest = chance.choice((chance.randrange(2_000_000), (place.database.stat().st_size + chance.randrange(200_000))))

    def limit() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    return wait_for(place, start(place, analyze_words(place), limit))


def disturb_server(place: Place, chance: random.Random, _: float) -> Ended:
    """Let a proxy lose, delay or falsify one answer, in a process of its own."""
    fault = (chance.choice(CALLS), chance.randrange(1, 5), chance.choice(FAULTS))
    reading, writing = os.pipe()
    proxy = os.fork()
    if not proxy:
        made = Proxy(place.uri)
        made.faults[fault[:2]] = fault[2]
        os.write(writing, made.address.encode())
        signal.pause()
    address = os.read(reading, 100).decode()
    behind = Place(place.folder, place.database, address, place.experiment)
    try:
        return wait_for(behind, start(behind, analyze_words(behind)))
    finally:
        os.kill(proxy, signal.SIGKILL)
        os.waitpid(proxy, 0)


KINDS = {"signals": interrupt, "kills": kill, "full disks": fill_disk, "false answers": disturb_server}


def inject(count: int, seconds: float, seed: int) -> dict[str, Counter[str]]:
    """Run so many injections, or as many as fit into the time; return what went wrong by kind."""
    chance, end = random.Random(seed), time.monotonic() + seconds  # noqa: S311 - no secret
    totals: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    with tempfile.TemporaryDirectory(prefix="faults-") as name, _server(Path(name)) as (address, database):
        root, empty = Path(name), _empty_store(Path(name))
        os.environ |= {"HOME": name, "TMPDIR": name, "RAG_CHUNK_CACHE": f"{name}/cache"}
        with new_place(root, empty, -1) as place:
            usual = wait_for(place, start(place, analyze_words(place))).seconds * 1.1
        for number in range(count):
            if time.monotonic() > end:
                break
            kind = list(KINDS)[number % len(KINDS)]
            with new_place(root, empty, number) as place:
                here = place
                if kind == "false answers":
                    here = Place(place.folder, database, address, f"faults {number}")
                ended = KINDS[kind](here, chance, usual)
                totals[kind] += faults_after(here, ended, here.uri)
                totals[kind]["injections"] += 1
    return totals


@contextmanager
def _server(root: Path) -> Iterator[tuple[str, Path]]:
    folder = root / "server"
    folder.mkdir()
    with running_pages(folder, "server", "--backend-store-uri", "sqlite:///mlflow.db") as address:
        yield address, folder / "mlflow.db"


def _empty_store(root: Path) -> Path:
    """Make an empty database in a process of its own: a forked one could not use what this one has open."""
    child = os.fork()
    if not child:
        from tests.support.mlflow_runs import client_of

        with client_of(f"sqlite:///{root}/empty.db"):
            os._exit(0)
    os.waitpid(child, 0)
    return root / "empty.db"


def main() -> None:
    """Print a table of what went wrong, in Markdown; fail where anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=7200.0)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    for module in ("mlflow", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", "rag_chunk.cli"):
        __import__(module)  # once, and not in each process
    totals = inject(given.count, given.seconds, given.seed)
    print(f"\n| fault | injections | {' | '.join(COLUMNS)} |\n|---|{'---:|' * (1 + len(COLUMNS))}")
    for kind, total in totals.items():
        print(f"| {kind} | {total['injections']} | {' | '.join(str(total[column]) for column in COLUMNS)} |")
    sys.exit(any(total[column] for total in totals.values() for column in COLUMNS))


if __name__ == "__main__":
    main()
