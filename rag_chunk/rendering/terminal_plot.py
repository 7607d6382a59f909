"""Which size? The chart of the terminal."""

import math
from types import ModuleType

from rag_chunk.analysis.report import ComparisonResult, Report
from rag_chunk.config.extras import lack_of_package
from rag_chunk.errors import SettingsError
from rag_chunk.rendering.columns import groups
from rag_chunk.rendering.size_lines import MOST_LINES, SizeLine, size_lines

_WIDEST, _HEIGHT = 110, 20
_LETTERS = "ABCDEF"
_COLOURS = ("blue", "orange", "green", "magenta", "cyan", "red")
NO_SIZES = "--plot draws recall against the chunk size: give several sizes, as in --chunk-size 100:800:100"
NO_RECALL = "--plot draws recall against the chunk size: give questions with --test-file"


def check_plot() -> None:
    """Raise `SettingsError` where the package that draws is missing: before the work, not after it."""
    if lack := lack_of_package("plot"):
        raise SettingsError(f"--plot needs {lack}")


def terminal_plot(report: Report, width: int, *, colour: bool) -> str:
    """Return a chart for each comparison of several sizes, `width` columns wide; a sentence where there is none."""
    import plotext

    charts = [
        _chart(plotext, comparison, lines, min(width, _WIDEST), colour=colour)
        for comparison, results in groups(report)
        if comparison and (lines := size_lines(comparison, results)[:MOST_LINES])
    ]
    return "\n".join(charts) or (NO_SIZES if report.questions else NO_RECALL)


def _chart(
    plotext: ModuleType, comparison: ComparisonResult, lines: tuple[SizeLine, ...], width: int, *, colour: bool
) -> str:
    """Draw the lines over the logarithm of the size; the line of the recommended one has its intervals."""
    plotext.clear_figure()
    plotext.theme("clear")
    plotext.plot_size(width, _HEIGHT)
    drawn = [(_LETTERS[place], _COLOURS[place] if colour else "default", line) for place, line in enumerate(lines)]
    for _, shade, line in reversed(drawn):
        if any(point.name == comparison.recommended for point in line.points):
            _draw_intervals(plotext, line, shade)
        plotext.plot(*_coordinates(line), marker="hd", color=shade)
    for letter, shade, line in reversed(drawn):
        plotext.scatter(*_coordinates(line), marker=letter, color=shade)
    sizes = sorted({point.size for line in lines for point in line.points})
    plotext.xticks([math.log2(size) for size in sizes], [str(size) for size in sizes])
    plotext.xlabel("chunk_size")
    text = str(plotext.build())
    chart = text if colour else plotext.uncolorize(text)
    return "\n".join([f"{comparison.metric} against chunk_size", chart.rstrip(), *_legend(comparison, lines)])


def _coordinates(line: SizeLine) -> tuple[list[float], list[float]]:
    return [math.log2(point.size) for point in line.points], [point.mean for point in line.points]


def _draw_intervals(plotext: ModuleType, line: SizeLine, shade: str) -> None:
    for point in line.points:
        if point.interval:
            at = math.log2(point.size)
            plotext.plot([at, at], list(point.interval), marker="│", color=shade)


def _legend(comparison: ComparisonResult, lines: tuple[SizeLine, ...]) -> list[str]:
    """Return a line of text for each line of the chart, the best size of each, and what the strokes are."""
    best = [max(line.points, key=lambda point: point.mean) for line in lines]
    named = [
        f"{letter} {line.label}: most at {point.size}, {point.mean:.3f}"
        for letter, line, point in zip(_LETTERS, lines, best, strict=False)
    ]
    if any(point.name == comparison.recommended for line in lines for point in line.points):
        named.append(f"│ 95 % interval, on the line of {comparison.recommended}, which is recommended")
    return named
