"""Where recall is lost: the headline by tag and by document, each configuration a dot."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, Report
from rag_chunk.rendering.breakdown import describe_missed, is_missed, names_to_show
from rag_chunk.rendering.html.scale import Scale, Tick, ticks_of

_MOST_ROWS = 20
_WHOLE = Scale(0.0, 1.0)
Figures = Callable[[ConfigurationResult], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class BreakdownRow:
    """One tag or document: how many questions, what the recommended brings back, and what the best one does."""

    name: str
    count: int
    value: str
    at: float
    dots: tuple[float, ...]
    highest: str
    by: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The tags or the documents, lowest first; `left` are those that are not shown.

    `missed` is a sentence on those of which no configuration brings anything back.
    """

    kind: str
    rows: tuple[BreakdownRow, ...]
    left: int
    missed: str
    ticks: tuple[Tick, ...]


def breakdowns_of(
    report: Report, comparison: ComparisonResult, results: Sequence[ConfigurationResult]
) -> list[Breakdown]:
    """Lay out tags and documents, where there are any."""
    asked = report.questions
    kinds: list[tuple[str, Mapping[str, int], Figures]] = [
        ("tag", asked.by_tag if asked else {}, lambda each: each.by_tag),
        ("document", asked.by_document if asked else {}, lambda each: each.by_document),
    ]
    laid_out = [_breakdown(kind, counts, comparison, results, figures) for kind, counts, figures in kinds if counts]
    return [each for each in laid_out if each.rows or each.missed]


def _breakdown(
    kind: str,
    counts: Mapping[str, int],
    comparison: ComparisonResult,
    results: Sequence[ConfigurationResult],
    figures: Figures,
) -> Breakdown:
    ours = figures(next(each for each in results if each.name == comparison.representative))
    listed = names_to_show(kind, ours, counts)
    missed = [name for name in listed if is_missed(name, results, figures)]
    names = [name for name in listed if name not in missed]
    rows = tuple(_place(name, counts.get(name, 0), ours[name], results, figures) for name in names[:_MOST_ROWS])
    return Breakdown(kind, rows, len(names) - len(rows), describe_missed(kind, missed), ticks_of(_WHOLE, most=4))


def _place(
    name: str, count: int, value: float, results: Sequence[ConfigurationResult], figures: Figures
) -> BreakdownRow:
    best = max(results, key=lambda each: figures(each).get(name, 0.0))
    dots = dict.fromkeys(_WHOLE.place(figures(each).get(name, 0.0)) for each in results)
    highest = f"{figures(best).get(name, 0.0):.3f}"
    return BreakdownRow(name, count, f"{value:.3f}", _WHOLE.place(value), tuple(dots), highest, best.name)
