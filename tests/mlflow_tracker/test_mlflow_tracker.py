"""Tracking against real MLflow: sqlite files, folders, and a server on this machine."""

import contextlib
import hashlib
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from rag_chunk.errors import InputError, MissingExtra, SettingsError, TrackingError
from rag_chunk.mlflow_tracker import (
    Tracked,
    TrackingConfig,
    documents_git,
    fetch_config,
    parse_tags,
    redact,
    track_folder,
    track_run,
)
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import explain
from tests.support.empty_store import copy_empty_store
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_folder import CREATED, FOUR, configuration, report, write_folder
from tests.support.mlflow_runs import all_runs, artifacts, client_of, log, statuses
from tests.support.mlflow_server import running_pages
from tests.support.warm_process import program_path

skip_without_mlflow()
PROJECT = Path(__file__).parents[2]
PAGE = (PROJECT / "docs" / "mlflow.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"(?ms)^```bash\n(.*?)^```", PAGE)
BLOCKS = {name: block for block in COMMANDS for name in re.findall(r"(?m)^(?:[A-Z_]+=\S+ )?mlflow ([\w-]+)", block)}
VERSION = mlflow_version()


def uri_of(folder: Path) -> str:
    """Return the address of a store in `folder`."""
    return copy_empty_store(folder / "store")


# what a tracked analysis looks like


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path, Tracked, list[str]]:
    """Track one analysis of four configurations, which the tests below look at."""
    folder = tmp_path_factory.mktemp("shown")
    notes: list[str] = []
    results = write_folder(folder / "results")
    uri = uri_of(folder)
    tags = {"team": "search", "version": "mine"}
    made = log(results, notes, uri=uri, experiment_name="opt", run_name="baseline", tags=tags, dataset_version="2")
    return uri, results, made, notes


def test_a_parent_with_a_child_for_each_configuration(shown):
    uri, _, made, _ = shown
    runs = {run.info.run_id: run for run in all_runs(uri)}
    assert set(runs) == {made.run_id, *made.children.values()}
    assert {run.info.status for run in runs.values()} == {"FINISHED"}
    assert runs[made.run_id].info.run_name == "baseline"
    for name, run_id in made.children.items():
        assert runs[run_id].info.run_name == name
        assert runs[run_id].data.tags["mlflow.parentRunId"] == made.run_id
        assert runs[run_id].info.experiment_id == made.experiment_id


def test_params_and_metrics_come_back_as_they_were(shown):
    uri, _, made, _ = shown
    with client_of(uri) as client:
        for found in FOUR:
            data = client.get_run(made.children[found.name]).data
            assert data.params == found.config.params()
            assert data.metrics == found.metrics


def test_the_parent_carries_the_best_configuration(shown):
    uri, _, made, _ = shown
    best = report().best
    with client_of(uri) as client:
        data = client.get_run(made.run_id).data
        children = {run_id: client.get_run(run_id).data.tags for run_id in made.children.values()}
    assert data.params == best.config.params()
    assert data.metrics == {**best.metrics, "read_time": 0.5}
    assert data.tags["rag_chunk.best_run_id"] == made.children[best.name]
    assert [run_id for run_id, tags in children.items() if "rag_chunk.best" in tags] == [made.children[best.name]]


def test_tags_say_what_was_analysed(shown):
    uri, _, made, _ = shown
    with client_of(uri) as client:
        parent = client.get_run(made.run_id).data.tags
        child = client.get_run(made.children["sentence-100-25"]).data.tags
    for tags, role in ((parent, "analysis"), (child, "configuration")):
        assert tags.items() >= {
            "document_type": "md", "dataset_name": "documents", "version": "mine", "team": "search",
            "rag_chunk.version": "1.0.0", "rag_chunk.analysis_id": "a1b2c3", "rag_chunk.role": role,
            "rag_chunk.corpus_digest": "c0ffee", "rag_chunk.questions_digest": "beef",
        }.items()  # fmt: skip
        assert tags["mlflow.user"]
        assert tags["mlflow.source.name"]
    assert child["rag_chunk.config_digest"] == FOUR[0].config.digest()


def test_the_parent_describes_the_comparison_in_markdown(shown):
    uri, _, made, _ = shown
    with client_of(uri) as client:
        note = client.get_run(made.run_id).data.tags["mlflow.note.content"]
    lines = note.splitlines()
    assert lines[0] == "No difference shown."
    assert lines[2].startswith("| configuration | budget_recall |")
    assert lines[5].startswith("| **recursive-character-200-50** | 0.850 |")


def test_artifacts_of_parent_and_children(shown):
    uri, results, made, _ = shown
    with client_of(uri) as client:
        assert artifacts(client, made.run_id) == {
            "config.yaml", "comparison.csv", "comparison.json", "report.json", "report.md", "analysis.yaml", "questions.json",
        }  # fmt: skip
        child = made.children["sentence-100-25"]
        assert artifacts(client, child) == {
            "config.yaml", "chunks/chunks.jsonl", "evaluation/per_question.json", "evaluation/report.md",
        }  # fmt: skip
        chunks = Path(client.download_artifacts(child, "chunks/chunks.jsonl"))
        table = json.loads(Path(client.download_artifacts(child, "evaluation/per_question.json")).read_bytes())
        tags = client.get_run(child).data.tags
    assert chunks.read_bytes() == (results / "chunks" / "sentence-100-25.jsonl").read_bytes()
    assert table["columns"] == ["id", "question", "budget_recall", "rank", "causes", "retrieved"]
    assert table["data"][0] == ["q1", "What flows?", 0.9, None, "", "a.md:0-20, a.md:20-31"]
    assert json.loads(tags["mlflow.loggedArtifacts"]) == [{"path": "evaluation/per_question.json", "type": "table"}]


