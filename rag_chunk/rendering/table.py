"""The comparison as a table for the terminal."""

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.rendering.columns import formatted, legend, mark, notes, shown_columns
from rag_chunk.report import Report

_GAP = 3  # columns between two columns of the table
_MARK = 1  # columns of the mark
_NAME = "configuration"


def terminal_table(report: Report, width: int, top: int | None = None) -> RenderableType:
    """Return the `top` configurations, best first, with as many columns as fit into `width`, and the verdict below."""
    longest = max(len(_NAME), *(len(found.name) for found in report.configurations[:top]))
    room = min(longest, width // 2)
    columns = _fitting(report, width - room - _MARK - _GAP)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column(_NAME, overflow="fold", min_width=room)
    for name in columns:
        table.add_column(_header(name), justify="right", no_wrap=True)
    for found in report.configurations[:top]:
        cells = [formatted(name, found.metrics.get(name)) for name in columns]
        style = "bold" if mark(report, found) == "*" else None
        table.add_row(mark(report, found), found.name, *cells, style=style)
    hidden = len(report.configurations) - (top or len(report.configurations))
    more = f"{hidden} more configurations are not shown (--top)" if hidden > 0 else ""
    below = [line for line in (more, legend(report), "", *notes(report)) if line or notes(report)]
    return Group(table, *(Text(line) for line in below))


def _header(name: str) -> str:
    """Return a metric's name on two lines, broken at its first underscore."""
    first, underscore, rest = name.partition("_")
    return f"{first}{underscore}\n{rest}" if rest else name


def _fitting(report: Report, room: int) -> list[str]:
    """Return the columns that fit into `room`, the most important first; one at least."""
    fitting: list[str] = []
    for name in shown_columns(report):
        cells = [formatted(name, found.metrics.get(name)) for found in report.configurations]
        room -= max(len(part) for part in (*cells, *_header(name).split("\n"))) + _GAP
        if room < 0 and fitting:
            break
        fitting.append(name)
    return fitting
