"""A strategy, a metric, a setting, an embedder and an output format are each added in one or two places.

Each test adds one to a copy of the package, as a contributor would, and finds it wherever the program names its kind.
"""

import csv
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import rag_chunk
from rag_chunk.config import RunConfig

PACKAGE = Path(rag_chunk.__file__).parent


class Trial:
    """A copy of the package, with the files that were changed in it."""

    def __init__(self, folder: Path) -> None:
        """Copy the package into a working folder that has a document and questions."""
        self.root = folder / "rag_chunk"
        self.changed: set[str] = set()
        shutil.copytree(PACKAGE, self.root, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / "docs").mkdir()
        (folder / "docs" / "guide.md").write_text("# Keys\n\nTurn the key to lock.\n\nPull the handle to open.\n")
        (folder / "questions.json").write_text('[{"question": "How do I lock?", "relevant": ["Turn the key"]}]')

    def insert(self, file: str, text: str, before: str) -> None:
        """Insert `text` into a file of the package before the first place where `before` is."""
        path = self.root / file
        source = path.read_text(encoding="utf-8")
        assert before in source
        path.write_text(source.replace(before, text + before, 1), encoding="utf-8")
        self.changed.add(file)

    def done(self, *arguments: str) -> str:
        """Return what the copy prints."""
        return self._python("-m", "rag_chunk", *arguments)

    def value(self, expression: str) -> str:
        """Return a value that Python computes with the copy."""
        return self._python("-c", f"from rag_chunk.config import *; print({expression})").strip()

    def csv(self, *arguments: str) -> list[dict[str, str]]:
        """Return the rows of an analysis."""
        return list(csv.DictReader(io.StringIO(self.done("analyze", "docs", "--output", "csv", *arguments))))

    def _python(self, *arguments: str) -> str:
        environment = {**os.environ, "COLUMNS": "200", "NO_COLOR": "1", "PYTHONPATH": str(self.root.parent)}
        result = subprocess.run(
            [sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False
        )
        assert result.returncode == 0, result.stderr
        return result.stdout


@pytest.fixture
def trial(folder: Path) -> Trial:
    """Return a copy of the package in the working folder."""
    return Trial(folder)


def test_a_strategy_is_one_row_and_its_function(trial: Trial) -> None:
    trial.insert(
        "config/catalog.py",
        'Strategy("quarters", "windows of a quarter", "rag_chunk.chunker.windows:quarters"),\n        ',
        before='Strategy("fixed-size"',
    )
    trial.insert(
        "chunker/windows.py",
        "def quarters(corpus, config):\n"
        '    return windows(corpus, config.with_settings(strategy="fixed-size", chunk_size=config.chunk_size // 4))\n\n\n',
        before="def windows(",
    )
    rows = {row["configuration"]: row for row in trial.csv("--chunk-size", "16")}
    assert float(rows["quarters-16-0"]["num_chunks"]) > float(rows["fixed-size-16-0"]["num_chunks"])
    assert "windows of a quarter" in trial.done("strategies")
    assert "quarters, fixed-size" in trial.done("analyze", "--help")
    trial.done("init", "docs")
    assert "One of quarters, fixed-size" in Path("rag-chunk.yaml").read_text()
    assert len(trial.changed) == 2


def test_a_metric_is_one_row_and_its_number(trial: Trial) -> None:
    trial.insert(
        "config/metric_table.py",
        'yield row("num_words", "words in the chunks", "whole", lower=True, places=(20, 20))\n    ',
        before='yield row("num_chunks"',
    )
    trial.insert("scorer/shape.py", '"num_words": float(sizes.sum()),\n        ', before='"num_chunks":')
    assert [float(row["num_words"]) for row in trial.csv("--strategy", "fixed-size")] == [12]
    assert "num_words" in trial.done("analyze", "docs", "--strategy", "fixed-size").replace("\n", "")
    assert trial.value('__import__("rag_chunk.config.metric_table").config.metric_table.is_lower_better("num_words")')
    assert len(trial.changed) == 2


def test_a_setting_is_one_field(trial: Trial) -> None:
    trial.insert(
        "config/run.py",
        'stride: Annotated[int, Only("strategy", "has_parents", otherwise=7)] = Field(\n'
        '        7, ge=1, description="A trial.", json_schema_extra={"stage": "chunk"}\n    )\n    ',
        before="skip_blocks:",
    )
    rows = trial.csv("--strategy", "hierarchical,fixed-size", "--chunk-size", "4", "--stride", "9")
    assert [row["stride"] for row in rows if row["strategy"] == "hierarchical"] == ["9"]
    assert [row["stride"] for row in rows if row["strategy"] == "fixed-size"] == ["7"]
    assert all("--stride" in trial.done(*command) for command in (("analyze", "--help-all"), ("chunk", "--help")))
    assert "--stride" not in trial.done("score", "--help")
    trial.done("init", "docs")
    assert "# A trial.\n#stride: 7\n" in Path("rag-chunk.yaml").read_text()
    assert trial.value("RunConfig().digest()") == RunConfig().digest()
    assert trial.changed == {"config/run.py"}


def test_an_embedder_is_one_row_and_its_function(trial: Trial) -> None:
    trial.insert(
        "config/catalog.py",
        'Backend("letters", "hashed letters", "rag_chunk.embedder.hashing:letters"),\n        ',
        before='Backend(\n            "hashing"',
    )
    trial.insert(
        "embedder/hashing.py",
        "def letters(name, url):\n    return hashing(name, url)\n\n\n",
        before="def hashing(",
    )
    questions = ("--test-file", "questions.json", "--strategy", "sentence", "--retriever", "dense")
    assert trial.csv(*questions, "--embedding-model", "letters:small")[0]["embedding_model"] == "letters:small"
    assert len(trial.changed) == 2


def test_an_output_format_is_its_name_and_ending_and_its_function(trial: Trial) -> None:
    trial.insert("config/output.py", '"names", ', before='"table", "json", "csv"')
    trial.insert("config/output.py", '".txt": "names", ', before='".html": "html"')
    trial.insert(
        "cli/analyze.py",
        '"names": lambda analysis: "\\n".join(each.name for each in analysis.report.configurations),\n    ',
        before='"json": lambda',
    )
    trial.done("analyze", "docs", "--strategy", "fixed-size", "-o", "out.txt")
    assert Path("out.txt").read_text() == "fixed-size-200-0"
    assert "names" in trial.done("analyze", "--help")
    assert trial.changed == {"config/output.py", "cli/analyze.py"}
