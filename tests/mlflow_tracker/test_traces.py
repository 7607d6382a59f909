"""What an application has retrieved, scored from its traces: the example application, on a real store, and its pages.

    SCREENSHOTS=docs/images python -m pytest --no-cov tests/mlflow_tracker/test_traces.py

makes the pictures of `docs/mlflow.md` anew.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest

from rag_chunk.analysis.external.placement import RetrievedText
from rag_chunk.errors import MissingExtra, TrackingError
from rag_chunk.mlflow_tracker import ModelAlias, Promoted, evidence_recall, promote_run
from rag_chunk.mlflow_tracker.evidence_recall import SCORERS
from rag_chunk.mlflow_tracker.retriever_spans import (
    expected_evidence,
    read_retrieval_spans,
    retrieved_texts,
    texts_of_inputs,
)
from rag_chunk.questions.shared_records import plan_merge
from tests.conftest import Program
from tests.support.browser import Pages, keep_picture, mlflow_pages, with_pages
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.traced_app import ASKED, EXAMPLES, STORE, recall_of, run_app, track_questions

skip_without_mlflow()
VERSION = mlflow_version()


def in_browser(test: Any) -> Any:
    """Mark a test that looks at pages."""
    for mark in with_pages:
        test = mark(test)
    return test


with_scorers = pytest.mark.skipif(VERSION < SCORERS, reason="this MLflow has no scorers of traces")


def span(number: str, parent: str | None, outputs: Any, kind: str = "RETRIEVER", start: int = 0) -> Any:
    times = {"start_time_ns": start, "end_time_ns": start + 2_500_000}
    return SimpleNamespace(span_id=number, parent_id=parent, span_type=kind, outputs=outputs, **times)


def trace(*spans: Any) -> Any:
    return SimpleNamespace(data=SimpleNamespace(spans=list(spans)))


def passage(text: str, **metadata: Any) -> dict[str, Any]:
    return {"page_content": text, "metadata": metadata, "id": None}


def test_texts_are_those_of_the_outermost_retrievers_in_order() -> None:
    made = trace(
        span("later", "root", [passage("third", source="b.md")], start=9),
        span("root", None, "an answer", kind="CHAIN"),
        span("outer", "root", [passage("first", doc_uri="a.md", start_index=3, end_index=8), "second"], start=1),
        span("inner", "outer", [passage("reranked away")], start=2),
        span("broken", "root", {"not": "a list"}, start=3),
    )
    assert retrieved_texts(made) == [
        RetrievedText("first", "a.md", (3, 8)),
        RetrievedText("second"),
        RetrievedText("third", "b.md"),
    ]
    assert read_retrieval_spans(made).milliseconds == 7.5  # of three spans: one is inside another, one is no retriever
    made.data.spans[0].end_time_ns = None
    assert read_retrieval_spans(made).milliseconds is None
    assert read_retrieval_spans(trace()).milliseconds is None


def test_evidence_is_by_our_places_unless_it_was_edited() -> None:
    item = {"doc": "a.md", "start": 3, "end": 8, "text": "Pull!"}
    other = {"doc": "b.md", "start": 0, "end": 5, "text": "Pull?"}
    question = {"id": "q", "question": "How?", "evidence": [[item, other]]}
    expectations = plan_merge([question], []).records[0]["expectations"]
    ours = [RetrievedText("Pull!", "a.md", (3, 8)), RetrievedText("Pull?", "b.md", (0, 5))]
    assert expected_evidence(expectations) == [ours]
    expectations["expected_retrieved_context"] = [{"doc_uri": "a.md", "content": "Push!"}, {"doc_uri": "b.md"}]
    assert expected_evidence(expectations) == [[RetrievedText("Push!", "a.md")]]
    assert expected_evidence(None) == []


def test_the_question_may_be_anywhere_in_the_inputs() -> None:
    inputs = {"session": 3, "messages": [{"role": "user", "content": "How?"}]}
    assert list(texts_of_inputs(inputs)) == ["user", "How?"]


def test_an_mlflow_without_scorers_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    evidence_recall.scorer_class.cache_clear()
    monkeypatch.setattr(evidence_recall, "mlflow_version", lambda: (2, 22))
    with pytest.raises(TrackingError, match=r"MLflow 2\.22 has no scorers of traces; 3\.4 and later do"):
        from rag_chunk.mlflow import EvidenceRecall  # noqa: F401
    monkeypatch.setattr(evidence_recall, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra):
        evidence_recall.scorer_class()


@with_scorers
def test_a_trace_that_mlflow_has_lost_is_named_with_the_cure() -> None:
    from rag_chunk.mlflow import EvidenceRecall

    with pytest.raises(TrackingError, match=r"has not stored the trace.* set MLFLOW_GENAI_EVAL_MAX_WORKERS=1"):
        EvidenceRecall(corpus=str(EXAMPLES))(trace=None)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which two versions of the application were asked some questions, which are a dataset too.

    The application was judged by them as well, and the configuration that was tracked is promoted.
    """
    folder = tmp_path_factory.mktemp("app")
    track_questions(folder)
    printed = run_app(
        folder,
        ("ask", "large", "200", "asked.json"),
        ("ask", "small", "60", "asked.json"),
        ("evaluate", "handbook", "200"),
    )
    (folder / "printed.txt").write_text(printed)
    return folder


