"""The config of a tracked run, back."""

import logging
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rag_chunk.config import ConfigFile, RunConfig, parse_config
from rag_chunk.config.metric_table import is_lower_better
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.best_runs import best_run, is_bound_run
from rag_chunk.mlflow_tracker.bounded import time_for
from rag_chunk.mlflow_tracker.content import ANALYSIS
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.named_runs import existing_store, find_run
from rag_chunk.mlflow_tracker.open_runs import FINISHED, PARENT_RUN
from rag_chunk.mlflow_tracker.server_folder import check_folder_of_empty_run, explain_unreadable_folder
from rag_chunk.mlflow_tracker.store import Store, search_runs

ARTIFACT = "config.yaml"
LARGEST = 1_000_000


def fetch_config(
    name: str, *, uri: str | None = None, strategy: str | None = None, by: str | None = None, notify: Notify
) -> str:
    """Return the text of a run's config.yaml; of an analysis' run, its best configuration's.

    `name` is a run's id, `runs:/ID`, or a version in the model registry. `strategy` chooses among the configurations of
    that strategy, `by` the best in another metric. Raise `InputError` where there is no such run, or no such configuration.
    """
    with existing_store(uri, f"run {name}") as store:
        return _config_of(store, choose_run(store, find_run(store, name), strategy, by), notify)


def export_config_text(
    name: str, *, uri: str | None = None, strategy: str | None = None, by: str | None = None, notify: Notify
) -> str:
    """Return what `fetch_config` does, brought up to date, with the run's id among what is recorded."""
    with existing_store(uri, f"run {name}") as store:
        return _export(store, choose_run(store, find_run(store, name), strategy, by), notify)


def export_best_text(
    experiment: str, *, uri: str | None = None, strategy: str | None = None, by: str | None = None, notify: Notify
) -> str:
    """Return the config of an experiment's best run, as `export_config_text` does that of a run."""
    with existing_store(uri, f"experiment {experiment!r}") as store:
        return _export(store, best_run(store, experiment, strategy, by, notify), notify)


def config_from_run(run_id: str, *, uri: str | None = None) -> RunConfig:
    """Return the config of a tracked run, or of an analysis' best: what a pipeline is to chunk with.

    `run_id` may also be an alias or a version in the model registry, as `models:/docs-chunking@champion`.
    Notices go to the log `rag_chunk`.
    """
    notify = logging.getLogger("rag_chunk").info
    return parse_config(fetch_config(run_id, uri=uri, notify=notify), f"the config of run {run_id}").config()


def _export(store: Store, run: Any, notify: Notify) -> str:
    run_id = str(run.info.run_id)
    file = parse_config(_config_of(store, run, notify), f"the config of run {run_id}")
    return ConfigFile(file.settings, file.analysis, {"run_id": run_id, **file.recorded}).to_yaml()


def _config_of(store: Store, run: Any, notify: Notify) -> str:
    return artifact_text(store, run.info.run_id, ARTIFACT) or _from_params(run, notify)


def choose_run(store: Store, run: Any, strategy: str | None = None, by: str | None = None) -> Any:
    """Return the run itself, or of an analysis' run the child that is asked for; raise `InputError` for a bound."""
    tags: Mapping[str, str] = run.data.tags
    chosen = _choose_child(store, run, strategy, by) if tags.get("rag_chunk.role") == ANALYSIS else run
    if is_bound_run(chosen):
        raise InputError(
            f"the run {chosen.info.run_id} is of {chosen.data.params['retriever']}, a bound: no pipeline can retrieve "
            "like that, so its config is of no use. Name a run of another retriever"
        )
    return chosen


def _choose_child(store: Store, run: Any, strategy: str | None, by: str | None) -> Any:
    best = run.data.tags.get("rag_chunk.best_run_id")
    if best and not strategy and not by:
        return find_run(store, best)
    children = [child for child in _children(store, run) if strategy in {None, child.data.params.get("strategy")}]
    if not children:
        status = str(run.info.status)
        why = (
            ""
            if status == FINISHED
            else f": its run is {status}, so not all of it arrived. Send it with rag-chunk track"
        )
        raise InputError(f"the analysis {run.info.run_id} has no configuration{_of(strategy)}{why}")
    rivals = [child for child in children if not is_bound_run(child)]
    return _best(rivals or children, by or run.data.tags.get("rag_chunk.metric"), run.info.run_id)


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
    with mlflow_calls(store.name), explain_unreadable_folder(store, run_id):
        sizes = {file.path: file.file_size for file in store.client.list_artifacts(run_id) if not file.is_dir}
        if not sizes:
            check_folder_of_empty_run(store, run_id)
    if name not in sizes:
        return None
    if (sizes[name] or 0) > largest:
        raise InputError(f"the {name} of run {run_id} has {sizes[name]:,} bytes; at most {largest:,} are read")
    with tempfile.TemporaryDirectory(prefix="rag-chunk-") as folder:
        with time_for(sizes[name] or largest), mlflow_calls(store.name), explain_unreadable_folder(store, run_id):
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
