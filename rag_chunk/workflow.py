"""The main job: read, analyse, save, track, show. Nothing that was computed is lost when a later step fails."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.analysis import Analysis, Progress, analyze
from rag_chunk.corpus import NOT_READ, Corpus, read_corpus
from rag_chunk.errors import TrackingError
from rag_chunk.questions import Questions, read_questions
from rag_chunk.results import save_results
from rag_chunk.settings import Settings

if TYPE_CHECKING:
    from rag_chunk.mlflow_tracker import Tracked, TrackingOptions

SPOOL = Path(".rag-chunk", "unsent")
Notify = Callable[[str], None]
Show = Callable[[Analysis], None]


@dataclass(frozen=True, slots=True)
class Outlook:
    """How the job speaks: notices, progress, and the comparison when it is there."""

    notify: Notify
    progress: Progress | None
    show: Show


def run(settings: Settings, outlook: Outlook) -> "Tracked | None":
    """Do the main job. Raise `TrackingError` at its very end where MLflow failed: the results are saved then."""
    tracked_as = _tracking_options(settings) if settings.output.mlflow_tracking else None
    corpus, questions = read(settings, outlook.notify)
    if tracked_as is None:
        analysis = _analysed(settings, corpus, questions, outlook)
        outlook.show(analysis)
        if settings.output.save:
            save_results(analysis, settings.output.save)
        return None
    return _run_tracked(settings, corpus, questions, outlook, tracked_as)


def read(settings: Settings, notify: Notify) -> tuple[Corpus, Questions | None]:
    """Return the documents and questions of an analysis, and say what was left out."""
    asked = settings.analysis
    corpus = read_corpus(
        asked.required_source(),
        include=asked.include,
        exclude=asked.exclude,
        skip_unreadable=asked.skip_unreadable,
    )
    for notice in _left_out(corpus):
        notify(notice)
    questions = read_questions(asked.test_file, corpus, missing=asked.missing) if asked.test_file else None
    for warning in questions.warnings if questions else ():
        notify(warning)
    return corpus, questions


def _left_out(corpus: Corpus) -> list[str]:
    """Say in one line what is of another kind, and in a line each what could not be read."""
    other = [name for name, reason in corpus.skipped if reason == NOT_READ]
    kinds = [f"not read, being of another kind: {', '.join(other)}"] if other else []
    return kinds + [f"{name} {reason}, and is left out" for name, reason in corpus.skipped if reason != NOT_READ]


def _analysed(settings: Settings, corpus: Corpus, questions: Questions | None, outlook: Outlook) -> Analysis:
    for name, reason in settings.skipped:
        outlook.notify(f"{name} is left out: {reason}")
    return analyze(
        corpus,
        settings.configs,
        questions,
        settings=settings.analysis.located(Path.cwd()),
        skipped=settings.skipped,
        progress=outlook.progress,
    )


def _tracking_options(settings: Settings) -> "TrackingOptions":
    from rag_chunk.mlflow_tracker import TrackingOptions, documents_git, parse_tags

    given = settings.output
    return TrackingOptions(
        uri=given.mlflow_uri,
        experiment_name=given.experiment_name,
        run_name=given.run_name,
        tags=parse_tags(given.tags),
        document_type=given.document_type,
        dataset_name=given.dataset_name,
        dataset_version=given.dataset_version,
        log_chunks=given.log_chunks,
        chunk_files=given.chunk_files,
        log_runs=given.log_runs,
        provenance=documents_git(settings.analysis.required_source()) | _imported(settings),
    )


def _imported(settings: Settings) -> dict[str, str]:
    """Return from which run the config was exported that this analysis runs."""
    run_id = settings.recorded.get("run_id")
    return {"imported_from_run": str(run_id)} if run_id else {}


def _run_tracked(
    settings: Settings, corpus: Corpus, questions: Questions | None, outlook: Outlook, options: "TrackingOptions"
) -> "Tracked":
    """Open the run before the work starts, so that an analysis that dies is seen; log when the results are safe."""
    from rag_chunk.mlflow_tracker import tracked_run

    folder = settings.output.save
    try:
        with tracked_run(options, several=len(settings.configs) > 1, notify=outlook.notify) as tracking:
            analysis = _analysed(settings, corpus, questions, outlook)
            outlook.show(analysis)
            folder = folder or SPOOL / analysis.report.analysis_id
            save_results(analysis, folder, tracking.to_json())
            tracked = tracking.log(folder)
    except TrackingError as error:
        safe = f"The results are safe. Send them to MLflow with\nrag-chunk track {folder}"
        raise TrackingError(f"{error}\n{safe}" if folder else str(error)) from error
    if not settings.output.save:
        clear(folder)
    return tracked


def clear(folder: Path) -> None:
    """Remove results that have been sent, and the folders above them that are empty then."""
    shutil.rmtree(folder)
    for above in (SPOOL, SPOOL.parent):
        with suppress(OSError):
            above.rmdir()
