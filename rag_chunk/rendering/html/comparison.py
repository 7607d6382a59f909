"""The comparison as a table with two plots in it: means with intervals, and differences with theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.rendering.columns import LEGEND, against_baseline, formatted, mark
from rag_chunk.rendering.html.scale import Scale, Tick, around, ticks_of
from rag_chunk.rendering.html.verdict import pairs_with, settings_of
from rag_chunk.report import ComparisonResult, ConfigurationResult, PairResult, Report
from rag_chunk.statistics import ALPHA, FEWEST_FOR_A_WINNER

FIRST_ROWS = 12  # the rows that are shown at once


@dataclass(frozen=True, slots=True)
class Stretch:
    """A value with the ends of its interval, and how it is read out."""

    at: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Row:
    """One configuration in the comparison: `number` tells the parts of the page that belong to it."""

    number: int
    name: str
    settings: str
    mark: str
    meaning: str
    value: str
    recall: Stretch | None
    difference: Stretch | None
    difference_text: str
    shown: str
    chunks: str
    first: bool


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table with its two plots: means with intervals, and differences from the `reference`."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    reference: str
    reference_is: str
    difference_ticks: tuple[Tick, ...]
    zero: float


def comparison_of(
    report: Report, comparison: ComparisonResult, found: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> Comparison:
    """Lay out the configurations of a group, best first."""
    baseline = comparison.baseline
    reference = baseline.name if baseline else comparison.leader
    pairs = pairs_with(comparison, reference)
    ends = [end for each in found for end in _ends(each, comparison.metric)]
    scale = around(ends)
    points = around([0.0, *(100 * end for pair in pairs.values() for end in (pair.low, pair.high))], least=2.0)
    enough = len(found[0].questions) >= FEWEST_FOR_A_WINNER
    kept = {comparison.recommended, reference}
    rows = []
    for place, each in enumerate(found):
        pair = pairs.get(each.name)
        told = against_baseline(report, each, interval=False).split(" ", 1)[-1] if baseline else ""
        rows.append(
            Row(
                number=numbers[each.name],
                name=each.name,
                settings=settings_of(each.config),
                mark=mark(report, each),
                meaning=LEGEND.get(mark(report, each), ""),
                value=formatted(comparison.metric, each.metrics[comparison.metric]),
                recall=_recall(each, comparison.metric, scale),
                difference=_difference(pair, points) if pair else None,
                difference_text=f"{100 * pair.difference:+.1f}" if pair else "",
                shown=told or _shown(pair, enough=enough),
                chunks=formatted("num_chunks", each.metrics.get("num_chunks")),
                first=place < FIRST_ROWS or each.name in kept,
            )
        )
    return Comparison(
        rows=tuple(rows),
        ticks=ticks_of(scale, most=4),
        reference=reference,
        reference_is="the baseline" if baseline else "the highest mean",
        difference_ticks=tuple(Tick(points.place(at), f"{at:+g}" if at else "0") for at in points.ticks(4)),
        zero=points.place(0.0),
    )


def _ends(found: ConfigurationResult, metric: str) -> tuple[float, ...]:
    return (found.metrics[metric], *found.intervals.get(metric, ()))


def _recall(found: ConfigurationResult, metric: str, scale: Scale) -> Stretch:
    value, *ends = _ends(found, metric)
    low, high = ends or (value, value)
    text = f"{value:.3f}" + (f", 95 % interval {low:.3f} to {high:.3f}" if ends else "")
    return Stretch(scale.place(value), scale.place(low), scale.place(high), text)


def _difference(pair: PairResult, scale: Scale) -> Stretch:
    value, low, high = (100 * each for each in (pair.difference, pair.low, pair.high))
    text = f"{value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
    return Stretch(scale.place(value), scale.place(low), scale.place(high), text)


def _shown(pair: PairResult | None, *, enough: bool) -> str:
    if pair is None:
        return ""
    shown = enough and pair.p_adjusted < ALPHA
    return ("better" if pair.difference > 0 else "worse") if shown else "not shown"
