"""The command that opens MLflow's pages on a store, and links straight to the runs."""

import json
import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote, urlsplit

from rag_chunk.config.redaction import redact
from rag_chunk.mlflow_tracker.address import FILES_ALLOWED
from rag_chunk.mlflow_tracker.store import Store

LOCAL_PAGES = "http://127.0.0.1:5000"
DATABASES = ("postgresql", "mysql", "mssql", "sqlite")  # those that MLflow takes


def ui_address(store: Store) -> str | None:
    """Return where the pages are: the server itself, or where `mlflow ui` puts them. Of Databricks it is not known."""
    if store.place.is_http:
        return redact(store.uri).rstrip("/")
    return LOCAL_PAGES if _has_pages(store) else None


def _has_pages(store: Store) -> bool:
    """Whether `mlflow ui` can show the store: a database or a folder."""
    return store.place.local is not None or urlsplit(store.uri).scheme.partition("+")[0] in DATABASES


def ui_command(store: Store) -> str | None:
    """Return the command that opens the pages; a server has them already. A password in it is left for the user."""
    if store.place.is_http or not _has_pages(store):
        return None
    words = [_mlflow(), "ui"]
    if not store.place.is_default:
        words += ["--backend-store-uri", store.name]
    command = shlex.join(words)
    return f"{FILES_ALLOWED}=true {command}" if store.place.old_files else command


def _mlflow() -> str:
    """Return `mlflow`, or its path where that is not found by its name."""
    beside = Path(sys.executable).parent / "mlflow"
    on_path = shutil.which("mlflow")
    if beside.exists() and (on_path is None or Path(on_path).resolve() != beside.resolve()):
        return str(beside)
    return "mlflow"


def leaderboard_link(address: str, experiment_id: str, analysis_id: str, metric: str) -> str:
    """Return the page with all configurations of an analysis, best first, one bar chart a metric.

    MLflow 3.12 and later open an experiment in a view of traces, in which no run is seen; this goes past it.
    """
    ours = f"tags.\"rag_chunk.analysis_id\"='{analysis_id}' and tags.\"rag_chunk.role\"='configuration'"
    return (
        f"{address}/#/experiments/{experiment_id}/runs?workflowType=machine_learning&compareRunsMode=CHART"
        f"&orderByKey={quote(f'metrics.`{metric}`', safe='')}&orderByAsc=false&searchFilter={quote(ours, safe='')}"
    )


def compare_link(address: str, experiment_id: str, run_ids: Sequence[str]) -> str:
    """Return the page that sets these runs side by side."""
    runs = quote(json.dumps(list(run_ids), separators=(",", ":")), safe="")
    return f"{address}/#/compare-runs?runs={runs}&experiments={quote(json.dumps([experiment_id]), safe='')}"
