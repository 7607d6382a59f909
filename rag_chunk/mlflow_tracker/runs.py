"""The run of an analysis: begun before it, filled from its results folder, ended whatever happens."""

import math
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

from rag_chunk.analysis.folder import read_results
from rag_chunk.config.redaction import redact
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import Interrupts, TrackingError, interruptible
from rag_chunk.mlflow_tracker.address import Notify
from rag_chunk.mlflow_tracker.content import ANALYSIS, CONFIGURATION, LONGEST_TAG, ROLE, Contents
from rag_chunk.mlflow_tracker.environment import gc_paused, quiet_mlflow
from rag_chunk.mlflow_tracker.failures import UnreachableError
from rag_chunk.mlflow_tracker.open_runs import FAILED, FINISHED, ending
from rag_chunk.mlflow_tracker.question_sets import share_questions
from rag_chunk.mlflow_tracker.sender import Sender, Tracked, describe_tracked, open_sender


class Tracking:
    """An analysis that is being tracked. After a failure MLflow is not asked again: `failure` says what it was."""

    def __init__(self, options: TrackingConfig, notify: Notify, interrupts: Interrupts) -> None:
        """Track nothing yet."""
        self._interrupts = interrupts
        self.options, self._notify = options.with_tracking_id(), notify
        self._sender: Sender | None = None
        self.run_id: str | None = None
        self.failure: TrackingError | None = None

    def begin(self, sender: Sender, *, several: bool) -> None:
        """Create the run."""
        self._sender = sender
        options = self.options
        tags = {name: redact(value)[:LONGEST_TAG] for name, value in options.tags.items()}
        tags[ROLE] = ANALYSIS if several else CONFIGURATION
        above = sender.destination.parent_run_id
        self.run_id = sender.runs.begin(redact(options.run_name or "analysis"), tags, parent=above)

    def fail(self, error: TrackingError) -> None:
        """Ask MLflow no more, apart from ending what is open where it still answers."""
        self.failure = error
        if self._sender and isinstance(error, UnreachableError):
            self._sender.runs.forget()
        self.end(FAILED)

    def finish_first(self) -> AbstractContextManager[None]:
        """Return a block that a signal waits for: results that are there are saved whole before the program stops."""
        return self._interrupts.hold(math.inf)

    def end(self, status: str) -> None:
        """End all runs that are open."""
        if self._sender:
            self._sender.runs.end_all(status)

    def to_json(self) -> dict[str, Any]:
        """Return what `tracking.json` holds: the options, and the run that `track` is to complete."""
        return self.options.model_copy(update={"run_id": self.run_id}).to_json()

    def log(self, folder: Path) -> Tracked:
        """Log the results folder, and end the run. Raise `TrackingError` where MLflow fails."""
        if self._sender is None or self.run_id is None or self.failure:
            raise self.failure or TrackingError("the analysis is not being tracked")
        with gc_paused():
            results = read_results(folder)
        contents = Contents(results, self.options, self._notify)
        try:
            children = self._sender.send(contents, self.run_id)
            share_questions(self._sender, results, self.options, self._notify)
        except TrackingError as error:
            self.fail(error)
            raise
        return describe_tracked(self._sender, results, self.run_id, children)


@contextmanager
def track_run(options: TrackingConfig, *, several: bool, notify: Notify) -> Iterator[Tracking]:
    """Track an analysis: its run is created at once and ended FINISHED, FAILED or KILLED, whatever happens.

    Where MLflow fails at the start, the block runs all the same: `notify` is called once, and `log` raises.
    Inside, SIGINT, SIGTERM and SIGHUP raise `Interrupted`.
    """
    with quiet_mlflow(), interruptible() as interrupts, ExitStack() as stack:
        tracking = Tracking(options, notify, interrupts)
        try:
            try:
                sender = stack.enter_context(open_sender(tracking.options, notify, interrupts))
                tracking.begin(sender, several=several)
            except TrackingError as error:
                tracking.fail(error)
                notify(f"{error}. The analysis goes on, and its results are kept")
            yield tracking
        except BaseException as error:
            tracking.end(ending(error))
            raise
        tracking.end(FINISHED)
