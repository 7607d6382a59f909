"""Twenty processes track five analyses each, all starting at once on a fresh store. All 100 runs must arrive in one experiment.

    python tests/support/mlflow_many.py                     the default store of this MLflow in an empty folder
    python tests/support/mlflow_many.py --store mlruns      a folder of files, which MLflow before 3.13 takes
    python tests/support/mlflow_many.py --store server      a server on this machine

Run it with the Python of another version's environment (see `mlflow_versions.sh`) to try that version. It takes minutes.
"""

import argparse
import contextlib
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path

# MLflow's server writes a batch with two connections to its database at once, and waits 30 s for the second. With its
# own 15 connections, as many writers at the same moment hold one each, and nobody gets a second.
POOL = "MLFLOW_SQLALCHEMYSTORE_POOL_SIZE"
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support.mlflow_folder import FOUR, report, write_folder  # noqa: E402 - the path is set above
from tests.support.mlflow_runs import all_runs, log  # noqa: E402
from tests.support.mlflow_server import running_pages  # noqa: E402


def main() -> None:
    options = _options()
    if options.number is not None:
        _track(options.number, options.analyses, options.store)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ[POOL] = str(2 * options.processes)
        server = running_pages(folder, "server", "--backend-store-uri", "sqlite:///server.db")
        with server if options.store == "server" else contextlib.nullcontext(options.store) as uri:
            start = time.monotonic()
            failed = _started(options, folder, uri)
            seconds = time.monotonic() - start
            sys.exit(_judged(options, folder, uri, failed, seconds))


def _started(options: argparse.Namespace, folder: Path, uri: str) -> int:
    """Start all processes at once; return how many of them failed."""
    command = [sys.executable, __file__, "--store", uri, "--analyses", str(options.analyses), "--number"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    processes = [
        subprocess.Popen([*command, str(number)], cwd=folder, env=environment) for number in range(options.processes)
    ]
    return sum(process.wait() != 0 for process in processes)


def _judged(options: argparse.Namespace, folder: Path, uri: str, failed: int, seconds: float) -> bool:
    """Print what has arrived; return whether something is missing."""
    os.chdir(folder)
    runs = all_runs(_absolute(uri))
    experiments = {run.info.experiment_id for run in runs}
    ids = {run.data.tags.get("rag_chunk.analysis_id") for run in runs}
    wanted = options.processes * options.analyses
    ended = dict(Counter(run.info.status for run in runs))
    arrived = f"{len(runs)} of {wanted} runs ({len(ids)} different) in {len(experiments)} experiment, {ended}"
    print(f"{arrived}, {failed} processes failed, {seconds:.0f} s")  # noqa: T201 - a script
    return bool(failed) or (len(runs), len(ids), len(experiments), set(ended)) != (wanted, wanted, 1, {"FINISHED"})


def _absolute(uri: str) -> str | None:
    return str(Path(uri).absolute()) if uri and "://" not in uri else uri or None


def _track(number: int, analyses: int, uri: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        for place in range(analyses):
            made = report(FOUR[:1], analysis_id=f"p{number}-{place}")
            log(write_folder(Path(name) / str(place), made), [], uri=uri or None, experiment_name="many")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", default="", help="server, a folder, or an address; default: MLflow's own")
    parser.add_argument("--processes", type=int, default=20)
    parser.add_argument("--analyses", type=int, default=5, help="how many each process tracks")
    parser.add_argument("--number", type=int, help="be one of the processes")
    return parser.parse_args()


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
