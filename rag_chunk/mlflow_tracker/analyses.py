"""Tracked analyses, back: the report, the questions, and which configuration a run stands for."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from rag_chunk.comparison import Recorded, parse_questions
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.content import ANALYSIS, CONFIGURATION
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.fetch import ELSEWHERE, artifact_text, find_run, must_exist
from rag_chunk.mlflow_tracker.open_runs import PARENT_RUN
from rag_chunk.mlflow_tracker.store import Notify, Store, choose_place, open_store
from rag_chunk.report import Report, parse_report

REPORT, QUESTIONS = "report.json", "questions.json"  # constants, as `artifact_text` asks for
LARGEST = 256_000_000  # 60 configurations of 500 questions are 34 MB
ROLE = "rag_chunk.role"
_PAGE = 100
_SHOWN = 8  # digits of a run's id are enough to tell runs apart


def fetch_analysis(run_id: str, *, uri: str | None = None, notify: Notify) -> Recorded:
    """Return the analysis of a run; a configuration's run stands for that configuration.

    Raise `InputError` where there is no such run, or no report of it.
    """
    with quiet_mlflow():
        place = choose_place(uri, notify)
        must_exist(place, f"run {run_id}")
        with open_store(place) as store:
            return _recorded(store, find_run(store, run_id))


def fetch_top(experiment: str, top: int, metric: str, *, uri: str | None = None, notify: Notify) -> list[Recorded]:
    """Return the `top` configurations of an experiment by `metric`, best first; of equal runs the newest only."""
    with quiet_mlflow():
        place = choose_place(uri, notify)
        must_exist(place, f"experiment {experiment!r}")
        with open_store(place) as store:
            runs = list(islice(_distinct(_best_runs(store, experiment, metric)), top))
            if not runs:
                raise InputError(f"the experiment {experiment!r} has no finished configuration with {metric}")
            return [_recorded(store, run) for run in runs]


def _recorded(store: Store, run: Any) -> Recorded:
    run_id, tags = str(run.info.run_id), run.data.tags
    home, text = _report_text(store, run)
    report = parse_report(text, f"the {REPORT} of run {home}")
    asked = artifact_text(store, home, QUESTIONS, LARGEST) if report.questions else None
    return Recorded(
        source=f"run {run_id[:_SHOWN]}",
        report=report,
        questions=parse_questions(asked, f"the {QUESTIONS} of run {home}") if asked else {},
        name=None if tags.get(ROLE) == ANALYSIS else _name(report, run),
        run_id=run_id,
        experiment=_experiment_name(store, run),
    )


def _report_text(store: Store, run: Any) -> tuple[str, str]:
    """Return the run that has the report, this one or the one above it, and the report's text."""
    run_id = str(run.info.run_id)
    for home in filter(None, (run_id, run.data.tags.get(PARENT_RUN))):
        text = artifact_text(store, home, REPORT, LARGEST)
        if text is not None:
            return home, text
    raise InputError(f"neither the run {run_id} nor the one above it has a {REPORT}: it is no analysis of rag-chunk")


def _name(report: Report, run: Any) -> str:
    """Return the configuration that a run stands for: by its settings, which nobody can rename, else by its name."""
    digest, called = run.data.tags.get("rag_chunk.config_digest"), str(run.info.run_name)
    alike = [found.name for found in report.configurations if found.config.digest() == digest]
    names = alike if len(alike) == 1 else [found.name for found in report.configurations if found.name == called]
    if not names:
        raise InputError(f"the report of the run {run.info.run_id} has no configuration of that name, {called}")
    return names[0]


def _experiment_name(store: Store, run: Any) -> str:
    with mlflow_calls(store.name):
        return str(store.client.get_experiment(run.info.experiment_id).name)


def _best_runs(store: Store, experiment: str, metric: str) -> Iterator[Any]:
    """Yield the configurations' runs that have the metric, best first, of equal ones the newest first."""
    with mlflow_calls(store.name):
        found = store.client.get_experiment_by_name(experiment)
    if found is None:
        raise InputError(f"there is no experiment {experiment!r} in {store.name}. {ELSEWHERE}")
    wanted = f"tags.`{ROLE}` = '{CONFIGURATION}' and attributes.status = 'FINISHED'"
    order, token = [f"metrics.`{metric}` DESC", "attributes.start_time DESC"], None
    while True:
        with mlflow_calls(store.name):
            page = store.client.search_runs(
                [found.experiment_id], wanted, max_results=_PAGE, order_by=order, page_token=token
            )
        yield from (run for run in page if metric in run.data.metrics)
        token = page.token
        if not token:
            return


def _distinct(runs: Iterator[Any]) -> Iterator[Any]:
    """Leave out what was run before on the same documents and questions."""
    seen = set()
    for run in runs:
        key = tuple(run.data.tags.get(f"rag_chunk.{kind}_digest") for kind in ("config", "corpus", "questions"))
        if key not in seen:
            seen.add(key)
            yield run
