"""Questions in MLflow's evaluation datasets, on a real store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag_chunk import Questions, read_corpus, read_questions
from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker import TrackingConfig, question_sets, track_folder
from rag_chunk.mlflow_tracker.question_sets import DATASETS, DIGEST
from tests.analysis.test_comparison import LARGE
from tests.conftest import Program
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_store import Store, houses

skip_without_mlflow()
VERSION = mlflow_version()
with_datasets = pytest.mark.skipif(VERSION < DATASETS, reason="this MLflow keeps no evaluation datasets")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with houses(tmp_path_factory.mktemp("houses")) as made:
        yield made


def share(store: Store, run: Program, name: str, folder: str = "single") -> str:
    """Track a folder with its questions, and return what is said."""
    words = ["track", folder, "--mlflow-uri", store.uri, "--experiment-name", "shared", "--questions-dataset", name]
    status, _, said = run(*words)
    assert status == 0, said
    return said


def dataset(client: Any, name: str) -> Any:
    (only,) = client.search_datasets(filter_string=f"name = '{name}'")
    return only


def change(store: Store, name: str, question: int, text: str) -> None:
    """Edit the evidence of a question in MLflow."""
    with client_of(store.uri) as client:
        import mlflow

        mlflow.set_tracking_uri(store.uri)
        known = dataset(client, name)
        record = sorted(known.records, key=lambda each: each.inputs["question"])[question]
        context = [{"doc_uri": "house00.txt", "content": text}]
        expected = {**record.expectations, "expected_retrieved_context": context}
        known.merge_records([{"inputs": dict(record.inputs), "expectations": expected}])
        mlflow.set_tracking_uri(None)


@with_datasets
def test_questions_go_there_once_and_come_back_the_same(store: Store, run: Program, folder: Path) -> None:
    (folder / "single").symlink_to(store.folder / "single")
    assert "14 questions are new or changed in the dataset 'team set'" in share(store, run, "team set")
    assert "dataset" not in share(store, run, "team set")
    status, _, said = run("import-questions", "mlflow:team set", "--mlflow-uri", store.uri, "-o", "back.yaml")
    assert (status, said) == (0, "Wrote back.yaml: 14 questions.\n")
    corpus = read_corpus(store.folder / "docs")
    before, after = (read_questions(path, corpus) for path in (store.folder / "questions.json", folder / "back.yaml"))
    assert places(after) == places(before)
    with client_of(store.uri) as client:
        assert dataset(client, "team set").tags[DIGEST] == before.digest


def places(questions: Questions) -> dict[str, Any]:
    return {each.id: (each.question, [item.spans for item in each.evidence]) for each in questions.questions}


@with_datasets
def test_edits_on_either_side_are_merged_and_conflicts_are_named(store: Store, run: Program, folder: Path) -> None:
    for name in ("single", "docs"):
        (folder / name).symlink_to(store.folder / name)
    share(store, run, "edited")
    change(store, "edited", 0, "The amber of house 0 is blue.")
    change(store, "edited", 1, "The basil of house 1 is blue.")
    asked = json.loads((store.folder / "questions.json").read_text())
    named = {each["question"]: each for each in asked}
    first, second, third = (named[name] for name in sorted(named)[:3])
    for each in (second, third):
        each["relevant"] = [each["relevant"][0][:-8]]  # a part of it
    (store.folder / "edited.json").write_text(json.dumps(asked))
    store.track("again", LARGE, test_file="edited.json", experiment_name="edits", questions_dataset="edited")
    notes: list[str] = []
    with client_of(store.uri) as client:
        client.set_dataset_tags(dataset(client, "edited").dataset_id, {DIGEST: "another"})
    options = TrackingConfig(uri=store.uri, experiment_name="edits", questions_dataset="edited")
    track_folder(store.folder / "again", options, notify=notes.append)
    assert "0 questions are new or changed in the dataset 'edited'" in notes
    assert next(note for note in notes if "edited in MLflow and left as they are there" in note).endswith(first["id"])
    assert next(note for note in notes if "edited in MLflow and here" in note).endswith(f": {second['id']}")
    status, _, said = run("import-questions", "mlflow:edited", "--mlflow-uri", store.uri, "-o", "back.yaml")
    assert status == 0
    assert "edited in the dataset, so their evidence is searched by its text: " in said
    text = (folder / "back.yaml").read_text()
    assert "The amber of house 0 is blue." in text
    assert third["relevant"][0] in text


@with_datasets
def test_a_dataset_that_does_not_exist_is_an_error(store: Store, run: Program, folder: Path) -> None:
    status, _, said = run("import-questions", "mlflow:nothing", "--mlflow-uri", store.uri)
    assert (status, "there is no dataset 'nothing' in sqlite:" in said) == (3, True)
    status, _, said = run("import-questions", "mlflow:nothing", "--mlflow-uri", f"sqlite:///{folder}/none.db")
    assert (status, list(folder.iterdir())) == (3, [])


def test_what_an_older_mlflow_lacks_is_said_and_the_analysis_is_tracked(
    store: Store, run: Program, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "single").symlink_to(store.folder / "single")
    monkeypatch.setattr(question_sets, "mlflow_version", lambda: (2, 22))
    said = share(store, run, "old")
    assert "not merged into the dataset 'old': MLflow 2.22 keeps no evaluation datasets; 3.4 and later do" in said
    with pytest.raises(TrackingError, match="cannot be read: MLflow 2"):
        question_sets.fetch_records("old", uri=store.uri)
