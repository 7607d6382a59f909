"""What an application has retrieved in production, from its traces in MLflow: by version and question."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from rag_chunk.errors import InputError, TrackingError
from rag_chunk.mlflow_tracker.environment import mlflow_version
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.named_runs import ELSEWHERE, existing_store
from rag_chunk.mlflow_tracker.retriever_spans import Retrieval, read_retrieval_spans, texts_of_inputs
from rag_chunk.mlflow_tracker.store import Store

TRACES = (3, 0)  # the first MLflow whose traces have what is read here
VERSION_TAG = "version"
_MODEL = "mlflow.modelId"
_PAGE = 100
Retrieved = dict[str, Retrieval]  # by question


def fetch_retrieved(experiment: str, questions: Collection[str], *, uri: str | None = None) -> dict[str, Retrieved]:
    """Return what each version of an application has retrieved for the `questions`, by the newest trace of each.

    A version is the trace's tag `version`, else the name of its logged model, else the experiment. Raise `InputError`
    where there is no such experiment, or none of its traces asks one of the questions.
    """
    with existing_store(uri, f"experiment {experiment!r}") as store:
        if mlflow_version() < TRACES:
            number = ".".join(map(str, mlflow_version()))
            raise TrackingError(f"the traces of MLflow {number} cannot be scored; those of 3.0 and later can")
        known = {_plain(question): question for question in questions}
        versions: dict[str, Retrieved] = {}
        count, models = 0, dict[str, str]()
        for trace in _traces(store, experiment):  # newest first
            count += 1
            if question := _question(trace, known):
                version = _version(store, trace, models) or experiment
                versions.setdefault(version, {}).setdefault(question, read_retrieval_spans(trace))
        if not versions:
            raise InputError(
                f"none of the {count:,} traces in the experiment {experiment!r} asks a question of the question file"
            )
        return dict(reversed(versions.items()))  # the oldest first, with which the others are compared


def _traces(store: Store, experiment: str) -> Iterator[Any]:
    with mlflow_calls(store.name):
        existing = store.client.get_experiment_by_name(experiment)
    if existing is None:
        raise InputError(f"there is no experiment {experiment!r} in {store.name}. {ELSEWHERE}")
    number, token = str(existing.experiment_id), None
    place = {"locations" if mlflow_version() >= (3, 5) else "experiment_ids": [number]}
    while True:
        with mlflow_calls(store.name):
            page = store.client.search_traces(
                **place, max_results=_PAGE, order_by=["timestamp_ms DESC"], page_token=token
            )
        yield from page
        token = page.token
        if not token:
            return


def _question(trace: Any, known: Mapping[str, str]) -> str | None:
    """Return which of the known questions a trace asks, by the inputs of its outermost span."""
    roots = [span for span in trace.data.spans if span.parent_id is None]
    texts = (text for span in roots for text in texts_of_inputs(span.inputs))
    return next((known[_plain(text)] for text in texts if _plain(text) in known), None)


def _plain(text: str) -> str:
    return " ".join(text.split())


def _version(store: Store, trace: Any, models: dict[str, str]) -> str | None:
    """Return the version of the application that a trace is of; `models` keeps the names of logged models."""
    if version := trace.info.tags.get(VERSION_TAG):
        return str(version)
    model = trace.info.trace_metadata.get(_MODEL)
    if model and model not in models:
        with mlflow_calls(store.name):
            models[model] = str(store.client.get_logged_model(model).name)
    return models.get(model) if model else None
