"""What sends an analysis: the store, the experiment, and the runs that are open there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from rag_chunk.analysis.folder import Results
from rag_chunk.config.tracking import TrackingConfig
from rag_chunk.errors import Interrupts
from rag_chunk.mlflow_tracker.address import Notify, choose_address
from rag_chunk.mlflow_tracker.content import Contents, RunContent
from rag_chunk.mlflow_tracker.environment import MORE_RETRIES, timeouts
from rag_chunk.mlflow_tracker.experiment import Destination, find_destination
from rag_chunk.mlflow_tracker.links import compare_link, leaderboard_link, ui_address, ui_command
from rag_chunk.mlflow_tracker.open_runs import PARENT_RUN, OpenRuns
from rag_chunk.mlflow_tracker.staging import staging
from rag_chunk.mlflow_tracker.store import Store, open_store


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracked:
    """Where an analysis is in MLflow. `run_id` is the parent, or the only run; `children` are by name.

    `ui_command` opens MLflow's pages where no server shows them already; `links` go straight to the runs. Where the
    analysis was there already, it is `known`, and nothing was sent.
    """

    store: str
    experiment_id: str
    experiment_name: str
    run_id: str
    children: Mapping[str, str] = field(default_factory=dict)
    ui_command: str | None = None
    links: Mapping[str, str] = field(default_factory=dict)
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExistingRun:
    """A child that the store has already, whole or in part; `parent` is the run that it is nested under."""

    run_id: str
    finished: bool
    parent: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Where an analysis goes, and the runs that are open there."""

    store: Store
    destination: Destination
    runs: OpenRuns

    def send(
        self, contents: Contents, run_id: str, *, end: int | None = None, known: Mapping[str, ExistingRun] | None = None
    ) -> dict[str, str]:
        """Fill the analysis' run, log a child for each configuration, end them all; return the children's ids."""
        analysis = contents.analysis()
        analysis = replace(analysis, tags={**analysis.tags, "mlflow.runName": analysis.name})
        self.runs.write(run_id, analysis)
        results = () if contents.is_single else contents.configurations()
        existing = known or {}
        children = {
            result.name: self._child(contents.configuration(result), run_id, existing.get(result.name))
            for result in results
        }
        if best := contents.best_of(children):
            analysis = replace(analysis, tags={**analysis.tags, "rag_chunk.best_run_id": best})
            self.runs.tag(run_id, {"rag_chunk.best_run_id": best})
        self.runs.finish(run_id, analysis, end)
        self.runs.end_strays()
        return children

    def _child(self, content: RunContent, parent: str, known: ExistingRun | None) -> str:
        """Log one configuration, unless the store has it whole; return its run's id."""
        if known and known.parent != parent:  # whose run was deleted
            self.runs.tag(known.run_id, {PARENT_RUN: parent})
        if known and known.finished and not self.runs.missing(known.run_id, content):
            return known.run_id
        if known:
            self.runs.resume(known.run_id)
        child = known.run_id if known else self._begin(content, parent)
        self.runs.write(child, content, tagged=known is None)
        self.runs.finish(child, content, content.end)
        return child

    def _begin(self, content: RunContent, parent: str) -> str:
        return self.runs.begin(content.name, content.tags, parent=parent, start=content.start)


@contextmanager
def open_sender(options: TrackingConfig, notify: Notify, interrupts: Interrupts) -> Iterator[Sender]:
    """Open the store and find the experiment: the first call, and so the probe. Wait longer for the rest."""
    with open_store(choose_address(options.uri, notify), interrupts) as store:
        destination = find_destination(store, options, notify)
        with timeouts(retries=MORE_RETRIES), staging() as files:
            runs = OpenRuns(store, destination, interrupts, files, options.tracking_id)
            yield Sender(store=store, destination=destination, runs=runs)


def describe_tracked(sender: Sender, results: Results, run_id: str, children: Mapping[str, str]) -> Tracked:
    """Return where everything is, with the links."""
    store, destination = sender.store, sender.destination
    return Tracked(
        store=store.name,
        experiment_id=destination.experiment_id,
        experiment_name=destination.experiment_name,
        run_id=run_id,
        children=children,
        ui_command=ui_command(store),
        links=_links(sender, results, run_id, children),
    )


def _links(sender: Sender, results: Results, run_id: str, children: Mapping[str, str]) -> dict[str, str]:
    """Return the pages of the analysis' run, of all configurations with charts, and of all side by side."""
    report, address, number = results.report, ui_address(sender.store), sender.destination.experiment_id
    if address is None:
        return {}
    metric = report.comparison.metric if report.comparison else "num_chunks"
    links = {"analysis": f"{address}/#/experiments/{number}/runs/{run_id}"}
    if len(children) > 1:
        links["leaderboard"] = leaderboard_link(address, number, report.analysis_id, metric)
        links["compare"] = compare_link(address, number, list(children.values()))
    return links
