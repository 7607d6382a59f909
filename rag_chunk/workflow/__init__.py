"""The main job: read, analyse, save, track, show. Nothing that was computed is lost when a later step fails."""

import shlex
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.analysis import Analysis, Progress, analyze, find_baseline, score_retrievals
from rag_chunk.analysis.cost_estimate import CostEstimate, estimate_cost
from rag_chunk.analysis.external import read_retrievals
from rag_chunk.analysis.folder import folder_lock, prepare_folder
from rag_chunk.config import FOLDER_FILE, AnalysisConfig, TrackingConfig
from rag_chunk.config.sources import Settings
from rag_chunk.corpus import MARKER, NOT_READ, Corpus, is_broken, read_corpus
from rag_chunk.errors import InputError, Interrupted, TrackingError
from rag_chunk.questions import Questions, read_questions
from rag_chunk.workflow.results import save_results

if TYPE_CHECKING:
    from rag_chunk.mlflow_tracker import Tracked

SPOOL = Path(".rag-chunk", "unsent")
Notify = Callable[[str], None]
Show = Callable[[Analysis], None]


@dataclass(frozen=True, slots=True)
class Reporter:
    """How the job speaks: notices, progress, and the comparison when it is there."""

    notify: Notify
    progress: Progress | None
    show: Show


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be done once all is read, and whether it is done for several configurations."""

    do: Callable[[], Analysis]
    several: bool


def run(settings: Settings, outlook: Reporter) -> "Tracked | None":
    """Do the main job. Raise `TrackingError` at its very end where MLflow failed: the results are saved then."""
    tracked_as = _tracking_options(settings)
    find_baseline(settings.analysis.baseline, settings.configs)  # before a run is open that would have failed
    corpus, questions = read(settings, outlook.notify, outlook.progress)
    job = Job(lambda: _analyse(settings, corpus, questions, outlook), len(settings.configs) > 1)
    return _execute(job, settings, outlook, tracked_as)


def estimate(settings: Settings, notify: Notify) -> CostEstimate:
    """Read all, and return what the main job would embed. Nothing is embedded, saved or tracked."""
    corpus, questions = read(settings, notify)
    for name, reason in settings.skipped:
        notify(f"{name} is left out: {reason}")
    return estimate_cost(corpus, settings.configs, questions)


def run_score(settings: Settings, outlook: Reporter, *, chunk_size: int | None = None) -> "Tracked | None":
    """Score what somebody else has retrieved; show, save and track it as `run` does."""
    tracked_as = _tracking_options(settings)
    asked, (config,) = settings.analysis, settings.configs.values()
    corpus = read_documents(asked, outlook.notify, outlook.progress)
    refuse_overwriting_inputs(settings.output.output_file, asked, corpus)
    questions = read_test_file(asked, corpus, outlook.notify)
    found = read_retrievals(asked.chunks, asked.retrieved, corpus, questions, config, chunk_size=chunk_size)
    for name, each in found.items():
        for notice in each.notices:
            outlook.notify(f"{name}: {notice}")
    located = asked.with_absolute_paths(Path.cwd())
    job = Job(
        lambda: score_retrievals(corpus, found, questions, settings=located, progress=outlook.progress),
        len(found) > 1,
    )
    return _execute(job, settings, outlook, tracked_as)


def _execute(job: Job, settings: Settings, outlook: Reporter, tracked_as: TrackingConfig) -> "Tracked | None":
    folder = settings.output.save
    if folder:
        prepare_folder(folder)
    if settings.output.mlflow_tracking:
        return _run_and_track(job, settings, outlook, tracked_as)
    analysis = job.do()
    if folder:  # before they are shown: nobody may read, or the disk be full
        save_results(analysis, folder, tracked_as.to_json())
    outlook.show(analysis)
    if folder:
        outlook.notify(f"wrote all results to {folder}; rag-chunk track sends them to MLflow")
    return None


def read(settings: Settings, notify: Notify, progress: Progress | None = None) -> tuple[Corpus, Questions | None]:
    """Return the documents and questions of an analysis, and say what was left out."""
    asked = settings.analysis
    corpus = read_documents(asked, notify, progress)
    refuse_overwriting_inputs(settings.output.output_file, asked, corpus)
    return corpus, read_test_file(asked, corpus, notify) if asked.test_file else None


def read_documents(asked: AnalysisConfig, notify: Notify, progress: Progress | None = None) -> Corpus:
    """Return the documents of an analysis, and say what was left out."""
    corpus = read_corpus(
        asked.require_source(),
        include=asked.include,
        exclude=asked.exclude,
        skip_unreadable=asked.skip_unreadable,
        apart=[*filter(None, [asked.test_file]), *asked.chunks, *asked.retrieved],
        converter=asked.converter,
        on_progress=progress,
    )
    for notice in skipped_notices(corpus):
        notify(notice)
    return corpus


def refuse_overwriting_inputs(target: Path | None, asked: AnalysisConfig, corpus: Corpus) -> None:
    """Raise `InputError` where a result that is written to `target` would replace something that was read."""
    if target is None or not target.exists():
        return
    source = asked.require_source()
    root = source if source.is_dir() else source.parent
    files = dict.fromkeys([source, *(root / document.name for document in corpus.documents)], "one of the documents")
    files |= dict.fromkeys(filter(None, [asked.test_file]), "the question file")
    files |= dict.fromkeys([*asked.chunks, *asked.retrieved], "one of the files that are scored")
    files |= dict.fromkeys([Path(FOLDER_FILE)], "the config of this folder")
    for path, what in files.items():
        with suppress(OSError, ValueError):  # a line of a .jsonl may have any name
            if path.samefile(target):
                raise InputError(f"{target} is {what}, and would be replaced. Name another file")


def read_test_file(asked: AnalysisConfig, corpus: Corpus, notify: Notify) -> Questions:
    """Return the questions of an analysis that has a test file, and say what is odd about them."""
    questions = read_questions(asked.require_test_file(), corpus, missing=asked.missing)
    for warning in questions.warnings:
        notify(warning)
    for name, reason in questions.skipped:
        notify(f"left out: {name} {reason}")
    if similar := questions.matched.get("similar"):
        notify(
            f"phrases that stand nowhere word for word: {similar}. The most similar text is taken for them; "
            "rag-chunk check-questions shows it"
        )
    return questions


def skipped_notices(corpus: Corpus) -> list[str]:
    """Say in one line what is of another kind, and in a line each what could not be read."""
    other = [name for name, reason in corpus.skipped if reason == NOT_READ]
    kinds = [f"not read, being of another kind: {', '.join(other)}"] if other else []
    rest = [entry for entry in corpus.skipped if entry.reason != NOT_READ]
    return kinds + [f"{each.name} {each.reason}{', and is left out' if is_broken(each) else ''}" for each in rest]


def _analyse(settings: Settings, corpus: Corpus, questions: Questions | None, outlook: Reporter) -> Analysis:
    for name, reason in settings.skipped:
        outlook.notify(f"{name} is left out: {reason}")
    analysis = analyze(
        corpus,
        settings.configs,
        questions,
        settings=settings.analysis.with_absolute_paths(Path.cwd()),
        skipped=settings.skipped,
        progress=outlook.progress,
    )
    for entry in analysis.report.skipped[len(settings.skipped) :]:  # found out by the analysis
        outlook.notify(f"{entry.name}: {entry.reason}")
    if notice := _from_cache(analysis):
        outlook.notify(notice)
    return analysis


def _from_cache(analysis: Analysis) -> str:
    """Say how many of the vectors that configurations asked for were in the cache; nothing where there are none."""
    asked = [found.embedding for found in analysis.report.configurations if found.embedding]
    texts, cached = sum(entry.texts for entry in asked), sum(entry.cached for entry in asked)
    return f"{100 * cached / texts:.0f} % of {texts:,} vectors came from the cache" if texts else ""


def _tracking_options(settings: Settings) -> TrackingConfig:
    from rag_chunk.mlflow_tracker import documents_git

    provenance = documents_git(settings.analysis.require_source()) | _origin(settings)
    return settings.tracking.model_copy(update={"provenance": provenance})


def _origin(settings: Settings) -> dict[str, str]:
    """Return from which run the config was exported that this analysis runs, or which one it reproduces."""
    tags = {"run_id": "imported_from_run", "reproduces": "reproduces"}
    return {tag: str(value) for name, tag in tags.items() if (value := settings.recorded.get(name))}


def _run_and_track(job: Job, settings: Settings, outlook: Reporter, options: TrackingConfig) -> "Tracked":
    """Open the run before the work starts, so that an analysis that dies is seen; log when the results are safe."""
    from rag_chunk.mlflow_tracker import track_run

    folder = settings.output.save
    try:
        with track_run(options, several=job.several, notify=outlook.notify) as tracking:
            analysis = job.do()
            folder = folder or SPOOL / analysis.report.analysis_id
            prepare_folder(folder)
            with folder_lock(folder, outlook.notify):
                save_results(analysis, folder, tracking.to_json())
                with _say_where_results_are(folder, outlook.notify):
                    outlook.show(analysis)
                    tracked = tracking.log(folder)
                if not settings.output.save:
                    _clear(folder)
    except TrackingError as error:
        raise TrackingError(f"{error}\n{_safe(folder)}" if folder else str(error)) from error
    return tracked


def send(folder: Path, options: TrackingConfig, notify: Notify) -> "Tracked | None":
    """Send a results folder to MLflow; return nothing where another process has just done so, and cleared it."""
    from rag_chunk.mlflow_tracker import check_results, track_folder

    check_results(folder)
    waiting = folder.absolute().parent == SPOOL.absolute()
    with folder_lock(folder, notify):
        sent = waiting and not (folder / MARKER).exists()
        tracked = None if sent else track_folder(folder, options, notify=notify)
        if waiting and folder.exists():  # or another process has cleared it
            _clear(folder)
    if sent:
        notify(f"{folder} has just been sent by another process")
    return tracked


@contextmanager
def _say_where_results_are(folder: Path, notify: Notify) -> Iterator[None]:
    """Say where the results are if nobody reads them, the disk is full, or the user has seen enough."""
    try:
        yield
    except (OSError, InputError, Interrupted):
        notify(_safe(folder))
        raise


def _safe(folder: Path) -> str:
    return f"The results are safe. Send them to MLflow with\nrag-chunk track {shlex.quote(str(folder))}"


def _clear(folder: Path) -> None:
    """Remove results that have been sent, and the folders above them that are empty then."""
    shutil.rmtree(folder)
    for above in (SPOOL, SPOOL.parent):
        with suppress(OSError):
            above.rmdir()