@pytest.mark.skipif(VERSION < (2, 4), reason="this MLflow knows no inputs")
def test_documents_and_questions_are_inputs(shown):
    uri, _, made, _ = shown
    with client_of(uri) as client:
        inputs = client.get_run(made.run_id).inputs.dataset_inputs
    assert {(each.dataset.name, each.dataset.digest, each.tags[0].value) for each in inputs} == {
        ("documents", "c0ffee", "documents"),
        ("questions.json", "beef", "questions"),
    }


def test_links_go_past_the_view_of_traces(shown):
    _, _, made, _ = shown
    page = urlsplit(made.links["leaderboard"]).fragment
    asked = parse_qs(urlsplit(page).query)
    assert page.startswith(f"/experiments/{made.experiment_id}/runs?workflowType=machine_learning")
    assert asked["orderByKey"] == ["metrics.`budget_recall`"]
    assert asked["searchFilter"] == [
        "tags.\"rag_chunk.analysis_id\"='a1b2c3' and tags.\"rag_chunk.role\"='configuration'"
    ]
    runs = parse_qs(urlsplit(urlsplit(made.links["compare"]).fragment).query)["runs"]
    assert json.loads(runs[0]) == list(made.children.values())


def test_the_filter_of_the_leaderboard_finds_the_children(shown):
    uri, _, made, _ = shown
    asked = parse_qs(urlsplit(urlsplit(made.links["leaderboard"]).fragment).query)["searchFilter"][0]
    with client_of(uri) as client:
        found = client.search_runs([made.experiment_id], asked)
    assert {run.info.run_id for run in found} == set(made.children.values())


def test_the_command_names_the_store(shown):
    uri, _, made, _ = shown
    assert made.ui_command is not None
    assert made.ui_command.endswith(f"mlflow ui --backend-store-uri {uri}")


def test_nothing_is_said_but_what_matters(shown, capfd, tmp_path):
    _, results, _, notes = shown
    assert notes == [
        "the experiment 'opt' is new, and is created",
        "the chunks of every configuration are logged with their text (0.0 MB)",
    ]
    log(results, notes, uri=uri_of(tmp_path), experiment_name="x")
    assert capfd.readouterr() == ("", "")


def test_one_configuration_is_one_run_with_everything(tmp_path, notes):
    results = write_folder(tmp_path / "results", report(FOUR[:1]))
    with track_run(TrackingConfig(uri=uri_of(tmp_path)), several=False, notify=notes.append) as tracking:
        made = tracking.log(results)
    assert made.children == {}
    assert list(made.links) == ["analysis"]
    with client_of(uri_of(tmp_path)) as client:
        run = client.get_run(made.run_id)
        files = artifacts(client, made.run_id)
    assert run.info.run_name == "sentence-100-25"
    assert run.data.tags["rag_chunk.role"] == "configuration"
    assert run.data.tags["rag_chunk.best"] == "true"
    assert {
        "config.yaml",
        "comparison.json",
        "report.json",
        "evaluation/per_question.json",
        "chunks/chunks.jsonl",
    } <= files
    assert "the experiment is 'rag-chunk'" in notes[0]


def test_fewer_runs_keep_the_recommended_one(results, tmp_path, notes):
    made = log(results, notes, uri=uri_of(tmp_path), log_runs=1)
    assert list(made.children) == ["sentence-100-25", "recursive-character-200-50"]


@pytest.mark.parametrize(
    ("asked", "with_text"),
    [("all", 4), ("best", 1), ("spans", 0), ("none", None)],
    ids=["all", "best", "spans", "none"],
)
def test_chunks_go_along_as_asked(asked, with_text, results, tmp_path, notes):
    made = log(results, notes, uri=uri_of(tmp_path), log_chunks=asked)
    with client_of(uri_of(tmp_path)) as client:
        names = [artifacts(client, run_id) for run_id in made.children.values()]
        if with_text is None:
            assert not any("chunks/chunks.jsonl" in files for files in names)
            return
        texts = [
            Path(client.download_artifacts(run_id, "chunks/chunks.jsonl")).read_text(encoding="utf-8")
            for run_id in made.children.values()
        ]
    assert sum('"text"' in text for text in texts) == with_text
    assert all('"start": 1' in text for text in texts)


def test_one_file_a_chunk(tmp_path, notes):
    results = write_folder(tmp_path / "results", report(FOUR[:1]))
    made = log(results, notes, uri=uri_of(tmp_path), chunk_files=True)
    with client_of(uri_of(tmp_path)) as client:
        assert {"chunks/text/chunk_00000.txt", "chunks/text/chunk_00001.txt"} <= artifacts(client, made.run_id)


