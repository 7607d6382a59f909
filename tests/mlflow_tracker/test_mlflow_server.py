"""Tracking on a server, which may be busy, dying, silent, or something else altogether."""

import os
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker import TrackingConfig, fetch_config, track_folder, track_run
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_folder import write_documents, write_folder
from tests.support.mlflow_proxy import Proxy, free_port
from tests.support.mlflow_runs import artifacts, client_of, log
from tests.support.mlflow_server import running_server
from tests.support.warm_process import program_path

skip_without_mlflow()

CHECKS_HOSTS = (3, 5)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which the server keeps everything."""
    return tmp_path_factory.mktemp("server")


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[str]:
    """Return the address of an MLflow server of its own."""
    hosts = ("--allowed-hosts", "127.0.0.1:*") if mlflow_version() >= CHECKS_HOSTS else ()
    with running_server(store, *hosts) as address:
        yield address


def test_a_server_gets_the_same(server, results, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server)
    made = log(results, notes, experiment_name="remote")
    assert made.ui_command is None
    assert made.links["leaderboard"].startswith(f"{server}/#/experiments/")
    with client_of(server) as client:
        assert {client.get_run(run_id).info.status for run_id in (made.run_id, *made.children.values())} == {"FINISHED"}
        assert artifacts(client, made.children["sentence-100-25"]) >= {"config.yaml", "chunks/chunks.jsonl"}
    text = fetch_config(made.run_id, uri=server, notify=notes.append)
    assert text.encode() == (results / "configs" / "recursive-character-200-50.yaml").read_bytes()


def test_a_server_that_refuses_a_host_name_is_told_of_it(server, results, notes):
    if mlflow_version() < CHECKS_HOSTS:
        pytest.skip("this MLflow takes every host name")
    said = "On the server: mlflow server --allowed-hosts localhost"
    with pytest.raises(TrackingError, match=said):
        log(results, notes, uri=server.replace("127.0.0.1", "localhost"))


def test_absolute_names_are_taken_as_databricks_wants_them(server, results, notes, tmp_path, monkeypatch):
    """MLflow's server speaks as Databricks does, but for its artifacts: those go into a folder here."""
    assert log(results, notes, uri=server, experiment_name="/Shared/chunking").experiment_name == "/Shared/chunking"
    name = "/Users/ann@example.org/chunking"
    with client_of(server) as client:
        number = client.create_experiment(name, artifact_location=(tmp_path / "artifacts").as_uri())
    monkeypatch.setenv("DATABRICKS_HOST", server)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "60")  # the first call imports Databricks' SDK
    monkeypatch.setenv("DATABRICKS_TOKEN", "t0ken-of-mine")
    made = log(results, notes, uri="databricks", experiment_name=name)
    assert (made.experiment_id, made.experiment_name) == (number, name)
    assert (made.links, made.ui_command) == ({}, None)
    with client_of(server) as client:
        assert [run.info.status for run in client.search_runs([number])] == ["FINISHED"] * 5
    text = fetch_config(made.run_id, uri="databricks", notify=notes.append)
    assert text.encode() == (results / "configs" / "recursive-character-200-50.yaml").read_bytes()


@pytest.fixture
def proxy(server: str) -> Iterator[Proxy]:
    with closing(Proxy(server)) as made:
        yield made


def test_a_busy_server_is_waited_for(proxy, results, notes):
    proxy.busy = 1
    assert log(results, notes, uri=proxy.address, experiment_name="busy").children
    with track_run(TrackingConfig(uri=proxy.address), several=True, notify=notes.append) as tracking:
        proxy.busy = 2
        start = time.monotonic()
        assert tracking.log(results).children
    assert time.monotonic() - start >= 2


def test_a_server_that_dies_half_way_is_given_up_and_completed_later(proxy, server, results, tmp_path, notes):
    options = TrackingConfig(uri=proxy.address, experiment_name="half")
    with track_run(options, several=True, notify=notes.append) as tracking:
        proxy.die_after = 12
        start = time.monotonic()
        with pytest.raises(TrackingError, match="cannot be reached"):
            tracking.log(results)
    assert time.monotonic() - start < 20
    assert tracking.run_id is not None
    saved = write_folder(tmp_path / "saved", tracking=tracking.to_json())
    proxy.die_after, proxy.mode = None, ""
    made = track_folder(saved, TrackingConfig(uri=proxy.address), notify=notes.append)
    assert made.run_id == tracking.run_id
    with client_of(server) as client:
        runs = client.search_runs([made.experiment_id])
        assert {run.info.run_id for run in runs} == {made.run_id, *made.children.values()}
        assert {run.info.status for run in runs} == {"FINISHED"}
        assert client.get_run(made.run_id).data.tags["rag_chunk.tracked_later"] == "true"


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("404", "is not an MLflow server"),
        ("page", "is not an MLflow server"),
        ("host", "mlflow server --allowed-hosts 127.0.0.1"),
        ("403", "no permission on"),
        ("401", "MLFLOW_TRACKING_USERNAME"),
    ],
)
def test_odd_answers_are_explained(mode, said, proxy, results, notes):
    proxy.mode = mode
    with pytest.raises(TrackingError, match=re.escape(said)):
        log(results, notes, uri=proxy.address)
    assert any(said in note for note in notes)


