"""The comparison as a table for the terminal."""

from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.rendering.columns import (
    against_baseline,
    all_columns,
    column_help,
    columns_to_show,
    format_metric,
    groups,
    has_baseline,
    legend,
    mark,
    metric_help,
    notes,
)

_GAP = 3  # columns between two columns of the table
_MARK = 1  # columns of the mark
_NAME = "configuration"
_BAR = 12  # columns of a bar that is full
_EIGHTHS = " ▏▎▍▌▋▊▉"
_STYLES = {"*": "bold", "-": "dim"}
_LAST_BEFORE_PICTURES = "context_size"  # what is read with the headline comes before its interval and its bar


@dataclass(frozen=True, slots=True)
class _Column:
    """A column: its header, its cells, and its turn to get room. What is a picture of another may be passed over."""

    header: str
    cells: list[str]
    turn: int
    is_picture: bool = False
    style: str | None = None
    metric: str = ""

    @property
    def width(self) -> int:
        """The columns of the terminal that it takes, its gap included."""
        return max(len(part) for part in (*self.cells, *self.header.split("\n"))) + _GAP


def terminal_table(
    report: Report, width: int, top: int | None = None, *, ascii_only: bool = False, explain: bool = False
) -> RenderableType:
    """Return the `top` configurations, best first, with as many columns as fit into `width`, and the verdict below.

    With `explain`, its reasons follow it.

    Where several retrievers were compared, each has rows of its own, `top` of them.
    """
    shown = [result[:top] for _, result in groups(report)]
    rows = [result for group in shown for result in group]
    longest = max(len(_NAME), *(len(result.name) for result in rows))
    room = min(longest, width // 2)
    columns = _fitting(_columns(report, rows, ascii_only=ascii_only), width - room - _MARK - _GAP)
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("")
    table.add_column(_NAME, overflow="fold", min_width=room)
    for column in columns:
        table.add_column(column.header, justify="left" if column.style else "right", no_wrap=True, style=column.style)
    for number, result in enumerate(rows):
        ends = any(result is group[-1] for group in shown[:-1])
        cells = [column.cells[number] for column in columns]
        style = _STYLES.get(mark(report, result))
        table.add_row(*map(Text, (mark(report, result), result.name, *cells)), style=style, end_section=ends)
    hidden = len(report.configurations) - len(rows)
    more = f"{hidden} more configurations are not shown (--top)" if hidden > 0 else ""
    shown_metrics = [column.metric for column in columns if column.metric]
    legends = [line for line in (legend(report), column_help(report, shown_metrics)) if line]
    below = [*([more] if more else []), *_apart(notes(report, explain=explain)), *_apart(legends)]
    return Group(table, *(Text(line) for line in below))


def metrics_explained(report: Report) -> RenderableType:
    """Return every metric of the report with what it is, a line each."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column()
    for name in all_columns(report):
        grid.add_row(Text(name), Text(metric_help(report, name)))
    return Group(Text(), grid)


def _apart(lines: list[str]) -> list[str]:
    """Return the lines with an empty one above them; nothing where they are empty."""
    return ["", *lines] if any(lines) else []


def _columns(report: Report, rows: list[ConfigurationResult], *, ascii_only: bool) -> list[_Column]:
    """Return every column, the most important first; their order decides which of them get room."""
    names = columns_to_show(report)
    last = names.index(_LAST_BEFORE_PICTURES) if _LAST_BEFORE_PICTURES in names else 0
    columns = [
        _Column(
            _header(name),
            [format_metric(name, result.metrics.get(name)) for result in rows],
            place + 2 * (place > last),
            metric=name,
        )
        for place, name in enumerate(names)
    ]
    if has_baseline(report):
        against = [against_baseline(report, result, interval=False) for result in rows]
        columns.insert(1, _Column("against\nbaseline", against, 0))
    return [*columns[:1], *_pictures(report, rows, last, ascii_only=ascii_only), *columns[1:]]


def _pictures(report: Report, rows: list[ConfigurationResult], last: int, *, ascii_only: bool) -> list[_Column]:
    """Return the headline's bar, from 0 to 1, and its interval."""
    if report.comparison is None:
        return []
    metric = report.comparison.metric
    ends = [result.intervals.get(metric) for result in rows]
    intervals = [f"{end[0]:.3f} to {end[1]:.3f}" if end else "" for end in ends]
    bars = [_bar(result.metrics[metric], ascii_only=ascii_only) for result in rows]
    bar = _Column("0" + " " * (_BAR - 2) + "1", bars, last + 2, is_picture=True, style="cyan")
    return [bar, *([_Column("95 %\ninterval", intervals, last + 1, is_picture=True)] if any(intervals) else [])]


def _bar(value: float, *, ascii_only: bool) -> str:
    """Return a bar for a value from 0 to 1, to the eighth of a column where the terminal has such signs.

    >>> _bar(0.5, ascii_only=True), _bar(0.51, ascii_only=False)
    ('######', '██████▏')
    """
    if ascii_only:
        return "#" * round(value * _BAR)
    full, rest = divmod(round(value * _BAR * 8), 8)
    return "█" * full + _EIGHTHS[rest].strip()


def _header(name: str) -> str:
    """Return a metric's name on two lines, broken at its first underscore."""
    first, underscore, rest = name.partition("_")
    return f"{first}{underscore}\n{rest}" if rest else name


def _fitting(columns: list[_Column], room: int) -> list[_Column]:
    """Return the columns that fit into `room`, in their order: the first, and the others in turn until one is too wide."""
    fitting: list[_Column] = []
    for column in sorted(columns, key=lambda column: column.turn):
        if column.width > room and fitting:
            if column.is_picture:
                continue
            break
        room -= column.width
        fitting.append(column)
    return [column for column in columns if column in fitting]
