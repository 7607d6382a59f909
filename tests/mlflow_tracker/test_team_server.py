"""What a team shares on one server: promoted configs, told by webhooks."""

from collections.abc import Iterator

import pytest

from rag_chunk import config_from_run
from tests.analysis.test_comparison import LARGE, SMALL
from tests.conftest import Program
from tests.support.installed_mlflow import mlflow_version, skip_without_mlflow
from tests.support.mlflow_runs import client_of
from tests.support.mlflow_server import running_server
from tests.support.mlflow_store import Store, houses
from tests.support.webhook_receiver import receiving

skip_without_mlflow()
VERSION = mlflow_version()
pytestmark = pytest.mark.skipif(VERSION < (2, 3), reason="this MLflow has no aliases")
LOCAL_WEBHOOKS = {"MLFLOW_WEBHOOK_ALLOWED_SCHEMES": "http", "MLFLOW_WEBHOOK_ALLOW_PRIVATE_IPS": "true"}
LOCAL_WEBHOOKS |= {"MLFLOW_WEBHOOK_CACHE_TTL": "1"}  # second, after which the server looks for new webhooks
LOCAL_WEBHOOKS |= {"MLFLOW_HTTP_REQUEST_TIMEOUT": "60"}  # older servers begin slowly where other programs run


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Return a store with two analyses on a server of its own."""
    folder = tmp_path_factory.mktemp("team")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in LOCAL_WEBHOOKS.items():
            patch.setenv(name, value)
        with (
            running_server(folder) as address,
            houses(folder, address) as made,
        ):
            yield made


@pytest.mark.skipif(VERSION < (3, 4), reason="this MLflow has no webhooks")
def test_a_webhook_tells_that_an_alias_has_moved(store: Store, run: Program) -> None:
    with receiving() as (address, arrived), client_of(store.uri) as client:
        client.create_webhook(name="chunking", url=address, events=["model_version_alias.created"])
        assert run("promote", store.both.run_id, "--as", "told@champion", "--mlflow-uri", store.uri)[0] == 0
        body = arrived.get(timeout=30)
    assert (body["entity"], body["action"]) == ("model_version_alias", "created")
    assert body["data"] == {"name": "told", "alias": "champion", "version": "1"}


def test_a_config_is_promoted_and_followed_over_http(store: Store, run: Program) -> None:
    uri = ["--mlflow-uri", store.uri]
    gate = ["--as", "docs-chunking@champion", "--if-better", *uri]
    assert run("promote", store.single.run_id, *gate)[0] == 0
    assert config_from_run("models:/docs-chunking@champion", uri=store.uri) == LARGE
    status, _, said = run("promote", store.both.run_id, *gate)
    assert (status, f"version: {store.uri}/#/models/docs-chunking/versions/2" in said) == (0, True)
    assert config_from_run("models:/docs-chunking@champion", uri=store.uri) == SMALL
    assert run("promote", store.single.run_id, *gate)[0] == 7
    assert config_from_run("models:/docs-chunking@champion", uri=store.uri) == SMALL
