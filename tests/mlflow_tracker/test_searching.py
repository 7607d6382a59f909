"""Configurations found by searching: intervals and verdicts on the runs, the best of an experiment, tags of the shell."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from rag_chunk import config_from_run
from rag_chunk.config import parse_config
from rag_chunk.config.tracking import tags_of_environment
from rag_chunk.errors import InputError, SettingsError
from tests.analysis.test_comparison import LARGE, SMALL
from tests.conftest import Program
from tests.support.installed_mlflow import skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_store import Store, houses

skip_without_mlflow()
BOUNDS = [SMALL.with_settings(retriever=name) for name in ("oracle", "random")]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with houses(tmp_path_factory.mktemp("houses")) as made:
        yield made


@pytest.fixture(scope="module")
def bounds(store: Store) -> Any:
    """Track an analysis of bounds alone."""
    return store.track("bounds", *BOUNDS, experiment_name="bounds")


def run_of(store: Store, run_id: str) -> Any:
    with client_of(store.uri) as client:
        return client.get_run(run_id)


def search(store: Store, filter_string: str) -> list[str]:
    with client_of(store.uri) as client:
        return [run.info.run_id for run in client.search_runs([store.both.experiment_id], filter_string)]


def test_the_ends_of_the_interval_are_metrics_of_each_run_and_of_the_parent(store: Store) -> None:
    small = run_of(store, store.child("sentence-16-4")).data.metrics
    assert small["budget_recall_low"] < small["budget_recall"] < small["budget_recall_high"]
    parent = run_of(store, store.both.run_id).data.metrics
    assert parent["budget_recall_low"] == small["budget_recall_low"]
    sure = search(store, f"metrics.budget_recall_low >= {small['budget_recall_low']}")
    assert {store.child("sentence-16-4"), store.both.run_id} == set(sure)


def test_each_configuration_is_tagged_with_its_verdict(store: Store) -> None:
    assert search(store, "tags.rag_chunk.verdict = 'worse'") == [store.child("sentence-48-12")]
    assert set(search(store, "tags.rag_chunk.verdict = 'recommended'")) == {
        store.child("sentence-16-4"),
        store.single.run_id,
    }
    assert "rag_chunk.verdict" not in run_of(store, store.both.run_id).data.tags


def test_what_is_not_shown_worse_is_tied(store: Store) -> None:
    alike = store.track("alike", SMALL, SMALL.with_settings(chunk_size=24), experiment_name="alike")
    verdicts = {run_of(store, child).data.tags["rag_chunk.verdict"] for child in alike.children.values()}
    assert verdicts == {"recommended", "tied"}


def test_a_bound_is_never_recommended_nor_exported(store: Store, bounds: Any, run: Program) -> None:
    for run_id in (bounds.run_id, *bounds.children.values()):
        tags = run_of(store, run_id).data.tags
        assert not {"rag_chunk.best", "rag_chunk.best_run_id", "rag_chunk.verdict"} & set(tags)
        status, shown, said = run("export-config", run_id, "--mlflow-uri", store.uri)
        assert (status, shown) == (3, "")
        assert "a bound: no pipeline can retrieve like that" in said
        with pytest.raises(InputError, match="a bound"):
            config_from_run(run_id, uri=store.uri)
    report = json.loads((store.folder / "bounds" / "report.json").read_text())
    assert "recommended" not in report["comparison"]
    status, _, said = run("export-config", "--best", "--experiment-name", "bounds", "--mlflow-uri", store.uri)
    assert (status, "has no finished recommended configuration with budget_recall" in said) == (3, True)


def test_the_best_of_an_experiment_is_exported(store: Store, run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    best = ["export-config", "--best", "--mlflow-uri", store.uri]
    status, shown, said = run(*best, "--experiment-name", "houses")
    assert (status, said) == (0, "")
    assert parse_config(shown, "").config() == SMALL
    assert parse_config(shown, "").recorded["run_id"] == store.child("sentence-16-4")
    fewest = run(*best, "--experiment-name", "houses", "--by", "num_chunks")
    assert parse_config(fewest[1], "").config() == LARGE  # fewer are better
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "houses")
    assert run(*best)[1] == shown
    status, _, said = run(*best, "--strategy", "header")
    assert (status, "no finished recommended configuration of the strategy 'header'" in said) == (3, True)
    status, _, said = run(*best, "--by", "nothing")
    assert (status, "no finished configuration with nothing" in said) == (3, True)


def test_the_best_of_other_questions_is_exported_with_a_warning(store: Store, run: Program) -> None:
    store.track("mixed", LARGE, experiment_name="mixed")
    questions = json.loads((store.folder / "questions.json").read_text())
    (store.folder / "fewer.json").write_text(json.dumps(questions[:12]))
    store.track("fewer", LARGE, experiment_name="mixed", test_file="fewer.json")
    status, _, said = run("export-config", "--best", "--experiment-name", "mixed", "--mlflow-uri", store.uri)
    assert (status, "the runs are of 2 different sets of documents or questions" in said) == (0, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "name a run, or the best of an experiment: --best --experiment-name NAME"),
        (["0123abcd", "--best"], "name a run, or the best of an experiment"),
        (["0123abcd", "--experiment-name", "houses"], "--experiment-name has no effect without --best"),
    ],
)
def test_a_run_or_an_experiment_is_named(words: list[str], message: str, run: Program) -> None:
    status, _, said = run("export-config", *words)
    assert (status, message in said) == (2, True)


def test_tags_of_the_environment_go_behind_those_that_are_given(
    store: Store, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TAGS", '{"team": "search", "build": 7}')
    track = ["track", "single", "--mlflow-uri", store.uri, "--experiment-name", "tagged", "--tags", "team=docs"]
    status, _, said = run(*track)
    assert status == 0
    tags = run_of(store, said.partition("run ")[2][:32]).data.tags
    assert (tags["team"], tags["build"]) == ("docs", "7")
    analyze = ["analyze", "docs", "--test-file", "questions.json", "--strategy", "sentence", "--save", "saved"]
    assert run(*analyze)[0] == 0
    assert json.loads((store.folder / "saved" / "tracking.json").read_text())["tags"] == {
        "team": "search",
        "build": "7",
    }
    monkeypatch.setenv("MLFLOW_TAGS", "team=search")
    status, _, said = run(*analyze)
    assert (status, "MLFLOW_TAGS is not a JSON object" in said) == (2, True)


def test_a_reserved_tag_of_the_environment_is_an_error() -> None:
    with pytest.raises(SettingsError, match="is reserved: names may not start"):
        tags_of_environment({"MLFLOW_TAGS": '{"mlflow.user": "ann"}'})
    assert tags_of_environment({}) == {}
