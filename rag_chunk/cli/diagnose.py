"""`diagnose`: what would help a configuration."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.analyze import progress
from rag_chunk.cli.app import app, check_target, say
from rag_chunk.cli.compare import show_outcome, trust_notices
from rag_chunk.cli.options import with_fields
from rag_chunk.config.history import DiagnosisConfig
from rag_chunk.config.sharding import WorkersConfig

if TYPE_CHECKING:
    from rag_chunk.analysis.history import SavedAnalysis
    from rag_chunk.config.sources import Settings

Named = Annotated[
    str | None,
    typer.Argument(
        metavar="RESULTS",
        help="A run, a results folder, or a file in a folder's configs/. Of an analysis, its recommended configuration "
        "is diagnosed. \\[default: that of rag-chunk.yaml]",
        show_default=False,
    ),
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="The documents. \\[default: where they were]", show_default=False),
]


@app.command()
@with_fields(DiagnosisConfig)
@with_fields(WorkersConfig, into="workers")
def diagnose(given: DiagnosisConfig, workers: WorkersConfig, results: Named = None, source: Folder = None) -> None:
    """Try changes to a configuration one at a time, and show which clearly help and what they cost.

    Each change (of size, overlap, strategy, titles, window, retriever, budget or converter) is run on the same questions.
    rag-chunk names a change only if the paired test over all changes shows that it helps.
    """
    from rag_chunk.corpus.cache import caching
    from rag_chunk.rendering.diagnosis_table import diagnosis_markdown, diagnosis_table
    from rag_chunk.workflow import Reporter
    from rag_chunk.workflow.diagnosing import diagnose as diagnosed

    check_target(given.output_file)
    notify = (lambda _: None) if given.quiet else say
    where, settings = _settings(given, results, source)
    for notice in trust_notices(where, settings):
        notify(notice)
    (name, config), *_ = settings.configs.items()
    with caching(enabled=given.cache), progress(quiet=given.quiet) as told:
        reporter = Reporter(notify, told, lambda _: None)
        diagnosis = diagnosed(where, name, config, settings.analysis, reporter, given.embedding_model, workers)
    show_outcome(diagnosis, given, diagnosis_table, diagnosis_markdown)


def _settings(given: DiagnosisConfig, results: str | None, source: Path | None) -> "tuple[str, Settings]":
    """Return the settings of the configuration that is meant, and where they come from."""
    from rag_chunk.config import FOLDER_FILE, OutputConfig, TrackingConfig
    from rag_chunk.config.sources import CommandLineOptions, load_single
    from rag_chunk.workflow.lookup import find_saved_analysis
    from rag_chunk.workflow.reproduction import settings_again

    if results is None:
        named = {"source": source, "test_file": given.test_file}
        options = CommandLineOptions(analysis={name: path for name, path in named.items() if path})
        settings = load_single(options, lambda _: None, reads=("source", "test_file"))
        settings.analysis.require_source()
        settings.analysis.require_test_file()
        return FOLDER_FILE, settings
    before = find_saved_analysis(results, uri=given.mlflow_uri)
    one = before if before.name else _only_recommended(before)
    return results, settings_again(one, source, given.test_file, OutputConfig(), TrackingConfig())


def _only_recommended(before: "SavedAnalysis") -> "SavedAnalysis":
    from dataclasses import replace

    return replace(before, name=before.report.best.name)
