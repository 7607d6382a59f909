"""Where recall is lost: a bar for each configuration, one part a cause."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.rendering.html.scale import Scale, Tick, ticks_of
from rag_chunk.scorer.losses import CAUSES

_MOST_FIRST = 12  # rows that are there before more are asked for
LABELS = {
    "lost_cut": "cut by the budget",
    "lost_split": "a border left a piece only",
    "lost_ranked_low": "ranked too low in its document",
    "lost_other_documents": "nothing of its document",
    "lost_outside_chunks": "in no chunk",
}


@dataclass(frozen=True, slots=True)
class LossPart:
    """One cause in a bar: which colour, where it begins and how wide it is, in percent, and its words."""

    colour: int
    at: float
    width: float
    text: str


@dataclass(frozen=True, slots=True)
class LossRow:
    """One configuration: what is missing of its recall, in points, and by which causes."""

    number: int
    name: str
    missing: str
    parts: tuple[LossPart, ...]
    is_first: bool


@dataclass(frozen=True, slots=True)
class LossBars:
    """The rows of all configurations, the axis, and the causes that occur, with their colours."""

    rows: tuple[LossRow, ...]
    ticks: tuple[Tick, ...]
    causes: Mapping[int, str]


def loss_bars_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> LossBars | None:
    """Lay out the bars; nothing where the causes were not measured, or no recall is missing."""
    missing = [1 - each.metrics[comparison.metric] for each in results]
    if any(name not in each.metrics for each in results for name in CAUSES) or max(missing) <= 0:
        return None
    scale = Scale(0.0, 100 * max(missing))
    rows = tuple(
        LossRow(numbers[each.name], each.name, f"{100 * lost:.1f}", _parts(each, scale), is_first=place < _MOST_FIRST)
        for place, (each, lost) in enumerate(zip(results, missing, strict=True))
    )
    seen = {part.colour for row in rows for part in row.parts}
    causes = {colour: LABELS[name] for colour, name in enumerate(CAUSES) if colour in seen}
    return LossBars(rows, ticks_of(scale, most=4), causes)


def _parts(result: ConfigurationResult, scale: Scale) -> tuple[LossPart, ...]:
    parts, at = [], 0.0
    for colour, name in enumerate(CAUSES):
        points = 100 * result.metrics[name]
        width = scale.place(at + points) - scale.place(at)
        if width > 0:
            parts.append(LossPart(colour, scale.place(at), width, f"{LABELS[name]}: {points:.1f} points"))
        at += points
    return tuple(parts)
