"""What is injected: signals and kills, at random moments and at chosen calls, full disks, false answers, copies."""

import importlib
import json
import os
import random
import shutil
import signal
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial, wraps
from pathlib import Path
from typing import Any

from rag_chunk.errors import SIGNALS
from tests.faults.places import Ended, Place, remove, start, start_cold, wait_for
from tests.support.mlflow_proxy import Proxy

STORE = "mlflow.store.tracking.sqlalchemy_store:SqlAlchemyStore"
CALLS = (  # at which a signal comes, or the process is killed: `module:object`, and its attribute
    *((STORE, name) for name in ("create_run", "log_batch", "log_inputs", "set_tag", "update_run_info", "get_run")),
    ("mlflow:MlflowClient", "log_artifacts"),
    ("sqlalchemy.engine.base:Connection", "_commit_impl"),
    ("os:", "replace"),
    ("os:", "mkdir"),
    ("os:", "unlink"),
    ("shutil:", "rmtree"),
    ("pathlib:Path", "replace"),
    ("rag_chunk.workflow.results:", "write_text"),
)
REQUESTS = (
    "runs/create",
    "runs/log-batch",
    "runs/log-inputs",
    "runs/update",
    "mlflow-artifacts",
    "runs/set-tag",
    "runs/get",
    "runs/search",
    "experiments/get-by-name",
)
FAULTS = ("cut", "cut after", "error after", "late", "empty", "foreign", "hollow")
MACHINES = 3  # that send copies of one analysis at once


@dataclass(frozen=True, slots=True)
class Usual:
    """An undisturbed analysis: its seconds, cold too, how often it makes each call, and each request to a server.

    Its results are `saved`, and sent in `sending_seconds`.
    """

    seconds: float
    cold_seconds: float
    sending_seconds: float
    calls: dict[str, int]
    requests: dict[str, int]
    saved: Path


def interrupt(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Send a signal, sometimes two, at a random moment."""
    numbers = [chance.choice(SIGNALS) for _ in range(chance.choice((1, 1, 1, 2)))]
    return _signal_at_random(start(place, place.analysis), place, chance, usual.seconds, numbers)


def interrupt_sending(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Send a signal, sometimes two, at a random moment of sending saved results."""
    shutil.copytree(usual.saved, place.folder / ".rag-chunk" / "unsent" / "saved")
    numbers = [chance.choice(SIGNALS) for _ in range(chance.choice((1, 1, 1, 2)))]
    child = start(place, ["track", "--all", *place.options])
    return _signal_at_random(child, place, chance, usual.sending_seconds, numbers)


def interrupt_start(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Send a signal while the program is being imported, or a little later."""
    longest = usual.cold_seconds * chance.random()  # early moments are likelier
    return _signal_at_random(start_cold(place, place.analysis), place, chance, longest, [chance.choice(SIGNALS)])


def kill(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Kill the process at a random moment, as the system does where memory is short."""
    return _signal_at_random(start(place, place.analysis), place, chance, usual.seconds, [signal.SIGKILL])


def _signal_at_random(
    child: int, place: Place, chance: random.Random, longest: float, numbers: list[signal.Signals]
) -> Ended:
    moments = sorted((chance.uniform(0, longest), number) for number in numbers)
    signalled: list[float] = []

    def stop(seconds: float) -> None:
        while moments and seconds >= moments[0][0]:
            os.kill(child, moments.pop(0)[1])
            signalled.append(seconds)

    ended = wait_for(place, child, stop)
    return replace(ended, signalled=signalled[0] if signalled else 0.0)


def interrupt_at_call(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Send a signal directly before or after a certain call of the store or the file system."""
    return _signal_at_call(place, chance, usual, chance.choice(SIGNALS))


def kill_at_call(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Kill the process directly before or after a certain call."""
    return _signal_at_call(place, chance, usual, signal.SIGKILL)


def _signal_at_call(place: Place, chance: random.Random, usual: Usual, number: signal.Signals) -> Ended:
    name = chance.choice([name for name, count in usual.calls.items() if count])
    turn, after = chance.randint(1, usual.calls[name]), chance.random() < 0.5

    def strike(called: str, count: int, is_over: bool) -> None:  # noqa: FBT001 - a moment
        if (called, count, is_over) == (name, turn, after):
            os.kill(os.getpid(), number)

    return wait_for(place, start(place, place.analysis, partial(watch_calls, strike)))


def watch_calls(strike: Callable[[str, int, bool], None]) -> None:
    """Tell `strike` of each of `CALLS` in this process: its name, how often it was made, and whether it is over."""
    counts: Counter[str] = Counter()
    for where, attribute in CALLS:
        module, _, owner = where.partition(":")
        target: Any = importlib.import_module(module)
        target = getattr(target, owner) if owner else target
        setattr(target, attribute, _watch(getattr(target, attribute), f"{where}.{attribute}", counts, strike))


def _watch(
    call: Callable[..., Any], name: str, counts: Counter[str], strike: Callable[[str, int, bool], None]
) -> Callable[..., Any]:
    @wraps(call)
    def watched(*given: Any, **named: Any) -> Any:
        counts[name] += 1
        count = counts[name]
        strike(name, count, False)
        answer = call(*given, **named)
        strike(name, count, True)
        return answer

    return watched


def count_calls(place: Place) -> tuple[Ended, dict[str, int]]:
    """Run an undisturbed analysis, and count its calls."""
    counts: dict[str, int] = {}
    file = place.folder.with_suffix(".calls")

    def strike(name: str, count: int, is_over: bool) -> None:  # noqa: FBT001 - a moment
        if not is_over:
            counts[name] = count
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT)  # not through a call that is watched
            os.write(descriptor, json.dumps(counts).encode())
            os.close(descriptor)

    ended = wait_for(place, start(place, place.analysis, partial(watch_calls, strike)))
    return ended, json.loads(file.read_text())


def fill_disk(place: Place, chance: random.Random, _: Usual) -> Ended:
    """Work on a disk with little room, or with files that may not grow past a size; it has room again afterwards."""
    room = chance.choice((chance.randrange(30_000), chance.randrange(500_000)))
    if os.geteuid() or chance.random() < 0.3:  # only root can mount a disk
        return _limit_files(place, chance.choice((room, place.database.stat().st_size + room)))
    with _small_disk(place.folder, room):
        return wait_for(place, start(place, place.analysis))


def _limit_files(place: Place, largest: int) -> Ended:
    def limit() -> None:
        import resource

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))

    return wait_for(place, start(place, place.analysis, limit))


