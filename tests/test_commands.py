"""What the smaller commands do, through the real entry point, in this process."""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import typer

from rag_chunk.cli import app, main
from rag_chunk.config import RETRIEVERS, STRATEGIES, names

GUIDE = """# Keys

Turn the key to the left to lock the door.

## Lost keys

A lost key is reported at the front desk, which blocks it at once. A new key costs 25 euros.

```python
lock(door)
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
