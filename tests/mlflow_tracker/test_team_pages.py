"""What a team sees in a browser: a promoted config, the shared questions, and an application judged by them.

    SCREENSHOTS=docs/images python -m pytest --no-cov tests/mlflow_tracker/test_team_pages.py

makes the pictures of `docs/mlflow.md` anew.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from rag_chunk.mlflow_tracker import ModelAlias, Promoted, promote_run
from tests.mlflow_tracker.test_mlflow_pages import BROWSER, FLAGS, PATIENCE, SIZE, keep_picture, pytestmark
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_server import running_pages
from tests.support.traced_app import EXAMPLES, python, start_app

__all__ = ["pytestmark"]


class Team(NamedTuple):
    """A store with a promoted config, a dataset and an evaluation, and a page of a browser."""

    promoted: Promoted
    experiments: dict[str, str]
    page: Any
    address: str

    def open(self, link: str) -> Any:
        self.page.goto("about:blank")
        self.page.goto(link.replace("http://127.0.0.1:5000", self.address))
        return self.page


@pytest.fixture(scope="module")
def team(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Team]:
    folder = tmp_path_factory.mktemp("team")
    start_app(folder)
    python(folder, EXAMPLES / "traced_app.py", "evaluate", "handbook", "200")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        with client_of(None) as client:
            experiments = {each.name: each.experiment_id for each in client.search_experiments()}
            (run,) = client.search_runs([experiments["rag-chunk"]])
        promoted = promote_run(run.info.run_id, ModelAlias("docs-chunking", "champion"))
    with running_pages(folder, "ui") as address:
        from playwright.sync_api import sync_playwright

        with sync_playwright() as started:
            browser = started.chromium.launch_persistent_context(
                folder / "profile", executable_path=BROWSER, headless=True, args=FLAGS, viewport=SIZE
            )
            page = browser.new_page()
            page.set_default_timeout(PATIENCE)
            yield Team(promoted, experiments, page, address)
            browser.close()


def test_the_promoted_version_shows_its_digests_headline_and_verdict(team: Team) -> None:
    assert team.promoted.link
    page = team.open(team.promoted.link)
    page.get_by_text("rag_chunk.verdict").first.wait_for()
    shown = page.locator("body").inner_text()
    assert "champion" in shown
    assert re.search(r"budget_recall 0\.\d{3}", shown)
    keep_picture(page, "mlflow-registry")


def test_the_shared_questions_are_a_dataset(team: Team) -> None:
    page = team.open(f"{team.address}/#/experiments/{team.experiments['rag-chunk']}/datasets")
    page.get_by_text("handbook").first.wait_for()
    page.get_by_text("handbook").first.click()
    page.get_by_text("expected_retrieved_context").first.wait_for()
    keep_picture(page, "mlflow-dataset")


def test_the_evaluation_shows_the_evidence_recall_of_each_question(team: Team) -> None:
    number = team.experiments["handbook-app-evaluation"]
    page = team.open(f"{team.address}/#/experiments/{number}/evaluation-runs")
    page.get_by_text("evidence_recall").first.wait_for()
    keep_picture(page, "mlflow-evaluation")
