"""The config of a tracked run, back."""

import logging
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag_chunk.config import ConfigFile, RunConfig, parse_config
from rag_chunk.config.metric_table import is_lower_better
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.address import Notify, StoreAddress, choose_address, ignore_notice
from rag_chunk.mlflow_tracker.bounded import time_for
from rag_chunk.mlflow_tracker.content import ANALYSIS
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.open_runs import PARENT_RUN
from rag_chunk.mlflow_tracker.store import Store, open_store, search_runs

ARTIFACT = "config.yaml"
LARGEST = 1_000_000
_BEGINNING = re.compile("[0-9a-f]{8,31}")  # of the 32 digits of a run's id
ELSEWHERE = "Name another store with --mlflow-uri"


def fetch_config(
    run_id: str, *, uri: str | None = None, strategy: str | None = None, by: str | None = None, notify: Notify
) -> str:
    """Return the text of a run's config.yaml; of an analysis' run, its best configuration's.

    `strategy` chooses among the configurations of that strategy, `by` the best in another metric.
    Raise `InputError` where there is no such run, or no such configuration.
    """
    return _fetch(run_id, uri, strategy, by, notify)[1]


def export_config_text(
    run_id: str, *, uri: str | None = None, strategy: str | None = None, by: str | None = None, notify: Notify
) -> str:
    """Return what `fetch_config` does, brought up to date, with the run's id among what is recorded."""
    whole_id, text = _fetch(run_id, uri, strategy, by, notify)
    file = parse_config(text, f"the config of run {whole_id}")
    return ConfigFile(file.settings, file.analysis, {"run_id": whole_id, **file.recorded}).to_yaml()


def config_from_run(run_id: str, *, uri: str | None = None) -> RunConfig:
    """Return the config of a tracked run, or of an analysis' best: what a pipeline is to chunk with.

    Notices go to the log `rag_chunk`.
    """
    notify = logging.getLogger("rag_chunk").info
    return parse_config(fetch_config(run_id, uri=uri, notify=notify), f"the config of run {run_id}").config()


def _fetch(run_id: str, uri: str | None, strategy: str | None, by: str | None, notify: Notify) -> tuple[str, str]:
    """Return the id of the run that is meant, and the text of its config."""
    with quiet_mlflow():
        place = choose_address(uri, ignore_notice)
        must_exist(place, f"run {run_id}")
        with open_store(place) as store:
            run = _choose_run(store, find_run(store, run_id), strategy, by)
            return run.info.run_id, artifact_text(store, run.info.run_id, ARTIFACT) or _from_params(run, notify)


def must_exist(place: StoreAddress, wanted: str) -> None:
    """Do not create a store only to find that nothing is in it."""
    if place.local and not place.local.exists():
        raise InputError(f"there is no {wanted}: {place.local} does not exist. {ELSEWHERE}")


def find_run(store: Store, run_id: str) -> Any:
    """Return the run, by its id or a beginning of it; raise `InputError` where there is none, or more than one."""
    from mlflow.exceptions import MlflowException

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


def _choose_run(store: Store, run: Any, strategy: str | None, by: str | None) -> Any:
    """Return the run itself, or of an analysis' run the child that is asked for."""
    tags: Mapping[str, str] = run.data.tags
    if tags.get("rag_chunk.role") != ANALYSIS:
        return run
    best = tags.get("rag_chunk.best_run_id")
    if best and not strategy and not by:
        return find_run(store, best)
    children = [child for child in _children(store, run) if strategy in {None, child.data.params.get("strategy")}]
    if not children:
        raise InputError(f"the analysis {run.info.run_id} has no configuration{_of(strategy)}")
    return _best(children, by or tags.get("rag_chunk.metric"), run.info.run_id)


def _of(strategy: str | None) -> str:
    return f" of the strategy {strategy!r}" if strategy else ""


def _children(store: Store, run: Any) -> list[Any]:
    """Return all runs that are nested under this one."""
    return search_runs(store, [run.info.experiment_id], f"tags.`{PARENT_RUN}` = '{run.info.run_id}'")


def _best(children: list[Any], metric: str | None, run_id: str) -> Any:
    if metric is None and len(children) == 1:
        return children[0]
    if metric is None:
        raise InputError(f"the analysis {run_id} had no questions: choose with --by, as in --by num_chunks")
    scored = [child for child in children if metric in child.data.metrics]
    if not scored:
        known = sorted({name for child in children for name in child.data.metrics})
        raise InputError(f"no configuration of {run_id} has the metric {metric!r}. There are {', '.join(known)}")
    return max(scored, key=lambda child: _rank(child, metric))


def _rank(run: Any, metric: str) -> tuple[float, float, str]:
    """Return what to sort by: the metric, among equals what the analysis was compared by."""
    metrics: Mapping[str, float] = run.data.metrics
    value = -metrics[metric] if is_lower_better(metric) else metrics[metric]
    return value, metrics.get(run.data.tags.get("rag_chunk.metric", ""), 0.0), str(run.info.run_name)


def artifact_text(store: Store, run_id: str, name: str, largest: int = LARGEST) -> str | None:
    """Return the text of a run's artifact; None where there is none. What is not a small regular file is refused.

    `name` is one of our constants: MLflow follows `../` in the paths of artifacts.
    """
    with mlflow_calls(store.name):
        sizes = {file.path: file.file_size for file in store.client.list_artifacts(run_id) if not file.is_dir}
    if name not in sizes:
        return None
    if (sizes[name] or 0) > largest:
        raise InputError(f"the {name} of run {run_id} has {sizes[name]:,} bytes; at most {largest:,} are read")
    with tempfile.TemporaryDirectory(prefix="rag-chunk-") as folder:
        with time_for(sizes[name] or largest), mlflow_calls(store.name):
            store.client.download_artifacts(run_id, name, folder)
        return _text(Path(folder) / name, run_id, largest)


def _text(path: Path, run_id: str, largest: int) -> str:
    if path.is_symlink() or not path.is_file() or path.stat().st_size > largest:
        raise InputError(f"the {path.name} of run {run_id} is not a small regular file")
    try:
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        raise InputError(f"the {path.name} of run {run_id} is not UTF-8: {error}") from None


def _from_params(run: Any, notify: Notify) -> str:
    """Return a config made of the params, which are strings and may be cut; say so."""
    params: Mapping[str, str] = run.data.params
    known = {name: value for name, value in params.items() if name in RunConfig.model_fields and value != "none"}
    if "strategy" not in known:
        raise InputError(f"the run {run.info.run_id} is not one of rag-chunk: it has no {ARTIFACT} and no strategy")
    if params.get("use_tiktoken") == "True":
        known.setdefault("unit", "tokens")
    notify(f"the run {run.info.run_id} has no {ARTIFACT}: its config is made of the run's params")
    text = ConfigFile(_parse_values(known)).to_yaml()
    parse_config(text, f"the run {run.info.run_id}")
    return text


def _parse_values(settings: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings with numbers and truths as what they are; text that is none of them stays."""
    named = {"True": True, "False": False, "true": True, "false": False}
    return {name: named.get(value, int(value) if value.isdecimal() else value) for name, value in settings.items()}
