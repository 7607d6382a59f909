"""The comparison as a table with two plots in it: means with intervals, and differences with theirs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, PairResult, Report
from rag_chunk.analysis.statistics import ALPHA, FEWEST_FOR_A_WINNER
from rag_chunk.rendering.columns import LEGEND, against_baseline, format_metric, mark
from rag_chunk.rendering.html.scale import Scale, Tick, scale_around, ticks_of
from rag_chunk.rendering.html.verdict import pairs_with, settings_of

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
class DifferencePlot:
    """The table with its two plots: means with intervals, and differences from the `reference`."""

    rows: tuple[Row, ...]
    ticks: tuple[Tick, ...]
    reference: str
    reference_is: str
    difference_ticks: tuple[Tick, ...]
    zero: float


@dataclass(frozen=True, slots=True)
class _Frame:
    """What all rows share: the comparison, what each configuration differs from, and the two scales."""

    report: Report
    comparison: ComparisonResult
    reference: str
    pairs: Mapping[str, PairResult]
    recall: Scale
    points: Scale


def comparison_of(
    report: Report, comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> DifferencePlot:
    """Lay out the configurations of a group, best first."""
    frame = _frame(report, comparison, results)
    kept = {comparison.representative, frame.reference}
    return DifferencePlot(
        rows=tuple(
            _row(frame, each, numbers[each.name], first=place < FIRST_ROWS or each.name in kept)
            for place, each in enumerate(results)
        ),
        ticks=ticks_of(frame.recall, most=4),
        reference=frame.reference,
        reference_is="the baseline" if comparison.baseline else "the highest mean",
        difference_ticks=tuple(Tick(frame.points.place(at), f"{at:+g}" if at else "0") for at in frame.points.ticks(4)),
        zero=frame.points.place(0.0),
    )


def _frame(report: Report, comparison: ComparisonResult, results: Sequence[ConfigurationResult]) -> _Frame:
    reference = comparison.baseline.name if comparison.baseline else comparison.leader
    pairs = pairs_with(comparison, reference)
    recall = scale_around([end for each in results for end in _ends(each, comparison.metric)])
    points = scale_around([0.0, *(100 * end for pair in pairs.values() for end in (pair.low, pair.high))], least=2.0)
    return _Frame(report, comparison, reference, pairs, recall, points)


def _row(frame: _Frame, result: ConfigurationResult, number: int, *, first: bool) -> Row:
    metric, pair, sign = frame.comparison.metric, frame.pairs.get(result.name), mark(frame.report, result)
    against = against_baseline(frame.report, result, interval=False).split(" ", 1)[-1]
    enough = len(result.questions) >= FEWEST_FOR_A_WINNER
    return Row(
        number=number,
        name=result.name,
        settings=settings_of(result.config),
        mark=sign,
        meaning=LEGEND.get(sign, ""),
        value=format_metric(metric, result.metrics[metric]),
        recall=_recall(result, metric, frame.recall),
        difference=_difference(pair, frame.points) if pair else None,
        difference_text=f"{100 * pair.difference:+.1f}" if pair else "",
        shown=against or _format_pair(pair, enough=enough),
        chunks=format_metric("num_chunks", result.metrics.get("num_chunks")),
        first=first,
    )


def _ends(result: ConfigurationResult, metric: str) -> tuple[float, ...]:
    return (result.metrics[metric], *result.intervals.get(metric, ()))


def _recall(result: ConfigurationResult, metric: str, scale: Scale) -> Stretch:
    value, *ends = _ends(result, metric)
    low, high = ends or (value, value)
    text = f"{value:.3f}" + (f", 95 % interval {low:.3f} to {high:.3f}" if ends else "")
    return Stretch(scale.place(value), scale.place(low), scale.place(high), text)


def _difference(pair: PairResult, scale: Scale) -> Stretch:
    value, low, high = (100 * each for each in (pair.difference, pair.low, pair.high))
    text = f"{value:+.1f} points, 95 % interval {low:+.1f} to {high:+.1f}"
    return Stretch(scale.place(value), scale.place(low), scale.place(high), text)


def _format_pair(pair: PairResult | None, *, enough: bool) -> str:
    if pair is None:
        return ""
    shown = enough and pair.p_adjusted < ALPHA
    return ("better" if pair.difference > 0 else "worse") if shown else "not shown"
