"""Tracked analyses compared, run again, and imported: against real MLflow, through the program's entry point."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rag_chunk
from rag_chunk import chunk, compare, config_from_run, read_corpus, reproduce
from rag_chunk.config import FOLDER_FILE, parse_config, read_config
from rag_chunk.config.history import ComparisonConfig
from rag_chunk.errors import InputError
from tests.analysis.test_comparison import LARGE, SMALL
from tests.conftest import Program
from tests.support.installed_mlflow import skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_store import Store, houses

skip_without_mlflow()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    with houses(tmp_path_factory.mktemp("houses")) as made:
        yield made


@pytest.fixture
def uri(store: Store) -> list[str]:
    return ["--mlflow-uri", store.uri]


def test_runs_are_compared_as_the_folders_that_they_were_made_of(store: Store, uri: list[str], run: Program) -> None:
    status, shown, _ = run("compare", store.both.run_id, store.single.run_id, *uri, "--output", "json")
    tracked, saved = json.loads(shown), compare(store.folder / "both", store.folder / "single")
    assert status == 0
    assert [side["source"] for side in tracked["sides"]] == [
        f"run {each.run_id[:8]}" for each in (store.both, store.single)
    ]
    assert [side["metrics"] for side in tracked["sides"]] == [side.metrics for side in saved.sides]
    assert tracked["against"][0]["difference"] == saved.against[0].difference
    shortly = run("compare", *(each.run_id[:8] for each in (store.both, store.single)), *uri, "--output", "json")
    assert shortly == (0, shown, "")
    child = compare(
        store.folder / "both", store.child("sentence-48-12"), settings=ComparisonConfig(mlflow_uri=store.uri)
    )
    assert child.sides[1].configuration == "sentence-48-12"
    assert child.sides[1].metrics["budget_recall"] == saved.sides[1].metrics["budget_recall"]


def test_the_best_of_an_experiment_are_compared_once_each(store: Store, uri: list[str], run: Program) -> None:
    status, shown, _ = run("compare", "--experiment", "houses", "--top", "3", *uri, "--output", "json")
    assert status == 0
    assert [side["configuration"] for side in json.loads(shown)["sides"]] == ["sentence-16-4", "sentence-48-12"]
    base = ["compare", "both/configs/sentence-48-12.yaml", "--experiment", "houses", "--top", "1", *uri]
    assert json.loads(run(*base, "--output", "json")[1])["against"][0]["shown"] == "better"
    status, _, said = run("compare", "--experiment", "flats", *uri)
    assert (status, "there is no experiment 'flats' in sqlite:" in said) == (3, True)
    status, _, said = run("compare", "--experiment", "houses", "--metric", "nothing", *uri)
    assert (status, "no finished configuration with nothing" in said) == (3, True)


def test_a_run_is_reproduced_and_tracked_as_its_reproduction(store: Store, uri: list[str], run: Program) -> None:
    status, shown, said = run("reproduce", store.both.run_id, *uri, "--track", "--run-name", "again")
    assert status == 0
    assert "sentence-16-4: " in shown
    assert "sentence-48-12: " in shown
    assert "Reproduced: all" in shown
    run_id = said.partition("the analysis' is run ")[2][:32]
    with client_of(store.uri) as client:
        parent = client.get_run(run_id)
        children = client.search_runs([parent.info.experiment_id], f"tags.`mlflow.parentRunId` = '{run_id}'")
        assert parent.info.run_name == "again"
        assert {each.data.tags["rag_chunk.reproduces"] for each in [parent, *children]} == {store.both.run_id}
        assert len(children) == 2
    assert reproduce(store.child("sentence-16-4"), uri=store.uri).is_equal
    assert [each.name for each in reproduce(store.single.run_id, uri=store.uri).configurations] == ["sentence-48-12"]


def test_a_run_is_imported_at_once(
    store: Store, uri: list[str], run: Program, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    status, shown, said = run("import-config", f"runs:/{store.both.run_id}", *uri)
    best = store.child("sentence-16-4")
    assert status == 0
    assert said == f"Wrote {FOLDER_FILE}, from run {best}. In this folder, rag-chunk uses it from now on.\n"
    assert "recorded" not in shown
    assert read_config(Path(FOLDER_FILE)).config() == SMALL
    assert run("import-config", f"runs:/{store.single.run_id}/config.yaml", *uri)[0] == 0
    assert read_config(Path(FOLDER_FILE)).config() == LARGE


def test_a_pipeline_chunks_with_the_config_of_a_run(store: Store) -> None:
    chunks = chunk(read_corpus(store.folder / "docs"), config_from_run(store.both.run_id, uri=store.uri))
    assert [each.id for each in chunks] == [each.id for each in chunk(read_corpus(store.folder / "docs"), SMALL)]


@pytest.mark.parametrize("command", [["reproduce"], ["compare", "both"], ["import-config"]])
def test_a_run_that_does_not_exist_is_an_error_and_makes_no_store(
    command: list[str], store: Store, uri: list[str], run: Program, monkeypatch: Any, tmp_path: Path
) -> None:
    status, shown, said = run(*command, f"runs:/{'f' * 32}", *uri)
    assert (status, shown) == (3, "")
    assert f"there is no run {'f' * 32}" in said
    status, _, said = run(*command, f"runs:/{'f' * 32}", "--mlflow-uri", f"sqlite:///{tmp_path}/none.db")
    assert (status, list(tmp_path.iterdir())) == (3, [])
    assert f"{tmp_path}/none.db does not exist" in said


def test_the_beginning_of_a_run_id_is_enough_where_no_other_run_begins_so(
    store: Store, uri: list[str], run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = run("export-config", store.single.run_id, *uri)
    assert run("export-config", store.single.run_id[:8], *uri) == whole
    assert "there is no run ffffffff in" in run("export-config", "f" * 8, *uri)[2]
    alike = [store.single.run_id, store.single.run_id[:8] + "0" * 24]
    monkeypatch.setattr("rag_chunk.mlflow_tracker.named_runs._beginning_with", lambda *_: alike)
    status, _, said = run("export-config", store.single.run_id[:8], *uri)
    assert status == 3
    assert f"begin with {store.single.run_id[:8]}: {', '.join(alike)}. Name one whole" in said


def test_a_run_of_somebody_else_is_an_error(store: Store, uri: list[str], run: Program) -> None:
    with client_of(store.uri) as client:
        other = client.create_run(store.both.experiment_id).info.run_id
    status, _, said = run("reproduce", other, *uri)
    assert (status, "rag-chunk did not make it" in said) == (3, True)
    assert "(artifacts: " in said


def artifact(store: Store, run_id: str, name: str) -> Path:
    with client_of(store.uri) as client:
        return Path(client.get_run(run_id).info.artifact_uri.removeprefix("file://")) / name


@pytest.mark.parametrize("name", ["report.json", "questions.json"])
def test_what_is_fetched_is_a_small_regular_file_of_our_kind(name: str, store: Store, monkeypatch: Any) -> None:
    settings = ComparisonConfig(mlflow_uri=store.uri)
    path = artifact(store, store.single.run_id, name)
    whole = path.read_bytes()
    try:
        for text in (b"[" * 100_000, b'{"schema_version": 99}', b"\xff\xfe", b"[1, 2]", b"null"):
            path.write_bytes(text)
            with pytest.raises(InputError, match=f"{name} of run {store.single.run_id}"):
                compare("both", store.single.run_id, settings=settings)
        path.write_bytes(whole)
        monkeypatch.setattr("rag_chunk.mlflow_tracker.analyses.LARGEST", len(whole) - 1)
        monkeypatch.setattr(rag_chunk.mlflow_tracker.analyses, "REPORT", name)
        with pytest.raises(InputError, match=f"the {name} of run .* has {len(whole):,} bytes"):
            compare("both", store.single.run_id, settings=settings)
    finally:
        path.write_bytes(whole)


def test_a_renamed_run_still_stands_for_its_configuration(store: Store) -> None:
    run_id = store.child("sentence-48-12")
    with client_of(store.uri) as client:
        client.update_run(run_id, name="sentence-16-4")
    found = compare("both", run_id, settings=ComparisonConfig(mlflow_uri=store.uri))
    assert found.sides[1].configuration == "sentence-48-12"


def test_folders_are_compared_and_run_again_without_mlflow(store: Store, run: Program, monkeypatch: Any) -> None:
    monkeypatch.setitem(__import__("sys").modules, "mlflow", None)
    assert run("compare", "both", "single")[0] == 0
    assert run("reproduce", "single")[0] == 0
    status, _, said = run("reproduce", "f" * 32)
    assert (status, said) == (4, (f"rag-chunk: reading run {'f' * 32} from MLflow needs an optional package. "
                                 "Install it: pip install 'rag-chunk[mlflow]'\n"))  # fmt: skip


META: dict[str, dict[str, Any]] = {
    "experiment": {"artifact_location": "{there}/1", "experiment_id": "1", "lifecycle_stage": "active", "name": "old"},
    "run": {
        "artifact_uri": "{there}/1/{run_id}/artifacts", "end_time": 1, "entry_point_name": "", "experiment_id": "1",
        "lifecycle_stage": "active", "run_id": "{run_id}", "run_name": "old", "run_uuid": "{run_id}", "source_name": "",
        "source_type": 4, "source_version": "", "start_time": 1, "status": 3, "tags": [], "user_id": "ann",
    },
}  # fmt: skip


def old_files(store: Store, there: Path, run_id: str) -> Path:
    """Write the run of one configuration as the file store of MLflow 2 does."""
    folder = there / "1" / run_id
    for name in ("artifacts", "tags", "params", "metrics"):
        (folder / name).mkdir(parents=True)
    for path, meta in ((there / "1", META["experiment"]), (folder, META["run"])):
        text = "".join(f"{name}: {json.dumps(value)}\n" for name, value in meta.items())
        (path / "meta.yaml").write_text(text.replace("{there}", str(there)).replace("{run_id}", run_id))
    (folder / "tags" / "rag_chunk.role").write_text("configuration")
    for name in ("report.json", "questions.json", "configs/sentence-48-12.yaml"):
        target = "config.yaml" if name.startswith("configs") else name
        shutil.copyfile(store.folder / "single" / name, folder / "artifacts" / target)
    return folder


@pytest.mark.parametrize("there", [["--mlflow-uri", "mlruns"], []], ids=["named", "default"])
def test_a_store_that_mlflow_2_wrote_is_read_and_left_as_it_is(
    there: list[str], store: Store, run: Program, tmp_path: Path, monkeypatch: Any
) -> None:
    run_id = "0123456789abcdef" * 2
    folder = old_files(store, tmp_path / "mlruns", run_id)
    before = sorted(folder.rglob("*"))
    monkeypatch.chdir(tmp_path)
    status, shown, said = run("export-config", run_id, *there)
    assert (status, said) == (0, "")
    assert parse_config(shown, "").config() == LARGE
    assert parse_config(shown, "").recorded["run_id"] == run_id
    assert run("compare", str(store.folder / "both"), run_id, *there)[::2] == (0, "")
    assert run("reproduce", run_id, *there)[0] == 0
    assert sorted(folder.rglob("*")) == before
    assert not list(tmp_path.glob("*.db"))


def test_a_store_that_was_moved_without_its_artifacts_says_where_they_were(
    store: Store, run: Program, tmp_path: Path
) -> None:
    run_id = "fedcba9876543210" * 2  # of its own: MLflow 2 keeps in mind where a run had its artifacts
    old_files(store, tmp_path / "mlruns", run_id)
    (tmp_path / "mlruns").rename(tmp_path / "moved")
    status, _, said = run("reproduce", run_id, "--mlflow-uri", str(tmp_path / "moved"))
    assert status == 3
    assert f"(artifacts: {tmp_path}/mlruns/1/{run_id}/artifacts)" in said
