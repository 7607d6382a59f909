"""A proxy before MLflow that loses, delays and falsifies answers: nothing is created twice, and nothing is missing."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pytest

from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import InputError, TrackingError
from rag_chunk.mlflow_tracker import config_from_run, track_folder
from rag_chunk.workflow.lookup import find_saved_analysis
from tests.support.installed_mlflow import skip_without_mlflow
from tests.support.mlflow_proxy import Proxy
from tests.support.mlflow_runs import artifacts, client_of, log
from tests.support.mlflow_server import running_server

skip_without_mlflow()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder) as address:
        yield address


@pytest.fixture
def proxy(server: str) -> Iterator[Proxy]:
    with closing(Proxy(server)) as made:
        yield made


def active_runs(server: str, experiment_name: str) -> list[Any]:
    with client_of(server) as client:
        return list(client.search_runs([client.get_experiment_by_name(experiment_name).experiment_id]))


@pytest.mark.parametrize(
    ("number", "kind"),
    [(1, "cut after"), (1, "late"), *((3, kind) for kind in ("cut after", "error after", "foreign"))],
)
def test_a_run_whose_creation_is_answered_wrongly_is_created_once(number, kind, server, proxy, results, notes):
    name = f"create {number} {kind}"
    proxy.faults["runs/create", number] = kind
    made = log(results, notes, uri=proxy.address, experiment_name=name)
    runs = active_runs(server, name)
    assert {run.info.run_id for run in runs} == {made.run_id, *made.children.values()}
    assert {run.info.status for run in runs} == {"FINISHED"}


def test_a_run_that_nobody_heard_of_is_completed_by_track(server, proxy, results, notes):
    proxy.faults.update({("runs/create", 1): "cut after", ("runs/search", 1): "hollow", ("runs/create", 2): "foreign"})
    proxy.faults["runs/search", 2] = "hollow"
    saved = results / "tracking.json"
    try:
        log(results, notes, uri=proxy.address, experiment_name="unheard", provenance={"tracking_id": "0" * 32})
    except TrackingError:
        saved.write_text('{"provenance": {"tracking_id": "%s"}}' % ("0" * 32))
    track_folder(results, TrackingConfig(uri=server, experiment_name="unheard"), notify=notes.append)
    runs = active_runs(server, "unheard")
    assert sorted(run.info.status for run in runs) == ["FINISHED"] * 5


@pytest.mark.parametrize(
    "request_part",
    ["runs/log-batch", "PUT /api", "runs/update", "runs/log-inputs"],
    ids=lambda part: part.split("/")[-1],
)
@pytest.mark.parametrize("kind", ["hollow"])
def test_what_was_taken_and_not_kept_is_sent_again(kind, request_part, server, proxy, results, notes):
    name = f"taken {kind} {request_part}".replace("/", " ")
    proxy.faults[request_part, 2] = kind
    try:
        made = log(results, notes, uri=proxy.address, experiment_name=name)
    except TrackingError:  # an empty body may be no answer to MLflow's client
        made = track_folder(results, TrackingConfig(uri=server, experiment_name=name), notify=notes.append)
    runs = active_runs(server, name)
    assert {run.info.run_id for run in runs} == {made.run_id, *made.children.values()}
    assert {run.info.status for run in runs} == {"FINISHED"}
    with client_of(server) as client:
        for run in runs:
            assert client.get_run(run.info.run_id).data.metrics
            wanted = {"report.json"} if run.info.run_id == made.run_id else {"config.yaml", "chunks/chunks.jsonl"}
            assert artifacts(client, run.info.run_id) >= wanted


def test_files_that_never_arrive_are_named_and_the_status_is_no_success(proxy, results, notes):
    proxy.faults.update({("config.yaml", number): "hollow" for number in range(1, 9)})
    with pytest.raises(TrackingError, match=r"answered that it took everything, and the run \w+ lacks config\.yaml"):
        log(results, notes, uri=proxy.address, experiment_name="never")


ONLY_THERE = r"a folder that only the server can use\. On the server: mlflow server --serve-artifacts --artifacts-dest"


def test_a_folder_that_only_the_server_has_is_named_with_the_cure(server, results, notes):
    name = "elsewhere"
    with client_of(server) as client:
        client.create_experiment(name, artifact_location="file:///proc/only-on-the-server")
    with pytest.raises(TrackingError, match=ONLY_THERE):
        log(results, notes, uri=server, experiment_name=name)
    (run,) = active_runs(server, name)
    assert run.info.status == "FAILED"
    with pytest.raises(InputError, match="has no configuration: its run is FAILED, so not all of it arrived"):
        config_from_run(run.info.run_id, uri=server)


def test_what_reads_a_run_names_such_a_folder_too(server, results):
    with client_of(server) as client:
        experiment = client.create_experiment("unreadable", artifact_location="file:///proc/only-on-the-server")
        ours = client.create_run(experiment, tags={"rag_chunk.role": "configuration"}).info.run_id
        empty = client.create_run(experiment).info.run_id
    for read in (partial(config_from_run, uri=server), partial(find_saved_analysis, uri=server)):
        with pytest.raises(TrackingError, match=ONLY_THERE):
            read(ours)
    with pytest.raises(InputError, match="is not one of rag-chunk"):
        config_from_run(empty, uri=server)


def test_a_long_page_is_cut_before_it_is_read(results):
    from rag_chunk.mlflow_tracker.failures import explain

    error = explain(RuntimeError("x" * 5_000_000), "http://127.0.0.1:5000")
    assert len(str(error)) < 500
    assert results.exists()


def test_a_proxy_that_is_away_is_named(monkeypatch, results, notes):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    with pytest.raises(TrackingError, match=r"the proxy http://127\.0\.0\.1:9 \(HTTP_PROXY"):
        log(results, notes, uri="http://mlflow.example:5000")
