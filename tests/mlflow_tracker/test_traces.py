"""What an application has retrieved, scored from its traces: the example application, on a real store."""

import json
import re
from importlib.metadata import version
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rag_chunk.analysis.external.placement import RetrievedText
from rag_chunk.errors import MissingExtra, TrackingError
from rag_chunk.mlflow_tracker import evidence_recall
from rag_chunk.mlflow_tracker.evidence_recall import SCORERS
from rag_chunk.mlflow_tracker.retriever_spans import expected_evidence, retrieved_texts, texts_of_inputs
from rag_chunk.questions.shared_records import plan_merge
from tests.conftest import Program
from tests.support.traced_app import ASKED, EXAMPLES, STORE, python, start_app

pytest.importorskip("mlflow", reason="the extra mlflow is not installed", exc_type=ImportError)
VERSION = tuple(map(int, version("mlflow").split(".")[:2]))
with_scorers = pytest.mark.skipif(VERSION < SCORERS, reason="this MLflow has no scorers of traces")


def span(number: str, parent: str | None, outputs: Any, kind: str = "RETRIEVER", start: int = 0) -> Any:
    return SimpleNamespace(span_id=number, parent_id=parent, span_type=kind, outputs=outputs, start_time_ns=start)


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


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder in which two versions of the application were asked some questions, which are a dataset too."""
    folder = tmp_path_factory.mktemp("app")
    start_app(folder)
    for name, size in (("large", "200"), ("small", "60")):
        python(folder, EXAMPLES / "traced_app.py", "ask", name, size, "asked.json")
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
    evaluated = python(app, EXAMPLES / "traced_app.py", "evaluate", "handbook", "200")
    (value,) = re.findall(r"evidence_recall (\S+)", evaluated)
    assert value == f"{recall['large']:.3f}"  # the scorer measures as `score` does


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
