"""`strategies`: what can run here."""

import json
from typing import Annotated

import typer

from rag_chunk.cli.app import app
from rag_chunk.config import did_you_mean
from rag_chunk.config.extras import Component, components
from rag_chunk.errors import SettingsError

_TITLES = {"strategy": "Strategies", "retriever": "Retrievers", "extra": "Optional packages"}
_FORMS = ("table", "json")
_NEEDS = "; needs "
Form = Annotated[str, typer.Option(help="One of table, json.", metavar="NAME")]


@app.command()
def strategies(output: Form = "table") -> None:
    """Show which strategies and retrievers can run here, and what the others need."""
    if output not in _FORMS:
        raise SettingsError(f"output must be 'table' or 'json', not {output!r}{did_you_mean(output, _FORMS)}")
    known = components()
    if output == "json":
        typer.echo(json.dumps([part.to_dict() for part in known], indent=1))
        return
    width = max(len(part.name) for part in known)
    for kind, title in _TITLES.items():
        _print(title, [part for part in known if part.kind == kind], width)
    typer.echo("Your own are named package.module:function.")


def _print(title: str, named: list[Component], width: int) -> None:
    """Print the parts of one kind, each with its line of help and what it lacks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, width=width + 2)
    table.add_column()
    for part in named:
        lack = Text(f"\nneeds {part.lacks}", style="yellow") if part.lacks else Text()
        described = part.help.partition(_NEEDS)[0] if part.lacks else part.help  # the line below says it
        table.add_row(f"{'- ' if part.lacks else '  '}{part.name}", Text(described) + lack)
    console = Console(highlight=False)
    console.print(Text(title, style="bold"))
    console.print(table)
