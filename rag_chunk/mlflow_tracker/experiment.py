"""The experiment that the runs go to."""

import os
import re
from dataclasses import dataclass
from typing import Any

from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.store import Store

USUAL_NAME = "rag-chunk"
LONGEST_NAME = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """An experiment and, where ours is to be nested, the run above it."""

    experiment_id: str
    experiment_name: str
    artifact_location: str = ""
    parent_run_id: str | None = None


def find_destination(store: Store, options: TrackingConfig, notify: Notify) -> Destination:
    """Return where the runs go: by the options, else the environment or an active run, else `rag-chunk`."""
    above = options.parent_run_id or os.environ.get("MLFLOW_RUN_ID") or _active_run_id(store)
    experiment_id = _experiment_of(store, above) if above else None
    name = (options.experiment_name or "").strip() or (
        None if experiment_id else os.environ.get("MLFLOW_EXPERIMENT_NAME")
    )
    if name:
        experiment = _by_name(store, _fit(name, notify), notify)
        same = experiment_id in {None, experiment.experiment_id}
        if above and not same:
            notify(
                f"the experiment {experiment.name} is not that of the run {above}, so the new runs do not nest under it"
            )
        return _destination(experiment, above if same else None)
    experiment_id = experiment_id or os.environ.get("MLFLOW_EXPERIMENT_ID")
    if experiment_id:
        return _destination(_by_id(store, experiment_id), above)
    notify(f"no --experiment-name, so the experiment is {USUAL_NAME!r}")
    return _destination(_by_name(store, USUAL_NAME, notify), None)


def _destination(experiment: Any, above: str | None) -> Destination:
    return Destination(
        experiment_id=str(experiment.experiment_id),
        experiment_name=str(experiment.name),
        artifact_location=str(experiment.artifact_location or ""),
        parent_run_id=above,
    )


def _active_run_id(store: Store) -> str | None:
    """Return the run that the calling program has open, where it is in this store."""
    import mlflow
    from mlflow.exceptions import MlflowException

    active = mlflow.active_run()
    with mlflow_calls(store.name):
        try:
            return str(store.client.get_run(active.info.run_id).info.run_id) if active else None
        except MlflowException:
            return None


def _experiment_of(store: Store, run_id: str) -> str:
    with mlflow_calls(store.name):
        return str(store.client.get_run(run_id).info.experiment_id)


def _by_id(store: Store, experiment_id: str) -> Any:
    with mlflow_calls(store.name):
        return store.client.get_experiment(experiment_id)


def _by_name(store: Store, name: str, notify: Notify) -> Any:
    """Return the experiment of that name, created where it is missing: by one process at a time."""
    with store.lock(), mlflow_calls(store.name):
        experiment = store.client.get_experiment_by_name(name)
        is_new = experiment is None
        experiment = experiment or _create(store, name)
    if is_new:
        notify(f"the experiment {name!r} is new, and is created")
    if experiment.lifecycle_stage == "deleted":
        raise TrackingError(
            f"the experiment {name!r} is deleted. Restore it (mlflow experiments restore --experiment-id "
            f"{experiment.experiment_id}), or give another --experiment-name"
        )
    return experiment


def _create(store: Store, name: str) -> Any:
    from mlflow.exceptions import MlflowException

    try:
        location = _artifact_location(store, name)
        return store.client.get_experiment(store.client.create_experiment(name, artifact_location=location))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
        return store.client.get_experiment_by_name(name)  # another process was faster


def _artifact_location(store: Store, name: str) -> str | None:
    """Return `<folder>/<name>` where the user asked for a folder of artifacts."""
    if store.place.artifacts is None:
        return None
    return (store.place.artifacts / (re.sub(r"[^\w.\- ]", "_", name).strip(". ") or "_")).as_uri()


def _fit(name: str, notify: Notify) -> str:
    if len(name) > LONGEST_NAME:
        notify(f"the experiment's name is cut to {LONGEST_NAME} characters, the most that MLflow takes")
    return name[:LONGEST_NAME]
