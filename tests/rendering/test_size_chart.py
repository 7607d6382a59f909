"""Which size? The chart of the page and that of the terminal, and the ranges that sizes are given as."""

import importlib
from typing import Any

import pytest

from rag_chunk.analysis import Analysis, analyze
from rag_chunk.analysis.report import Report
from rag_chunk.config import RunConfig
from rag_chunk.config.sources import CommandLineOptions, load_settings
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.rendering.columns import all_columns, metric_help
from rag_chunk.rendering.html import html_text
from rag_chunk.rendering.size_lines import size_lines
from rag_chunk.rendering.terminal_plot import NO_RECALL, NO_SIZES, check_plot, terminal_plot

TEXT = "The lock turns to the left. The door opens inwards. Brass is polished once a year. " * 20


def analysis_of(**varied: list[Any]) -> Analysis:
    """Return an analysis of what varies, by 12 questions."""
    spans = [(7 + 80 * number, 40 + 80 * number) for number in range(12)]
    asked = tuple(Question(f"q{n}", "How is the lock opened?", (Evidence((span,)),)) for n, span in enumerate(spans))
    given = CommandLineOptions(settings={name: [str(value) for value in values] for name, values in varied.items()})
    configs = load_settings(given, lambda _: None).configs
    return analyze(Corpus([Document("a.md", TEXT)]), configs, Questions("q.json", "d", asked))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analysis_of(strategy=["sentence", "fixed-size"], chunk_size=[10, 20, 40])


def lines_of(report: Report) -> dict[str, list[int]]:
    assert report.comparison is not None
    lines = size_lines(report.comparison, report.configurations)
    return {line.label: [point.size for point in line.points] for line in lines}


def test_a_line_is_a_strategy_in_several_sizes(analysis: Analysis) -> None:
    assert lines_of(analysis.report) == {"sentence": [10, 20, 40], "fixed-size": [10, 20, 40]}
    assert lines_of(analysis_of(strategy=["sentence", "fixed-size"], chunk_size=[10]).report) == {}


def test_an_overlap_of_its_own_and_what_else_varies_is_a_line_of_its_own() -> None:
    report = analysis_of(strategy=["sliding-window"], chunk_size=[20, 40], overlap=[0, 3], retriever=["bm25"]).report
    assert set(lines_of(report)) == {"sliding-window, overlap 0", "sliding-window, overlap 3"}
    usual = analysis_of(strategy=["sliding-window"], chunk_size=[20, 40]).report
    assert set(lines_of(usual)) == {"sliding-window"}


def test_the_page_begins_with_which_size_where_sizes_vary(analysis: Analysis) -> None:
    page = html_text(analysis)
    best = analysis.report.best
    assert page.index("Which size?") < page.index("Which is better, and how sure")
    assert f"recommended: <code>{best.name}</code>" in page
    assert "Which size?" not in html_text(analysis_of(strategy=["sentence", "fixed-size"], chunk_size=[10]))


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_terminal_draws_each_line_with_its_letter_and_its_best_size(analysis: Analysis, width: int) -> None:
    pytest.importorskip("plotext")
    chart = terminal_plot(analysis.report, width, colour=False)
    *drawn, first, second, interval = chart.splitlines()
    assert max(map(len, drawn)) <= min(width, 110)
    assert "A" in "".join(drawn[1:])
    assert first.startswith("A ")
    assert second.startswith("B ")
    assert interval.startswith("│ 95 % interval")
    assert "\x1b" not in chart
    assert "\x1b" in terminal_plot(analysis.report, width, colour=True)


def test_without_several_sizes_the_terminal_says_how_to_give_them() -> None:
    pytest.importorskip("plotext")
    assert terminal_plot(analysis_of(strategy=["sentence"], chunk_size=[10]).report, 80, colour=False) == NO_SIZES
    unasked = analyze(Corpus([Document("a.md", TEXT)]), RunConfig(strategy="sentence", chunk_size=10)).report
    assert terminal_plot(unasked, 80, colour=False) == NO_RECALL


def test_a_chart_without_its_package_is_refused_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.import_module("rag_chunk.config.extras"), "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match=r"--plot needs a package: pip install 'rag-chunk\[plot\]'"):
        check_plot()


def test_every_metric_is_explained_on_the_page_and_on_demand(analysis: Analysis) -> None:
    page = html_text(analysis)
    for name in all_columns(analysis.report):
        assert metric_help(analysis.report, name)
    assert 'title="share of the evidence in the first 4,000 characters"' in page


def sizes(text: str) -> list[int]:
    given = CommandLineOptions(settings={"strategy": "paragraph", "chunk_size": text})
    return [config.chunk_size for config in load_settings(given, lambda _: None).configs.values()]


def test_sizes_may_be_a_range_whose_end_is_included() -> None:
    assert sizes("100:300:100") == [100, 200, 300]
    assert sizes("100:350:100,50,200") == [100, 200, 300, 50]
    assert sizes("7:7:1") == [7]


@pytest.mark.parametrize("text", ["100:300", "300:100:50", "100:300:0", "a:b:c", "1:2:3:4", "::", "100:300:-50"])
def test_a_range_that_cannot_be_read_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(SettingsError, match="first:last:step, the smaller first and a step from 1, as in 100:800:100"):
        sizes(text)


def test_a_range_of_too_many_sizes_is_refused() -> None:
    with pytest.raises(SettingsError, match="1000 are the most"):
        sizes("1:100000:1")


def test_sizes_of_external_chunks_draw_no_line(analysis: Analysis) -> None:
    comparison = analysis.report.comparison
    assert comparison is not None
    made = [
        each.model_copy(update={"config": RunConfig(strategy="given:x", retriever="given:x")})
        for each in analysis.report.configurations
    ]
    assert size_lines(comparison, made) == ()
