"""A results folder sent to MLflow afterwards: once, however often it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag_chunk.analysis.folder import read_results
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import interruptible
from rag_chunk.mlflow_tracker.content import Contents, RunContent
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.open_runs import FINISHED, PARENT_RUN, ending
from rag_chunk.mlflow_tracker.sender import ExistingRun, Sender, Tracked, describe_tracked, open_sender
from rag_chunk.mlflow_tracker.store import Notify, search_runs


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRuns:
    """What the store has of an analysis already: its run, and its children by name."""

    run_id: str | None = None
    finished: bool = False
    children: Mapping[str, ExistingRun] = field(default_factory=dict)


def track_folder(folder: Path, options: TrackingConfig, *, notify: Notify) -> Tracked:
    """Send a results folder: as if tracked directly, with the dates of the analysis.

    `options` go before those that were saved. What the store has already is not sent again; what it has in
    part is completed.
    """
    results = read_results(folder)
    options = options.over(results.options)
    with quiet_mlflow(), interruptible() as interrupts, open_sender(options, notify, interrupts) as sender:
        earlier = _earlier(sender, results.report.analysis_id, options.run_id)
        if earlier.run_id and earlier.finished:
            names = [each.name for each in results.report.configurations if each.name in earlier.children]
            children = {name: earlier.children[name].run_id for name in names}
            return replace(describe_tracked(sender, results, earlier.run_id, children), known=True)
        try:
            run_id, children = _send_missing(sender, Contents(results, options, notify, resent=True), earlier)
        except BaseException as error:
            sender.runs.end_all(ending(error))
            raise
        return describe_tracked(sender, results, run_id, children)


def _send_missing(sender: Sender, contents: Contents, earlier: ExistingRuns) -> tuple[str, dict[str, str]]:
    """Send what the store does not have; return the analysis' run, and its children."""
    analysis = contents.analysis()
    run_id = earlier.run_id or _begun(sender, analysis)
    if earlier.run_id:
        sender.runs.resume(run_id)
    return run_id, sender.send(contents, run_id, end=analysis.end, known=earlier.children)


def _begun(sender: Sender, analysis: RunContent) -> str:
    above = sender.destination.parent_run_id
    return sender.runs.begin(analysis.name, analysis.tags, parent=above, start=analysis.start)


def _earlier(sender: Sender, analysis_id: str, begun: str | None) -> ExistingRuns:
    """Look for the analysis in its experiment, else for the run that was begun for it."""
    runs = {str(run.info.run_id): run for run in _search(sender, f"tags.`rag_chunk.analysis_id` = '{analysis_id}'")}
    above = {run_id: run.data.tags.get(PARENT_RUN) for run_id, run in runs.items()}
    tops = sorted((run_id for run_id in runs if above[run_id] not in runs), key=lambda top: not _is_finished(runs[top]))
    if not tops:
        return ExistingRuns(run_id=_begun_before(sender, begun))
    children = {
        str(run.data.tags["mlflow.runName"]): ExistingRun(run_id=run_id, finished=_is_finished(run))
        for run_id, run in runs.items()
        if above[run_id] == tops[0]
    }
    return ExistingRuns(run_id=tops[0], finished=_is_finished(runs[tops[0]]), children=children)


def _is_finished(run: Any) -> bool:
    return bool(run.info.status == FINISHED)


def _begun_before(sender: Sender, run_id: str | None) -> str | None:
    """Return the run that was begun for the analysis, where this experiment has it."""
    from mlflow.exceptions import MlflowException

    with mlflow_calls(sender.store.name):
        try:
            run = sender.store.client.get_run(run_id) if run_id else None
        except MlflowException:
            return None
    return run_id if run and run.info.experiment_id == sender.destination.experiment_id else None


def _search(sender: Sender, filter_string: str) -> list[Any]:
    return search_runs(sender.store, [sender.destination.experiment_id], filter_string)
