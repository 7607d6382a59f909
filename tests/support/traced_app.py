"""The example application, asked and judged in a folder of its own."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.support.empty_store import copy_empty_store
from tests.support.warm_process import program_path

EXAMPLES = Path(__file__).parents[2] / "examples"
ASKED = 10
STORE = "sqlite:///mlflow.db"  # datasets need a database, and older versions of MLflow use a folder by default
_ONE_AFTER_THE_OTHER = """
import json, sys
examples, commands = sys.argv[1:]
sys.path.insert(0, examples)
import traced_app
for words in json.loads(commands): traced_app.main(*words)
"""


def track_questions(folder: Path) -> None:
    """Track an analysis of a few questions in `folder`, and make them the dataset `handbook`."""
    copy_empty_store(folder)
    loaded = json.loads((EXAMPLES / "questions.json").read_text(encoding="utf-8"))
    questions = loaded["questions"] if isinstance(loaded, dict) else loaded
    (folder / "asked.json").write_text(json.dumps(questions[:ASKED]))
    analyze = ["analyze", str(EXAMPLES), "--strategy", "header", "--test-file", "asked.json", "--quiet"]
    _python(folder, "-m", "rag_chunk", *analyze, "--mlflow-tracking", "--questions-dataset", "handbook")


def run_app(folder: Path, *commands: tuple[str, ...]) -> str:
    """Run commands of the application in one process, as MLflow takes seconds to import; return what it prints."""
    return _python(folder, "-c", _ONE_AFTER_THE_OTHER, str(EXAMPLES), json.dumps(commands))


def recall_of(printed: str) -> list[str]:
    """Return the recall of each evaluation that the application has printed."""
    return re.findall(r"evidence_recall (\S+)", printed)


def _python(folder: Path, *words: str) -> str:
    settings = {"MLFLOW_TRACKING_URI": STORE, "MLFLOW_DISABLE_TELEMETRY": "true"}
    command = [program_path("python"), *words]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **settings}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout
