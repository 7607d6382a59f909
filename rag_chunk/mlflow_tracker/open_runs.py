"""Runs begun, written and ended in a store: every one that this process has open is known here."""

import json
import math
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any

from rag_chunk.config.redaction import redact
from rag_chunk.errors import Interrupted, Interrupts, TrackingError
from rag_chunk.mlflow_tracker.bounded import time_for
from rag_chunk.mlflow_tracker.content import TRACKING_ID, Input, RunContent
from rag_chunk.mlflow_tracker.environment import BETWEEN_TRIES, RETRIES, no_retries, timeouts
from rag_chunk.mlflow_tracker.experiment import Destination
from rag_chunk.mlflow_tracker.failures import UnreachableError, mlflow_calls
from rag_chunk.mlflow_tracker.server_folder import explain_unwritable_folder
from rag_chunk.mlflow_tracker.staging import Staging
from rag_chunk.mlflow_tracker.store import Store, search_runs
from rag_chunk.mlflow_tracker.verification import Sizes, file_sizes, missing_parts

PARENT_RUN = "mlflow.parentRunId"
PER_BATCH = 100  # params or tags; of metrics MLflow takes 1,000
SECONDS_PER_BYTE = 1e-6
_TWICE = re.compile(r"(?i)unique|duplicate")  # what databases say of a row that is there already
RUNNING, FINISHED, FAILED, KILLED = "RUNNING", "FINISHED", "FAILED", "KILLED"


class OpenRuns:
    """The runs that this process has begun and not ended, innermost last."""

    def __init__(
        self, store: Store, destination: Destination, interrupts: Interrupts, staging: Staging, tracking_id: str
    ) -> None:
        """Begin with none; every run gets the tag `rag_chunk.tracking_id`, which is unique to this analysis."""
        self._store, self._destination = store, destination
        self._interrupts, self._staging = interrupts, staging
        self._tracking_id = tracking_id
        self._open: list[str] = []
        self._known: set[str] = set()
        self._sizes: dict[str, Sizes] = {}
        self._uncertain = False  # whether a run may have been created whose id never arrived

    @cached_property
    def _context_tags(self) -> dict[str, str]:
        """Who runs what, as MLflow tells it for its own runs; asked once, for it looks into git."""
        from mlflow.tracking.context.registry import resolve_tags

        return {str(key): redact(str(value)) for key, value in resolve_tags().items()}

    def begin(self, name: str, tags: Mapping[str, str], *, parent: str | None, start: int | None = None) -> str:
        """Create a run and return its id. A signal waits, so that no run is begun and not known."""
        own = {TRACKING_ID: self._tracking_id, **({PARENT_RUN: parent} if parent else {})}
        with self._interrupts.hold():
            run_id = self._create(name, {**self._context_tags, **tags, **own}, start)
            self.remember([run_id])
            self._open.append(run_id)
        return run_id

    def _create(self, name: str, tags: Mapping[str, str], start: int | None) -> str:
        """Create a run; where no answer arrives, look for it before it is created again."""
        retries = int(os.environ[RETRIES]) if os.environ[RETRIES].isdecimal() else 0
        for left in range(retries, -1, -1):
            before, self._uncertain = self._uncertain, True
            try:
                with no_retries(), mlflow_calls(self._store.name):
                    number = self._destination.experiment_id
                    run = self._store.client.create_run(number, start_time=start, tags=dict(tags), run_name=name)
            except TrackingError as error:
                if existing := self._begun_unheard(name, error):
                    return existing
                if not left or self._store.place.local:
                    raise
                time.sleep(BETWEEN_TRIES)
            else:
                self._uncertain = before
                return str(run.info.run_id)
        raise AssertionError

    def _begun_unheard(self, name: str, error: TrackingError) -> str | None:
        """Return a run of that name whose creation was answered by `error`; raise `error` if there is no answer."""
        try:
            unknown = [run for run in self._runs_of_this_analysis() if str(run.info.run_id) not in self._known]
        except TrackingError:
            raise error from None
        ids = [str(run.info.run_id) for run in unknown if run.data.tags.get("mlflow.runName") == name]
        return min(ids, default=None)

    def _runs_of_this_analysis(self) -> list[Any]:
        wanted = f"tags.`{TRACKING_ID}` = '{self._tracking_id}'"
        return search_runs(self._store, [self._destination.experiment_id], wanted)

    def remember(self, run_ids: Iterable[str]) -> None:
        """Take these runs as known: others of this analysis are strays."""
        self._known.update(run_ids)

    def resume(self, run_id: str) -> None:
        """Take a run that was not finished as one of ours."""
        with self._interrupts.hold(), mlflow_calls(self._store.name):
            self._store.client.update_run(run_id, status="RUNNING")
            self.remember([run_id])
            self._open.append(run_id)

    def write(self, run_id: str, content: RunContent, *, tagged: bool = False) -> None:
        """Log all that a run holds; its tags too, unless it was begun with them."""
        with mlflow_calls(self._store.name):
            for batch in _batches(content, {} if tagged else content.tags):
                self._store.client.log_batch(run_id, **batch)
            _log_inputs(self._store.client, run_id, content.inputs)
        with self._staging.write_files(content.artifacts) as folder:
            self._sizes[run_id] = file_sizes(folder)
            self._upload(run_id, folder)

    def tag(self, run_id: str, tags: Mapping[str, str]) -> None:
        """Set tags on a run."""
        with mlflow_calls(self._store.name):
            for key, value in tags.items():
                self._store.client.set_tag(run_id, key, value)

    def finish(self, run_id: str, content: RunContent, end: int | None = None) -> None:
        """End a run as finished, ask the store once for what it must hold, and send again what is not there."""
        self.end(run_id, FINISHED, end)
        if not self.missing(run_id, content):
            return
        self.resume(run_id)
        self.write(run_id, content)
        self.end(run_id, FINISHED, end)
        if missing := self.missing(run_id, content):
            raise TrackingError(
                f"MLflow at {self._store.name} answered that it took everything, and the run {run_id} lacks "
                f"{', '.join(missing[:3])}{' and more' if missing[3:] else ''}; is a proxy before it?"
            )

    def missing(self, run_id: str, content: RunContent) -> list[str]:
        """Return what the run should hold and does not; of what another process sent, no size is compared."""
        sizes = self._sizes.pop(run_id, None)
        exact = sizes is not None
        if sizes is None:
            with self._staging.write_files(content.artifacts) as folder:
                sizes = file_sizes(folder)
        return missing_parts(self._store, run_id, content, sizes, exact=exact)

    def end(self, run_id: str, status: str, end: int | None = None) -> None:
        """End a run with this status; ask whether it has it, and say it again where it has not."""
        with self._interrupts.hold():
            with mlflow_calls(self._store.name):
                for _ in range(2):
                    self._store.client.set_terminated(run_id, status, end)
                    if self._store.client.get_run(run_id).info.status == status:
                        break
                else:
                    raise TrackingError(f"MLflow at {self._store.name} answered, and did not end the run {run_id}")
            self._open.remove(run_id)

    def end_all(self, status: str) -> None:
        """End what is still open, innermost first, and strays. A store that is away is not asked twice."""
        with self._interrupts.hold(math.inf), timeouts(seconds=3, retries=1), suppress(UnreachableError):
            for run_id in reversed(self._open[:]):
                with suppress_refusals():
                    self.end(run_id, status)
            with suppress_refusals():
                self.end_strays()

    def end_strays(self) -> None:
        """End and delete what a server created for this analysis although its answer never arrived."""
        if not self._uncertain:
            return
        for run in self._runs_of_this_analysis():
            if str(run.info.run_id) not in self._known:
                end_stray(self._store, run)
        self._uncertain = False

    def forget(self) -> None:
        """Let what is open be: the store is away."""
        self._open.clear()
        self._uncertain = False

    def _upload(self, run_id: str, folder: Path) -> None:
        """Upload all files of a folder in one call, waiting as long as the largest may take."""
        sizes = self._sizes[run_id].values()
        waiting = timeouts(seconds=5 + max(sizes, default=0) * SECONDS_PER_BYTE)
        location, experiment = self._destination.artifact_location, self._destination.experiment_name
        calls = mlflow_calls(self._store.name)
        with waiting, time_for(sum(sizes)), calls, explain_unwritable_folder(self._store, location, experiment):
            self._store.client.log_artifacts(run_id, str(folder))


def end_stray(store: Store, run: Any) -> None:
    """End a run that nothing will be sent to; where it is empty, delete it as well.

    It is read again first: another machine that sends a copy of the same results may have filled it since.
    """
    run_id = str(run.info.run_id)
    with mlflow_calls(store.name):
        run = store.client.get_run(run_id)
        if run.info.status == RUNNING:
            store.client.set_terminated(run_id, KILLED)
        if not run.data.params and not run.data.metrics:
            store.client.delete_run(run_id)


@contextmanager
def suppress_refusals() -> Iterator[None]:
    """Go on where MLflow refuses, but not where it cannot be reached."""
    try:
        yield
    except UnreachableError:
        raise
    except TrackingError:
        pass


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