def test_names_are_made_to_fit(tmp_path, notes):
    odd = configuration("sentence-100-25", 0.5, strategy="sentence", chunk_size=100)
    metrics = {**odd.metrics, "recall@5": 0.25, "recall_5": 0.75, "../up": 1.0}
    results = write_folder(tmp_path / "results", report((odd.model_copy(update={"metrics": metrics}),)))
    made = log(results, notes, uri=uri_of(tmp_path), experiment_name="x" * 600, tags={"long": "y" * 9000})
    with client_of(uri_of(tmp_path)) as client:
        data = client.get_run(made.run_id).data
    assert data.metrics.items() >= {"recall_5": 0.25, "recall_5_": 0.75, "up": 1.0}.items()
    assert len(data.tags["long"]) == 5000
    assert len(made.experiment_name) == 500
    assert "MLflow does not take the metric name 'recall@5': it is logged as 'recall_5'" in notes


# tags


def test_tags_are_read():
    assert parse_tags(["dataset=examples,version=1.0", "q=a=b,", " x = y "]) == {
        "dataset": "examples", "version": "1.0", "q": "a=b", "x": "y",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("lonely", "'lonely' has no '='"),
        ("a=1,b", "'b' has no '='"),
        ("=x", "no name before"),
        ("mlflow.user=me", "reserved"),
        ("rag_chunk.best=true", "reserved"),
        ("a@b=1", "cannot be a tag's name"),
        ("k" * 251 + "=1", "cannot be a tag's name"),
    ],
)
def test_wrong_tags_are_refused(given, said):
    with pytest.raises(SettingsError, match=re.escape(said)):
        parse_tags([given])


def test_options_survive_the_folder_without_addresses():
    options = TrackingConfig(uri="http://u:p@h", tags={"a": "1"}, log_runs=3, run_name="r", parent_run_id="x")
    saved = json.loads(json.dumps(options.to_json()))
    assert saved == {"tags": {"a": "1"}, "log_runs": 3, "run_name": "r"}
    given = TrackingConfig(uri="sqlite:///x", tags={"b": "2"}, run_name="new")
    assert given.over(TrackingConfig.from_json(saved)) == TrackingConfig(
        uri="sqlite:///x", tags={"a": "1", "b": "2"}, log_runs=3, run_name="new"
    )
    with pytest.raises(InputError, match=r"tracking\.json"):
        TrackingConfig.from_json({"strange": 1})


# the config back


def test_the_config_comes_back_to_the_byte(shown, notes):
    uri, results, made, _ = shown
    for name, run_id in made.children.items():
        assert (
            fetch_config(run_id, uri=uri, notify=notes.append).encode()
            == (results / "configs" / f"{name}.yaml").read_bytes()
        )
    assert notes == []


def test_the_config_of_an_analysis_is_the_best_or_the_one_asked_for(shown, notes):
    uri, results, made, _ = shown

    def fetched(**choice):
        text = fetch_config(made.run_id, uri=uri, notify=notes.append, **choice)
        return next(path.stem for path in (results / "configs").iterdir() if path.read_bytes() == text.encode())

    assert fetched() == "recursive-character-200-50"
    assert fetched(by="budget_recall") == "sentence-100-25"
    assert fetched(strategy="fixed-size") == "fixed-size-100-0"
    assert fetched(strategy="recursive-character") == "recursive-character-200-50"
    with pytest.raises(InputError, match="no configuration of the strategy 'header'"):
        fetched(strategy="header")
    with pytest.raises(InputError, match="There are avg_recall, budget_recall"):
        fetched(by="nonsense")


def test_without_questions_the_config_must_be_chosen(tmp_path, notes):
    plain = report().model_copy(update={"comparison": None, "questions": None})
    made = log(write_folder(tmp_path / "results", plain), notes, uri=uri_of(tmp_path))
    with pytest.raises(InputError, match="--by num_chunks"):
        fetch_config(made.run_id, uri=uri_of(tmp_path), notify=notes.append)
    text = fetch_config(made.run_id, uri=uri_of(tmp_path), by="num_chunks", notify=notes.append)
    assert 'strategy: "fixed-size"' in text


def test_an_unknown_run_is_named_with_the_store(shown, notes, folder):
    uri, _, _, _ = shown
    with pytest.raises(InputError, match=rf"no run {'f' * 32} in sqlite:///.*mlflow\.db"):
        fetch_config("f" * 32, uri=uri, notify=notes.append)
    with pytest.raises(InputError, match="no run"):
        fetch_config("../../etc", uri=uri, notify=notes.append)
    with pytest.raises(InputError, match=r"(mlflow\.db|mlruns) does not exist"):
        fetch_config("f" * 32, notify=notes.append)
    assert list(folder.iterdir()) == []


def test_a_run_without_the_file_is_read_from_its_params(tmp_path, notes):
    uri = uri_of(tmp_path)
    with client_of(uri) as client:
        run_id = client.create_run(client.create_experiment("old")).info.run_id
        other = client.create_run("0").info.run_id
        for key, value in {
            "strategy": "sentence",
            "chunk_size": "80",
            "use_tiktoken": "False",
            "model": "none",
        }.items():
            client.log_param(run_id, key, value)
    text = fetch_config(run_id, uri=uri, notify=notes.append)
    assert "chunk_size: 80" in text
    assert "none" not in text
    assert "made of the run's params" in notes[0]
    with pytest.raises(InputError, match="not one of rag-chunk"):
        fetch_config(other, uri=uri, notify=notes.append)


