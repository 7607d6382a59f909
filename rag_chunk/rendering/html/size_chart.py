"""Which size? Recall against the chunk size, laid out in percent of its plot."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.rendering.html.scale import Scale, Tick, down, scale_around, ticks_of
from rag_chunk.rendering.size_lines import MOST_LINES, SizeLine, SizePoint, size_lines

_ROOM = 1.07  # beside the smallest and the largest size, as a factor
_CLOSEST = 6.0  # percent between the texts of two sizes
_CLOSEST_ON_A_PHONE = 12.0


@dataclass(frozen=True, slots=True)
class PlacedSize:
    """One configuration: where it is, in percent from the left and the top, and its interval there."""

    number: int
    name: str
    size: str
    value: str
    interval: str
    at: float
    down: float
    low: float | None
    high: float | None
    is_taken: bool


@dataclass(frozen=True, slots=True)
class PlacedLine:
    """One way of chunking, with its place among those with a colour; `None` for the grey ones."""

    label: str
    points: tuple[PlacedSize, ...]
    best: PlacedSize
    colour: int | None

    @property
    def segments(self) -> Iterable[tuple[PlacedSize, PlacedSize]]:
        """The pieces between neighbouring points."""
        return pairwise(self.points)


@dataclass(frozen=True, slots=True)
class SizeChart:
    """Recall against the chunk size; the grey lines first, so that none hides. `taken` is recommended.

    `few_sizes` are those of the `sizes` that a narrow page has room for.
    """

    lines: tuple[PlacedLine, ...]
    named: tuple[PlacedLine, ...]
    sizes: tuple[Tick, ...]
    few_sizes: tuple[Tick, ...]
    ticks: tuple[Tick, ...]
    unit: str
    context: str
    taken: str


def size_chart_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> SizeChart | None:
    """Lay out the lines; nothing where the sizes do not vary."""
    lines = size_lines(comparison, results)
    if not lines:
        return None
    points = [point for line in lines for point in line.points]
    sizes = sorted({point.size for point in points})
    across = Scale(sizes[0] / _ROOM, sizes[-1] * _ROOM, log=True)
    named = [point for line in lines[:MOST_LINES] for point in line.points]
    up = scale_around([*(point.mean for point in points), *(end for point in named for end in point.interval or ())])
    taken = comparison.recommended or ""
    placed = [
        _place(line, colour if colour < MOST_LINES else None, (across, up), numbers, taken)
        for colour, line in enumerate(lines)
    ]
    coloured = [line for line in placed if line.colour is not None]
    configs = [each.config for each in results]
    return SizeChart(
        lines=(*(line for line in placed if line.colour is None), *reversed(coloured)),
        named=tuple(coloured),
        sizes=_texts(across, sizes, _CLOSEST),
        few_sizes=_texts(across, sizes, _CLOSEST_ON_A_PHONE),
        ticks=down(ticks_of(up)),
        unit=" or ".join(dict.fromkeys(config.unit for config in configs)),
        context=" or ".join(dict.fromkeys(config.budget_text for config in configs)),
        taken=taken if any(point.name == taken for point in named) else "",
    )


def _place(
    line: SizeLine, colour: int | None, scales: tuple[Scale, Scale], numbers: Mapping[str, int], taken: str
) -> PlacedLine:
    points = tuple(_place_point(point, scales, numbers, taken) for point in line.points)
    best = max(range(len(points)), key=lambda place: line.points[place].mean)
    return PlacedLine(line.label, points, points[best], colour)


def _place_point(point: SizePoint, scales: tuple[Scale, Scale], numbers: Mapping[str, int], taken: str) -> PlacedSize:
    across, up = scales
    ends = point.interval
    return PlacedSize(
        number=numbers[point.name],
        name=point.name,
        size=f"{point.size:,}",
        value=f"{point.mean:.3f}",
        interval=f" ({ends[0]:.3f} to {ends[1]:.3f})" if ends else "",
        at=across.place(point.size),
        down=100 - up.place(point.mean),
        low=100 - up.place(ends[0]) if ends else None,
        high=100 - up.place(ends[1]) if ends else None,
        is_taken=point.name == taken,
    )


def _texts(across: Scale, sizes: Sequence[int], closest: float) -> tuple[Tick, ...]:
    """Return a text for each size, but for those that would run into the one before."""
    ticks: list[Tick] = []
    for size in sizes:
        at = across.place(size)
        if not ticks or at - ticks[-1].at >= closest:
            ticks.append(Tick(at, f"{size:,}"))
    return tuple(ticks)
