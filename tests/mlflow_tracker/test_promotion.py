"""A config promoted in the model registry, and followed by its alias, against real MLflow on sqlite."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag_chunk import compare, config_from_run, reproduce
from rag_chunk.config import parse_config, read_config
from rag_chunk.config.history import ComparisonConfig
from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker import registry
from tests.analysis.test_comparison import LARGE, SMALL
from tests.conftest import Program
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_store import Store, houses

skip_without_mlflow()
VERSION = mlflow_version()
with_aliases = pytest.mark.skipif(VERSION < registry.ALIASES, reason="this MLflow has no aliases")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with houses(tmp_path_factory.mktemp("houses")) as made:
        yield made


@pytest.fixture
def promote(store: Store, run: Program) -> Any:
    """Return what runs `promote` on the store."""
    return lambda *words: run("promote", *words, "--mlflow-uri", store.uri)


def version(store: Store, alias: str) -> Any:
    model, _, name = alias.partition("@")
    with client_of(store.uri) as client:
        return client.get_model_version_by_alias(model, name)


@with_aliases
def test_a_run_becomes_a_version_that_tells_what_it_is(store: Store, promote: Any) -> None:
    status, shown, said = promote(store.both.run_id, "--as", "first@champion")
    small = store.child("sentence-16-4")
    assert (status, shown) == (0, "")
    assert f"first@champion is version 1, of run {small}." in said
    assert "/#/models/first/versions/1" in said
    made = version(store, "first@champion")
    assert (made.source, made.run_id) == (f"runs:/{small}/config.yaml", small)
    report = json.loads((store.folder / "both" / "report.json").read_text())
    assert made.tags["rag_chunk.verdict"] == "recommended"
    assert made.tags["rag_chunk.config_digest"] == SMALL.digest()
    assert made.tags["rag_chunk.corpus_digest"] == report["corpus"]["digest"]
    assert made.tags["rag_chunk.questions_digest"] == report["questions"]["digest"]
    assert made.tags["budget_recall"] == f"{report['configurations'][0]['metrics']['budget_recall']:.4f}"
    assert made.description.startswith("sentence, at most 16 words, overlap 4, for bm25. budget_recall ")


@with_aliases
def test_the_alias_moves_only_to_what_is_not_worse(store: Store, promote: Any) -> None:
    better = ["--as", "gated@champion", "--if-better", "--than", "gated@champion"]
    status, _, said = promote(store.single.run_id, *better)
    assert (status, "gated@champion does not exist yet" in said) == (0, True)
    status, _, said = promote(store.child("sentence-16-4"), *better)
    assert (status, "Not worse: sentence-16-4 is " in said, ", before version 1." in said) == (0, True, True)
    assert "Not worse: " in version(store, "gated@champion").description
    status, shown, said = promote(store.single.run_id, *better)
    assert (status, shown) == (7, "")
    assert "which is more than the margin of 2.0" in said
    assert "gated@champion is left as it is." in said
    assert version(store, "gated@champion").version in {"2", 2}
    assert promote(store.single.run_id, *better, "--margin", "1")[0] == 0


@with_aliases
def test_a_run_is_promoted_once_however_often(store: Store, promote: Any) -> None:
    for alias in ("once@champion", "once@challenger", "once@champion"):
        assert "is version 1, of run" in promote(store.single.run_id, "--as", alias, "--if-better")[2]
    with client_of(store.uri) as client:
        assert len(client.search_model_versions("name = 'once'")) == 1


@with_aliases
def test_a_version_is_named_wherever_a_run_is(store: Store, promote: Any, run: Program, folder: Path) -> None:
    promote(store.both.run_id, "--as", "followed@champion")
    promote(store.single.run_id, "--as", "followed@old")
    uri = ["--mlflow-uri", store.uri]
    champion, old = "models:/followed@champion", "models:/followed/2"
    assert config_from_run(champion, uri=store.uri) == SMALL
    assert config_from_run(old, uri=store.uri) == LARGE
    assert run("import-config", champion, *uri)[0] == 0
    assert read_config(Path("rag-chunk.yaml")).config() == SMALL
    assert parse_config(run("export-config", old, *uri)[1], "").config() == LARGE
    sides = compare(champion, old, settings=ComparisonConfig(mlflow_uri=store.uri)).sides
    assert [(side.source, side.configuration) for side in sides] == [
        ("followed@champion", "sentence-16-4"),
        ("followed/2", "sentence-48-12"),
    ]
    assert reproduce(champion, uri=store.uri).is_equal
    promote(store.single.run_id, "--as", "followed@champion")
    assert config_from_run(champion, uri=store.uri) == LARGE


@with_aliases
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("models:/nothing@champion", "there is no models:/nothing@champion in sqlite:"),
        ("models:/nothing/3", "there is no models:/nothing/3 in sqlite:"),
        ("models:/nothing", "models:/nothing is no version of a model. Write models:/NAME@ALIAS or models:/NAME/3"),
        ("models:/../x@y", "is no version of a model"),
    ],
)
def test_a_version_that_does_not_exist_is_an_error(name: str, message: str, store: Store, run: Program) -> None:
    for command in (["export-config"], ["import-config"], ["reproduce"], ["compare", str(store.folder / "both")]):
        status, shown, said = run(*command, name, "--mlflow-uri", store.uri)
        assert (status, shown, message in said) == (3, "", True), command


@with_aliases
def test_a_model_of_somebody_else_is_an_error(store: Store, run: Program) -> None:
    with client_of(store.uri) as client:
        client.create_registered_model("foreign")
        client.create_model_version("foreign", "s3://bucket/model")
    status, _, said = run("export-config", "models:/foreign/1", "--mlflow-uri", store.uri)
    assert (status, "has no run behind it, so rag-chunk did not promote it" in said) == (3, True)


@with_aliases
def test_what_cannot_be_promoted_is_an_error(store: Store, promote: Any) -> None:
    bounds = store.track("bounds", SMALL.with_settings(retriever="oracle"), experiment_name="bounds")
    status, _, said = promote(bounds.run_id, "--as", "bad@champion")
    assert (status, "a bound: no pipeline can retrieve like that" in said) == (3, True)
    promote(store.single.run_id, "--as", "bad@champion")
    other = store.track("budget", SMALL.with_settings(budget=80), experiment_name="bounds")
    status, _, said = promote(other.run_id, "--as", "bad@champion", "--if-better")
    assert (status, "budget is 40 for sentence-48-12 and 80 for sentence-16-4" in said) == (3, True)
    assert "promote it without --if-better, if you are sure" in said
    with client_of(store.uri) as client:
        foreign = client.create_run(store.both.experiment_id).info.run_id
    status, _, said = promote(foreign, "--as", "bad@champion")
    assert (status, f"the run {foreign} has no config.yaml" in said) == (3, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "--as must be given"),
        (["--as", "docs"], "--as: 'docs' is no alias of a model. Write NAME@ALIAS"),
        (["--as", "docs@latest"], "an alias is neither a number nor 'latest'"),
        (["--as", "docs@a", "--than", "docs@b"], "--than has no effect without --if-better"),
        (["--as", "docs@a", "--if-better", "--margin", "2"], "--margin must be at most 1"),
    ],
)
def test_what_contradicts_itself_is_refused(words: list[str], message: str, run: Program) -> None:
    status, _, said = run("promote", "0123abcd", *words)
    assert (status, message in said) == (2, True)


def test_an_mlflow_without_aliases_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "mlflow_version", lambda: (2, 0))
    with pytest.raises(TrackingError, match=r"MLflow 2\.0 has no aliases of model versions; 2\.3 and later do"):
        registry.require_aliases()
