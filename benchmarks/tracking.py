"""What does tracking add to an analysis? For 60 configurations on a fresh sqlite store 10 s at most, on a warm one 3 s, on a server 10 s.

Analyses the public data once and keeps the results in a folder. Then each store is given that folder by a process of
its own, as `--mlflow-tracking` gives it. Prints the seconds that pass, by what they were spent on; the import of
MLflow is among them.

    python benchmarks/tracking.py
    python benchmarks/tracking.py FOLDER --configurations 20 --stores fresh,server
"""

import argparse
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from public_data import FOLDER, FURTHER, read, sweep

from rag_chunk import analyze
from rag_chunk.workflow.results import save_results

TARGETS = {"fresh": 10.0, "warm": 3.0, "server": 10.0}
STEPS = {
    "create_run": "create runs",
    "log_batch": "params, metrics, tags",
    "log_inputs": "data sets",
    "log_artifact": "artifacts",
    "log_artifacts": "artifacts",
    "set_tag": "the best one's id",
    "set_terminated": "end runs",
}
START_SECONDS = 120


def main() -> None:
    """Print the split for each store; end with 1 where one is over its target."""
    options = _options()
    if options.uri:
        print(json.dumps(track(options.folder, options.uri)))
        return
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        results = _results(options, place / "results")
        over = [store for store in options.stores.split(",") if _shown(store, results, place) > TARGETS[store]]
    sys.exit(bool(over))


def _results(options: argparse.Namespace, folder: Path) -> Path:
    """Analyse once, and return the results folder."""
    corpus, questions = read(options.folder)
    analysis = analyze(corpus, sweep(FURTHER)[: options.configurations], questions)
    start = time.perf_counter()
    save_results(analysis, folder)
    print(f"to keep the results, as --save does, before they are sent: {time.perf_counter() - start:.2f} s")
    return folder


def _shown(store: str, results: Path, place: Path) -> float:
    """Track into a store, print what it took, and return the seconds."""
    opened = _server(place) if store == "server" else contextlib.nullcontext(f"sqlite:///{place}/mlflow.db")
    with opened as uri:
        command = [sys.executable, __file__, str(results), "--uri", uri]
        printed = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - ourselves
    spent = json.loads(printed)
    total, cpu, runs = (spent.pop(name) for name in ("total", "cpu", "runs"))
    print(f"{store}: {total:.2f} s for {runs} runs ({cpu:.2f} s of CPU), at most {TARGETS[store]:.0f} s")
    for what, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
        print(f"{seconds:7.2f} s  {what}")
    return float(total)


def track(results: Path, uri: str) -> dict[str, Any]:
    """Track a results folder; return the seconds by step, `total`, and the number of `runs`."""
    from rag_chunk.mlflow_tracker import TrackingConfig, track_run
    from rag_chunk.mlflow_tracker.environment import quiet_mlflow

    start, cpu = time.perf_counter(), time.process_time()
    with quiet_mlflow():
        spent = defaultdict(float, {"import MLflow": time.perf_counter() - start})
        _watch(spent)
        options = TrackingConfig(uri=uri, experiment_name="benchmark")
        with track_run(options, several=True, notify=lambda _: None) as tracking:
            spent["open the store, find the experiment"] = time.perf_counter() - start - sum(spent.values())
            made = tracking.log(results)
    total = time.perf_counter() - start
    spent["read and write files, and the rest"] = total - sum(spent.values())
    return {**spent, "total": total, "cpu": time.process_time() - cpu, "runs": 1 + len(made.children)}


def _watch(spent: dict[str, float]) -> None:
    """Add up the seconds that pass in the calls of MLflow's client."""
    from mlflow import MlflowClient

    def watched(call: Callable[..., Any], what: str) -> Callable[..., Any]:
        def wrapper(*given: Any, **named: Any) -> Any:
            before = time.perf_counter()
            try:
                return call(*given, **named)
            finally:
                spent[what] += time.perf_counter() - before

        return wrapper

    for name, what in STEPS.items():
        setattr(MlflowClient, name, watched(getattr(MlflowClient, name), what))


@contextlib.contextmanager
def _server(place: Path) -> Iterator[str]:
    """Run `mlflow server` on this machine, on a store of its own, as long as the block lasts."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    words = [
        "server",
        "--backend-store-uri",
        f"sqlite:///{place}/server.db",
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
    ]
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (place / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "mlflow", *words, "--workers", "1"]
        process = subprocess.Popen(  # noqa: S603 - MLflow itself
            command, cwd=place, stdout=log, stderr=log, env=environment, start_new_session=True
        )
    try:
        _await(f"http://127.0.0.1:{port}/health")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _await(address: str) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urlopen(address, timeout=5):  # noqa: S310 - our own address
            return
        time.sleep(0.2)
    sys.exit("the server did not start")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--configurations", type=int, default=60, help="how many (60)")
    parser.add_argument("--stores", default=",".join(TARGETS), help="which of fresh, warm, server, in this order")
    parser.add_argument("--uri", help="track the results folder FOLDER there, and print the split as JSON")
    return parser.parse_args()


if __name__ == "__main__":
    main()
