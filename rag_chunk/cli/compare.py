"""`compare` and `reproduce`: what was tracked or saved, side by side, and run again."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rag_chunk.cli.analyze import progress
from rag_chunk.cli.app import app, check_target, say, say_where, write
from rag_chunk.cli.options import with_fields
from rag_chunk.config import OutputConfig, TrackingConfig
from rag_chunk.config.history import ComparisonConfig, DiagnosisConfig, ReproductionConfig
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.errors import NotReproduced, SettingsError, Worse

if TYPE_CHECKING:
    from rag_chunk.analysis.diagnosis import Diagnosis
    from rag_chunk.analysis.history import ComparisonReport, Reproduction
    from rag_chunk.config.sources import Settings

Outcome = TypeVar("Outcome", "ComparisonReport", "Reproduction", "Diagnosis")
Sides = Annotated[
    list[str] | None,
    typer.Argument(
        help="Runs, results folders, or files in a folder's configs/. Of an analysis, its recommended "
        "configuration is compared.",
        show_default=False,
    ),
]
SavedAnalysis = Annotated[
    str, typer.Argument(metavar="RUN_ID", help="A run, a results folder, or a file in a folder's configs/.")
]
Folder = Annotated[
    Path | None,
    typer.Argument(metavar="FOLDER", help="The documents. \\[default: where they were]", show_default=False),
]


@app.command()
@with_fields(ComparisonConfig)
def compare(given: ComparisonConfig, sides: Sides = None) -> None:
    """Compare runs or saved results by the paired test, over the questions that all of them answered.

    rag-chunk compares every other side with the first one. It uses the questions whose evidence has the same text on
    all sides, and lists the other questions.
    """
    from rag_chunk.analysis.history import gate_verdict, worse
    from rag_chunk.rendering.side_by_side import side_by_side_markdown, side_by_side_table
    from rag_chunk.workflow.lookup import compare as compared

    check_target(given.output_file)
    report = compared(*(sides or []), settings=given)
    gate = gate_verdict(report, given.margin) if given.fail_if_worse else ()
    show_outcome(report, given, side_by_side_table, lambda shown: side_by_side_markdown(shown, gate))
    if not given.fail_if_worse:
        return
    sentences = "\n".join(gate)
    if worse(report, given.margin):
        raise Worse(sentences)
    if not given.quiet:
        say(sentences)


@app.command()
@with_fields(ReproductionConfig)
@with_fields(WorkersConfig, into="workers")
def reproduce(given: ReproductionConfig, workers: WorkersConfig, name: SavedAnalysis, source: Folder = None) -> None:
    """Run a tracked analysis again, and check that every metric is equal.

    For the run of an analysis it runs all configurations, for the run of a configuration only that one. If documents,
    questions or a metric differ from the recorded ones, the exit status is 6. It does not compare times.
    """
    from rag_chunk.corpus.cache import caching
    from rag_chunk.rendering.reproduction_table import reproduction_markdown, reproduction_table
    from rag_chunk.workflow import Reporter
    from rag_chunk.workflow.lookup import find_saved_analysis
    from rag_chunk.workflow.reproduction import run_again, settings_again

    if source and given.folder:
        raise SettingsError("the documents were named twice, as FOLDER and as --folder")
    check_target(given.output_file)
    notify = (lambda _: None) if given.quiet else say
    before = find_saved_analysis(name, uri=given.mlflow_uri)
    experiment = given.experiment_name or before.experiment
    tracking = TrackingConfig(uri=given.mlflow_uri, experiment_name=experiment, run_name=given.run_name)
    output = OutputConfig(output=given.output, output_file=given.output_file, mlflow_tracking=given.track)

    def show(outcome: "Reproduction") -> None:
        show_outcome(outcome, given, reproduction_table, reproduction_markdown)

    settings = settings_again(before, source or given.folder, given.test_file, output, tracking)
    for notice in trust_notices(before.source, settings):
        notify(notice)
    with caching(enabled=given.cache), progress(quiet=given.quiet) as told:
        outlook = Reporter(notify, told, lambda _: None)
        reproduction, tracked = run_again(before, settings, outlook, show, workers)
    if tracked:
        say_where(tracked, quiet=given.quiet)
    if not reproduction.is_equal:
        raise NotReproduced(f"{before.source} is not reproduced")


def trust_notices(source: str, settings: "Settings") -> list[str]:
    """Return what code the recorded configurations run, and where they send texts; each line once."""
    from rag_chunk.config.trust import TRUSTED, trust_notice

    of_all = {"custom_metrics": settings.analysis.custom_metrics}
    recorded = ({**config.model_dump(), **of_all} for config in settings.configs.values())
    return list(filter(None, dict.fromkeys(trust_notice(source, each, {}, TRUSTED) for each in recorded)))


def show_outcome(
    outcome: Outcome,
    given: ComparisonConfig | ReproductionConfig | DiagnosisConfig,
    table: Callable[[Outcome, int], Any],
    markdown: Callable[[Outcome], str],
) -> None:
    """Write an outcome, as `--output` says, to stdout or to a file."""
    if given.output == "table" and given.output_file is None:
        from rich.console import Console

        console = Console(highlight=False)
        console.print(table(outcome, console.width))
        return
    text = outcome.to_json() + "\n" if given.output == "json" else markdown(outcome)
    if given.output_file is None:
        typer.echo(text, nl=False)
        return
    write(given.output_file, text)
    if not given.quiet:
        say(f"wrote {given.output_file}")
