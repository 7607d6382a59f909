"""The comparison as a table for the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.rendering.columns import (
    against_baseline,
    formatted,
    groups,
    has_baseline,
    legend,
    mark,
    notes,
    shown_columns,
)
from rag_chunk.report import ConfigurationResult, Report

_GAP = 3  # columns between two columns of the table
_MARK = 1  # columns of the mark
_NAME = "configuration"


def terminal_table(report: Report, width: int, top: int | None = None) -> RenderableType:
    """Return the `top` configurations, best first, with as many columns as fit into `width`, and the verdict below.

    Where several retrievers were compared, each has rows of its own, `top` of them.
    """
    shown = [found[:top] for _, found in groups(report)]
    rows = [found for group in shown for found in group]
    longest = max(len(_NAME), *(len(found.name) for found in rows))
    room = min(longest, width // 2)
    columns = _fitting(_columns(report, rows), width - room - _MARK - _GAP)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column(_NAME, overflow="fold", min_width=room)
    for header, _ in columns:
        table.add_column(header, justify="right", no_wrap=True)
    for number, found in enumerate(rows):
        style = "bold" if mark(report, found) == "*" else None
        ends = any(found is group[-1] for group in shown[:-1])
        cells = [cells[number] for _, cells in columns]
        table.add_row(mark(report, found), found.name, *cells, style=style, end_section=ends)
    hidden = len(report.configurations) - len(rows)
    more = f"{hidden} more configurations are not shown (--top)" if hidden > 0 else ""
    below = [line for line in (more, legend(report), "", *notes(report)) if line or notes(report)]
    return Group(table, *(Text(line) for line in below))


def _columns(report: Report, rows: list[ConfigurationResult]) -> list[tuple[str, list[str]]]:
    """Return the header and the cells of every column, the most important first."""
    columns = [
        (_header(name), [formatted(name, found.metrics.get(name)) for found in rows]) for name in shown_columns(report)
    ]
    if has_baseline(report):
        cells = [against_baseline(report, found, interval=False) for found in rows]
        columns.insert(1, ("against\nbaseline", cells))
    return columns


def _header(name: str) -> str:
    """Return a metric's name on two lines, broken at its first underscore."""
    first, underscore, rest = name.partition("_")
    return f"{first}{underscore}\n{rest}" if rest else name


def _fitting(columns: list[tuple[str, list[str]]], room: int) -> list[tuple[str, list[str]]]:
    """Return the columns that fit into `room`; one at least."""
    fitting: list[tuple[str, list[str]]] = []
    for header, cells in columns:
        room -= max(len(part) for part in (*cells, *header.split("\n"))) + _GAP
        if room < 0 and fitting:
            break
        fitting.append((header, cells))
    return fitting
