"""Artifacts in a folder that only the server can use, where the server hands clients its path: named with the cure."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker.address import folder_of
from rag_chunk.mlflow_tracker.content import ROLE
from rag_chunk.mlflow_tracker.store import Store

_CURE = (
    "a folder that only the server can use. On the server: mlflow server --serve-artifacts --artifacts-destination FOLDER, "
    "without --default-artifact-root. Then"
)


@contextmanager
def explain_unwritable_folder(store: Store, location: str, experiment: str) -> Iterator[None]:
    """Raise `TrackingError` where an experiment's artifacts belong in a folder that this machine or user does not have."""
    place = _folder(store, location)
    error = TrackingError(
        f"the artifacts of the experiment {experiment!r} go to {place}, {_CURE} give a new --experiment-name: this experiment "
        "keeps its folder"
    )
    if place and store.is_remote_host and not os.path.exists(place):  # noqa: PTH110 - says no, and raises nothing
        raise error
    with _explain(lambda: error if place else None):
        yield


@contextmanager
def explain_unreadable_folder(store: Store, run_id: str) -> Iterator[None]:
    """Raise `TrackingError` where a run's artifacts cannot be read, being in such a folder."""
    with _explain(lambda: _unreadable(store, store.client.get_run(run_id))):
        yield


def check_folder_of_empty_run(store: Store, run_id: str) -> None:
    """Raise `TrackingError` for a run of ours without artifacts, which it always has, where their folder is not here."""
    run = store.client.get_run(run_id) if store.place.is_http else None
    if run and ROLE in run.data.tags and (error := _unreadable(store, run)):
        raise error


def _unreadable(store: Store, run: Any) -> TrackingError | None:
    place = _folder(store, str(run.info.artifact_uri))
    if place is None or os.access(place, os.R_OK | os.X_OK):
        return None
    return TrackingError(
        f"the artifacts of the run {run.info.run_id} are in {place}, {_CURE} send the analysis again to a new experiment; "
        "or run this command on the server's machine"
    )


def _folder(store: Store, location: str) -> str | None:
    place = folder_of(location) if store.place.is_http else None
    return str(place) if place else None


@contextmanager
def _explain(explanation: Callable[[], TrackingError | None]) -> Iterator[None]:
    """Raise the explanation for an `OSError` of a file, where there is one; errors of connections name no file."""
    try:
        yield
    except OSError as error:
        if error.filename and (explained := explanation()):
            raise explained from None
        raise