@pytest.mark.parametrize("mode", ["closed", "silent", "drips head"])
def test_a_server_that_is_away_is_given_up_soon(mode, proxy, results, notes, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "1")  # the test below has the usual one
    proxy.mode = mode
    address = proxy.address.replace("//", "//ann:s3cret@")
    if mode == "closed":
        proxy.close()
    start = time.monotonic()
    with (
        pytest.raises(TrackingError, match="cannot be reached") as raised,
        track_run(TrackingConfig(uri=address), several=True, notify=notes.append) as tracking,
    ):
        tracking.log(results)
    assert time.monotonic() - start < 10
    assert "s3cret" not in "".join([*notes, str(raised.value)])
    assert raised.value.__cause__ is None


def test_a_server_that_drips_half_way_ends_the_program_soon_and_nothing_is_lost(proxy, server, folder, run):
    """It sends a byte now and then, for ever: no time-out between two bytes ends that."""
    write_documents(folder)
    proxy.die_after, proxy.then = 8, "drips body"
    words = ["analyze", "docs", "--strategy", "sentence,header", "--test-file", "questions.json", "--quiet"]
    status, out, err = run(*words, "--mlflow-tracking", "--mlflow-uri", proxy.address, "--experiment-name", "drips")
    assert time.monotonic() - proxy.failing_since < 20
    assert (status, "sentence-200-50" in out) == (5, True)
    said, safe, command = err.splitlines()
    assert said == f"rag-chunk: MLflow at {proxy.address} cannot be reached: it does not answer in time"
    assert safe == "The results are safe. Send them to MLflow with"
    assert command.startswith("rag-chunk track .rag-chunk/unsent/")
    proxy.die_after, proxy.mode = None, ""
    assert run(*command.split()[1:], "--mlflow-uri", proxy.address)[0] == 0
    with client_of(server) as client:
        runs = client.search_runs([client.get_experiment_by_name("drips").experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * 3


def test_the_page_names_the_command_that_these_tests_run():
    page = (Path(__file__).parents[2] / "docs" / "mlflow.md").read_text(encoding="utf-8")
    assert "\nmlflow server --backend-store-uri sqlite:///mlflow.db --host 127.0.0.1 --port 5000\n" in page


def test_a_wait_of_an_hour_is_cut_short_unless_the_user_wants_more(monkeypatch):
    with quiet_mlflow():
        from urllib3 import HTTPResponse
        from urllib3.util.retry import Retry

        busy = HTTPResponse(status=429, headers={"Retry-After": "3600"})
        assert Retry().get_retry_after(busy) == 7
        assert Retry().get_retry_after(HTTPResponse(status=429)) is None
        monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "7")
        assert Retry().get_retry_after(busy) == 3600
    assert "capped" not in Retry.get_retry_after.__qualname__


SECRETS = {
    "address": "s3cret-in-address",
    "name": "s3/cret-in-name",
    "MY_API_KEY": "k3y-of-mine",
    "MLFLOW_TRACKING_TOKEN": "t0ken-of-mine",
}


def test_a_secret_in_an_address_a_name_or_the_environment_is_nowhere(server, store, folder, run, monkeypatch):
    """Nowhere: in no file of the store (params, tags, artifacts of all runs), no file of ours, and nothing printed."""
    for name in ("MY_API_KEY", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, SECRETS[name])
    write_documents(folder)
    named = f"http://ann:{SECRETS['name']}@host"
    words = ["analyze", "docs", "--strategy", "sentence,header", "--test-file", "questions.json", "--mlflow-tracking"]
    words += ["--experiment-name", "secrets", "--run-name", named, "--dataset-name", named, "--document-type", named]
    words += ["--tags", f"from={named},key={SECRETS['MY_API_KEY']}", "--tags", f"to=x?token={SECRETS['name']}"]
    address = server.replace("//", f"//ann:{SECRETS['address']}@")
    away = re.sub(r":\d+$", f":{free_port()}", address)
    said = [run(*words, "--mlflow-uri", address, "--save", "results"), run(*words, "--mlflow-uri", away)]
    (run_id,) = re.findall(r"the analysis' is run (\w+)", said[0][2])
    said += [run("export-config", run_id, "--mlflow-uri", address, "-o", "config.yaml")]
    said += [run("track", "results", "--mlflow-uri", away), run("export-config", run_id, "--mlflow-uri", away)]
    said += [run("compare", run_id, "results", "--mlflow-uri", address, "--anyway")]
    assert [status for status, _, _ in said] == [0, 5, 0, 5, 5, 0]
    files, texts = texts_of(said, store, folder)
    assert {"config.yaml", "tracking.json", "per_question.json", "mlflow.db"} <= {path.name for path in files}
    assert sum("unsent" in path.parts for path in files) > 5
    assert [where for where, text in texts.items() if b"http://***@host" in text] != []
    assert leaks(texts) == []


def texts_of(said: list[tuple[int, str, str]], *roots: Path) -> tuple[dict[Path, bytes], dict[str, bytes]]:
    """Return the contents of all files below the folders, and these together with what was printed."""
    files = {path: path.read_bytes() for root in roots for path in root.rglob("*") if path.is_file()}
    texts: dict[str, bytes] = {"said": "".join(out + err for _, out, err in said).encode()}
    texts |= {str(path): content for path, content in files.items()}
    return files, texts


def leaks(texts: Mapping[str, bytes]) -> list[tuple[str, str]]:
    """Return where which secret is."""
    return [(where, word) for where, text in texts.items() for word in SECRETS.values() if word.encode() in text]


@pytest.mark.skipif(mlflow_version() < (3, 4), reason="this MLflow has no evaluation datasets")
def test_promoting_sharing_questions_and_scoring_traces_write_no_secret(server, store, folder, run, monkeypatch):
    for name in ("MY_API_KEY", "MLFLOW_TRACKING_TOKEN"):
        monkeypatch.setenv(name, SECRETS[name])
    write_documents(folder)
    address = server.replace("//", f"//ann:{SECRETS['address']}@")
    uri, away = ["--mlflow-uri", address], ["--mlflow-uri", re.sub(r":\d+$", f":{free_port()}", address)]
    words = ["analyze", "docs", "--strategy", "sentence", "--test-file", "questions.json", "--mlflow-tracking"]
    said = [run(*words, *uri, "--questions-dataset", "team", "--tags", f"key={SECRETS['MY_API_KEY']}")]
    (run_id,) = re.findall(r"run (\w{32})", said[0][2])
    promote = ["promote", run_id, "--as", "locks@champion"]
    said += [run(*promote, *uri), run(*promote, *uri, "--if-better"), run(*promote, *away)]
    said += [run("export-config", "models:/locks@champion", *uri), run("export-config", "models:/none@x", *uri)]
    said += [
        run("import-questions", "mlflow:team", *uri, "-o", "back.yaml"),
        run("import-questions", "mlflow:team", *away),
    ]
    ask(server)
    score = ["score", "--corpus", "docs", "--test-file", "questions.json", "--traces", "locks-app"]
    said += [run(*score, *uri, "--mlflow-tracking", "--save", "scored"), run(*score, *away)]
    read = 0 if find_spec("pandas") else 5  # MLflow's datasets need it, and mlflow-skinny does not bring it along
    assert [status for status, _, _ in said] == [0, 0, 0, 5, 0, 3, read, 5, 0, 5], said[8]
    files, texts = texts_of(said, store, folder)
    written = {"tracking.json", "mlflow.db", *(() if read else ("back.yaml",))}
    assert written <= {path.name for path in files}
    assert leaks(texts) == []


ASKING = """
import mlflow
mlflow.set_experiment("locks-app")
with mlflow.start_span("ask") as span:
    span.set_inputs({"question": "How is the door locked?"})
    with mlflow.start_span("search", span_type="RETRIEVER") as retriever:
        retriever.set_outputs([{"page_content": "Turn left to lock the door.", "metadata": {"doc_uri": "a.md"}}])
mlflow.flush_trace_async_logging()
"""


def ask(server: str) -> None:
    """Leave a trace of an application that retrieved one passage."""
    environment = {**os.environ, "MLFLOW_TRACKING_URI": server}
    subprocess.run([program_path("python"), "-c", ASKING], env=environment, check=True, capture_output=True)
