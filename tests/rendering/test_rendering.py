"""A report as text."""

import csv
import io
import re
from typing import Any

import pytest
from rich.console import Console

from rag_chunk.analysis import analyze
from rag_chunk.analysis.report import Report
from rag_chunk.analysis.report_inputs import SkippedEntry
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.config.sweep import sweep
from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.rendering import csv_text, markdown_table, markdown_text, progress
from rag_chunk.rendering.columns import mark
from rag_chunk.rendering.table import terminal_table

TEXT = "# One\n\nThe lock turns to the left. The door opens inwards.\n\n# Two\n\nBrass is polished once a year. " * 6


def questions() -> Questions:
    asked = ["How is it locked?", "Which way does it open?", "When is it polished?"]
    return Questions(
        "q.json", "d", tuple(Question(f"q{n}", text, (Evidence(((7 + n, 40 + n),)),)) for n, text in enumerate(asked))
    )


@pytest.fixture(scope="module")
def report() -> Report:
    configs = sweep({"embedding_model": "hashing"}, {"strategy": list(STRATEGIES), "chunk_size": [8, 20]}).configs
    return analyze(Corpus([Document("a.md", TEXT)]), configs, questions()).report


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_table_fits_its_terminal_and_shows_the_headline_first(report: Report, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), highlight=False)
    console.print(terminal_table(report, width))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "budget_" in lines[0]
    assert sum("recursive-character-20" in line for line in lines) >= 1


def test_a_wide_table_shows_more_than_a_narrow_one(report: Report) -> None:
    shown = {}
    for width in (60, 160):
        console = Console(width=width, file=io.StringIO())
        console.print(terminal_table(report, width))
        assert isinstance(console.file, io.StringIO)
        shown[width] = console.file.getvalue()
    assert "context_" not in shown[60]
    assert "context_" in shown[160]


def printed(report: Report, width: int, *, ascii_only: bool = False, **console: Any) -> str:
    written = Console(width=width, file=io.StringIO(), highlight=False, **console)
    written.print(terminal_table(report, width, ascii_only=ascii_only))
    assert isinstance(written.file, io.StringIO)
    return written.file.getvalue()


@pytest.mark.parametrize(("ascii_only", "sign"), [(False, "█"), (True, "#")])
def test_a_wide_table_shows_the_headline_as_a_bar_and_with_its_interval(
    report: Report, ascii_only: object, sign: str
) -> None:
    lines = printed(report, 200, ascii_only=bool(ascii_only)).splitlines()
    for found in report.configurations:
        line = next(line for line in lines if f" {found.name} " in line)
        low, high = found.intervals["budget_recall"]
        assert f"{low:.3f} to {high:.3f}" in line
        assert abs(line.count(sign) - 12 * found.metrics["budget_recall"]) < 1
    assert sign not in printed(report, 80)


def test_colour_is_for_terminals_that_want_it(report: Report, monkeypatch: pytest.MonkeyPatch) -> None:
    colour = "\x1b[36m"
    terminal: dict[str, Any] = {"force_terminal": True, "color_system": "standard"}
    assert colour in printed(report, 200, **terminal)
    assert "\x1b" not in printed(report, 200)
    monkeypatch.setenv("NO_COLOR", "1")
    assert colour not in printed(report, 200, **terminal)


def test_progress_tells_what_comes_next_and_is_gone_when_nothing_does(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    told: list[tuple[int, int, str]] = []
    configs = {"[b]a[/b]": RunConfig(chunk_size=8), "b": RunConfig(chunk_size=9)}
    with progress.progress_bar() as tell:

        def both(done: int, total: int, what: str) -> None:
            told.append((done, total, what))
            tell(done, total, what)

        analyze(Corpus([Document("a.md", TEXT)]), configs, questions(), progress=both)
        shown = capsys.readouterr().err
    assert told == [(0, 2, "[b]a[.b]"), (1, 2, "b"), (2, 2, "comparing"), (2, 2, "")]
    assert "[b]a[.b]" in shown
    assert shown.endswith("\x1b[2K")
    assert capsys.readouterr().err == ""


def test_other_work_begins_without_the_time_that_the_last_took(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "_PATIENCE", -1.0)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with progress.progress_bar() as tell:
        tell(0, 2, "one")
        tell(2, 2, "one")
        tell(0, 4, "two")
    last = capsys.readouterr().err.rpartition("two")[2]
    assert "0:00:00" not in last
    assert "-:--:--" in last


def test_the_recommended_configuration_is_marked_once(report: Report) -> None:
    marks = [mark(report, found) for found in report.configurations]
    assert marks.count("*") == 1
    assert set(marks) <= {"*", "=", "-"}


def test_csv_holds_every_setting_and_metric_to_the_last_digit(report: Report) -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text(report))))
    for row, found in zip(rows, report.configurations, strict=True):
        assert row["configuration"] == found.name
        assert {name: float(row[name]) for name in found.metrics} == found.metrics
        assert {name: row[name] for name in ("strategy", "unit")} == {
            "strategy": found.config.strategy,
            "unit": "words",
        }


def test_markdown_has_a_row_for_each_configuration_and_the_verdict(report: Report) -> None:
    assert markdown_table(report).count("\n") == len(report.configurations) + 2
    text = markdown_text(report)
    assert report.comparison
    assert all(sentence in text for sentence in report.comparison.verdict)


def test_markdown_groups_the_digits_of_what_was_analysed(report: Report) -> None:
    assert report.questions
    corpus = report.corpus.model_copy(update={"documents": report.corpus.documents[:1] * 60_000})
    questions = report.questions.model_copy(update={"count": 5_000})
    text = markdown_text(report.model_copy(update={"corpus": corpus, "questions": questions}))
    assert re.search(r"^60,000 documents of [\d,]+ characters, 5,000 questions from ", text, re.MULTILINE)


def test_a_report_survives_json(report: Report) -> None:
    assert Report.model_validate_json(report.to_json()) == report


def test_without_questions_there_is_no_comparison_and_no_column_of_zeros() -> None:
    found = analyze(Corpus([Document("a.md", TEXT)]), RunConfig(chunk_size=8)).report
    assert found.comparison is None
    assert "recall" not in csv_text(found).splitlines()[0]


def test_the_number_of_chunks_is_a_column_on_80_columns_and_every_column_is_explained(report: Report) -> None:
    text = printed(report, 80)
    assert "num_" in text.splitlines()[0]
    below = " ".join(text.split())
    assert "budget_recall: share of the evidence in the first 4,000 characters;" in below
    assert "num_chunks: chunks in the index, each a vector in a vector store;" in below
    assert "avg_*: measured on the first 5 chunks" in below


def test_what_stands_behind_the_verdict_is_shown_on_demand_and_skips_are_not_repeated(report: Report) -> None:
    skipping = report.model_copy(update={"skipped": (SkippedEntry(name="semantic", reason="it needs a model"),)})
    short, long = (printed_whole(skipping, explain=explain) for explain in (False, True))
    assert "Best for their index and context size" in long
    assert "Best for their index and context size" not in short
    assert "semantic: it needs a model" not in long
    assert markdown_text(skipping).count("semantic: it needs a model") == 1


def printed_whole(report: Report, *, explain: bool) -> str:
    console = Console(width=400, file=io.StringIO(), highlight=False)
    console.print(terminal_table(report, 400, explain=explain))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
