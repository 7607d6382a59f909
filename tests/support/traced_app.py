"""The example application, asked and judged in a folder of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
ASKED = 10
STORE = "sqlite:///mlflow.db"  # datasets need a database, and older versions of MLflow use a folder by default


def start_app(folder: Path) -> None:
    """Track an analysis of a few questions in `folder`, and make them the dataset `handbook`."""
    loaded = json.loads((EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    questions = loaded["questions"] if isinstance(loaded, dict) else loaded
    (folder / "asked.json").write_text(json.dumps(questions[:ASKED]))
    analyze = ["analyze", str(EXAMPLES), "--strategy", "header", "--test-file", "asked.json", "--quiet"]
    python(folder, "-m", "rag_chunk", *analyze, "--mlflow-tracking", "--questions-dataset", "handbook")


def python(folder: Path, *words: str | Path) -> str:
    """Run Python in a folder, and return what it prints."""
    store = {"MLFLOW_TRACKING_URI": STORE, "MLFLOW_GENAI_EVAL_MAX_WORKERS": "1", "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [sys.executable, *map(str, words)]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **store}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