@with_scorers
def test_versions_are_compared_by_their_traces_and_tracked(
    app: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(app)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", STORE)
    words = ["score", "--corpus", str(EXAMPLES), "--test-file", "asked.json", "--traces", "handbook-app"]
    status, shown, said = run(*words, "--mlflow-tracking", "--output", "json")
    report = json.loads(shown)
    assert status == 0
    assert f"{ASKED} of {ASKED} questions were asked in the traces of large, small" in said
    assert "3 runs; the analysis' is run" in said
    recall = {each["name"]: each["metrics"]["budget_recall"] for each in report["configurations"]}
    assert report["comparison"]["recommended"] == "large"
    assert recall["large"] > recall["small"]
    # The scorer measures as `score` does.
    assert recall_of((app / "printed.txt").read_text()) == [f"{recall['large']:.3f}"]


@with_scorers
def test_traces_that_ask_nothing_known_are_an_error(app: Path, run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(app)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", STORE)
    (app / "other.json").write_text(
        '[{"question": "What is lost?", "relevant": ["The other 13,000 were chunks in which a table was longer"]}]'
    )
    score = ["score", "--corpus", str(EXAMPLES), "--test-file", "other.json", "--traces"]
    status, _, said = run(*score, "handbook-app")
    assert (
        status,
        f"none of the {2 * ASKED} traces in the experiment 'handbook-app' asks a question of the question file" in said,
    ) == (3, True)
    status, _, said = run(*score, "nothing")
    assert (status, "there is no experiment 'nothing'" in said) == (3, True)
    status, _, said = run(*score, "handbook-app", "--chunks", "other.json", "--retrieved", "other.json")
    assert (status, "give either --traces, or --chunks and --retrieved" in said) == (2, True)


class Team(NamedTuple):
    """MLflow's pages on a promoted config, a dataset and an evaluation."""

    promoted: Promoted
    experiments: dict[str, str]
    pages: Pages


@pytest.fixture(scope="module")
def team(app: Path) -> Iterator[Team]:
    store = f"sqlite:///{app / 'mlflow.db'}"  # MLflow keeps what it opened by address, whatever the working folder
    with client_of(store) as client:
        experiments = {each.name: each.experiment_id for each in client.search_experiments()}
        run_id = client.search_runs([experiments["rag-chunk"]], order_by=["start_time"])[0].info.run_id
    promoted = promote_run(run_id, ModelAlias("docs-chunking", "champion"), uri=store)
    with mlflow_pages(app) as pages:
        yield Team(promoted, experiments, pages)


@in_browser
def test_the_promoted_version_shows_its_digests_headline_and_verdict(team: Team) -> None:
    assert team.promoted.link
    page = team.pages.open(team.promoted.link)
    page.get_by_text("rag_chunk.verdict").first.wait_for()
    shown = page.locator("body").inner_text()
    assert "champion" in shown
    assert re.search(r"budget_recall 0\.\d{3}", shown)
    keep_picture(page, "mlflow-registry")


@in_browser
def test_the_shared_questions_are_a_dataset(team: Team) -> None:
    page = team.pages.open(f"{team.pages.address}/#/experiments/{team.experiments['rag-chunk']}/datasets")
    page.get_by_text("handbook").first.wait_for()
    page.get_by_text("handbook").first.click()
    page.get_by_text("expected_retrieved_context").first.wait_for()
    keep_picture(page, "mlflow-dataset")


@in_browser
def test_the_evaluation_shows_the_evidence_recall_of_each_question(team: Team) -> None:
    number = team.experiments["handbook-app-evaluation"]
    page = team.pages.open(f"{team.pages.address}/#/experiments/{number}/evaluation-runs")
    page.get_by_text("evidence_recall").first.wait_for()
    keep_picture(page, "mlflow-evaluation")
