# ruff: noqa: T201 - a script prints
"""The program run with a fault put in its way, over and over: nothing is lost, doubled, left running or badly said.

    python -m tests.faults.injections --count 1000 --results faults.jsonl

Each injection is an analysis of two configurations, tracked in a store on this machine; `kinds.py` has what happens to
it. `track --all` follows, with nothing in its way. Only addresses of this machine are used, and each process ends
after `LONGEST` seconds. Processes are forked from one that has everything imported. An injection follows from the seed
and its number: `--only NUMBER` repeats it, and a run with the same `--results` goes on where it was stopped.
"""

import argparse
import gc
import itertools
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from pkgutil import walk_packages

import rag_chunk
from rag_chunk.errors import SIGNALS
from tests.faults.kinds import KINDS, ON_SERVER, SHARES, Usual, count_calls, count_requests
from tests.faults.places import LONGEST, RUNS, Ended, Place, new_place, runs_of, start, start_cold, wait_for
from tests.support.mlflow_server import running_pages

COLUMNS = ("lost", "duplicates", "running", "tracebacks", "late")
IMPORTED = (  # once, and not in each process; and all of ours
    *("mlflow", "mlflow.tracking", "mlflow.store.tracking.sqlalchemy_store", "mlflow.tracking.context.registry"),
    *("rich.table", "rich.progress", "jinja2", "filelock", "pathspec", "numpy", "git", "opentelemetry.sdk.trace"),
)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all injections share: a folder, an empty database, a server and its database, an undisturbed analysis."""

    root: Path
    empty: Path
    address: str
    database: Path
    usual: Usual


def faults_after(place: Place, ended: Ended, limit: float) -> Counter[str]:
    """Send what waits, with nothing in the way, and count what is wrong then.

    A process that goes on for longer than `limit` seconds after a signal is late.
    """
    waiting = place.waiting()
    again = [wait_for(place, start(place, ["track", "--all", *place.options]))]
    again += [wait_for(place, start(place, ["track", str(each), *place.options])) for each in waiting if each.is_dir()]
    runs = runs_of(place)
    whole = {run["name"] for run in runs if run["status"] == "FINISHED" and run["metrics"] and run["files"]}
    finished = [run for run in runs if run["status"] == "FINISHED"]
    kept = waiting or ended.status == 0
    shown = "sentence-200-50" in ended.out
    silent = shown and not kept and len(whole) < RUNS and "could not be written" not in ended.err
    late = sum(each.status is None for each in (ended, *again)) or int(ended.after_signal > limit)
    failed = any(each.status not in {0, None} for each in again) or bool(place.waiting())
    wrong = Counter(
        lost=int((kept and len(whole) < RUNS) or silent or failed),
        duplicates=max(0, len(finished) - RUNS),
        running=sum(run["status"] == "RUNNING" for run in runs),
        tracebacks=sum("Traceback" in each.err and "rag_chunk" in each.err for each in (ended, *again)),
        late=late,
    )
    if wrong.total():
        print(
            f"\n{place.folder.name}: {dict(wrong)}",
            *(str(each)[:3000] for each in (ended, again, runs)),
            sep="\n",
            flush=True,
        )
    return wrong


def inject(ground: Ground, number: int, seed: int, limit: float) -> dict[str, object]:
    """Do one injection in a place of its own; return what went wrong."""
    chance = random.Random(f"{seed} {number}")  # noqa: S311 - no secret
    kind = SHARES[number % len(SHARES)]
    with new_place(ground.root, ground.empty, f"place-{number}") as place:
        if kind in ON_SERVER:
            place = replace(place, uri=ground.address, database=ground.database, experiment=f"faults {number}")  # noqa: PLW2901 - the same place
        begun = time.monotonic()
        ended = KINDS[kind](place, chance, ground.usual)
        wrong = faults_after(place, ended, limit)
    row = {"number": number, "seed": seed, "kind": kind, "status": ended.status}
    seconds = {"seconds": time.monotonic() - begun, "after_signal": ended.after_signal}
    return {**row, **{name: round(value, 2) for name, value in seconds.items()}, **wrong}


def work(ground: Ground, numbers: Sequence[int], given: argparse.Namespace) -> None:
    """Do these injections, and append a line for each to the file of results."""
    for number in numbers:
        line = json.dumps(inject(ground, number, given.seed, given.limit)) + "\n"
        with given.results.open("a") as file:
            file.write(line)


def share_work(ground: Ground, numbers: Sequence[int], given: argparse.Namespace) -> None:
    """Do all injections in so many processes at a time."""
    children = []
    for job in range(given.jobs):
        child = os.fork()
        if not child:
            try:
                work(ground, numbers[job :: given.jobs], given)
                os._exit(0)
            except BaseException:  # noqa: BLE001 - said before the process ends
                import traceback

                traceback.print_exc()
                os._exit(1)
        children.append(child)
    try:
        failed = [child for child in children if os.waitpid(child, 0)[1]]
    except BaseException:
        for child in children:
            os.kill(child, signal.SIGKILL)
        raise
    if failed:
        sys.exit(f"{len(failed)} of {given.jobs} processes failed")


@contextmanager
def prepare() -> Iterator[Ground]:
    """Start a server, make an empty database, and run the analysis undisturbed."""
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        root, folder = Path(name), Path(name, "server")
        folder.mkdir()
        os.environ |= {"RAG_CHUNK_CACHE": f"{name}/cache", "MLFLOW_DISABLE_TELEMETRY": "true"}
        with running_pages(folder, "server", "--backend-store-uri", "sqlite:///mlflow.db") as address:
            empty = _make_empty_store(root)
            yield Ground(root, empty, address, folder / "mlflow.db", _watch_usual(root, empty, address, folder))


def _watch_usual(root: Path, empty: Path, address: str, server: Path) -> Usual:
    seconds = []
    for name, begin in (("first", start), ("warm", start), ("cold", start_cold)):
        with new_place(root, empty, name) as place:
            seconds.append(wait_for(place, begin(place, place.analysis)).seconds)
    with new_place(root, empty, "calls") as place:
        _, calls = count_calls(place)
    with new_place(root, empty, "requests") as place:
        requests = count_requests(replace(place, uri=address, database=server / "mlflow.db", experiment="requests"))
    with new_place(root, empty, "saved") as place:
        saved = place.folder / "results"
        words = [word for word in place.analysis if word not in {"--mlflow-tracking", *place.options}]
        wait_for(place, start(place, [*words, "--save", str(saved)]))
        shutil.copytree(saved, root / "results")
    with new_place(root, empty, "sent") as place:
        shutil.copytree(root / "results", place.folder / "results")
        sending = wait_for(place, start(place, ["track", "results", *place.options])).seconds
    return Usual(seconds[1], seconds[2], sending, calls, requests, root / "results")


def _make_empty_store(root: Path) -> Path:
    """Make an empty database in a process of its own: a forked one could not use what this one has open."""
    child = os.fork()
    if not child:
        from tests.support.mlflow_runs import client_of

        with client_of(f"sqlite:///{root}/empty.db"):
            os._exit(0)
    os.waitpid(child, 0)
    return root / "empty.db"


def read_results(results: Path, seed: int) -> list[dict[str, object]]:
    """Return the injections that were done with this seed."""
    lines = results.read_text().splitlines() if results.exists() else []
    return [row for line in lines if (row := json.loads(line))["seed"] == seed]


def print_table(rows: Sequence[dict[str, object]]) -> None:
    """Print what went wrong by kind, in Markdown."""
    print(f"\n| fault | injections | {' | '.join(COLUMNS)} |\n|---|{'---:|' * (1 + len(COLUMNS))}")
    for kind in KINDS:
        its = [row for row in rows if row["kind"] == kind]
        sums = [sum(int(str(row[column])) for row in its) for column in COLUMNS]
        print(f"| {kind} | {len(its)} | {' | '.join(map(str, sums))} |")
    longest, after = (max((float(str(row[name])) for row in rows), default=0) for name in ("seconds", "after_signal"))
    print(
        f"\n{len(rows)} injections; the longest took {longest} s with what followed it, "
        f"and no process went on for more than {after} s after a signal"
    )


def _numbers(kinds: Container[str], count: int) -> list[int]:
    """Return the numbers of the first `count` injections of these kinds."""
    return list(
        itertools.islice((number for number in itertools.count() if SHARES[number % len(SHARES)] in kinds), count)
    )


def main() -> None:
    """Inject, and print a table of what went wrong; fail where anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", type=int, action="append", help="the number of an injection; may be repeated")
    parser.add_argument("--kind", choices=KINDS, action="append", help="one of the kinds; may be repeated")
    parser.add_argument("--limit", type=float, default=LONGEST, help="seconds that a process may go on after a signal")
    parser.add_argument("--results", type=Path, default=Path("faults.jsonl"))
    given = parser.parse_args()
    for each in SIGNALS:  # whoever started us in the background may ignore them, and children would inherit that
        signal.signal(each, signal.default_int_handler if each is signal.SIGINT else lambda *_: sys.exit(143))
    done = {row["number"] for row in read_results(given.results, given.seed)}
    numbers = given.only or [number for number in _numbers(given.kind or KINDS, given.count) if number not in done]
    for module in (*IMPORTED, *(each.name for each in walk_packages(rag_chunk.__path__, "rag_chunk."))):
        if not module.endswith("__main__"):
            __import__(module)
    gc.freeze()  # a collection would copy every page that the processes share
    with prepare() as ground:
        share_work(ground, numbers, given)
    rows = read_results(given.results, given.seed)
    print_table(rows)
    sys.exit(any(row[column] for row in rows for column in COLUMNS))


if __name__ == "__main__":
    main()
