"""Tracked analyses, back: the report, the questions, and which configuration a run stands for."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from itertools import islice
from typing import Any

from rag_chunk.analysis.history import AskedQuestion, SavedAnalysis, parse_questions
from rag_chunk.analysis.report import Report, parse_report
from rag_chunk.config.redaction import redact
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.address import choose_address, ignore_notice
from rag_chunk.mlflow_tracker.content import ANALYSIS, CONFIGURATION, ROLE
from rag_chunk.mlflow_tracker.environment import quiet_mlflow
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.fetch import ELSEWHERE, artifact_text, find_run, must_exist
from rag_chunk.mlflow_tracker.open_runs import PARENT_RUN
from rag_chunk.mlflow_tracker.store import Store, open_store

REPORT, QUESTIONS = "report.json", "questions.json"  # constants, as `artifact_text` asks for
LARGEST = 256_000_000  # 60 configurations of 500 questions are 34 MB
Analysed = tuple[Report, Mapping[str, AskedQuestion]]
Read = Callable[[str], Analysed | None]
_PAGE = 100
_SHOWN = 8  # digits of a run's id are enough to tell runs apart, and to name one


def fetch_analysis(run_id: str, *, uri: str | None = None) -> SavedAnalysis:
    """Return the analysis of a run; a configuration's run stands for that configuration.

    Raise `InputError` where there is no such run, or no report of it.
    """
    with quiet_mlflow():
        place = choose_address(uri, ignore_notice)
        must_exist(place, f"run {run_id}")
        with open_store(place) as store:
            return _saved_analysis(store, find_run(store, run_id), partial(_analysis, store))


def fetch_top(experiment: str, top: int, metric: str, *, uri: str | None = None) -> list[SavedAnalysis]:
    """Return the `top` configurations of an experiment by `metric`, best first; of equal runs the newest only."""
    with quiet_mlflow():
        place = choose_address(uri, ignore_notice)
        must_exist(place, f"experiment {experiment!r}")
        with open_store(place) as store:
            runs = list(islice(_distinct(_best_runs(store, experiment, metric)), top))
            if not runs:
                raise InputError(f"the experiment {experiment!r} has no finished configuration with {metric}")
            read = cache(partial(_analysis, store))  # several are of one analysis
            return [_saved_analysis(store, run, read) for run in runs]


def _saved_analysis(store: Store, run: Any, read: Read) -> SavedAnalysis:
    """Return what a run stands for; its analysis is on the run itself, or on the one above it."""
    run_id, tags = str(run.info.run_id), run.data.tags
    analysed = read(run_id) or (read(tags[PARENT_RUN]) if PARENT_RUN in tags else None)
    if analysed is None:
        raise InputError(
            f"neither the run {run_id} nor the one above it has a {REPORT} (artifacts: {redact(run.info.artifact_uri)}). "
            "Either rag-chunk did not make it, or its artifacts are elsewhere"
        )
    report, questions = analysed
    return SavedAnalysis(
        source=f"run {run_id[:_SHOWN]}",
        report=report,
        questions=questions,
        name=None if tags.get(ROLE) == ANALYSIS else _name(report, run),
        run_id=run_id,
        experiment=_experiment_name(store, run),
    )


def _analysis(store: Store, run_id: str) -> Analysed | None:
    """Return the report and the questions that stand on a run; nothing where there are none."""
    text = artifact_text(store, run_id, REPORT, LARGEST)
    if text is None:
        return None
    report = parse_report(text, f"the {REPORT} of run {run_id}")
    asked = artifact_text(store, run_id, QUESTIONS, LARGEST) if report.questions else None
    return report, parse_questions(asked, f"the {QUESTIONS} of run {run_id}") if asked else {}


def _name(report: Report, run: Any) -> str:
    """Return the configuration that a run stands for: the only one, else by its settings, else by its name."""
    digest, called = run.data.tags.get("rag_chunk.config_digest"), str(run.info.run_name)
    names = [result.name for result in report.configurations]
    alike = [result.name for result in report.configurations if result.config.digest() == digest]
    for candidates in (names, alike, [name for name in names if name == called]):
        if len(candidates) == 1:
            return candidates[0]
    raise InputError(f"the report of the run {run.info.run_id} has no configuration of that name, {called}")


def _experiment_name(store: Store, run: Any) -> str:
    with mlflow_calls(store.name):
        return str(store.client.get_experiment(run.info.experiment_id).name)


def _best_runs(store: Store, experiment: str, metric: str) -> Iterator[Any]:
    """Yield the configurations' runs that have the metric, best first, of equal ones the newest first."""
    with mlflow_calls(store.name):
        existing = store.client.get_experiment_by_name(experiment)
    if existing is None:
        raise InputError(f"there is no experiment {experiment!r} in {store.name}. {ELSEWHERE}")
    wanted = f"tags.`{ROLE}` = '{CONFIGURATION}' and attributes.status = 'FINISHED'"
    order, token = [f"metrics.`{metric}` DESC", "attributes.start_time DESC"], None
    while True:
        with mlflow_calls(store.name):
            page = store.client.search_runs(
                [existing.experiment_id], wanted, max_results=_PAGE, order_by=order, page_token=token
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
