"""The main job: read, analyse, save, track, show. Nothing that was computed is lost when a later step fails."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.analysis import Analysis, Progress, analyze, find_baseline, score_retrievals
from rag_chunk.analysis.conversions import RivalConversion, list_conversions
from rag_chunk.analysis.cost_estimate import CostEstimate, describe_duration, estimate_cost, measure_seconds
from rag_chunk.analysis.external import read_retrievals
from rag_chunk.analysis.folder import REPORT, folder_lock, prepare_folder
from rag_chunk.config import FOLDER_FILE, AnalysisConfig, TrackingConfig
from rag_chunk.config.sources import Settings
from rag_chunk.corpus import NOT_READ, Corpus, is_broken, read_corpus
from rag_chunk.corpus.converters import is_converted_folder
from rag_chunk.corpus.joined_corpus import join_corpora, take_conversion
from rag_chunk.corpus.shard import ShardList
from rag_chunk.errors import InputError, Interrupted, TrackingError
from rag_chunk.questions import Questions, read_questions
from rag_chunk.questions.joined_questions import read_joined_questions
from rag_chunk.workflow.results import save_results
from rag_chunk.workflow.spool import SPOOL, choose_spool, mark_open, remove_from_spool, safe_notice

if TYPE_CHECKING:
    from rag_chunk.mlflow_tracker import Tracked

Notify = Callable[[str], None]
Show = Callable[[Analysis], None]
Analyse = Callable[[], Analysis]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where notices, progress and the finished comparison go."""

    notify: Notify
    progress: Progress | None
    show: Show


def run(settings: Settings, reporter: Reporter) -> "Tracked | None":
    """Do the main job. Raise `TrackingError` at its very end where MLflow failed: the results are saved then."""
    tracked_as = _tracking_options(settings)
    if len(settings.analysis.conversions()) == 1:
        find_baseline(settings.analysis.baseline, settings.configs)  # before a run is open that would have failed
    inputs = read(settings, reporter.notify, reporter.progress)
    return _execute(
        lambda: _analyse(settings, inputs, reporter),
        settings,
        reporter,
        tracked_as,
        several=len(settings.configs) > 1 or len(inputs.conversions) > 1,
    )


def estimate(settings: Settings, notify: Notify) -> tuple[CostEstimate, float]:
    """Read all, and return what the main job would embed, and after how long. Nothing is saved or tracked.

    Nothing is embedded but a few texts where the model runs on this machine: they tell how long all would take.
    """
    inputs = read(settings, notify)
    for name, reason in settings.skipped:
        notify(f"{name} is left out: {reason}")
    estimated = estimate_cost(inputs.corpus, settings.configs, inputs.questions)
    return estimated, measure_seconds(estimated) if estimated.is_local else 0.0


def run_score(settings: Settings, reporter: Reporter, *, chunk_size: int | None = None) -> "Tracked | None":
    """Score what somebody else has retrieved; show, save and track it as `run` does."""
    tracked_as = _tracking_options(settings)
    asked, (config,) = settings.analysis, settings.configs.values()
    corpus = read_documents(asked, reporter.notify, reporter.progress)
    refuse_overwriting_inputs(settings.output.output_file, asked, corpus, settings.config_files)
    questions = read_test_file(asked, corpus, reporter.notify)
    runs = read_retrievals(asked.chunks, asked.retrieved, corpus, questions, config, chunk_size=chunk_size)
    for name, each in runs.items():
        for notice in each.notices:
            reporter.notify(f"{name}: {notice}")
    located = asked.with_absolute_paths(Path.cwd())

    def score() -> Analysis:
        return score_retrievals(corpus, runs, questions, settings=located, progress=reporter.progress)

    return _execute(score, settings, reporter, tracked_as, several=len(runs) > 1)


