"""The command line: parse, one library call, print. Results go to stdout, everything else to stderr."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

import rag_chunk
from rag_chunk.errors import InputError, RagChunkError
from rag_chunk.options import Given, with_settings

if TYPE_CHECKING:
    from rag_chunk.analysis import Analysis, Progress
    from rag_chunk.config import OutputConfig
    from rag_chunk.mlflow_tracker import Tracked

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find the chunking that a retrieval pipeline should use, prove it, and keep it.",
)
Source = Annotated[
    Path | None,
    typer.Argument(help="A folder of documents, one document, or a .jsonl of {name, text}.", show_default=False),
]
Uri = Annotated[
    str | None, typer.Option(help="Where the run is kept; else MLFLOW_TRACKING_URI, else MLflow's default.")
]


def _say(text: str) -> None:
    """Print a notice to stderr."""
    typer.echo(text, err=True)


def _version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if value:
        typer.echo(f"rag-chunk {rag_chunk.__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,  # noqa: ARG001 - main() reads it
    version: Annotated[  # noqa: ARG001 - its callback does the work
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
@with_settings
def analyze(given: Given, source: Source = None) -> None:
    """Chunk documents in several ways, and show which brings back the most evidence for the same context.

    --strategy, --chunk-size, --overlap, --unit and --retriever take lists with commas, and every combination
    is compared. Without --test-file the chunks are measured, and nothing is retrieved.
    """
    from rag_chunk.settings import gathered
    from rag_chunk.workflow import Outlook, run

    named = Given(
        given.settings, {**given.analysis, **({"source": source} if source else {})}, given.output, given.files
    )
    notify = _say if not given.output.get("quiet") else lambda _: None
    settings = gathered(named, notify)
    output = settings.output
    with _progress(quiet=output.quiet) as progress:
        outlook = Outlook(notify, progress, lambda analysis: _show(analysis, output))
        tracked = run(settings, outlook)
    if tracked:
        _say_where(tracked)


def _show(analysis: "Analysis", output: "OutputConfig") -> None:
    """Write the comparison, as `--output` says, to stdout or to a file."""
    from rag_chunk.rendering import csv_text, markdown_text

    report = analysis.report
    if output.output == "table" and output.output_file is None:
        _print_table(analysis)
        return
    texts = {"json": lambda: report.to_json() + "\n", "csv": lambda: csv_text(report)}
    text = texts.get(output.output, lambda: markdown_text(report))()
    if output.output_file is None:
        typer.echo(text, nl=False)
    else:
        _write(output.output_file, text)


def _print_table(analysis: "Analysis") -> None:
    from rich.console import Console

    from rag_chunk.rendering.table import terminal_table

    console = Console(highlight=False)
    console.print(terminal_table(analysis.report, console.width))
    if analysis.questions is None:
        _say("No questions were given: --test-file questions.json measures which chunking brings back the evidence.")


def _write(path: Path, text: str) -> None:
    try:
        path.write_bytes(text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def _say_where(tracked: "Tracked") -> None:
    """Print where the runs are, and how they are seen."""
    _say(f"Tracked in MLflow, experiment {tracked.experiment_name}, run {tracked.run_id}")
    _say(f"All configurations: {tracked.leaderboard}")
    if tracked.compare:
        _say(f"Side by side: {tracked.compare}")
    if tracked.ui_command:
        _say(f"Open MLflow: {tracked.ui_command}")


@contextmanager
def _progress(*, quiet: bool) -> "Iterator[Progress | None]":
    """Show what is being done, and the time left, once it has taken longer than a second."""
    if quiet:
        yield None
        return
    from rag_chunk.rendering.progress import shown_progress

    with shown_progress() as progress:
        yield progress


@app.command()
def export_config(
    run_id: Annotated[str, typer.Argument(help="A run of one configuration, or of an analysis: then its best.")],
    output_file: Annotated[Path | None, typer.Option("-o", "--output-file", help="Write it to this file.")] = None,
    strategy: Annotated[
        str | None, typer.Option(help="Of an analysis, the best configuration of this strategy.")
    ] = None,
    by: Annotated[str | None, typer.Option(metavar="METRIC", help="Of an analysis, the best by this metric.")] = None,
    mlflow_uri: Uri = None,
) -> None:
    """Write the config of a tracked run, to stdout or to a file."""
    from rag_chunk.mlflow_tracker import fetch_config

    text = fetch_config(run_id, uri=mlflow_uri, strategy=strategy, by=by, notify=_say)
    if output_file is None:
        typer.echo(text, nl=False)
        return
    _write(output_file, text)
    _say(f"Wrote {output_file}. Make it a folder's config with\nrag-chunk import-config {output_file}")


@app.command()
def import_config(
    file: Annotated[str, typer.Argument(help="A config file, or - for standard input.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the config that is there.")] = False,  # noqa: FBT002 - Typer's way
) -> None:
    """Check and upgrade a config, show it, and make it this folder's rag-chunk.yaml."""
    from rag_chunk.config import FOLDER_FILE, parse_config, read_config

    found = parse_config(sys.stdin.read(), "standard input") if file == "-" else read_config(Path(file))
    target = Path(FOLDER_FILE)
    if target.exists() and not force:
        raise InputError(f"there is a {FOLDER_FILE} here already; --force replaces it")
    text = found.to_yaml()
    _write(target, text)
    typer.echo(text, nl=False)
    _say(f"Wrote {target}. In this folder, rag-chunk uses it from now on.")


def _fail(error: RagChunkError) -> NoReturn:
    _say(f"rag-chunk: {error}")
    sys.exit(error.exit_status)


def main() -> None:
    """Run the command line; end with the status that belongs to what happened."""
    from rag_chunk.interrupts import Interrupted, interruptible

    debug = "--debug" in sys.argv
    arguments = [argument for argument in sys.argv[1:] if argument != "--debug"]
    try:
        with interruptible():
            app(arguments, prog_name="rag-chunk")
    except Interrupted as interrupted:
        _say(f"rag-chunk: {interrupted}")
        sys.exit(interrupted.exit_status)
    except RagChunkError as error:
        if debug:
            raise
        _fail(error)