def test_a_huge_config_is_refused(shown, notes, tmp_path):
    uri, _, made, _ = shown
    (tmp_path / "config.yaml").write_bytes(b"#" * 1_000_001)
    with client_of(uri) as client:
        run_id = client.create_run(made.experiment_id).info.run_id
        client.log_artifact(run_id, str(tmp_path / "config.yaml"))
        client.delete_run(run_id)
    with pytest.raises(InputError, match="1,000,001 bytes"):
        fetch_config(run_id, uri=uri, notify=notes.append)


# stores


def test_the_default_store_is_what_plain_mlflow_ui_shows(tmp_path, notes, monkeypatch):
    """The path has spaces and letters that are not ASCII."""
    folder = tmp_path / "ein Ordner für 東京 100%"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = log(write_folder(tmp_path / "results"), notes, experiment_name="Übung")
    assert made.ui_command is not None
    assert made.ui_command.endswith("mlflow ui")
    with running_pages(folder, "ui") as address, client_of(address) as client:
        run = client.get_run(made.run_id)
        with urlopen(f"{address}/get-artifact?run_uuid={made.run_id}&path=config.yaml", timeout=10) as answer:  # noqa: S310
            config = answer.read()
    assert run.data.metrics["budget_recall"] == 0.85
    assert config == (tmp_path / "results" / "configs" / "recursive-character-200-50.yaml").read_bytes()
    assert fetch_config(made.run_id, notify=notes.append).encode() == config


def test_the_environment_is_honoured_below_the_options(results, tmp_path, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri_of(tmp_path))
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "from the environment")
    made = log(results, notes)
    assert made.store == uri_of(tmp_path)
    assert made.experiment_name == "from the environment"
    assert log(results, notes, experiment_name="given").experiment_name == "given"
    assert log(results, notes, experiment_name=" ").experiment_name == "from the environment"
    monkeypatch.delenv("MLFLOW_EXPERIMENT_NAME")
    monkeypatch.setenv("MLFLOW_EXPERIMENT_ID", made.experiment_id)
    assert log(results, notes).experiment_id == made.experiment_id
    assert os.environ["MLFLOW_TRACKING_URI"] == uri_of(tmp_path)


def test_runs_nest_under_the_run_of_the_environment(results, tmp_path, notes, monkeypatch):
    with client_of(uri_of(tmp_path).replace("store/", "")) as client:
        above = client.create_run(client.create_experiment("theirs")).info
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri_of(tmp_path).replace("store/", ""))
    monkeypatch.setenv("MLFLOW_RUN_ID", above.run_id)
    made = log(results, notes)
    assert made.experiment_id == above.experiment_id
    with client_of(None) as client:
        assert client.get_run(made.run_id).data.tags["mlflow.parentRunId"] == above.run_id
        assert client.get_run(above.run_id).info.status == "RUNNING"


