"""The pages of the documentation, and the scripts that make what they show."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
TRACKED = {"mlflow.md", "comparing.md"}  # which make many runs: tests/test_tracked_pages.py takes as long as all others


def load_script(name: str) -> Any:
    """Return a script of the documentation as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "scripts" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


generate = load_script("generate")
PAGES: list[Path] = generate.pages()


def assert_is_up_to_date(page: Path, folder: Path) -> None:
    """Make what a page shows anew, in a working folder of its own."""
    made = generate.made(page, folder)
    assert made.text == page.read_text(encoding="utf-8"), f"{page.name} is out of date: {generate.REMEDY}"
    if made.lacked:
        pytest.skip(f"parts of {page.name} need {', '.join(sorted(set(made.lacked)))}")
