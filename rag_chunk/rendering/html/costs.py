"""Recall against the number of chunks, with the configurations that none beats for less."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag_chunk.analysis.pareto import pareto_front
from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult
from rag_chunk.corpus.arrays import Floats
from rag_chunk.rendering.columns import format_metric
from rag_chunk.rendering.html.labels import Corner, place_labels
from rag_chunk.rendering.html.scale import Scale, Tick, down, scale_around, ticks_of

COSTS = ("num_chunks", "index_ratio", "context_size")


@dataclass(frozen=True, slots=True)
class Cost:
    """One configuration: its number of chunks, and its recall; those on the front have a place in the list.

    `label` is where that place has room beside the dot; nothing where it has none, and only the list has it.
    """

    number: int
    name: str
    across: float
    down: float
    place: int | None
    cells: tuple[str, ...]
    label: Corner | None


@dataclass(frozen=True, slots=True)
class Costs:
    """Recall against the number of chunks. `steps` are the corners of the most recall for at most so many."""

    points: tuple[Cost, ...]
    front: tuple[Cost, ...]
    steps: tuple[tuple[float, float], ...]
    across: tuple[Tick, ...]
    ticks: tuple[Tick, ...]

    @property
    def segments(self) -> Iterable[tuple[tuple[float, float], tuple[float, float]]]:
        """The pieces between neighbouring corners."""
        return pairwise(self.steps)


def costs_of(
    comparison: ComparisonResult, results: Sequence[ConfigurationResult], numbers: Mapping[str, int]
) -> Costs | None:
    """Lay out recall against the number of chunks, each a vector that is paid for; nothing for a single configuration."""
    if len(results) == 1:
        return None
    sizes = np.array([each.metrics["num_chunks"] for each in results])
    recalls = np.array([each.metrics[comparison.metric] for each in results])
    across, up = scale_around(sizes.tolist(), least=1.0), scale_around(recalls.tolist(), least=0.05)
    on_front = sorted((each for each in results if each.name in comparison.pareto), key=_size)
    places = {each.name: place for place, each in enumerate(on_front, 1)}
    dots = [
        (across.place(size), 100 - up.place(recall))
        for size, recall in zip(sizes.tolist(), recalls.tolist(), strict=True)
    ]
    rows = {each.name: row for row, each in enumerate(results)}
    labels = place_labels(dots, {rows[name]: str(place) for name, place in places.items()})
    points = [
        Cost(
            numbers[each.name],
            each.name,
            *dots[row],
            places.get(each.name),
            tuple(format_metric(name, each.metrics[name]) for name in (comparison.metric, *COSTS)),
            labels.get(row),
        )
        for row, each in enumerate(results)
    ]
    by_place = sorted((point for point in points if point.place), key=lambda point: point.place or 0)
    return Costs(
        tuple(sorted(points, key=lambda point: point.place is not None)),
        tuple(by_place),
        tuple(_steps(sizes, recalls, across, up)),
        ticks_of(across, most=4),
        down(ticks_of(up)),
    )


def _size(result: ConfigurationResult) -> tuple[float, float]:
    return result.metrics["num_chunks"], result.metrics["context_size"]


def _steps(sizes: Floats, recalls: Floats, across: Scale, up: Scale) -> Iterable[tuple[float, float]]:
    front = sorted(pareto_front(recalls, sizes[:, None]), key=lambda row: (sizes[row], recalls[row]))
    height = 100.0
    for row in front:
        at, top = across.place(sizes[row]), 100 - up.place(recalls[row])
        yield from ((at, height), (at, top))
        height = top
    yield 100.0, height
