"""The workers of a real Dask cluster on this machine: a scheduler and worker processes, as a reader would start them."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rag_chunk.errors import InputError
from rag_chunk.workflow.workers import DIED, Failure, open_workers
from tests.conftest import Program
from tests.support.shard_tasks import square_or_die

pytest.importorskip("distributed", reason="make test-engines installs it")
pytestmark = pytest.mark.filterwarnings("default")  # those of Dask are not ours to mend
ROOT = Path(__file__).parent.parent.parent


@contextmanager
def process(folder: Path, *command: str, path: Path = ROOT) -> Iterator[Path]:
    """Run a command of Dask in a folder of its own; give the file that it says things to."""
    said = folder / f"{command[0]}-{time.monotonic_ns()}.txt"
    environment = {**os.environ, "PYTHONPATH": str(path), "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    with said.open("wb") as output:
        started = subprocess.Popen(
            [sys.executable, "-m", "distributed.cli.dask_" + command[0], *command[1:]],
            stdout=output, stderr=output, env=environment, cwd=folder,
        )  # fmt: skip
        try:
            yield said
        finally:
            started.terminate()
            started.wait(30)


def wait_for(pattern: str, said: Path) -> re.Match[str]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if matched := re.search(pattern, said.read_text()):
            return matched
        time.sleep(0.2)
    raise TimeoutError(said.read_text())


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a scheduler that has no workers."""
    folder = tmp_path_factory.mktemp("scheduler")
    command = ("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
    with process(folder, *command) as said:
        yield wait_for(r"Scheduler at:\s+(tcp://\S+)", said)[1]


@contextmanager
def worker(folder: Path, scheduler: str, count: int = 1, path: Path = ROOT) -> Iterator[None]:
    command = ("worker", scheduler, "--nworkers", str(count), "--nthreads", "1", "--no-dashboard")
    with process(folder, *command, path=path) as said:
        for _ in range(count):
            wait_for(r"Registered to:(?s:.)*" * count, said)
        yield


def test_without_a_worker_the_command_that_starts_one_is_named(scheduler: str) -> None:
    with pytest.raises(InputError, match=f"has no workers; start some: dask worker {scheduler} --nthreads 1"):
        open_workers(1, scheduler).__enter__()


def test_a_scheduler_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.workflow.workers._PATIENCE", 1)
    with pytest.raises(InputError, match="no Dask scheduler of a version that fits answers at tcp"):
        open_workers(1, "tcp://127.0.0.1:9").__enter__()


def test_workers_without_this_version_of_rag_chunk_are_refused(
    tmp_path: Path, scheduler: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with worker(tmp_path, scheduler), monkeypatch.context() as patch:
        patch.setattr("rag_chunk.workflow.workers.__version__", "99.0")
        with pytest.raises(InputError, match=r"need rag-chunk 99.0, as here: tcp://\S+ has rag-chunk \S+\. Install"):
            open_workers(1, scheduler).__enter__()


def test_workers_without_rag_chunk_are_refused(tmp_path: Path, scheduler: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.metadata as metadata\n\nreal = metadata.version\n\n\ndef version(name):\n"
        "    if name == 'rag-chunk':\n        raise metadata.PackageNotFoundError(name)\n    return real(name)\n\n\n"
        "metadata.version = version\n"
    )
    with (
        worker(tmp_path, scheduler, path=tmp_path),
        pytest.raises(InputError, match=r"tcp://\S+ has no rag-chunk\. Ins"),
    ):
        open_workers(1, scheduler).__enter__()


def test_a_cluster_writes_the_chunks_that_this_machine_writes(
    run: Program, folder: Path, scheduler: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    options = ("chunk", str(ROOT / "examples"), "--format", "jsonl")
    with worker(tmp_path_factory.mktemp("worker"), scheduler, 2):
        status, _, err = run(*options, "-o", "cluster", "--scheduler", scheduler)
    assert status == 0, err
    run(*options, "-o", "here")
    files = sorted(path.name for path in Path("here").glob("0*"))
    assert files == sorted(path.name for path in Path("cluster").glob("0*"))
    assert all(Path("here", name).read_bytes() == Path("cluster", name).read_bytes() for name in files)
    assert json.loads(Path("cluster/manifest.jsonl").read_text().splitlines()[0])["format"] == "jsonl"


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed by a signal there")
def test_a_worker_that_is_killed_costs_only_the_task_that_kills_it_again(tmp_path: Path, scheduler: str) -> None:
    marks = tmp_path / "marks"
    marks.mkdir()
    with worker(tmp_path, scheduler, 2), open_workers(1, scheduler) as workers:
        jobs = [(number, str(marks)) for number in range(8)]
        results = {task[0]: result for task, result in workers.run(square_or_die, jobs)}
    assert results.pop(5) == Failure(DIED)
    assert results == {number: number**2 for number in range(8) if number != 5}
