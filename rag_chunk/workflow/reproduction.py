"""Runs a tracked or saved analysis again, and sets what comes out beside what was recorded."""

import logging
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.history import (
    Reproduction,
    SavedAnalysis,
    compare_metrics,
    converter_differences,
    document_differences,
    saved_from_analysis,
)
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.report_inputs import whole_corpus_entry
from rag_chunk.config import AnalysisConfig, OutputConfig, TrackingConfig, explain, is_external
from rag_chunk.config.names import is_stored_address
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Settings
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.workflow import Reporter, run
from rag_chunk.workflow.inputs import open_all_documents
from rag_chunk.workflow.lookup import find_saved_analysis

if TYPE_CHECKING:
    from rag_chunk.mlflow_tracker import Tracked

Again = tuple[Reproduction, "Tracked | None"]


def reproduce(
    name: str | Path,
    source: str | Path | None = None,
    *,
    test_file: str | Path | None = None,
    uri: str | None = None,
) -> Reproduction:
    """Run a tracked or saved analysis again, and say of each metric whether it is equal.

    `name` is a run's id or a results folder; a configuration's run, or its file in the folder, means that
    configuration alone. Documents and questions come from where they were recorded, or from `source` and `test_file`.
    """
    before = find_saved_analysis(str(name), uri=uri)
    settings = settings_again(before, source, test_file, OutputConfig(), TrackingConfig())
    return run_again(
        before, settings, Reporter(logging.getLogger("rag_chunk").info, None, lambda _: None), lambda _: None
    )[0]


def run_again(
    before: SavedAnalysis,
    settings: Settings,
    reporter: Reporter,
    show: Callable[[Reproduction], None],
    workers: WorkersConfig | None = None,
) -> Again:
    """Do the main job with the recorded settings; `show` what comes out before anything is sent to MLflow."""
    reproductions: list[Reproduction] = []

    def compare(analysis: Analysis) -> None:
        reporter.show(analysis)
        reproductions.append(compare_metrics(before, saved_from_analysis(analysis, "now")))
        show(reproductions[0])

    try:
        tracked = run(settings, replace(reporter, show=compare), workers)
    except InputError as error:
        raise InputError(
            f"{error}{_describe_changes(before, settings, workers or WorkersConfig(workers=1))}"
        ) from error
    return reproductions[0], tracked


def _describe_changes(before: SavedAnalysis, settings: Settings, workers: WorkersConfig) -> str:
    """Say which documents were changed, where that may be why questions cannot be read."""
    with open_all_documents(settings.analysis, workers) as line:
        now = whole_corpus_entry(line)
    names = [f"{each.name} {each.what}" for each in converter_differences(before.report.corpus, now)]
    names += [f"{each.name} is {each.what}" for each in document_differences(before.report.corpus, now)]
    listed = ", ".join(names)
    return f"\nThe documents are not those of {before.source}: {listed}" if names else ""


def settings_again(
    before: SavedAnalysis,
    source: str | Path | None,
    test_file: str | Path | None,
    output: OutputConfig,
    tracking: TrackingConfig,
) -> Settings:
    """Return the settings to run an analysis again with; raise `InputError` where it cannot be."""
    _refuse_external(before)
    recorded = _recorded_settings(before)
    alone = before.name is not None  # the others, of which one may be the baseline, take no part
    paths = {"source": _path(before, source or recorded.source, "documents", "FOLDER")}
    if before.report.questions:
        paths["test_file"] = _path(before, test_file or recorded.test_file, "questions", "--test-file FILE")
    elif test_file:
        raise SettingsError(f"{before.source} was analysed without questions; leave --test-file out")
    analysis = recorded.model_copy(update={**paths, **({"baseline": None} if alone else {})})
    configs = {_name_without_converter(result): result.config for result in before.configurations}
    return Settings(
        configs, analysis, output, tracking, recorded={"reproduces": before.run_id or before.report.analysis_id}
    )


def _name_without_converter(result: ConfigurationResult) -> str:
    """Return the name of a configuration before it was run with each of several converters."""
    return result.name.removesuffix(f"-{result.converter}") if result.converter else result.name


def _refuse_external(before: SavedAnalysis) -> None:
    for result in before.configurations:
        if result.given or is_external(result.config.strategy) or is_external(result.config.retriever):
            raise InputError(
                f"{result.name} of {before.source} was scored, not made: its chunks and rankings are somebody else's. "
                "rag-chunk score scores them again"
            )


def _recorded_settings(before: SavedAnalysis) -> AnalysisConfig:
    try:
        return AnalysisConfig(**before.report.analysis)
    except ValidationError as error:
        raise InputError(f"the settings of {before.source} cannot be used: {explain(error, AnalysisConfig)}") from None


def _path(before: SavedAnalysis, path: str | Path | None, what: str, remedy: str) -> Path:
    """Return where something is now; raise `InputError` where that is not known, or nothing is there."""
    if path is None:
        raise InputError(f"{before.source} does not say where its {what} were; name them: {remedy}")
    if not is_stored_address(path) and not os.path.exists(path):  # noqa: PTH110 - says no, and raises nothing, of any text
        raise InputError(f"the {what} of {before.source} are not at {path}; name them: {remedy}")
    return Path(path)
