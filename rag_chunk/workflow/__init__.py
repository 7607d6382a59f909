"""The main job: read, analyse, save, track, show. Nothing that was computed is lost when a later step fails."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chunk.analysis import Analysis, Progress, analyze, find_baseline, score_retrievals
from rag_chunk.analysis.folder import REPORT, check_folder, check_unclaimed, claim_folder, folder_lock, prepare_folder
from rag_chunk.config import TrackingConfig
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Notify, Settings
from rag_chunk.corpus import cache
from rag_chunk.errors import InputError, Interrupted, TrackingError
from rag_chunk.workflow.inputs import (
    Inputs,
    open_inputs,
    read_test_file,
    read_whole,
    refuse_overwriting_inputs,
)

if TYPE_CHECKING:
    from rag_chunk.analysis.cost_estimate import CostEstimate
    from rag_chunk.mlflow_tracker import Tracked

Show = Callable[[Analysis], None]
Analyse = Callable[[], Analysis]


@dataclass(frozen=True, slots=True)
class Reporter:
    """Where notices, progress and the finished comparison go."""

    notify: Notify
    progress: Progress | None
    show: Show


def run(settings: Settings, reporter: Reporter, workers: WorkersConfig | None = None) -> "Tracked | None":
    """Do the main job, where the corpus is several shards on `workers`: without them in this process alone.

    Raise `TrackingError` at its very end where MLflow failed: the results are saved then.
    """
    _check_targets(settings)
    tracked_as = _tracking_options(settings)
    if len(settings.analysis.conversions()) == 1:
        find_baseline(settings.analysis.baseline, settings.configs)  # before a run is open that would have failed
    wanted = workers or WorkersConfig(workers=1)
    with open_inputs(settings, wanted, reporter.notify, reporter.progress) as inputs:
        return _execute(
            lambda: _analyse(settings, inputs, reporter),
            settings,
            reporter,
            tracked_as,
            several=len(settings.configs) > 1 or len(inputs.conversions) > 1,
        )


def estimate(settings: Settings, notify: Notify, workers: WorkersConfig | None = None) -> "tuple[CostEstimate, float]":
    """Read all, and return what the main job would embed, and after how long. Nothing is saved or tracked.

    Nothing is embedded but a few texts where the model runs on this machine: they tell how long all would take.
    """
    from rag_chunk.analysis.cost_estimate import measure_seconds
    from rag_chunk.analysis.shard_estimates import estimate_embedding

    with open_inputs(settings, workers or WorkersConfig(workers=1), notify, None) as inputs:
        for name, reason in settings.skipped:
            notify(f"{name} is left out: {reason}")
        estimated = estimate_embedding(inputs.corpus, settings.configs, inputs.questions)
    return estimated, measure_seconds(estimated) if estimated.is_local else 0.0


def run_score(settings: Settings, reporter: Reporter, *, chunk_size: int | None = None) -> "Tracked | None":
    """Score what somebody else has retrieved; show, save and track it as `run` does."""
    from rag_chunk.analysis.external import read_retrievals

    _check_targets(settings)
    tracked_as = _tracking_options(settings)
    asked, (config,) = settings.analysis, settings.configs.values()
    corpus = read_whole(asked, reporter.notify, reporter.progress)
    refuse_overwriting_inputs(settings.output.output_file, asked, corpus, settings.config_files)
    questions = read_test_file(asked, corpus, reporter.notify)
    runs = read_retrievals(asked.chunks, asked.retrieved, corpus, questions, config, chunk_size=chunk_size)
    for name, each in runs.items():
        for notice in each.notices:
            reporter.notify(f"{name}: {notice}")
        if each.time_notice and (asked.measure_costs or asked.costs):
            reporter.notify(f"{name}: {each.time_notice}")
    located = asked.with_absolute_paths(Path.cwd())

    def score() -> Analysis:
        return score_retrievals(corpus, runs, questions, settings=located, progress=reporter.progress)

    return _execute(score, settings, reporter, tracked_as, several=len(runs) > 1)


def _execute(
    analyse: Analyse, settings: Settings, reporter: Reporter, tracked_as: TrackingConfig, *, several: bool
) -> "Tracked | None":
    """Analyse, and save, show and track what comes out. One analysis at a time may be on its way to a folder."""
    folder = settings.output.save
    if folder is None:
        return _carry_out(analyse, settings, reporter, tracked_as, several=several)
    prepare_folder(folder)
    with claim_folder(folder):
        return _carry_out(analyse, settings, reporter, tracked_as, several=several)


def _carry_out(
    analyse: Analyse, settings: Settings, reporter: Reporter, tracked_as: TrackingConfig, *, several: bool
) -> "Tracked | None":
    folder = settings.output.save
    replaced = folder is not None and (folder / REPORT).exists()
    tracked = None
    if settings.output.mlflow_tracking:
        tracked = _run_and_track(analyse, settings, reporter, tracked_as, several=several)
    else:
        analysis = analyse()
        if folder:  # before they are shown: the reader of stdout may be gone, or the disk full
            from rag_chunk.workflow.results import save_results  # renders, which most runs need not

            with _show_on_failure(reporter.show, analysis):
                save_results(analysis, folder, tracked_as.to_json())
        reporter.show(analysis)
    if folder:
        wrote = f"replaced the earlier results in {folder}" if replaced else f"wrote all results to {folder}"
        reporter.notify(wrote if tracked else f"{wrote}; rag-chunk track sends them to MLflow")
    return tracked


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
        on_estimate=lambda estimated: _say_costs(estimated, reporter.notify),
        conversions=inputs.conversions,
    )
    for entry in analysis.report.skipped[len(settings.skipped) :]:  # noticed by the analysis
        reporter.notify(f"{entry.name}: {entry.reason}")
    if notice := _from_cache(analysis):
        reporter.notify(notice)
    return analysis


def _say_costs(estimated: "CostEstimate", notify: Notify) -> None:
    """Say before anything is asked or embedded where documents go, and how long it takes: minutes, and pairs to rerank."""
    from rag_chunk.analysis.cost_estimate import describe_duration, describe_pairs, measure_seconds

    for contexts in estimated.contexts:
        notify(f"Documents and their chunks go to {contexts.model} at {contexts.address}, which writes their contexts.")
        for notice in contexts.notices():
            notify(notice)
    if estimated.contexts and (notice := cache.unkept_notice("Contexts")):
        notify(notice)
    for sentence in (describe_duration(estimated, measure_seconds(estimated)), *describe_pairs(estimated)):
        if sentence:
            notify(sentence)


def _from_cache(analysis: Analysis) -> str:
    """Say how many of the vectors that configurations asked for were in the cache; nothing where none was."""
    used = [result.embedding for result in analysis.report.configurations if result.embedding]
    texts, cached = sum(entry.texts for entry in used), sum(entry.cached for entry in used)
    return f"{100 * cached / texts:.0f} % of {texts:,} vectors came from the cache" if cached else ""


def _check_targets(settings: Settings) -> None:
    """Raise where results could not be saved or sent, before documents are read."""
    if settings.output.save:
        check_folder(settings.output.save)
        check_unclaimed(settings.output.save)
    if settings.output.mlflow_tracking:
        from rag_chunk.mlflow_tracker.environment import require_mlflow

        require_mlflow()


def _tracking_options(settings: Settings) -> TrackingConfig:
    """Return where and as what the results are tracked; as it was given where nothing will be saved or sent."""
    if not (settings.output.mlflow_tracking or settings.output.save):
        return settings.tracking
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
    from rag_chunk.workflow.spool import choose_spool, mark_open, remove_from_spool, safe_notice

    save, folder, options = settings.output.save, settings.output.save, options.with_tracking_id()
    spool = choose_spool(ignore_notice if save else reporter.notify)
    try:
        with (
            mark_open(spool, options),  # before there is a run: whoever is killed while it is created leaves the mark
            track_run(options, several=several, notify=reporter.notify) as tracking,
        ):
            analysis = analyse()
            folder = save or spool / analysis.report.analysis_id
            with (
                _say_where_results_are(folder, reporter.notify),
                _show_on_failure(reporter.show, analysis),
                tracking.finish_first(),
            ):
                folder = _save(analysis, save, spool, tracking.to_json(), reporter.notify)
            with _say_where_results_are(folder, reporter.notify), folder_lock(folder, reporter.notify):
                reporter.show(analysis)
                tracked = tracking.log(folder)
            if not save:
                remove_from_spool(folder)
    except TrackingError as error:
        raise TrackingError(f"{error}\n{safe_notice(folder)}" if folder else str(error)) from error
    return tracked


def _save(analysis: Analysis, save: Path | None, spool: Path, tracking: dict[str, Any], notify: Notify) -> Path:
    """Save the results where the user wants them, else where they can wait; return the folder."""
    from rag_chunk.workflow.results import save_results
    from rag_chunk.workflow.spool import save_in_spool

    if save is None:
        return save_in_spool(analysis, spool, tracking, notify)
    save_results(analysis, save, tracking)
    return save


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
    """Say where the results are if the reader of stdout is gone, the disk is full, or the user has seen enough."""
    try:
        yield
    except (OSError, InputError, Interrupted):
        from rag_chunk.workflow.spool import SPOOL, remove_from_spool, safe_notice

        if (folder / REPORT).exists():
            notify(safe_notice(folder))
        elif folder.parent.name == SPOOL.name:  # a folder that nothing can be sent from
            remove_from_spool(folder)
        raise
