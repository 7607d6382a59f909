"""The run that a name means: an id, the beginning of one, `runs:/ID`, or a version in the model registry."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.address import StoreAddress, choose_address, ignore_notice
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.registry import MODELS, find_version
from rag_chunk.mlflow_tracker.store import Store, open_store, search_runs

RUNS = "runs:/"  # MLflow's own form of a run's address
ELSEWHERE = "Name another store with --mlflow-uri"
_RUN_ID = re.compile("[0-9a-f]{8,32}")  # whole, or a beginning
_BEGINNING = re.compile("[0-9a-f]{8,31}")  # of the 32 digits of a run's id


def is_address(name: str) -> bool:
    """Whether a name can be nothing but a run's: `runs:/ID` or `models:/NAME@ALIAS`."""
    return name.startswith((RUNS, MODELS))


def may_name_run(name: str) -> bool:
    """Whether a name is one of a run, so that a store may be asked for it."""
    return name.startswith(MODELS) or bool(_RUN_ID.fullmatch(run_id_of(name)))


def run_id_of(name: str) -> str:
    """Return the run that is named by its id, or as `runs:/ID` with or without a path after it.

    >>> run_id_of("runs:/0123abcd/config.yaml")
    '0123abcd'
    """
    return name.removeprefix(RUNS).partition("/")[0]


def short_name(name: str, run_id: str) -> str:
    """Return how a run is called beside others: a version by its name, any other by the first eight digits."""
    return name.removeprefix(MODELS) if name.startswith(MODELS) else f"run {run_id[:8]}"


@contextmanager
def existing_store(uri: str | None, wanted: str) -> Iterator[Store]:
    """Open the store in which to look for `wanted`; raise `InputError` rather than create one."""
    with quiet_mlflow(f"reading {wanted} from MLflow"):
        place = choose_address(uri, ignore_notice)
        _must_exist(place, wanted)
        with open_store(place) as store:
            yield store


def _must_exist(place: StoreAddress, wanted: str) -> None:
    if place.local and not place.local.exists():
        raise InputError(f"there is no {wanted}: {place.local} does not exist. {ELSEWHERE}")


def find_run(store: Store, name: str) -> Any:
    """Return the run that `name` means; raise `InputError` where there is none, or more than one."""
    from mlflow.exceptions import MlflowException

    run_id = str(find_version(store, name).run_id) if name.startswith(MODELS) else run_id_of(name)
    whole = _beginning_with(store, run_id) if _BEGINNING.fullmatch(run_id) else [run_id]
    if len(whole) > 1:
        raise InputError(
            f"{len(whole)} runs in {store.name} begin with {run_id}: {', '.join(whole[:2])}. Name one whole"
        )
    with mlflow_calls(store.name):
        try:
            return store.client.get_run(*whole or [run_id])
        except MlflowException as error:
            if error.error_code not in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                raise
    raise InputError(f"there is no run {run_id} in {store.name}. {ELSEWHERE}")


def _beginning_with(store: Store, beginning: str) -> list[str]:
    """Return the ids of the runs that begin so, whatever their experiment."""
    runs: list[Any] = []
    token = None
    while True:
        with mlflow_calls(store.name):
            page = store.client.search_experiments(page_token=token)
        ids = [str(experiment.experiment_id) for experiment in page]
        runs += search_runs(store, ids, f"attributes.run_id LIKE '{beginning}%'") if ids else []
        token = page.token
        if not token:
            return [str(run.info.run_id) for run in runs]