def test_runs_nest_under_an_active_run_and_leave_it_alone(results, tmp_path, notes):
    with quiet_mlflow(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import mlflow

        mlflow.set_tracking_uri(copy_empty_store(tmp_path))
        with mlflow.start_run() as active:
            made = log(results, notes)
            current = mlflow.active_run()
            assert current is not None
            assert current.info.run_id == active.info.run_id
        assert mlflow.get_tracking_uri() == f"sqlite:///{tmp_path / 'mlflow.db'}"
        data = mlflow.MlflowClient().get_run(made.run_id).data
        mlflow.set_tracking_uri(None)  # type: ignore[arg-type, unused-ignore]  # as MLflow itself does
    assert data.tags["mlflow.parentRunId"] == active.info.run_id


@pytest.mark.parametrize("store", ["database", "folder"])
def test_absolute_experiment_names_are_names_like_others(store, results, tmp_path, notes, monkeypatch):
    """As Databricks wants them."""
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    uri = uri_of(tmp_path) if store == "database" else (tmp_path / "mlruns").as_uri()
    monkeypatch.chdir(tmp_path)
    for name in ("/Users/ann@example.org/chunking", "/Shared/chunking"):
        first, second = (log(results, notes, uri=uri, experiment_name=name) for _ in range(2))
        assert (first.experiment_name, second.experiment_id) == (name, first.experiment_id)
        assert "strategy" in fetch_config(first.run_id, uri=uri, notify=notes.append)
        assert notes.count(f"the experiment {name!r} is new, and is created") == 1
    assert len(list(tmp_path.rglob("chunks.jsonl"))) == 2 * 2 * 4


@pytest.mark.skipif(VERSION < (3, 13), reason="this MLflow keeps runs in folders")
def test_a_folder_becomes_a_database_beside_it(results, tmp_path, notes):
    made = log(results, notes, uri=str(tmp_path / "mein mlruns"), experiment_name="/Users/ann/b")
    assert made.store == f"sqlite:///{tmp_path / 'mlflow.db'}"
    assert (tmp_path / "mein mlruns" / "_Users_ann_b" / made.run_id / "artifacts" / "config.yaml").is_file()
    assert "no longer keeps runs in folders" in notes[0]
    options = TrackingConfig(uri=str(tmp_path / "mein mlruns"), experiment_name="/Users/ann/b")
    assert track_folder(results, options, notify=notes.append).run_id == made.run_id
    assert len(all_runs(made.store)) == 5


def test_a_folder_with_old_runs_is_kept(results, folder, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    with client_of((folder / "mlruns").as_uri()) as client:
        client.create_run(client.create_experiment("old"))
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    made = log(results, notes, experiment_name="new")
    assert made.store == (folder / "mlruns").as_uri()
    assert made.ui_command is not None
    assert made.ui_command.startswith("MLFLOW_ALLOW_FILE_STORE=true ") == (VERSION >= (3, 13))
    assert VERSION < (3, 13) or "migrate-filestore" in notes[0]
    assert "MLFLOW_ALLOW_FILE_STORE" not in os.environ
    assert not (folder / "mlflow.db").exists()
    assert "strategy" in fetch_config(made.run_id, notify=notes.append)


@pytest.mark.skipif(VERSION < (3, 13), reason="this MLflow keeps runs in folders")
def test_old_runs_move_to_a_database_as_the_notice_and_the_page_say(results, folder, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    old = log(results, [], uri=(folder / "mlruns").as_uri(), experiment_name="old")
    monkeypatch.delenv("MLFLOW_ALLOW_FILE_STORE")
    log(results, notes, experiment_name="old")
    command, rename = BLOCKS["migrate-filestore"].splitlines()
    assert f"To move them to a database: {command}, then rename each mlruns/*/meta.yaml" in notes[0]
    shell(command, folder)
    shell(rename, folder)
    new = log(results, notes, experiment_name="old")
    assert new.store == f"sqlite:///{folder}/mlflow.db"
    assert {run.info.status for run in all_runs(None)} == {"FINISHED"}
    assert len(all_runs(None)) == 3 * 5
    assert "strategy" in fetch_config(old.run_id, notify=notes.append)


def test_deleted_runs_are_kept_for_a_month_and_then_removed_as_the_page_says(results, folder, notes):
    copy_empty_store(folder)
    made = log(results, notes, uri="sqlite:///mlflow.db", experiment_name="gc")
    with client_of("sqlite:///mlflow.db") as client:
        for run_id in (made.run_id, *made.children.values()):
            client.delete_run(run_id)
    shell(BLOCKS["gc"], folder)
    assert (rows(folder), len(list(folder.rglob("config.yaml")))) == (5, 5)
    with sqlite3.connect("mlflow.db") as database:
        database.execute("UPDATE runs SET deleted_time = deleted_time - 31 * 24 * 3600 * 1000")
    database.close()
    shell(BLOCKS["gc"], folder)
    assert (rows(folder), list(folder.rglob("config.yaml"))) == (0, [])


def test_each_command_of_the_page_is_known_to_a_test():
    """The tests on a server run `server` and the webhook; what rag-chunk prints is made anew."""
    assert set(BLOCKS) == {"gc", "migrate-filestore", "server"}
    others = [block for block in COMMANDS if block not in BLOCKS.values()]
    assert others[0] == "export MLFLOW_TRACKING_URI=http://127.0.0.1:5000\n"
    assert ["create_webhook" in block for block in others[1:]] == [True]


def rows(folder: Path) -> int:
    with sqlite3.connect(folder / "mlflow.db") as database:
        (number,) = database.execute("SELECT count(*) FROM runs").fetchone()
    database.close()
    return int(number)


def shell(command: str, folder: Path) -> None:
    """Run a command of the page, which says `mlflow` for the one that is installed here."""
    environment = {**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true"}
    words = ["bash", "-c", f'mlflow() {{ {program_path("python")} -m mlflow "$@"; }}\n{command}']
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="/sys, where nobody may write, is of Linux")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sqlite:////sys/none/mlflow.db", "/sys/none"),
        ("sqlite:////sys/mlflow.db", "cannot be written: no folder, or no permission"),
        ("sqlite:///text.db", "the file is not a SQLite database"),
        ("sqlite://", "names no file"),
        ("/sys/mlruns", "cannot be written|/sys/mlruns"),
        ("postgresql://ann:s3cret@127.0.0.1:9/runs", "nothing listens there"),
        ("ftp://host/mlruns", "write http://…, sqlite:///FILE or a folder"),
    ],
)
def test_an_address_that_leads_nowhere_is_one_sentence_at_once(name, said, results, folder, notes):
    """MLflow itself tries a database again and again, for minutes."""
    (folder / "text.db").write_text("no database" * 100)
    start = time.monotonic()
    with pytest.raises(TrackingError, match=said):
        log(results, notes, uri=name, experiment_name="x")
    assert time.monotonic() - start < 20


def test_a_deleted_experiment_is_said(results, tmp_path, notes):
    made = log(results, notes, uri=uri_of(tmp_path), experiment_name="gone")
    with client_of(uri_of(tmp_path)) as client:
        client.delete_experiment(made.experiment_id)
    with pytest.raises(TrackingError, match="is deleted"):
        log(results, notes, uri=uri_of(tmp_path), experiment_name="gone")


# endings


def test_an_exception_ends_the_run_as_failed(tmp_path, notes):
    with (
        pytest.raises(ZeroDivisionError),
        track_run(TrackingConfig(uri=uri_of(tmp_path)), several=True, notify=notes.append),
    ):
        raise ZeroDivisionError
    assert statuses(uri_of(tmp_path)) == {"FAILED"}


@pytest.mark.parametrize(("code", "status"), [(0, "FINISHED"), (3, "FAILED")])
def test_an_exit_is_judged_by_its_status(code, status, tmp_path, notes):
    with (
        pytest.raises(SystemExit),
        track_run(TrackingConfig(uri=uri_of(tmp_path)), several=True, notify=notes.append),
    ):
        sys.exit(code)
    assert statuses(uri_of(tmp_path)) == {status}


def test_a_folder_that_is_not_whole_ends_the_run_as_failed(results, tmp_path, notes):
    (results / "configs" / "fixed-size-100-0.yaml").unlink()
    with pytest.raises(InputError, match=r"fixed-size-100-0\.yaml"):
        log(results, notes, uri=uri_of(tmp_path))
    assert statuses(uri_of(tmp_path)) == {"FAILED"}


WAITING = """
import signal, sys, time
from pathlib import Path
from rag_chunk.errors import Interrupted
from rag_chunk.mlflow_tracker import TrackingConfig, track_run
from rag_chunk.mlflow_tracker.open_runs import OpenRuns

def slow(self, run_id, content, write=OpenRuns.write, **how):
    write(self, run_id, content, **how)
    if content.tags["rag_chunk.role"] == "configuration":
        wait()

def wait():
    print("ready", flush=True)
    time.sleep(60)

uri, folder, where = sys.argv[1:]
OpenRuns.write = slow
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
try:
    with track_run(TrackingConfig(uri=uri), several=True, notify=lambda text: None) as tracking:
        if where == "analysis":
            wait()
        tracking.log(Path(folder))
except Interrupted as interrupted:
    sys.exit(interrupted.exit_status)
"""


def start(program: str, *words: str, cwd: Path | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [program_path("python"), "-c", program, *words], cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_signals_end_all_runs_as_killed(results, tmp_path):
    """In the middle of the analysis, and in the middle of logging a child."""
    cases = {signal.SIGINT: "analysis", signal.SIGTERM: "logging", signal.SIGHUP: "logging"}
    processes = {
        number: start(WAITING, uri_of(tmp_path / number.name), str(results), where) for number, where in cases.items()
    }
    for number, process in processes.items():
        with process:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            process.send_signal(number)
            assert process.wait(120) == 128 + number
            assert process.stderr is not None
            assert process.stderr.read() == ""
    for number, where in cases.items():
        assert [run.info.status for run in all_runs(uri_of(tmp_path / number.name))] == ["KILLED"] * (
            1 + (where == "logging")
        )


def test_handlers_are_put_back(results, tmp_path, notes):
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    log(results, notes, uri=uri_of(tmp_path))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


# many at once


def test_three_processes_start_on_a_fresh_folder(results, tmp_path, monkeypatch):
    program = WAITING.replace("        wait()\n\ndef wait", "        pass\n\ndef wait")
    folder = tmp_path / "fresh"
    folder.mkdir()
    processes = [start(program, "", str(results), "logging", cwd=folder) for _ in range(3)]
    for process in processes:
        _, said = process.communicate(timeout=300)
        assert (process.returncode, said) == (0, "")
    monkeypatch.chdir(folder)
    runs = all_runs(None)
    assert len(runs) == 3 * 5
    assert len({run.info.experiment_id for run in runs}) == 1
    assert {run.info.status for run in runs} == {"FINISHED"}


# afterwards


def test_a_saved_folder_is_sent_once_and_as_if_tracked_directly(tmp_path, notes):
    options = TrackingConfig(experiment_name="later", run_name="baseline", tags={"team": "search"})
    results = write_folder(tmp_path / "results", tracking=options.to_json())
    direct = log(
        results, notes, uri=uri_of(tmp_path / "a"), experiment_name="later", run_name="baseline", tags=options.tags
    )
    later = track_folder(results, TrackingConfig(uri=uri_of(tmp_path / "b")), notify=notes.append)
    again = track_folder(results, TrackingConfig(uri=uri_of(tmp_path / "b")), notify=notes.append)
    assert again == replace(later, known=True)
    assert len(all_runs(uri_of(tmp_path / "b"))) == 5
    with client_of(uri_of(tmp_path / "a")) as first, client_of(uri_of(tmp_path / "b")) as second:
        pairs = [(direct.run_id, later.run_id)]
        pairs += [(direct.children[name], later.children[name]) for name in direct.children]
        for one, other in pairs:
            here, there = first.get_run(one), second.get_run(other)
            assert here.data.params == there.data.params
            assert here.data.metrics == there.data.metrics
            assert compared_tags(here) == compared_tags(there)
            assert artifacts(first, one) == artifacts(second, other)
            assert there.info.end_time == CREATED.timestamp() * 1000


def compared_tags(run: Any) -> dict[str, str]:
    own = {"rag_chunk.tracked_later", "rag_chunk.best_run_id", "rag_chunk.tracking_id", "mlflow.parentRunId"}
    return {name: value for name, value in run.data.tags.items() if name not in own}


def test_a_partly_sent_analysis_is_completed(results, tmp_path, notes, monkeypatch):
    from rag_chunk.mlflow_tracker.open_runs import OpenRuns

    write = OpenRuns.write

    def failing(self: OpenRuns, run_id: str, content: Any, **how: Any) -> None:
        write(self, run_id, content, **how)
        if content.name == "recursive-character-100-25":
            message = "the disk is full"
            raise TrackingError(message)

    monkeypatch.setattr(OpenRuns, "write", failing)
    with pytest.raises(TrackingError, match="full"):
        log(results, notes, uri=uri_of(tmp_path))
    monkeypatch.undo()
    assert sorted(run.info.status for run in all_runs(uri_of(tmp_path))) == ["FAILED", "FAILED", "FINISHED", "FINISHED"]
    made = track_folder(results, TrackingConfig(uri=uri_of(tmp_path)), notify=notes.append)
    assert len(all_runs(uri_of(tmp_path))) == 5
    assert statuses(uri_of(tmp_path)) == {"FINISHED"}
    assert list(made.children) == [found.name for found in FOUR]


@pytest.mark.skipif(VERSION < (2, 4), reason="MLflow before 2.4 knows no data sets")
def test_another_process_logs_the_same_documents_at_once(results, tmp_path, notes):
    sqlalchemy, uri, written = pytest.importorskip("sqlalchemy"), uri_of(tmp_path), list[str]()

    def other_first(connection, cursor, statement, parameters, context, executemany):
        """Write the same for another process, after MLflow has looked for it."""
        if statement.startswith("INSERT INTO datasets"):
            row = parameters[0] if executemany else parameters
            if not written:
                with contextlib.closing(sqlite3.connect(tmp_path / "store" / "mlflow.db")) as database, database:
                    database.execute(statement, ("other", *row[1:]))
            written.append(row[0])

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", other_first)
    try:
        log(results, notes, uri=uri)
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", other_first)
    assert len(written) > 1, "it was not written again"
    runs = all_runs(uri)
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {len(run.inputs.dataset_inputs) for run in runs} == {2}


def test_a_folder_of_somebody_else_is_refused(tmp_path, notes):
    with pytest.raises(InputError, match="not a results folder"):
        track_folder(tmp_path, TrackingConfig(), notify=notes.append)


# secrets and failures


def test_user_info_and_tokens_are_redacted(monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "t0ken-of-mine")
    text = redact("at https://a:b@c@host/x?api_key=k1&y=2 with t0ken-of-mine, postgresql://u:p@db/x")
    assert text == "at https://***@host/x?api_key=***&y=2 with ***, postgresql://***@db/x"


def test_no_address_with_a_password_is_logged(tmp_path, notes):
    made = report()
    analysis = {"source": "https://ann:s3cret@host/documents"}
    results = write_folder(tmp_path / "results", made.model_copy(update={"analysis": analysis}))
    log(results, notes, uri=uri_of(tmp_path), tags={"from": "http://ann:s3cret@host/"})
    with sqlite3.connect(tmp_path / "store" / "mlflow.db") as database:
        assert "s3cret" not in "\n".join(database.iterdump())
    database.close()


@pytest.mark.parametrize(
    ("raised", "said"),
    [
        ("cannot import name 'FallbackAsyncAdaptedQueuePool'", "pip install 'sqlalchemy<2.1'"),
        ("[Errno 28] No space left on device", "no space is left"),
        ("database is locked", "locked by another process"),
        ("Failed to convert 'x' to <class 'float'> for MLFLOW_HTTP_REQUEST_TIMEOUT", "cannot be asked: RuntimeError"),
        ("UnsupportedModelRegistryStoreURIException: sqlite", "mlflow-skinny needs a server"),
        ("something new " * 100, "failed: RuntimeError: something new"),
    ],
)
def test_failures_have_one_sentence(raised, said):
    error = explain(RuntimeError(raised), "sqlite:///x")
    assert said in str(error)
    assert len(str(error)) < 400


def test_without_mlflow_the_install_line_is_said(tmp_path, notes, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with (
        pytest.raises(MissingExtra, match=re.escape("pip install 'rag-chunk[mlflow]'")),
        track_run(TrackingConfig(), several=True, notify=notes.append),
    ):
        pytest.fail("not reached")


def test_importing_the_package_does_not_import_mlflow():
    program = (
        "import sys, rag_chunk.mlflow_tracker; sys.exit(bool({'mlflow', 'sqlalchemy', 'requests'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_commit_of_the_documents_is_read_without_running_anything(tmp_path):
    assert documents_git(tmp_path) == {}
    git = ["git", "-C", str(tmp_path), "-c", "user.name=x", "-c", "user.email=x@example.org"]
    ran = tmp_path / "ran"
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("a")
    for words in (["init", "-q"], ["add", "docs"], ["commit", "-qm", "x"], ["worktree", "add", "-q", "tree"]):
        subprocess.run([*git, *words], check=True)
    (tmp_path / "docs" / ".gitattributes").write_text("*.md filter=evil\n")
    for name in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "core.pager", "alias.rev-parse"):
        subprocess.run([*git, "config", name, f"touch '{ran}'"], check=True)
    (tmp_path / "docs" / "a.md").write_text("changed")
    commit = documents_git(tmp_path / "docs")
    assert re.fullmatch("[0-9a-f]{40}", commit.pop("documents_commit"))
    assert commit == {}
    assert documents_git(tmp_path / "tree" / "docs") == documents_git(tmp_path / "docs" / "a.md")
    before = documents_git(tmp_path / "docs")
    subprocess.run(["git", "-C", str(tmp_path), "pack-refs", "--all"], check=True)
    assert documents_git(tmp_path / "docs") == before
    assert not ran.exists()


@pytest.mark.parametrize(
    ("head", "more"),
    [
        ("ref: refs/heads/../../../secret", {}),
        ("ref: refs/heads/main", {"refs/heads/main": "no commit"}),
        ("ref: refs/heads/none", {"packed-refs": "# pack-refs\n"}),
        ("", {}),
    ],
)
def test_a_git_folder_that_is_none_names_no_commit(head, more, tmp_path):
    for name, text in {"HEAD": head, **more}.items():
        file = tmp_path / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    assert documents_git(tmp_path) == {}


# what was deleted, killed or edited


def test_an_analysis_whose_run_was_deleted_is_sent_anew_and_keeps_its_children(results, tmp_path, notes):
    uri = uri_of(tmp_path)
    made = log(results, notes, uri=uri, experiment_name="deleted")
    with client_of(uri) as client:
        client.delete_run(made.run_id)
        client.delete_run(made.children["sentence-100-25"])
    again = track_folder(results, TrackingConfig(uri=uri, experiment_name="deleted"), notify=notes.append)
    assert not again.known
    assert again.run_id != made.run_id
    runs = {run.info.run_id: run for run in all_runs(uri)}
    assert set(runs) == {again.run_id, *again.children.values()}
    assert len(runs) == 5
    assert {runs[child].data.tags["mlflow.parentRunId"] for child in again.children.values()} == {again.run_id}
    assert again.children["fixed-size-100-0"] == made.children["fixed-size-100-0"]
    assert track_folder(results, TrackingConfig(uri=uri, experiment_name="deleted"), notify=notes.append).known


def test_a_run_that_was_begun_and_then_deleted_is_begun_anew(tmp_path, notes):
    uri = uri_of(tmp_path)
    with client_of(uri) as client:
        begun = client.create_run(client.create_experiment("begun"), tags={"rag_chunk.role": "analysis"}).info.run_id
        client.delete_run(begun)
    results = write_folder(tmp_path / "results", tracking={"run_id": begun})
    made = track_folder(results, TrackingConfig(uri=uri, experiment_name="begun"), notify=notes.append)
    assert made.run_id != begun
    assert len(all_runs(uri)) == 5


def test_what_is_missing_on_a_finished_run_is_sent_again(results, tmp_path, notes):
    uri = uri_of(tmp_path)
    made = log(results, notes, uri=uri, experiment_name="holes")
    with client_of(uri) as client:
        place = Path(client.get_run(made.children["sentence-100-25"]).info.artifact_uri.removeprefix("file://"))
    (place / "chunks" / "chunks.jsonl").unlink()
    assert not track_folder(results, TrackingConfig(uri=uri, experiment_name="holes"), notify=notes.append).known
    assert (place / "chunks" / "chunks.jsonl").exists()


@pytest.mark.parametrize("name", ["configs/sentence-100-25.yaml", "chunks/sentence-100-25.jsonl"])
def test_results_that_were_edited_are_not_sent(name, results, tmp_path, notes):
    files = {each: (results / each).read_bytes() for each in ("chunks/sentence-100-25.jsonl",)}
    digests = {each: hashlib.sha256(data).hexdigest() for each, data in files.items()}
    (results / "digests.json").write_text(json.dumps(digests))
    edited = (results / name).read_text(encoding="utf-8").replace("chunk_size: 100", "chunk_size: 101")
    (results / name).write_text(edited.replace('"units": 5', '"units": 6'), encoding="utf-8")
    with pytest.raises(InputError, match=f"was edited after the analysis: {name}"):
        track_folder(results, TrackingConfig(uri=uri_of(tmp_path)), notify=notes.append)


@pytest.mark.parametrize("name", ["file://nas.example.org/share/runs", "file://C:/runs", "C:/runs", "C:\\runs"])
@pytest.mark.skipif(os.name == "nt", reason="on Windows these are paths")
def test_a_folder_of_another_machine_or_system_is_refused(name, results, folder, notes):
    with pytest.raises(TrackingError, match=r"names a folder on|is a path of Windows"):
        log(results, notes, uri=name)
    assert [path.name for path in folder.iterdir()] == ["results"]


@pytest.mark.skipif(VERSION < (3, 13), reason="this MLflow keeps runs in folders")
def test_two_folders_beside_each_other_are_two_stores(results, folder, notes):
    for name in ("store-a", "store-b", "store-a"):
        log(results, notes, uri=name, experiment_name="e")
        assert f"their artifacts to {folder / name}" in "\n".join(notes)
        notes.clear()
    assert [len(list((folder / name).rglob("report.json"))) for name in ("store-a", "store-b")] == [2, 1]


def test_without_a_temporary_folder_the_home_is_used_and_else_it_is_a_sentence(results, tmp_path, notes, monkeypatch):
    def none() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr("tempfile.gettempdir", none)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    assert log(results, notes, uri=uri_of(tmp_path)).children
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "none")
    with pytest.raises(TrackingError, match="Set TMPDIR to a folder that can be written"):
        log(results, notes, uri=uri_of(tmp_path))


@pytest.mark.parametrize(
    ("metric", "best"), [("embedding_time", "sentence-100-25"), ("avg_recall", "fixed-size-100-0")]
)
def test_the_best_by_a_time_is_the_fastest(metric, best, tmp_path, notes):
    values = (0.5, 2.0, 3.0, 4.0)
    made = [
        each.model_copy(update={"metrics": {**each.metrics, metric: value}})
        for each, value in zip(FOUR, values, strict=True)
    ]
    results = write_folder(tmp_path / "results", report(tuple(made)))
    uri = uri_of(tmp_path)
    tracked = log(results, notes, uri=uri, experiment_name="by")
    text = fetch_config(tracked.run_id, uri=uri, by=metric, notify=notes.append)
    assert text.encode() == (results / "configs" / f"{best}.yaml").read_bytes()
