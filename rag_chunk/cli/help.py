"""How `--help` looks: the options of each panel in two columns, so that no name is cut at 80 columns.

It is printed without Typer's own help, whose import (Markdown, tracebacks) takes longer than everything else of `--help`.
"""

import re
from collections.abc import Mapping
from typing import Any

from typer.core import TyperCommand, TyperGroup, TyperOption

_WIDEST = 32  # columns for names; longer ones are broken
_USUAL = "TEXT"  # what a value is where nothing else is said
ALL_OPTIONS = "rag_chunk.all_options"  # in the meta of a context: the help shows every option
RARE_OPTIONS = "rare_options"  # an attribute of a command's function: names of options that the short help leaves out


_ONE_FOLDER = ". Name one folder: --include 'PATTERN' chooses among its files"
_EXTRA_NUMBERS = re.compile(r"\(\d+( \d+)*\)$")
_COMMAS = ". Separate several values of an option with commas, as in --chunk-size 100,200"


class Command(TyperCommand):
    """A command whose help shows every name whole: Typer's own table gives each kind of name a column."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; where too much is named (`docs/*.md`, a question file), say how it is given."""
        try:
            return super().parse_args(ctx, args)
        except Exception as error:  # click's UsageError, which Typer may bring along under a name of its own
            names = {parameter.name for parameter in self.params}
            if "include" in names and "extra argument" in (message := getattr(error, "message", "")):
                questions = ", and --test-file names the questions" if "test_file" in names else ""
                remedy = _COMMAS if _EXTRA_NUMBERS.search(message) else f"{_ONE_FOLDER}{questions}"
                error.message = f"{message}{remedy}."  # type: ignore[attr-defined]
            raise

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Print usage, help and panels to stdout, in the width of the terminal."""
        _print_help(self, ctx, {})


class Group(TyperGroup):
    """A group of commands whose help looks like theirs."""

    def format_help(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - Typer's signature
        """Print usage, help, the options and the commands to stdout, in the width of the terminal."""
        commands = [(name, command) for name, command in self.commands.items() if not command.hidden]
        _print_help(self, ctx, {"Commands": [(name, command.help or "") for name, command in commands]})


def _print_help(command: Any, ctx: Any, further: Mapping[str, list[tuple[str, str]]]) -> None:
    """Print usage, help, the panels of the parameters, and further panels of names and their texts."""
    from inspect import cleandoc

    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console(highlight=False)
    paragraphs = [" ".join(part.split()) for part in cleandoc(command.help or "").split("\n\n")]
    console.print(Padding(Text(command.get_usage(ctx)), (1, 1)))
    console.print(Padding(Text("\n\n".join(paragraphs)), (0, 1, 1, 1)))
    panels = {
        title: [(_names(parameter), _describe(parameter)) for parameter in parameters]
        for title, parameters in _panels(command, ctx).items()
    }
    for title, rows in {**panels, **further}.items():
        console.print(_panel(title, rows))


def _panels(command: Any, ctx: Any) -> dict[str, list[Any]]:
    """Return the parameters that are shown, by the title of their panel; arguments first, other options last."""
    panels: dict[str, list[Any]] = {"Arguments": []}
    rare = () if ctx.meta.get(ALL_OPTIONS) else getattr(command.callback, RARE_OPTIONS, ())
    for parameter in command.get_params(ctx):
        usual = "Options" if isinstance(parameter, TyperOption) else "Arguments"
        if not getattr(parameter, "hidden", False) and (parameter.name not in rare or usual == "Arguments"):
            panels.setdefault(getattr(parameter, "rich_help_panel", None) or usual, []).append(parameter)
    others = panels.pop("Options", [])
    return {title: parameters for title, parameters in {**panels, "Options": others}.items() if parameters}


def _panel(title: str, rows: list[tuple[str, str]]) -> Any:
    from rich.panel import Panel
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    longest = max(len(line) for names, _ in rows for line in names.split("\n"))
    table.add_column(width=min(longest, _WIDEST), overflow="fold", style="bold cyan")
    table.add_column(ratio=1)
    for names, text in rows:
        table.add_row(names.replace("[", r"\["), Text.from_markup(text))
    table.expand = True
    return Panel(table, title=title, title_align="left", border_style="dim")


def _names(parameter: Any) -> str:
    """Return what is typed: short names, the long ones below each other, and what a value is."""
    if not isinstance(parameter, TyperOption):
        return str(parameter.metavar or parameter.name).upper()
    short = [name for name in parameter.opts if not name.startswith("--")]
    long = [name for name in [*parameter.opts, *parameter.secondary_opts] if name.startswith("--")]
    value = "" if parameter.is_flag else f" {parameter.metavar or _USUAL}"
    return ", ".join([*short, long[0] + value]) + "".join(f"\n{name}" for name in long[1:])


def _describe(parameter: Any) -> str:
    """Return the line of help, and the default where Typer knows one."""
    usual = parameter.default if parameter.show_default and not getattr(parameter, "is_flag", False) else None
    return f"{parameter.help or ''}" + (rf" \[default: {usual}]" if usual else "")
