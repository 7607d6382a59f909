"""A results folder sent to MLflow afterwards: once, however often it is sent."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rag_chunk.analysis.folder import Results, check_unchanged, read_results
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import interruptible
from rag_chunk.mlflow_tracker.address import Notify, ignore_notice
from rag_chunk.mlflow_tracker.content import ANALYSIS, ANALYSIS_ID, CONFIGURATION, ROLE, TRACKING_ID, Contents
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.open_runs import (
    FINISHED,
    KILLED,
    PARENT_RUN,
    RUNNING,
    end_stray,
    ending,
    suppress_refusals,
)
from rag_chunk.mlflow_tracker.question_sets import share_questions
from rag_chunk.mlflow_tracker.sender import (
    ExistingRun,
    Sender,
    Tracked,
    describe_tracked,
    open_sender,
)
from rag_chunk.mlflow_tracker.store import analysis_lock, search_runs

_ROLES = (ANALYSIS, CONFIGURATION)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRuns:
    """What the store has of an analysis already: its run, its children by name, and what belongs to neither."""

    run_id: str | None = None
    finished: bool = False
    children: Mapping[str, ExistingRun] = field(default_factory=dict)
    strays: tuple[Any, ...] = ()


def track_folder(folder: Path, options: TrackingConfig, *, notify: Notify) -> Tracked:
    """Send a results folder: as if tracked directly, with the dates of the analysis.

    `options` go before those that were saved. What the store has already is not sent again; what it has in
    part is completed.
    """
    results = read_results(folder)
    check_unchanged(results)
    options = options.over(results.options).with_environment_tags().with_tracking_id()
    with (
        quiet_mlflow(),
        interruptible() as interrupts,
        analysis_lock(results.report.analysis_id, notify),
        open_sender(options, notify, interrupts) as sender,
    ):
        try:
            tracked = _send(sender, results, options, notify)
            tracked = _keep_one(sender, results, options, tracked, notify)
            share_questions(sender, results, options, notify)
            return tracked  # noqa: TRY300 - a failure of either ends what is open
        except BaseException as error:
            sender.runs.end_all(ending(error))
            raise


def end_left_running(options: TrackingConfig, notify: Notify) -> int:
    """End the runs that a process left RUNNING when it was killed, and return how many there were."""
    options = options.with_tracking_id()
    with quiet_mlflow(), interruptible() as interrupts, open_sender(options, notify, interrupts) as sender:
        runs = _search(sender, TRACKING_ID, options.tracking_id)
        running = [str(run.info.run_id) for run in runs if run.info.status == RUNNING]
        with mlflow_calls(sender.store.name):
            for run_id in running:
                sender.store.client.set_terminated(run_id, KILLED)
        return len(running)


def _send(sender: Sender, results: Results, options: TrackingConfig, notify: Notify) -> Tracked:
    existing = _find_existing(sender, results, options)
    sender.runs.remember([*filter(None, [existing.run_id]), *(each.run_id for each in existing.children.values())])
    for run in existing.strays:
        end_stray(sender.store, run)
    if existing.run_id and _is_whole(sender, Contents(results, options, ignore_notice, resent=True), existing):
        names = [each.name for each in results.report.configurations if each.name in existing.children]
        children = {name: existing.children[name].run_id for name in names}
        return replace(describe_tracked(sender, results, existing.run_id, children), known=True)
    contents = Contents(results, options, notify, resent=True)
    analysis = contents.analysis()
    if existing.run_id:
        run_id = existing.run_id
        sender.runs.resume(run_id)
    else:
        above = sender.destination.parent_run_id
        run_id = sender.runs.begin(analysis.name, analysis.tags, parent=above, start=analysis.start)
    children = sender.send(contents, run_id, end=analysis.end, known=existing.children)
    return describe_tracked(sender, results, run_id, children)


def _is_whole(sender: Sender, contents: Contents, existing: ExistingRuns) -> bool:
    """Whether all runs are there, finished, and hold what they should: each is asked."""
    if not (existing.run_id and existing.finished):
        return False
    results = () if contents.is_single else contents.configurations()
    for result in results:
        child = existing.children.get(result.name)
        if child is None or not child.finished or child.parent != existing.run_id:
            return False
        if sender.runs.missing(child.run_id, contents.configuration(result)):
            return False
    return not sender.runs.missing(existing.run_id, contents.analysis())


def _find_existing(sender: Sender, results: Results, options: TrackingConfig) -> ExistingRuns:
    """Look in the experiment for the runs of this analysis that are not deleted."""
    runs = _runs_of(sender, results, options)
    if (begun := _begun_before(sender, options.run_id)) is not None:
        runs.setdefault(str(begun.info.run_id), begun)
    is_single = len(results.report.configurations) == 1
    tops = sorted((run for run in runs.values() if run.data.tags.get(ROLE) == _top_role(results)), key=_how_whole)
    if not tops:
        return ExistingRuns(children={} if is_single else _children(runs, None))
    top = str(tops[0].info.run_id)
    children = {} if is_single else _children(runs, top)
    kept = {top, *(child.run_id for child in children.values())}
    strays = tuple(run for run_id, run in runs.items() if run_id not in kept and _is_stray(run))
    return ExistingRuns(run_id=top, finished=_is_finished(tops[0]), children=children, strays=strays)


def _runs_of(sender: Sender, results: Results, options: TrackingConfig) -> dict[str, Any]:
    searches = ((ANALYSIS_ID, results.report.analysis_id), (TRACKING_ID, options.tracking_id))
    return {str(run.info.run_id): run for tag, value in searches for run in _search(sender, tag, value)}


def _top_role(results: Results) -> str:
    return CONFIGURATION if len(results.report.configurations) == 1 else ANALYSIS


def _keep_one(sender: Sender, results: Results, options: TrackingConfig, tracked: Tracked, notify: Notify) -> Tracked:
    """Delete all but one run of each name where copies of the folder were sent from several machines at once.

    No lock is common to machines. Whoever finishes last sees all runs that have ended; whoever looks keeps those with
    the smallest ids, so that all agree. One that is still open belongs to a machine that is at work.
    """
    ours = [run for run in _runs_of(sender, results, options).values() if run.data.tags.get(ROLE) in _ROLES]
    by_id = {str(run.info.run_id): run for run in sorted(ours, key=_first_kept)}
    tops = [run_id for run_id, run in by_id.items() if run.data.tags[ROLE] == _top_role(results)]
    if not tops or not _is_finished(by_id[tops[0]]):
        return tracked
    top, children, copies = tops[0], dict[str, str](), list[str]()
    for run_id, run in by_id.items():
        parent = run.data.tags.get(PARENT_RUN, "")
        if run_id == top or RUNNING in {each.info.status for each in (run, by_id.get(parent)) if each}:
            continue
        name = str(run.data.tags["mlflow.runName"])
        if run_id in tops or parent != top or children.setdefault(name, run_id) != run_id:
            copies.append(run_id)
    if not copies:
        return tracked
    for run_id in copies:
        with suppress_refusals(), mlflow_calls(sender.store.name):  # another machine may have deleted it
            sender.store.client.delete_run(run_id)
    runs = "1 run" if len(copies) == 1 else f"{len(copies)} runs"
    notify(f"this analysis was sent from several machines at once; deleted the second copy of {runs}")
    return describe_tracked(sender, results, top, children)


def _children(runs: Mapping[str, Any], top: str | None) -> dict[str, ExistingRun]:
    """Return the configurations' runs by name, else those of a deleted run; of equal names the most whole."""
    children: dict[str, ExistingRun] = {}
    for run in sorted(runs.values(), key=lambda run: (run.data.tags.get(PARENT_RUN) != top, _how_whole(run))):
        parent = run.data.tags.get(PARENT_RUN)
        if run.data.tags.get(ROLE) == CONFIGURATION and (parent == top or parent not in runs):
            child = ExistingRun(run_id=str(run.info.run_id), finished=_is_finished(run), parent=parent)
            children.setdefault(str(run.data.tags["mlflow.runName"]), child)
    return children


