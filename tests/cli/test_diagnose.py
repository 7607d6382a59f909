"""`diagnose` as it is called: of a results folder, of this folder's config file, and into a file."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag_chunk.cli.app import app

CHANGES = ("chunk size", "overlap", "strategy", "window", "headings", "budget")


@pytest.fixture
def saved(folder: Path) -> Path:
    """Return a working folder with documents, questions, and saved results of two configurations."""
    (folder / "docs").mkdir()
    for number in range(12):
        text = (
            f"# Part {number}\n\nThe key{number} opens the door of house {number}. Nothing else is to be known of it.\n"
        )
        (folder / "docs" / f"{number:02}.md").write_text(text)
    asked = [{"question": f"what does key{n} open?", "relevant": [f"The key{n} opens the door"]} for n in range(12)]
    (folder / "questions.json").write_text(json.dumps(asked))
    run(
        "analyze",
        "docs",
        "--test-file",
        "questions.json",
        "--chunk-size",
        "4,20",
        "--strategy",
        "sentence",
        "--save",
        "out",
    )
    return folder


def run(*arguments: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "120", "NO_COLOR": "1"})
    if status == 0 and result.exception:
        raise result.exception
    return result


def test_a_results_folder_is_diagnosed_by_its_recommended_configuration(saved: Path) -> None:
    text = run("diagnose", "out").stdout
    assert text.startswith("sentence-20-5: recall ")
    assert all(factor in text for factor in CHANGES)
    assert "No chunk changes with" in " ".join(text.split())


def test_one_configuration_of_it_is_named_by_its_file(saved: Path) -> None:
    assert run("diagnose", "out/configs/sentence-4-1.yaml").stdout.startswith("sentence-4-1: recall ")


def test_without_a_name_the_config_file_of_the_folder_is_diagnosed(saved: Path) -> None:
    (saved / "rag-chunk.yaml").write_text(
        "strategy: sentence\nchunk_size: 4\nanalysis:\n  source: docs\n  test_file: questions.json\n"
    )
    assert run("diagnose").stdout.startswith("sentence-4-1: recall ")


def test_the_diagnosis_can_be_written_as_json_and_markdown(saved: Path) -> None:
    run("diagnose", "out", "-o", "what.json", "--embedding-model", "hashing", "-q")
    diagnosis = json.loads((saved / "what.json").read_text())
    assert {trial["factor"] for trial in diagnosis["trials"]} >= {*CHANGES, "retriever"} - {"overlap"}
    assert run("diagnose", "out", "--output", "markdown").stdout.startswith("# rag-chunk: diagnosis of sentence-20-5")


def test_what_is_not_there_is_said(saved: Path) -> None:
    assert "there is no results folder" in str(run("diagnose", "nothing", status=3).exception)
    assert "no documents were named" in str(run("diagnose", status=2).exception)
