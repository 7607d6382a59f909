"""MLflow's own server, or its pages, as a process on this machine."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.support.empty_store import copy_empty_store
from tests.support.mlflow_proxy import free_port
from tests.support.warm_process import program_path

# MLflow starts uvicorn by `sys.executable`, which is not to import everything anew either.
_BY_PATH = """
import runpy, sys
sys.executable = sys.argv.pop(1)
runpy.run_module("mlflow", run_name="__main__", alter_sys=True)
"""


@contextmanager
def running_server(folder: Path, *words: str) -> Iterator[str]:
    """Run `mlflow server` on a database in `folder`."""
    if "SERVER_PYTHON" not in os.environ:  # another version makes its own
        copy_empty_store(folder)
    with running_pages(folder, "server", "--backend-store-uri", "sqlite:///mlflow.db", *words) as address:
        yield address


@contextmanager
def running_pages(folder: Path, *words: str) -> Iterator[str]:
    """Run `mlflow server` or `mlflow ui` in `folder`; end it and its workers afterwards."""
    port = free_port()
    python = os.environ.get("SERVER_PYTHON", sys.executable)  # mlflow-skinny has no server
    warm = program_path("python")
    program = [python, "-m", "mlflow"] if "SERVER_PYTHON" in os.environ else [warm, "-c", _BY_PATH, warm]
    command = [*program, *words, "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    path = f"{Path(python).parent}{os.pathsep}{os.environ['PATH']}"  # MLflow 2 looks for gunicorn there
    # Without its consumers of jobs, seven more processes, MLflow 3 starts in half the time.
    plain = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    environment = {**os.environ, "PATH": path, **plain}
    with (folder / "pages.log").open("wb") as out:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=out, env=environment, start_new_session=True)
    try:
        wait_for(f"http://127.0.0.1:{port}/health", process, folder / "pages.log")
        yield f"http://127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


def wait_for(address: str, process: subprocess.Popen[bytes], out: Path, seconds: float = 150) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(address, timeout=5):  # noqa: S310 - our own address
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"the server did not start: {out.read_text()[-2000:]}")
