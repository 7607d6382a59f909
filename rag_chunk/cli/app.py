"""The app that all commands belong to, and how they speak: results on stdout, everything else on stderr."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from rag_chunk._version import __version__
from rag_chunk.cli.commands import LazyGroup
from rag_chunk.cli.help import Command
from rag_chunk.errors import InputError

if TYPE_CHECKING:
    from rag_chunk.mlflow_tracker import Tracked

Function = TypeVar("Function", bound=Callable[..., Any])


class App(typer.Typer):
    """The app; each of its commands has our help."""

    def command(self, *names: Any, **settings: Any) -> Callable[[Function], Function]:
        """Return the decorator that makes a function a command."""
        return super().command(*names, **{"cls": Command, **settings})


app = App(
    cls=LazyGroup,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Find out how to cut your documents for retrieval: compare many ways of chunking on your own documents and questions.",
)


def say(text: str) -> None:
    """Print a notice to stderr."""
    typer.echo(text, err=True)


def check_target(path: Path | None) -> None:
    """Raise `InputError` where a result could not be written to `path`: before the work, not after it."""
    if path is None:
        return
    check_parent(path)
    if os.path.isdir(path):  # noqa: PTH112 - as above
        raise InputError(f"{path} cannot be written: it is a folder")
    if not os.access(path if os.path.exists(path) else path.absolute().parent, os.W_OK):  # noqa: PTH110 - as above
        raise InputError(f"{path} cannot be written: permission denied")
    _spare_results(path)


def check_parent(path: Path) -> None:
    """Raise `InputError` where there is no folder for a result at `path`."""
    if not os.path.isdir(path.absolute().parent):  # noqa: PTH112 - says no, and raises nothing, for a folder without permission
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}")


def _spare_results(path: Path) -> None:
    from rag_chunk.corpus import MARKER

    if path.exists() and (path.absolute().parent / MARKER).exists():
        raise InputError(f"{path} is part of a saved analysis, and would be overwritten; choose another output file")


def write(path: Path, text: str | bytes) -> None:
    """Write a result, as bytes in UTF-8, to a file; raise `InputError` where that fails."""
    try:
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error


def written_form(path: Path, questions: str) -> str:
    """Say that a question file holds JSON, where its name does not say so."""
    is_json = questions.startswith("{") and path.suffix.lower() != ".json"
    return ", as JSON because YAML of this length is slow to read" if is_json else ""


def say_where(tracked: "Tracked", *, quiet: bool = False) -> None:
    """Print where the runs are, and how they are seen."""
    several = f"{1 + len(tracked.children)} runs; the analysis' is " if tracked.children else ""
    done = "In MLflow already" if tracked.known else "Tracked in MLflow"
    say(f"{done}, experiment {tracked.experiment_name}, {several}run {tracked.run_id}")
    if quiet:
        return
    for what, link in tracked.links.items():
        say(f"{what}: {link}")
    if tracked.ui_command:
        say(f"Open MLflow: {tracked.ui_command}")


def _version(value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    if value:
        typer.echo(f"rag-chunk {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    *,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Take the options before a command."""
