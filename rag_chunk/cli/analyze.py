"""`analyze`: the main job."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag_chunk.cli.app import app, check_target, say, say_where, write
from rag_chunk.cli.options import with_fields, with_settings
from rag_chunk.config.analysis import SOURCE_HELP
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import CommandLineOptions

if TYPE_CHECKING:
    from rich.console import Console

    from rag_chunk.analysis import Analysis, Progress
    from rag_chunk.analysis.cost_estimate import CostEstimate
    from rag_chunk.analysis.report import Report
    from rag_chunk.config import AnalysisConfig, OutputConfig

_WITHOUT_VERDICT = ("json", "csv")  # outputs that show no sentence
Source = Annotated[
    Path | None,
    typer.Argument(help=SOURCE_HELP, readable=False, show_default=False),
]
DryRun = Annotated[
    bool,
    typer.Option("--dry-run", help="Show the configurations and what they would embed, and stop there."),
]


@app.command()
@with_settings
@with_fields(WorkersConfig, into="workers")
def analyze(
    given: CommandLineOptions,
    workers: WorkersConfig,
    source: Source = None,
    dry_run: DryRun = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Chunk documents in several ways, and show which way brings back the most evidence for the same context.

    Give several values to --strategy, --chunk-size, --overlap, --unit and --retriever, separated by commas, to compare
    every combination. Sizes and overlaps can also be ranges: --chunk-size 100:800:100. Without --test-file, you only see
    how large the chunks are.
    """
    # Here few calls are open: Python, which keeps these in pieces of memory, would give one back and get it again thousands
    # of times while numpy is imported, where that happens deep in other imports.
    import numpy  # noqa: F401

    from rag_chunk.config.sources import load_settings
    from rag_chunk.corpus.cache import caching
    from rag_chunk.workflow import Reporter, estimate, run

    named = replace(given, analysis={**given.analysis, **({"source": source} if source else {})})
    notify = say if not given.output.get("quiet") else lambda _: None
    settings = load_settings(named, notify)
    output = settings.output
    if dry_run:
        with caching(enabled=output.cache):
            _print_estimate(*estimate(settings, notify, workers), settings.analysis)
        return
    check_target(output.output_file)
    _check_plot(output)
    with caching(enabled=output.cache), progress(quiet=output.quiet) as told:
        outlook = Reporter(notify, told, lambda analysis: show(analysis, output))
        tracked = run(settings, outlook, workers)
    if tracked:
        say_where(tracked, quiet=output.quiet)


def _print_estimate(estimated: "CostEstimate", seconds: float, asked: "AnalysisConfig") -> None:
    from rich.console import Console

    from rag_chunk.rendering.cost_table import estimate_table

    Console(highlight=False).print(estimate_table(estimated, seconds, asked))


def show(analysis: "Analysis", output: "OutputConfig") -> None:
    """Write the comparison, as `--output` says, to stdout or to a file."""
    report = analysis.report
    if output.output == "table" and output.output_file is None:
        _print_table(analysis, output)
        return
    text = _FORMATS[output.output](analysis)
    if output.output in _WITHOUT_VERDICT and not output.quiet:
        _warn_of_drafts(report)
    if output.output == "json" and output.save is None and not output.quiet:
        _say_unlisted(report)
    if output.output_file is None:
        typer.echo(text, nl=False)
    else:
        write(output.output_file, text)
        if not output.quiet:
            _say_verdict(report, output)
            say(f"wrote {output.output_file}")


def _say_unlisted(report: "Report") -> None:
    """Say which lists are too long for a report, where nothing keeps them."""
    counts = {"documents": report.corpus.document_list, "skipped files": report.corpus.skipped_list}
    for what, listed in counts.items():
        if listed:
            say(f"the report counts its {listed.count:,} {what}; add --save DIR to list them too, in DIR/{listed.file}")


def _csv(analysis: "Analysis") -> str:
    from rag_chunk.rendering import csv_text

    return csv_text(analysis.report)


def _markdown(analysis: "Analysis") -> str:
    from rag_chunk.rendering import markdown_text

    return markdown_text(analysis.report)


def _page(analysis: "Analysis") -> str:
    from rag_chunk.rendering.html import html_text

    return html_text(analysis)


_FORMATS: "dict[str, Callable[[Analysis], str | bytes]]" = {
    "json": lambda analysis: analysis.report.to_bytes(b"\n"),
    "csv": _csv,
    "table": _markdown,  # in a file
    "markdown": _markdown,
    "html": _page,
}


def _warn_of_drafts(report: "Report") -> None:
    from rag_chunk.rendering import draft_warning

    if warning := draft_warning(report):
        say(warning)


def _say_verdict(report: "Report", output: "OutputConfig") -> None:
    """Print the verdict of a page, so that the user knows it without opening the page."""
    from rag_chunk.rendering import notes

    if output.output == "html":
        for line in notes(report, explain=output.explain):
            say(line)


def _print_table(analysis: "Analysis", output: "OutputConfig") -> None:
    from rich.console import Console

    from rag_chunk.rendering.table import metrics_explained, terminal_table
    from rag_chunk.rendering.terminal_plot import terminal_plot

    console = Console(highlight=False)
    ascii_only = console.options.ascii_only
    table = terminal_table(analysis.report, console.width, output.top, ascii_only=ascii_only, explain=output.explain)
    console.print(table)
    if output.explain_metrics:
        console.print(metrics_explained(analysis.report), soft_wrap=False)
    if output.plot:
        typer.echo("\n" + terminal_plot(analysis.report, console.width, colour=_has_colour(console)))
    if analysis.questions is None and not output.quiet:
        say("You gave no questions. Add --test-file questions.json to see which chunking brings back the evidence.")


def _has_colour(console: "Console") -> bool:
    return console.is_terminal and not console.no_color and console.color_system is not None


def _check_plot(output: "OutputConfig") -> None:
    """Raise `SettingsError` where a chart was asked for that cannot be drawn."""
    if output.plot:
        from rag_chunk.rendering.terminal_plot import check_plot

        check_plot()


@contextmanager
def progress(*, quiet: bool) -> "Iterator[Progress | None]":
    """Show what is being done, and the time left, once it has taken longer than a second."""
    if quiet:
        yield None
        return
    from rag_chunk.rendering.progress import progress_bar

    with progress_bar() as told:
        yield told
