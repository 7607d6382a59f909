"""`examples/workflow.sh`: out of MLflow, into another folder, and the same metrics."""

import importlib.util
import os
import subprocess
from pathlib import Path

import pytest

from tests.support.warm_process import programs

SCRIPT = Path(__file__).parents[2] / "examples" / "workflow.sh"
needs_mlflow = pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="needs mlflow")


@needs_mlflow
def test_the_whole_workflow_ends_with_equal_metrics(tmp_path):
    path = os.pathsep.join([str(programs()), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", str(SCRIPT), str(tmp_path / "new folder")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "metrics are equal, and so are all settings" in done.stdout
    assert (tmp_path / "new folder" / "pipeline" / "rag-chunk.yaml").exists()


@needs_mlflow
def test_an_analysis_that_fails_ends_the_workflow_and_says_why(tmp_path):
    examples = tmp_path / "examples"
    examples.mkdir()
    (examples / "workflow.sh").write_bytes(SCRIPT.read_bytes())
    path = os.pathsep.join([str(programs()), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", str(examples / "workflow.sh"), str(tmp_path / "out")],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "no document under docs" in done.stderr
