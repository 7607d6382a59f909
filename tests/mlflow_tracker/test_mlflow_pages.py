"""What a person sees in a browser behind the links that are printed: MLflow's own pages, in Chromium.

    SCREENSHOTS=docs/images python -m pytest tests/mlflow_tracker/test_mlflow_pages.py

makes the pictures of `docs/mlflow.md` anew.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.report import Report
from rag_chunk.config.sources import CommandLineOptions, load_settings
from rag_chunk.mlflow_tracker import Tracked
from rag_chunk.mlflow_tracker.tables import FIRST_METRICS
from rag_chunk.workflow import Reporter, run
from tests.support.browser import Pages, keep_picture, mlflow_pages, with_pages
from tests.support.empty_store import copy_empty_store
from tests.support.installed_mlflow import skip_without_mlflow

EXAMPLES = Path(__file__).parents[2] / "examples"

skip_without_mlflow()
pytestmark = with_pages


class Seen(NamedTuple):
    """A tracked analysis of twelve configurations, best first, and MLflow's pages on it."""

    tracked: Tracked
    report: Report
    pages: Pages

    @property
    def names(self) -> list[str]:
        return [found.name for found in self.report.configurations]

    def open(self, link: str) -> Any:
        """Open a link that was printed."""
        return self.pages.open(link)

    def preview(self, run_id: str, path: str) -> Any:
        """Open the preview of an artifact."""
        page = self.open(
            f"{self.pages.address}/#/experiments/{self.tracked.experiment_id}/runs/{run_id}/artifacts/{path}"
        )
        page.get_by_text("Path:").wait_for()
        return page


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    folder = tmp_path_factory.mktemp("pages")
    tracked, report = tracked_in(folder)
    with mlflow_pages(folder) as pages:
        yield Seen(tracked, report, pages)


def tracked_in(folder: Path) -> tuple[Tracked, Report]:
    """Track an analysis in MLflow's default store of `folder`, as the command line does."""
    shown: list[Analysis] = []
    settings = {"strategy": "header,sentence,markdown,fixed-size", "chunk_size": "100,200,400"}
    analysis = {"source": EXAMPLES, "test_file": EXAMPLES / "questions.json"}
    given = CommandLineOptions(settings, analysis, {"mlflow_tracking": True}, {"experiment_name": "chunking"})
    outlook = Reporter(print, None, shown.append)
    copy_empty_store(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in [name for name in os.environ if name.startswith("MLFLOW_")]:
            patch.delenv(name)
        tracked = run(load_settings(given, print), outlook)
    assert tracked
    return tracked, shown[0].report


def texts(page: Any, selector: str) -> list[str]:
    return [text.strip() for text in page.locator(selector).all_text_contents()]


def test_the_leaderboard_has_the_best_first_and_a_bar_chart_for_each_metric(seen):
    page = seen.open(seen.tracked.links["leaderboard"])
    page.get_by_text("matching runs").wait_for()
    page.locator(".js-plotly-plot .bars .point").nth(9).wait_for()
    assert texts(page, "a[href*='/runs/']") == seen.names
    chart = page.locator(".js-plotly-plot").first
    assert chart.locator(".bars .point").count() == 10  # MLflow shows the first ten
    counted = page.get_by_test_id("experiment-view-compare-runs-section-header").first.inner_text()
    assert page.get_by_test_id("experiment-view-compare-runs-card").count() >= 3  # as many as are in sight
    metrics = {name for found in seen.report.configurations for name in found.metrics}
    metrics |= {"budget_recall_low", "budget_recall_high"}
    assert f"({len(metrics)})" in counted
    keep_picture(page, "mlflow-leaderboard")


def test_the_comparison_has_parallel_coordinates_of_what_varies(seen):
    page = seen.open(seen.tracked.links["compare"])
    page.locator(".parcoords .axis-title").nth(3).wait_for(state="attached")
    assert "Comparing 12 Runs from 1 Experiment" in texts(page, "h1, h2")
    assert texts(page, ".parcoords .axis-title") == ["chunk_size", "overlap", "strategy", "budget_recall"]
    keep_picture(page, "mlflow-compare")


def test_the_analysis_is_described_by_a_table(seen):
    page = seen.open(seen.tracked.links["analysis"])
    page.get_by_text("Show more").click()
    page.locator("table").first.wait_for()
    assert texts(page, "table th") == ["configuration", *(name for name in FIRST_METRICS)]
    assert texts(page, "table td:first-child") == seen.names


def test_files_are_shown_as_tables_and_text(seen):
    best = seen.tracked.children[seen.names[0]]
    page = seen.preview(best, "evaluation/per_question.json")
    page.locator("[role=columnheader]").nth(3).wait_for()
    assert texts(page, "[role=columnheader]")[:3] == ["id", "question", "budget_recall"]
    page = seen.preview(seen.tracked.run_id, "comparison.json")
    page.locator("[role=row]").nth(12).wait_for()
    assert texts(page, "[role=row] > :first-child") == ["configuration", *seen.names]
    page = seen.preview(best, "config.yaml")
    page.get_by_text("schema_version").first.wait_for()


def test_the_report_is_a_page_within_the_page(seen):
    page = seen.preview(seen.tracked.run_id, "report.html")
    frame = page.frame_locator("iframe")
    frame.get_by_text("145 questions").first.wait_for()
    assert seen.names[0] in frame.locator("body").inner_text()
