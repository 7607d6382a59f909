"""Runs begun, written and ended in a store: every one that this process has open is known here."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rag_chunk.config.redaction import redact
from rag_chunk.errors import Interrupted, Interrupts, TrackingError
from rag_chunk.mlflow_tracker.bounded import time_for
from rag_chunk.mlflow_tracker.content import Input, RunContent
from rag_chunk.mlflow_tracker.environment import timeouts
from rag_chunk.mlflow_tracker.experiment import Destination
from rag_chunk.mlflow_tracker.failures import UnreachableError, mlflow_calls
from rag_chunk.mlflow_tracker.staging import Staging
from rag_chunk.mlflow_tracker.store import Store

PARENT_RUN = "mlflow.parentRunId"
PER_BATCH = 100  # params or tags; of metrics MLflow takes 1,000
SECONDS_PER_BYTE = 1e-6
_TWICE = re.compile(r"(?i)unique|duplicate")  # what databases say of a row that is there already
FINISHED, FAILED, KILLED = "FINISHED", "FAILED", "KILLED"


class OpenRuns:
    """The runs that this process has begun and not ended, innermost last."""

    def __init__(self, store: Store, destination: Destination, interrupts: Interrupts, staging: Staging) -> None:
        """Begin with none."""
        self._store, self._destination = store, destination
        self._interrupts, self._staging = interrupts, staging
        self._open: list[str] = []

    @cached_property
    def _context_tags(self) -> dict[str, str]:
        """Who runs what, as MLflow tells it for its own runs; asked once, for it looks into git."""
        from mlflow.tracking.context.registry import resolve_tags

        return {str(key): redact(str(value)) for key, value in resolve_tags().items()}

    def begin(self, name: str, tags: Mapping[str, str], *, parent: str | None, start: int | None = None) -> str:
        """Create a run and return its id. A signal waits, so that no run is begun and not known."""
        above = {PARENT_RUN: parent} if parent else {}
        with self._interrupts.hold(), mlflow_calls(self._store.name):
            tags = {**self._context_tags, **tags, **above}
            number = self._destination.experiment_id
            run = self._store.client.create_run(number, start_time=start, tags=tags, run_name=name)
            self._open.append(str(run.info.run_id))
        return self._open[-1]

    def resume(self, run_id: str) -> None:
        """Take a run that was not finished as one of ours."""
        with self._interrupts.hold(), mlflow_calls(self._store.name):
            self._store.client.update_run(run_id, status="RUNNING")
            self._open.append(run_id)

    def write(self, run_id: str, content: RunContent, *, tagged: bool = False) -> None:
        """Log all that a run holds; its tags too, unless it was begun with them."""
        with mlflow_calls(self._store.name):
            for batch in _batches(content, {} if tagged else content.tags):
                self._store.client.log_batch(run_id, **batch)
            _log_inputs(self._store.client, run_id, content.inputs)
        with self._staging.write_files(content.artifacts) as folder:
            self._upload(run_id, folder)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags on a run."""
        with mlflow_calls(self._store.name):
            for key, value in tags.items():
                self._store.client.set_tag(run_id, key, value)

    def end(self, run_id: str, status: str, end: int | None = None) -> None:
        """End a run with this status."""
        with self._interrupts.hold():
            with mlflow_calls(self._store.name):
                self._store.client.set_terminated(run_id, status, end)
            self._open.remove(run_id)

    def end_all(self, status: str) -> None:
        """End what is still open, innermost first. A store that is away is not asked twice; nothing is raised."""
        self._interrupts.ignore()
        with timeouts(seconds=3, retries=1):
            for run_id in reversed(self._open[:]):
                try:
                    self.end(run_id, status)
                except UnreachableError:
                    return
                except TrackingError:
                    continue

    def forget(self) -> None:
        """Let what is open be: the store is away."""
        self._open.clear()

    def _upload(self, run_id: str, folder: Path) -> None:
        """Upload all files of a folder in one call, waiting as long as the largest may take."""
        sizes = [file.stat().st_size for file in folder.rglob("*")]
        waiting = timeouts(seconds=5 + max(sizes, default=0) * SECONDS_PER_BYTE)
        with waiting, time_for(sum(sizes)), mlflow_calls(self._store.name):
            self._store.client.log_artifacts(run_id, str(folder))


def _batches(content: RunContent, some_tags: Mapping[str, str]) -> Iterator[dict[str, list[Any]]]:
    """Yield what `log_batch` takes: one batch, unless there are more than 100 tags or metrics."""
    from mlflow.entities import Metric, Param, RunTag

    params = [Param(key, value) for key, value in content.params.items()]
    metrics = [Metric(key, value, content.end, 0) for key, value in content.metrics.items()]
    tags = [RunTag(key, value) for key, value in some_tags.items()]
    for batch in zip_longest(_parts(params), _parts(metrics), _parts(tags), fillvalue=()):
        yield dict(zip(("params", "metrics", "tags"), map(list, batch), strict=True))


def _parts(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    yield from (items[first : first + PER_BATCH] for first in range(0, len(items), PER_BATCH))


def _log_inputs(client: Any, run_id: str, inputs: Sequence[Input]) -> None:
    """Log the data sets; MLflow before 2.4 knows none."""
    with suppress(ImportError):
        from mlflow.entities import Dataset, DatasetInput, InputTag

        known = [
            DatasetInput(
                Dataset(each.name, each.digest, "local", json.dumps({"uri": each.source})),
                [InputTag("mlflow.data.context", each.context)],
            )
            for each in inputs
        ]
        _log_at_once(client, run_id, known)


def _log_at_once(client: Any, run_id: str, inputs: list[Any]) -> None:
    """Log the data sets, again where another process logs the same: MLflow looks for them first, and then writes them."""
    from mlflow.exceptions import MlflowException

    for _ in inputs:  # each of which may be the one that was met
        try:
            client.log_inputs(run_id, inputs)
        except MlflowException as error:
            if not _TWICE.search(str(error)):
                raise
        else:
            return
    client.log_inputs(run_id, inputs)


def ending(error: BaseException) -> str:
    """Return what a run ends as: an exit with status 0 is no failure."""
    if isinstance(error, (Interrupted, KeyboardInterrupt)):
        return KILLED
    code = error.code if isinstance(error, SystemExit) else getattr(error, "exit_code", 1)
    return FAILED if code else FINISHED
