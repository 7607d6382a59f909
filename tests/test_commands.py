"""What the smaller commands do, through the real entry point, in this process."""

import csv
import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet
import pytest
import typer

from rag_chunk.cli import app, main
from rag_chunk.config import RETRIEVERS, STRATEGIES, names

GUIDE = """# Keys

Turn the key to the left to lock the door.

## Lost keys

A lost key is reported at the front desk, which blocks it at once. A new key costs 25 euros.

```python
lock(door)  # the one in the north, at 22:00
unlock(door)  # the same door, early in the morning
```
"""


class Done(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What was said, on one line."""
        return " ".join(self.err.split())


@pytest.fixture
def rag_chunk(monkeypatch, capsys):
    """Return a function that runs rag-chunk with these arguments."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rag-chunk", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a folder of documents, docs/, in a working folder of its own."""
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE)
    (folder / "docs" / "notes.txt").write_text("The brass is polished once a year. Nobody knows why it is done.\n")
    return folder / "docs"


def test_strategies_shows_all_that_is_built_in_and_fits_80_columns(rag_chunk):
    shown = rag_chunk("strategies").out
    assert all(f"\n  {name} " in shown for name in [*STRATEGIES, *RETRIEVERS])
    assert max(map(len, shown.splitlines())) <= 80


def test_what_lacks_a_package_is_marked_with_the_line_that_installs_it(rag_chunk, docs, monkeypatch):
    monkeypatch.setitem(names.EXTRAS, "gears", ("no_such_package", "gears"))
    monkeypatch.setitem(names.NEEDS, "header", "gears")
    found = {part["name"]: part["lacks"] for part in json.loads(rag_chunk("strategies", "--output", "json").out)}
    assert found["header"] == found["gears"] == "an optional package: pip install 'rag-chunk[gears]'"
    assert found["sentence"] is None
    assert "- header " in rag_chunk("strategies").out
    report = json.loads(rag_chunk("analyze", docs, "--output", "json").out)
    assert not any(each["name"].startswith("header") for each in report["configurations"])
    assert {"name": "header", "reason": "it needs an optional package: pip install 'rag-chunk[gears]'"} in report[
        "skipped"
    ]


@pytest.mark.parametrize("command", sorted(vars(typer.main.get_command(app))["commands"]))
def test_help_shows_every_name_whole_at_80_columns(rag_chunk, command):
    shown = rag_chunk(command, "--help").out
    parameters = vars(typer.main.get_command(app))["commands"][command].params
    names = {name for each in parameters for name in [*each.opts, *each.secondary_opts] if name.startswith("--")}
    assert {name for name in names if not re.search(rf"(?m)^│ (-\w, )?{name}[ ,]", shown)} == set()
    assert max(map(len, shown.splitlines())) <= 80
    assert "…  " not in shown.replace("[,…]", "")


def test_chunks_are_the_same_in_every_form(rag_chunk, docs):
    config = ("--strategy", "hierarchical", "--chunk-size", "9")
    rows = [json.loads(line) for line in rag_chunk("chunk", docs, *config).out.splitlines()]
    texts = {name: (docs / name).read_text() for name in ("guide.md", "notes.txt")}
    for row in rows:
        text = texts[row["document"]]
        assert row["text"] == text[row["start"] : row["end"]]
        assert row["lines"] == [text.count("\n", 0, row["start"]) + 1, text.count("\n", 0, row["end"]) + 1]
    assert any("context" in row for row in rows)
    for name in ("c.jsonl", "c.csv", "c.parquet"):
        assert f"({'hierarchical-9-0'}) to {name}" in rag_chunk("chunk", docs, *config, "-o", name).err
    assert [json.loads(line) for line in Path("c.jsonl").read_text().splitlines()] == rows
    table = pyarrow.parquet.read_table("c.parquet").to_pylist()
    assert [{name: value for name, value in row.items() if value is not None} for row in table] == rows
    with Path("c.csv").open(newline="") as file:
        flat = list(csv.DictReader(file))
    assert [(row["id"], row["text"], row["parent"]) for row in flat] == [
        (row["id"], row["text"], row["parent"]) for row in rows
    ]
    assert [row["headings"].split(" > ") for row in flat if row["headings"]] == [
        row["headings"] for row in rows if row["headings"]
    ]


def test_the_parents_of_chunks_can_be_written_and_hold_them(rag_chunk, docs):
    config = ("--strategy", "hierarchical", "--chunk-size", "9", "--quiet")
    children = [json.loads(line) for line in rag_chunk("chunk", docs, *config).out.splitlines()]
    parents = {
        row["id"]: row for row in map(json.loads, rag_chunk("chunk", docs, *config, "--parents").out.splitlines())
    }
    assert all(child["text"] in parents[child["parent"]]["text"] for child in children)
    assert len(parents) < len(children)


def test_chunk_takes_the_folders_config_and_its_documents(rag_chunk, docs):
    Path("rag-chunk.yaml").write_text("strategy: sentence\nchunk_size: 7\nanalysis:\n  source: docs\n")
    done = rag_chunk("chunk")
    assert "(sentence-7-1)" in done.err
    assert all(json.loads(line)["units"] <= 7 for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (2, ["-o", "c.txt"], "does not tell its format by its ending"),
        (2, ["--format", "parkuet"], "unknown format 'parkuet' (did you mean 'parquet'?)"),
        (2, ["--parents"], "recursive-character makes no parents"),
        (2, ["--strategy", "header,sentence"], "this command takes one configuration"),
        (3, ["-o", "missing/c.csv"], "missing/c.csv cannot be written: No such file or directory"),
    ],
)
def test_what_chunk_cannot_do_is_said(rag_chunk, docs, status, arguments, sentence):
    done = rag_chunk("chunk", docs, *arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.said


def test_parquet_without_pyarrow_names_the_extra(rag_chunk, docs, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = rag_chunk("chunk", docs, "-o", "c.parquet")
    assert done.status == 4
    assert "pip install 'rag-chunk[parquet]'" in done.said
