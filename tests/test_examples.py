"""The scripts in examples/ do what they say; the one for LangChain is run by tests/chunker/test_peers.py."""

import os
import subprocess
import sys
from pathlib import Path

from rag_chunk.config import read_config

EXAMPLES = Path(__file__).parent.parent / "examples"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def test_the_library_script_compares_and_keeps_the_winner(folder):
    done = _run(sys.executable, str(EXAMPLES / "library.py"))
    assert done.returncode == 0, done.stderr
    assert "Take header-200-50: " in done.stdout
    assert read_config(folder / "chunking.yaml").config().strategy == "header"
    assert f"{len((folder / 'chunks.jsonl').read_text('utf-8').splitlines())} chunks" in done.stdout


def test_the_gate_lets_the_harmless_change_pass_and_stops_the_other(folder):
    done = _run("bash", str(EXAMPLES / "ci_gate.sh"), "new folder")
    assert done.returncode == 0, done.stderr
    assert "Not worse: header-200-20" in done.stderr
    assert "Worse: fixed-size-200-0" in done.stderr
    assert (folder / "new folder" / "worse.md").exists()
