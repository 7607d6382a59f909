"""Which size? The headline against the chunk size, a line for each way of chunking that was run in several sizes."""

from collections.abc import Sequence
from dataclasses import dataclass

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.config import RunConfig
from rag_chunk.config.names import is_external

MOST_LINES = 6  # those with the highest means have a colour or a letter; more would hide each other
_ALONG = ("strategy", "chunk_size", "overlap", "smallest_size")  # that a line has in its name, or follow from the size


@dataclass(frozen=True, slots=True)
class SizePoint:
    """One configuration on a line: its size in units, its mean and the interval of that, where it has one."""

    size: int
    mean: float
    interval: tuple[float, float] | None
    name: str


@dataclass(frozen=True, slots=True)
class SizeLine:
    """Configurations that differ in their size alone, smallest first."""

    label: str
    points: tuple[SizePoint, ...]

    @property
    def highest(self) -> float:
        """The highest mean on the line."""
        return max(point.mean for point in self.points)


def size_lines(comparison: ComparisonResult, results: Sequence[ConfigurationResult]) -> tuple[SizeLine, ...]:
    """Return the lines of several sizes, the highest first; nothing where the sizes do not vary."""
    made = [each for each in results if not is_external(each.config.strategy)]
    varying = [name for name in RunConfig.model_fields if len({str(getattr(each.config, name)) for each in made}) > 1]
    by_label: dict[str, dict[int, SizePoint]] = {}
    for each in made:
        points = by_label.setdefault(_label(each.config, varying), {})
        point = SizePoint(
            each.config.chunk_size,
            each.metrics[comparison.metric],
            each.intervals.get(comparison.metric),
            each.name,
        )
        points.setdefault(point.size, point)
    lines = [
        SizeLine(label, tuple(points[size] for size in sorted(points)))
        for label, points in by_label.items()
        if len(points) > 1
    ]
    return tuple(sorted(lines, key=lambda line: (-line.highest, line.label)))


def _label(config: RunConfig, varying: Sequence[str]) -> str:
    """Return what all configurations of a line share, of what varies: `header, overlap 0, index_headings`."""
    usual = RunConfig(chunk_size=config.chunk_size).overlap
    overlaps = config.applies("overlap") and "overlap" in varying and config.overlap != usual
    others = [name for name in varying if name not in _ALONG and config.applies(name)]
    values = {name: getattr(config, name) for name in others}
    named = [
        name if value is True else f"{name} {value}" for name, value in values.items() if value not in (False, None, ())
    ]
    return ", ".join([config.strategy, *([f"overlap {config.overlap}"] if overlaps else []), *named])
