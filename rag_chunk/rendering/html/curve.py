"""The budget curve: recall against characters of context, laid out in percent of its plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.rendering.html.scale import Scale, Tick, down, scale_around, ticks_of
from rag_chunk.scorer import CURVE

_MOST_NAMED = 6  # curves that have a colour


@dataclass(frozen=True, slots=True)
class Line:
    """One configuration's curve: its points, and its place among those with a colour; `None` for the grey ones."""

    number: int
    name: str
    points: tuple[tuple[float, float], ...]
    values: tuple[str, ...]
    colour: int | None
    why: str

    @property
    def segments(self) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
        """The pieces between neighbouring points."""
        return pairwise(self.points)


@dataclass(frozen=True, slots=True)
class Curve:
    """Recall against the characters of context, a line a configuration; the grey ones first, so that none hides."""

    lines: tuple[Line, ...]
    named: tuple[Line, ...]
    budgets: tuple[Tick, ...]
    ticks: tuple[Tick, ...]


def curve_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> Curve | None:
    """Lay out the budget curves; nothing where a report has none."""
    keys = [f"{comparison.metric}_{budget}" for budget in CURVE]
    if not all(key in each.metrics for each in results for key in keys):
        return None
    across = Scale(CURVE[0], CURVE[-1], log=True)
    up = scale_around([each.metrics[key] for each in results for key in keys])
    reasons = _reasons(comparison) if len(results) > 1 else {comparison.representative: ""}
    colours = {name: place for place, name in enumerate(reasons)}
    lines = [
        Line(
            numbers[each.name],
            each.name,
            tuple(
                (across.place(budget), 100 - up.place(each.metrics[key]))
                for budget, key in zip(CURVE, keys, strict=True)
            ),
            tuple(f"{each.metrics[key]:.3f}" for key in keys),
            colours.get(each.name),
            reasons.get(each.name, ""),
        )
        for each in results
    ]
    named = sorted((line for line in lines if line.colour is not None), key=lambda line: line.colour or 0)
    return Curve(
        (*(line for line in lines if line.colour is None), *reversed(named)),
        tuple(named),
        tuple(Tick(across.place(budget), f"{budget:,}") for budget in CURVE),
        down(ticks_of(up)),
    )


def _reasons(comparison: ComparisonResult) -> dict[str, str]:
    """Return the curves that have a colour, and why: the recommended, the leader, and who leads at other budgets."""
    reasons: dict[str, list[str]] = {comparison.recommended: ["recommended"]} if comparison.recommended else {}
    highest: dict[str, list[str]] = {}
    reasons.setdefault(comparison.leader, []).append("leader")
    if comparison.baseline:
        reasons.setdefault(comparison.baseline.name, []).append("baseline")
    for key, name in comparison.leaders.items():
        highest.setdefault(name, []).append(f"{int(key.rsplit('_', 1)[1]):,}")
    for name, budgets in highest.items():
        reasons.setdefault(name, []).append(f"highest at {' · '.join(budgets)}")
    return {name: ", ".join(why) for name, why in list(reasons.items())[:_MOST_NAMED]}
