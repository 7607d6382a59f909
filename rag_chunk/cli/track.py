"""`track`: saved analyses to MLflow."""

from pathlib import Path
from typing import Annotated

import typer

from rag_chunk.cli.app import app, say, say_where
from rag_chunk.cli.options import Uri
from rag_chunk.errors import InputError, SettingsError


@app.command()
def track(
    results: Annotated[
        list[Path] | None,
        typer.Argument(help="Folders that analyze --save wrote, or that wait to be sent.", show_default=False),
    ] = None,
    unsent: Annotated[bool, typer.Option("--all", help="Send everything that waits in .rag-chunk/unsent.")] = False,  # noqa: FBT002 - Typer's way
    mlflow_uri: Uri = None,
    experiment_name: Annotated[str | None, typer.Option(help="The experiment. \\[default: what was asked for]")] = None,
    run_name: Annotated[str | None, typer.Option(help="The run's name. \\[default: what was asked for]")] = None,
    questions_dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Merge the questions into this evaluation dataset. \\[default: what was asked for]"
        ),
    ] = None,
    tags: Annotated[list[str] | None, typer.Option(metavar="KEY=VALUE[,…]", help="More tags for every run.")] = None,
) -> None:
    """Log saved analyses to MLflow: later, from another machine, or after the server was unreachable."""
    from rag_chunk.mlflow_tracker import TrackingConfig, parse_tags
    from rag_chunk.workflow.spool import send, waiting_folders

    folders = [*(results or []), *(waiting_folders() if unsent else [])]
    if not folders and not unsent:
        raise SettingsError("name a results folder, or --all for those that wait in .rag-chunk/unsent")
    if not folders:
        say("nothing waits in .rag-chunk/unsent")
    options = TrackingConfig(
        uri=mlflow_uri,
        experiment_name=experiment_name,
        run_name=run_name,
        questions_dataset=questions_dataset,
        tags=parse_tags(tags or []),
    )
    broken = list[InputError]()
    for folder in folders:
        try:
            if tracked := send(folder, options, say):
                say_where(tracked)
        except InputError as error:  # of this folder alone; the others are sent
            broken.append(error)
    if broken:
        raise InputError("\n".join(map(str, broken)))
