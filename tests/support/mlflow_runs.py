"""Runs in a store: logged by the tracker, and read by MLflow's own client."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag_chunk.mlflow_tracker import Tracked, TrackingConfig, track_run
from rag_chunk.mlflow_tracker.environment import quiet_mlflow


@contextmanager
def client_of(uri: str | None) -> Iterator[Any]:
    with quiet_mlflow(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # SQLAlchemy's and MLflow's own, about each other
        import mlflow

        before = os.environ.get("MLFLOW_TRACKING_URI")
        yield mlflow.MlflowClient(uri)
        assert os.environ.get("MLFLOW_TRACKING_URI") == before


def all_runs(uri: str | None) -> list[Any]:
    with client_of(uri) as client:
        numbers = [each.experiment_id for each in client.search_experiments()]
        return list(client.search_runs(numbers))


def statuses(uri: str | None) -> set[str]:
    return {run.info.status for run in all_runs(uri)}


def log(folder: Path, notes: list[str], **options: Any) -> Tracked:
    with track_run(TrackingConfig(**options), several=True, notify=notes.append) as tracking:
        return tracking.log(folder)


def artifacts(client: Any, run_id: str, folder: str | None = None) -> set[str]:
    found = client.list_artifacts(run_id, folder)
    return {path for each in found for path in (artifacts(client, run_id, each.path) if each.is_dir else {each.path})}