@contextmanager
def _small_disk(folder: Path, room: int) -> Iterator[None]:
    """Put a file system under what is in a folder, with `room` more bytes; take it away afterwards."""
    aside = folder.with_suffix(".aside")
    folder.rename(aside)
    folder.mkdir()
    pages = 4 + sum(1 + (file.stat().st_size + 4095) // 4096 for file in aside.rglob("*"))
    size = f"size={pages * 4096 + room}"
    subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(folder)], check=True)
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        shutil.rmtree(aside)
        yield
        shutil.copytree(folder, aside, symlinks=True)
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    folder.rmdir()
    aside.rename(folder)


def disturb_server(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Let a proxy lose, delay or falsify one answer, in a process of its own."""
    part = chance.choice([part for part, count in usual.requests.items() if count])
    fault = chance.choice(FAULTS)
    with _proxy(place, {(part, chance.randint(1, usual.requests[part])): fault}) as (behind, _):
        return wait_for(behind, start(behind, behind.analysis))


def count_requests(place: Place) -> dict[str, int]:
    """Run an undisturbed analysis with a server, and count its requests of each kind."""
    with _proxy(place, {}) as (behind, requests):
        wait_for(behind, start(behind, behind.analysis))
        lines = requests.read_text().splitlines()
    return {part: sum(part in line for line in lines) for part in REQUESTS}


@contextmanager
def _proxy(place: Place, faults: dict[tuple[str, int], str]) -> Iterator[tuple[Place, Path]]:
    reading, writing = os.pipe()
    log = place.folder.with_suffix(".requests")
    log.touch()
    proxy = os.fork()
    if not proxy:
        made = Proxy(place.uri)
        made.faults.update(faults)
        os.write(writing, made.address.encode())
        while True:
            signal.sigtimedwait([], 0.05)
            log.write_text("\n".join(made.requests))
    address = os.read(reading, 100).decode()
    os.close(reading)
    os.close(writing)
    try:
        yield replace(place, uri=address), log
    finally:
        os.kill(proxy, signal.SIGKILL)
        os.waitpid(proxy, 0)


def send_copies(place: Place, chance: random.Random, usual: Usual) -> Ended:
    """Send copies of one analysis from several machines at once, of which one is sometimes killed."""
    machines = [
        replace(place, folder=place.folder.with_name(f"{place.folder.name}-{each}")) for each in range(MACHINES)
    ]
    killed = chance.random() < 0.3
    for machine in machines:
        shutil.copytree(usual.saved, machine.folder / ".rag-chunk" / "unsent" / "copy")
    words = ["track", "--all", *place.options]
    children = [start(machine, words) for machine in machines]
    numbers = [signal.SIGKILL] if killed else []
    ended = [_signal_at_random(children[0], machines[0], chance, usual.seconds, numbers)]
    ended += [wait_for(machine, child) for machine, child in zip(machines[1:], children[1:], strict=True)]
    again = [wait_for(machine, start(machine, words)) for machine in machines if machine.waiting()]
    kept = sum(len(machine.waiting()) for machine in machines)
    for machine in machines:
        remove(machine)
    late = any(each.status is None for each in (*ended, *again))
    failed = kept or any(each.status for each in again)
    status = None if late else int(bool(failed))
    err = "\n".join(f"{each.status}: {each.err}" for each in (*ended, *again))
    return Ended(status, max(each.seconds for each in ended), "", err)


ON_SERVER = {"false answers", "copies from three machines"}
KINDS: dict[str, Callable[[Place, random.Random, Usual], Ended]] = {
    "signals": interrupt,
    "signals while sending": interrupt_sending,
    "signals at calls": interrupt_at_call,
    "signals at the start": interrupt_start,
    "kills": kill,
    "kills at calls": kill_at_call,
    "full disks": fill_disk,
    "false answers": disturb_server,
    "copies from three machines": send_copies,
}
SHARES = (  # the order in which kinds follow each other: what costs much comes less often
    *("signals", "signals at calls", "kills", "false answers", "full disks") * 3,
    *("signals while sending", "signals at calls", "kills at calls", "kills at calls", "false answers"),
    *("signals at the start", "copies from three machines"),
)
