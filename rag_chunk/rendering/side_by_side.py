"""A comparison of several analyses, as a table for the terminal and as Markdown."""

from collections.abc import Iterator, Sequence
from itertools import chain

from rich.box import SIMPLE_HEAD
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from rag_chunk.analysis.history import ComparedSide, ComparisonReport, Difference
from rag_chunk.config.metric_table import varies
from rag_chunk.rendering.columns import SCORED, format_metric

_MOST_NAMED = 10
_GAP = 3  # columns between two columns of the table
_HEADS = ("", "configuration", "from", "made")
Column = tuple[str, list[str]]


def side_by_side_table(report: ComparisonReport, width: int) -> RenderableType:
    """Return the sides, and below them what differs: as many sides beside each other as fit into `width`."""
    sides = _plain_table(_HEADS)
    for cells in _sides(report):
        sides.add_row(*map(Text, cells))
    columns = _columns(report, _metrics_to_show(report))
    blocks = [Group("", columns_table(block)) for block in _blocks(columns, width)]
    return Group(sides, *blocks, "", *(Text(note) for note in comparison_notes(report)))


def side_by_side_markdown(report: ComparisonReport, gate: Sequence[str] = ()) -> str:
    """Return the comparison in Markdown as a comment on a change: the verdict first, and every metric folded.

    `gate` are the sentences of a gate, which come before all else.
    """
    sides = zip(_HEADS, zip(*_sides(report), strict=True), strict=True)
    first, *rest = [*gate, *report.verdict]
    names = _all(report)
    parts = [
        f"### rag-chunk compare\n\n**{first}**\n",
        "\n".join(f"- {sentence}" for sentence in [*rest, *report.warnings]) + "\n" if rest or report.warnings else "",
        columns_markdown([(head, list(cells)) for head, cells in sides]),
        _fold(f"{len(names)} metrics, and the settings that differ", columns_markdown(_columns(report, names))),
        *(_fold(head.rstrip(":"), _fence(lines)) if lines else f"{head}\n" for head, *lines in _details(report)),
    ]
    return "\n".join(filter(None, parts))


def _details(report: ComparisonReport) -> Iterator[list[str]]:
    """Yield which questions are compared, and which documents differ: a sentence, and a line for each."""
    yield _pairing(report)
    yield from filter(None, map(_documents, report.sides))


def _fold(summary: str, text: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{text}\n</details>\n"


def _fence(lines: Sequence[str]) -> str:
    """Return lines in a block in which no name is markup, nor a mention of somebody."""
    fence = "~" * 20
    return "\n".join([f"{fence}text", *lines, fence]) + "\n"


def comparison_notes(report: ComparisonReport) -> list[str]:
    """Return the sentences that go under a comparison: the verdict, and what does not fit together."""
    converters, documents = (chain.from_iterable(map(lines, report.sides)) for lines in (_converters, _documents))
    return [*converters, *report.verdict, *_pairing(report), *documents, *report.warnings]


def describe_differences(differences: Sequence[Difference]) -> list[str]:
    """Return a line for each of the first differences, and one for the rest; a terminal is given no commands in them."""
    lines = [_printable(f"  {each.name}: {each.what}") for each in differences[:_MOST_NAMED]]
    rest = len(differences) - len(lines)
    return [*lines, f"  and {rest:,} more"] if rest > 0 else lines


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _pairing(report: ComparisonReport) -> list[str]:
    common = f"Compared over {report.num_questions:,} common question{'' if report.num_questions == 1 else 's'}"
    left = report.left_out
    return (
        [f"{common}; {len(left):,} on one side only:", *describe_differences(left)]
        if left
        else [f"{common}, which are all."]
    )


def _converters(side: ComparedSide) -> list[str]:
    if not side.converters:
        return []
    return [
        f"Converted in another way in {side.label}, so that evidence may read differently:",
        *describe_differences(side.converters),
        "rag-chunk analyze --converter A,B asks the same questions with both.",
    ]


def _documents(side: ComparedSide) -> list[str]:
    if not side.documents:
        return []
    return [f"Documents that differ in {side.label}: {len(side.documents):,}", *describe_differences(side.documents)]


def _sides(report: ComparisonReport) -> list[tuple[str, ...]]:
    """Return the cells of each side: its letter, its configuration, and where and when it was made."""
    return [
        (letter, side.configuration, side.source, f"{side.created:%Y-%m-%d %H:%M}")
        for letter, side in zip(_letters(report), report.sides, strict=True)
    ]


def _letters(report: ComparisonReport) -> list[str]:
    """Return a name for each side that is short enough for a column: A to Z, AA and so on."""
    letters = [chr(ord("A") + number) for number in range(26)]
    return [*letters, *(a + b for a in letters for b in letters)][: len(report.sides)]


def _metrics_to_show(report: ComparisonReport) -> list[str]:
    names = [report.metric, *(name for name in SCORED if name != report.metric)]
    return [name for name in names if any(name in side.metrics for side in report.sides)]


def _all(report: ComparisonReport) -> list[str]:
    rest = sorted(set(chain.from_iterable(side.metrics for side in report.sides)))
    return list(dict.fromkeys([*_metrics_to_show(report), *rest]))


def _columns(report: ComparisonReport, metrics: Sequence[str]) -> list[Column]:
    """Return the head and the cells of each column: settings that differ, then `metrics`. Two sides have a difference."""
    names: Column = ("", [*report.settings, *metrics])
    columns = [names, *(_of_side(report, place, metrics) for place in range(len(report.sides)))]
    if len(report.sides) == 2:  # noqa: PLR2004 - a pair
        columns.append(("B - A", [*("" for _ in report.settings), *(_difference(report, name) for name in metrics)]))
    return columns


def _of_side(report: ComparisonReport, place: int, metrics: Sequence[str]) -> Column:
    settings = [_setting(values[place]) for values in report.settings.values()]
    return _letters(report)[place], [
        *settings,
        *(format_metric(name, report.sides[place].metrics.get(name)) for name in metrics),
    ]


def _setting(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _difference(report: ComparisonReport, metric: str) -> str:
    first, second = (side.metrics.get(metric) for side in report.sides)
    if first is None or second is None or varies(metric):
        return ""
    shown = format_metric(metric, second - first)
    if not any(digit in shown for digit in "123456789"):
        return "="
    return shown if shown.startswith("-") else f"+{shown}"


def _blocks(columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """Yield the columns that fit beside each other within `width`, each time with the names before them."""
    names, *rest = columns
    block, room = [names], width - _wide(names)
    for column in rest:
        if _wide(column) > room and len(block) > 1:
            yield block
            block, room = [names], width - _wide(names)
        block.append(column)
        room -= _wide(column)
    yield block


def _wide(column: Column) -> int:
    return max(map(len, (column[0], *column[1]))) + _GAP


def columns_markdown(columns: Sequence[Column]) -> str:
    """Return columns as a Markdown table."""
    rows = [[head for head, _ in columns], *zip(*(cells for _, cells in columns), strict=True)]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join([lines[0], "|---" * len(columns) + "|", *lines[1:]]) + "\n"


def columns_table(block: Sequence[Column]) -> Table:
    """Return columns as a table for the terminal, the first being names."""
    table = _plain_table([])
    for number, (head, _) in enumerate(block):
        table.add_column(head, justify="right" if number else "left")
    for cells in zip(*(cells for _, cells in block), strict=True):
        table.add_row(*map(Text, cells))
    return table


def _plain_table(heads: Sequence[str]) -> Table:
    return Table(*heads, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1), show_edge=False)
