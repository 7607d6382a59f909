"""Tracked analyses, back: the report, the questions, and which configuration a run means."""

from collections.abc import Callable, Mapping
from functools import cache, partial
from itertools import islice
from typing import Any

from rag_chunk.analysis.history import AskedQuestion, SavedAnalysis, parse_questions
from rag_chunk.analysis.report import Report, parse_report
from rag_chunk.config.redaction import redact
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.best_runs import distinct, runs_by
from rag_chunk.mlflow_tracker.content import ANALYSIS, ROLE
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.fetch import artifact_text
from rag_chunk.mlflow_tracker.named_runs import existing_store, find_run, short_name
from rag_chunk.mlflow_tracker.open_runs import PARENT_RUN
from rag_chunk.mlflow_tracker.store import Store

REPORT, QUESTIONS = "report.json", "questions.json"  # constants, as `artifact_text` asks for
LARGEST = 256_000_000  # 60 configurations of 500 questions are 34 MB
Analysed = tuple[Report, Mapping[str, AskedQuestion]]
Read = Callable[[str], Analysed | None]


def fetch_analysis(name: str, *, uri: str | None = None) -> SavedAnalysis:
    """Return the analysis of a run, by its id or its name in the registry.

    A configuration's run means that configuration.

    Raise `InputError` where there is no such run, or no report of it.
    """
    with existing_store(uri, f"run {name}") as store:
        return _saved_analysis(store, find_run(store, name), partial(_analysis, store), name)


def fetch_top(experiment: str, top: int, metric: str, *, uri: str | None = None) -> list[SavedAnalysis]:
    """Return the `top` configurations of an experiment by `metric`, best first; of equal runs the newest only."""
    with existing_store(uri, f"experiment {experiment!r}") as store:
        runs = list(islice(distinct(runs_by(store, experiment, metric)), top))
        if not runs:
            raise InputError(f"the experiment {experiment!r} has no finished configuration with {metric}")
        read = cache(partial(_analysis, store))  # several are of one analysis
        return [_saved_analysis(store, run, read) for run in runs]


def _saved_analysis(store: Store, run: Any, read: Read, name: str = "") -> SavedAnalysis:
    """Return the analysis that a run means; it is on the run itself, or on the one above it."""
    run_id, tags = str(run.info.run_id), run.data.tags
    analysed = read(run_id) or (read(tags[PARENT_RUN]) if PARENT_RUN in tags else None)
    if analysed is None:
        raise InputError(
            f"neither the run {run_id} nor the one above it has a {REPORT} (artifacts: {redact(run.info.artifact_uri)}). "
            "Either rag-chunk did not make it, or its artifacts are elsewhere"
        )
    report, questions = analysed
    return SavedAnalysis(
        source=short_name(name, run_id),
        report=report,
        questions=questions,
        name=None if tags.get(ROLE) == ANALYSIS else _name(report, run),
        run_id=run_id,
        experiment=_experiment_name(store, run),
    )


def _analysis(store: Store, run_id: str) -> Analysed | None:
    """Return the report and the questions of a run; nothing where there are none."""
    text = artifact_text(store, run_id, REPORT, LARGEST)
    if text is None:
        return None
    report = parse_report(text, f"the {REPORT} of run {run_id}")
    asked = artifact_text(store, run_id, QUESTIONS, LARGEST) if report.questions else None
    return report, parse_questions(asked, f"the {QUESTIONS} of run {run_id}") if asked else {}


def _name(report: Report, run: Any) -> str:
    """Return the configuration that a run means: the only one, else by its settings, else by its name."""
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