def _how_whole(run: Any) -> tuple[bool, bool, int, str]:
    """Return what sorts finished runs first, then those that hold something, then the oldest."""
    return not _is_finished(run), not run.data.params, run.info.start_time or 0, str(run.info.run_id)


def _first_kept(run: Any) -> tuple[bool, str]:
    return not _is_finished(run), str(run.info.run_id)


def _is_finished(run: Any) -> bool:
    return bool(run.info.status == FINISHED)


def _is_stray(run: Any) -> bool:
    """Whether a run that is not needed was never ended, or never filled."""
    return bool(run.info.status == RUNNING or not run.data.params)


def _begun_before(sender: Sender, run_id: str | None) -> Any:
    """Return the run that was begun for the analysis, where this experiment has it and it is not deleted."""
    from mlflow.exceptions import MlflowException

    with mlflow_calls(sender.store.name):
        try:
            run = sender.store.client.get_run(run_id) if run_id else None
        except MlflowException:
            return None
    if run is None or run.info.experiment_id != sender.destination.experiment_id:
        return None
    return run if run.info.lifecycle_stage == "active" else None


def _search(sender: Sender, tag: str, value: str) -> list[Any]:
    return search_runs(sender.store, [sender.destination.experiment_id], f"tags.`{tag}` = '{value}'")
