"""The scripts in examples/ do what they say; the one for LangChain is run by tests/chunker/test_peers.py."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from rag_chunk.config import read_config
from tests.support.warm_process import programs
from tests.support.workflow_steps import run_steps

EXAMPLES = Path(__file__).parent.parent / "examples"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join([str(programs()), os.environ["PATH"]])
    return subprocess.run(command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False)


def test_the_library_script_compares_and_keeps_the_winner(folder):
    done = _run("python", str(EXAMPLES / "library.py"))
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


GIT = ("git", "-c", "user.name=Ann", "-c", "user.email=ann@example.com", "-c", "init.defaultBranch=main")
GH = '#!/bin/sh\necho "$@" > "$(dirname "$0")/called.txt"\nshift 6\ncp "$1" "$(dirname "$0")/posted.md"\n'


def _committed(repository: Path) -> str:
    """Commit everything, and return the commit."""
    for words in (["add", "-A"], ["commit", "-qm", "change"]):
        subprocess.run([*GIT, *words], cwd=repository, check=True)
    done = subprocess.run([*GIT, "rev-parse", "HEAD"], cwd=repository, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(folder: Path) -> Path:
    """Return a repository with documents, questions and a config, and a `gh` that keeps what is posted."""
    made = folder / "repository"
    shutil.copytree(EXAMPLES, made / "docs", ignore=shutil.ignore_patterns("*.py", "*.sh", "*.yml"))
    shutil.move(made / "docs" / "questions.json", made / "questions.json")
    (made / "rag-chunk.yaml").write_text(
        "strategy: header\nunit: tokens\nanalysis:\n  source: docs\n  test_file: questions.json\n"
    )
    subprocess.run([*GIT, "init", "-q"], cwd=made, check=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "gh").write_text(GH)
    (folder / "bin" / "gh").chmod(0o755)
    return made


@pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")
def test_the_workflow_comments_on_a_change_and_fails_where_it_is_worse(repository: Path) -> None:
    base, runner = _committed(repository), repository.parent
    context = {
        "github.workspace": str(repository),
        "github.event.pull_request.base.sha": base,
        "github.event.pull_request.number": "7",
        "github.token": "none",
        "runner.temp": str(runner),
        "path": str(runner / "bin"),
    }
    config = repository / "rag-chunk.yaml"
    config.write_text(config.read_text().replace("header", "fixed-size"))
    _committed(repository)
    statuses = run_steps(EXAMPLES / "chunking_gate.yml", "gate", repository, context)
    assert {name for name, status in statuses.items() if status} == {"Compare"}
    assert statuses["Compare"] == 7
    posted = (runner / "bin" / "posted.md").read_text()
    assert posted.startswith("### rag-chunk compare\n\n**Worse: fixed-size-200-0 is ")
    assert (runner / "bin" / "called.txt").read_text().startswith("pr comment 7 --edit-last --create-if-none")
    assert (runner / "summary.md").read_text() == posted
    assert list((repository / ".cache" / "rag-chunk").iterdir())
