"""Questions in MLflow as an evaluation dataset: merged into it, and brought back."""

import json
from importlib.util import find_spec
from typing import Any
from urllib.parse import quote

from rag_chunk.analysis.folder import Results
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import InputError, TrackingError
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.environment import mlflow_version
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.named_runs import existing_store
from rag_chunk.mlflow_tracker.sender import Sender
from rag_chunk.mlflow_tracker.store import Store
from rag_chunk.questions.shared_records import Merge, plan_merge

DATASETS = (3, 4)  # the first MLflow that keeps them
DIGEST = "rag_chunk.questions_digest"
_MOST_NAMED = 5
_PAGE = 100


def share_questions(sender: Sender, results: Results, options: TrackingConfig, notify: Notify) -> None:
    """Merge the questions of an analysis into the dataset that the options name, unless it has just these already.

    If this MLflow keeps no datasets, `notify` is called, and nothing else happens.
    """
    name, file, report = options.questions_dataset, results.file("questions.json"), results.report
    if not name or file is None or report.questions is None:
        return
    if reason := _lacks(sender.store):
        notify(f"the questions are not merged into the dataset {name!r}: {reason}")
        return
    questions = json.loads(file.read_text(encoding="utf-8"))
    with mlflow_calls(sender.store.name):
        dataset = _find(sender.store, name) or sender.store.client.create_dataset(
            name=name, experiment_id=[sender.destination.experiment_id], tags={}
        )
        if dict(dataset.tags or {}).get(DIGEST) == report.questions.digest:
            return
        merge = plan_merge(questions, _records(dataset))
        if merge.records:
            dataset.merge_records(list(merge.records))
        sender.store.client.set_dataset_tags(dataset.dataset_id, {DIGEST: report.questions.digest})
    _tell(merge, name, notify)


def _tell(merge: Merge, name: str, notify: Notify) -> None:
    notify(f"{len(merge.records):,} questions are new or changed in the dataset {name!r}")
    bring = f"rag-chunk import-questions mlflow:{quote(name)} brings them back"
    notices = (
        (merge.edited_there, f"edited in MLflow and left as they are there; {bring}"),
        (merge.conflicts, "edited in MLflow and here, and left as they are there; change one of the two"),
        (merge.repeated, "asked twice; a dataset has each question once"),
    )
    for names, what in notices:
        if names:
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            notify(f"questions {what}: {', '.join(names[:_MOST_NAMED])}{more}")


def fetch_records(name: str, *, uri: str | None = None) -> list[dict[str, Any]]:
    """Return the records of a dataset as mappings. Raise `InputError` where there is none of that name."""
    with existing_store(uri, f"dataset {name!r}") as store:
        if reason := _lacks(store):
            raise TrackingError(f"the dataset {name!r} cannot be read: {reason}")
        with mlflow_calls(store.name):
            dataset = _find(store, name)
            if dataset is None:
                raise InputError(f"there is no dataset {name!r} in {store.name}. Name another store with --mlflow-uri")
            return _records(dataset)


def _lacks(store: Store) -> str | None:
    """Return why a store keeps no datasets, in a sentence; nothing where it does."""
    if mlflow_version() < DATASETS:
        number = ".".join(map(str, mlflow_version()))
        return f"MLflow {number} keeps no evaluation datasets; 3.4 and later do"
    if store.place.local and store.place.local.is_dir():
        return "MLflow keeps evaluation datasets in a database or on a server, not in a folder"
    if find_spec("pandas") is None:  # which mlflow-skinny does not bring along
        return "MLflow needs pandas for evaluation datasets: pip install pandas"
    return None


def _find(store: Store, name: str) -> Any:
    """Return the oldest dataset of that name, or None."""
    quoted = name.replace("'", "''")
    listed = store.client.search_datasets(filter_string=f"name = '{quoted}'", max_results=_PAGE)
    return min((each for each in listed if each.name == name), key=lambda each: each.created_time, default=None)


def _records(dataset: Any) -> list[dict[str, Any]]:
    return [
        {
            "dataset_record_id": record.dataset_record_id,
            "inputs": dict(record.inputs),
            "expectations": dict(record.expectations or {}),
        }
        for record in dataset.records
    ]