def _execute(
    analyse: Analyse, settings: Settings, reporter: Reporter, tracked_as: TrackingConfig, *, several: bool
) -> "Tracked | None":
    folder = settings.output.save
    replaced = folder is not None and (folder / REPORT).exists()
    if folder:
        prepare_folder(folder)
    if settings.output.mlflow_tracking:
        return _run_and_track(analyse, settings, reporter, tracked_as, several=several)
    analysis = analyse()
    if folder:  # before they are shown: nobody may read, or the disk be full
        with _show_on_failure(reporter.show, analysis):
            save_results(analysis, folder, tracked_as.to_json())
    reporter.show(analysis)
    if folder:
        wrote = f"replaced the earlier results in {folder}" if replaced else f"wrote all results to {folder}"
        reporter.notify(f"{wrote}; rag-chunk track sends them to MLflow")
    return None


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What an analysis reads; `conversions` where several of the same files are compared."""

    corpus: Corpus
    questions: Questions | None
    conversions: tuple[RivalConversion, ...] = ()


def read(settings: Settings, notify: Notify, progress: Progress | None = None) -> Inputs:
    """Return the documents and questions of an analysis, and say what was left out."""
    asked, target = settings.analysis, settings.output.output_file
    if len(asked.conversions()) > 1:
        return _read_conversions(settings, notify, progress)
    corpus = read_documents(asked, notify, progress)
    refuse_overwriting_inputs(target, asked, corpus, settings.config_files)
    return Inputs(corpus, read_test_file(asked, corpus, notify) if asked.test_file else None)


def _read_conversions(settings: Settings, notify: Notify, progress: Progress | None) -> Inputs:
    """Read the documents once for each conversion; the questions are the same for all."""
    asked = settings.analysis
    corpora = _read_corpora(asked, progress)
    for corpus in corpora.values():
        refuse_overwriting_inputs(settings.output.output_file, asked, corpus, settings.config_files)
    joined = join_corpora(corpora)
    _notify_all(skipped_notices(joined.corpus), notify)
    if asked.test_file is None:
        return Inputs(joined.corpus, None, list_conversions(joined, None))
    located = read_joined_questions(asked.test_file, corpora, joined, missing=asked.missing)
    _notify_all(question_notices(located.questions), notify)
    return Inputs(joined.corpus, located.questions, list_conversions(joined, located))


def _read_corpora(asked: AnalysisConfig, progress: Progress | None = None) -> dict[str, Corpus]:
    """Return the documents by each conversion; a folder that holds several already is read once."""
    conversions, source = asked.conversions(), asked.require_source()
    if len(conversions) > 1 and source.is_dir() and is_converted_folder(source):
        held = _read_corpus(asked, (), progress)
        return {name: take_conversion(held, name, source) for name in conversions}
    return {name: _read_corpus(asked, converters, progress) for name, converters in conversions.items()}


def read_all_documents(asked: AnalysisConfig) -> Corpus:
    """Return the documents of an analysis as its report has them: with several conversions, all of them."""
    corpora = _read_corpora(asked)
    return next(iter(corpora.values())) if len(corpora) == 1 else join_corpora(corpora).corpus


def _notify_all(notices: Iterable[str], notify: Notify) -> None:
    for notice in notices:
        notify(notice)


def read_documents(asked: AnalysisConfig, notify: Notify, progress: Progress | None = None) -> Corpus:
    """Return the documents of an analysis, and say what was left out."""
    corpus = _read_corpus(asked, asked.conversion(), progress)
    _notify_all(skipped_notices(corpus), notify)
    return corpus


def _read_corpus(asked: AnalysisConfig, converters: Iterable[str], progress: Progress | None) -> Corpus:
    return read_corpus(
        asked.require_source(),
        include=asked.include,
        exclude=asked.exclude,
        skip_unreadable=asked.skip_unreadable,
        apart=[*filter(None, [asked.test_file]), *asked.chunks, *asked.retrieved],
        converter=converters,
        on_progress=progress,
    )


def refuse_overwriting_inputs(
    target: Path | None, asked: AnalysisConfig, corpus: Corpus, config_files: Iterable[Path] = ()
) -> None:
    """Raise `InputError` where a result that is written to `target` would replace something that was read."""
    if target is None or not target.exists():
        return
    source = asked.require_source()
    root = source if source.is_dir() else source.parent
    if source.is_dir() and is_converted_folder(source) and target.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{target} is one of the documents, and would be overwritten; choose another output file")
    files = dict.fromkeys([root / entry.name for entry in corpus.skipped], "a file of the documents' folder")
    files |= dict.fromkeys([source, *(root / document.name for document in corpus.documents)], "one of the documents")
    files |= dict.fromkeys(filter(None, [asked.test_file]), "the question file")
    files |= dict.fromkeys([*asked.chunks, *asked.retrieved], "one of the files that are scored")
    files |= dict.fromkeys([Path(FOLDER_FILE)], "the config of this folder")
    files |= dict.fromkeys(config_files, "a config file that was read")
    for path, what in files.items():
        with suppress(OSError, ValueError):  # a line of a .jsonl may have any name
            if path.samefile(target):
                raise InputError(f"{target} is {what}, and would be overwritten; choose another output file")


def read_test_file(asked: AnalysisConfig, corpus: Corpus, notify: Notify) -> Questions:
    """Return the questions of an analysis that has a test file, and say what is odd about them."""
    questions = read_questions(asked.require_test_file(), corpus, missing=asked.missing)
    _notify_all(question_notices(questions), notify)
    return questions


def question_notices(questions: Questions) -> list[str]:
    """Say what is odd about questions, what was left out of them, and what was taken for a phrase that is nowhere."""
    notices = [*questions.warnings, *(f"left out: {name} {reason}" for name, reason in questions.skipped)]
    notices += [str(questions.left_out)] if questions.left_out else []
    if similar := questions.matched.get("similar"):
        notices.append(
            f"phrases without an exact match: {similar}. Using the most similar text instead; "
            "rag-chunk check-questions lists it"
        )
    return notices


def skipped_notices(corpus: Corpus | ShardList) -> list[str]:
    """Say in one line what is of another kind, and in a line each what could not be read."""
    other = [name for name, reason in corpus.skipped if reason == NOT_READ]
    kinds = [f"skipped, unsupported file type: {', '.join(other)}"] if other else []
    rest = [entry for entry in corpus.skipped if entry.reason != NOT_READ]
    return kinds + [f"{each.name} {each.reason}{', and is left out' if is_broken(each) else ''}" for each in rest]


def _analyse(settings: Settings, inputs: Inputs, reporter: Reporter) -> Analysis:
    for name, reason in settings.skipped:
        reporter.notify(f"{name} is left out: {reason}")
    analysis = analyze(
        inputs.corpus,
        settings.configs,
        inputs.questions,
        settings=settings.analysis.with_absolute_paths(Path.cwd()),
        skipped=settings.skipped,
        progress=reporter.progress,
        on_estimate=lambda estimated: _say_how_long(estimated, reporter.notify),
        conversions=inputs.conversions,
    )
    for entry in analysis.report.skipped[len(settings.skipped) :]:  # noticed by the analysis
        reporter.notify(f"{entry.name}: {entry.reason}")
    if notice := _from_cache(analysis):
        reporter.notify(notice)
    return analysis


def _say_how_long(estimated: CostEstimate, notify: Notify) -> None:
    """Say before anything is embedded how many minutes it takes, where it takes more than one."""
    if sentence := describe_duration(estimated, measure_seconds(estimated)):
        notify(sentence)


def _from_cache(analysis: Analysis) -> str:
    """Say how many of the vectors that configurations asked for were in the cache; nothing where there are none."""
    used = [result.embedding for result in analysis.report.configurations if result.embedding]
    texts, cached = sum(entry.texts for entry in used), sum(entry.cached for entry in used)
    return f"{100 * cached / texts:.0f} % of {texts:,} vectors came from the cache" if texts else ""


def _tracking_options(settings: Settings) -> TrackingConfig:
    from rag_chunk.mlflow_tracker import documents_git

    provenance = documents_git(settings.analysis.require_source()) | _origin(settings)
    return settings.tracking.with_environment_tags().model_copy(update={"provenance": provenance})


def _origin(settings: Settings) -> dict[str, str]:
    """Return from which run the config was exported that this analysis runs, or which one it reproduces."""
    tags = {"run_id": "imported_from_run", "reproduces": "reproduces"}
    return {tag: str(value) for name, tag in tags.items() if (value := settings.recorded.get(name))}


def _run_and_track(
    analyse: Analyse, settings: Settings, reporter: Reporter, options: TrackingConfig, *, several: bool
) -> "Tracked":
    """Open the run before the work starts, so that an analysis that dies is seen; log when the results are safe."""
    from rag_chunk.mlflow_tracker import ignore_notice, track_run

    save, folder = settings.output.save, settings.output.save
    spool = choose_spool(ignore_notice if save else reporter.notify)
    try:
        with (
            track_run(options, several=several, notify=reporter.notify) as tracking,
            mark_open(spool, tracking.to_json()),
        ):
            analysis = analyse()
            folder = save or spool / analysis.report.analysis_id
            with _say_where_results_are(folder, reporter.notify):
                with _show_on_failure(reporter.show, analysis), tracking.finish_first():
                    save_results(analysis, folder, tracking.to_json())
                with folder_lock(folder, reporter.notify):
                    reporter.show(analysis)
                    tracked = tracking.log(folder)
            if not save:
                remove_from_spool(folder)
    except TrackingError as error:
        raise TrackingError(f"{error}\n{safe_notice(folder)}" if folder else str(error)) from error
    return tracked


@contextmanager
def _show_on_failure(show: Show, analysis: Analysis) -> Iterator[None]:
    """Show the analysis where its results cannot be saved: the work is not lost with them."""
    try:
        yield
    except BaseException:
        show(analysis)
        raise


@contextmanager
def _say_where_results_are(folder: Path, notify: Notify) -> Iterator[None]:
    """Say where the results are if nobody reads them, the disk is full, or the user has seen enough."""
    try:
        yield
    except (OSError, InputError, Interrupted):
        if (folder / REPORT).exists():
            notify(safe_notice(folder))
        elif folder.parent.name == SPOOL.name:  # a folder that nothing can be sent from
            remove_from_spool(folder)
        raise
