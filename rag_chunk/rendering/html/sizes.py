"""How large the chunks of each configuration are: a histogram each, over one logarithmic scale of characters."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.chunker import Chunking
from rag_chunk.corpus.arrays import Positions
from rag_chunk.rendering.html.scale import Scale, Tick, ticks_of

_BINS = 60
_QUANTILES = (5, 50, 95)


@dataclass(frozen=True, slots=True)
class Sizes:
    """One configuration: its histogram as a path of 100 by 1, and its quantiles in characters."""

    number: int
    name: str
    path: str
    count: str
    quantiles: tuple[str, ...]
    median: float


@dataclass(frozen=True, slots=True)
class Distributions:
    """All configurations over one scale of characters."""

    rows: tuple[Sizes, ...]
    ticks: tuple[Tick, ...]


def distributions_of(
    results: Sequence[ConfigurationResult], chunkings: Mapping[str, Chunking], numbers: Mapping[str, int]
) -> Distributions | None:
    """Lay out the sizes of all chunks; nothing where there are none."""
    sizes = {each.name: _characters(chunkings[each.name]) for each in results if len(chunkings[each.name])}
    if not sizes:
        return None
    low, high = min(int(each.min()) for each in sizes.values()), max(int(each.max()) for each in sizes.values())
    scale = Scale(max(low, 1) * 0.9, max(high, low + 1) * 1.1, log=True)
    rows = tuple(_row(numbers[name], name, each, scale) for name, each in sizes.items())
    return Distributions(rows, ticks_of(scale))


def _characters(chunking: Chunking) -> Positions:
    lengths: Positions = np.maximum(chunking.spans[:, 1] - chunking.spans[:, 0], 1)
    return lengths


def _row(number: int, name: str, sizes: Positions, scale: Scale) -> Sizes:
    borders = np.geomspace(scale.low, scale.high, _BINS + 1)
    counts, _ = np.histogram(sizes, borders)
    quantiles = np.percentile(sizes, _QUANTILES)
    shown = (*quantiles.tolist(), int(sizes.max()))
    return Sizes(
        number,
        name,
        _path((counts / counts.max()).tolist()),
        f"{len(sizes):,}",
        tuple(f"{value:,.0f}" for value in shown),
        scale.place(float(quantiles[1])),
    )


def _path(heights: Sequence[float]) -> str:
    """Return the outline of bars [bins] of at most 1, on a ground of 100 by 1."""
    width = 100 / len(heights)
    bars = [f"M{place * width:.4g} 1V{1 - height:.3g}h{width:.4g}V1z" for place, height in enumerate(heights) if height]
    return "".join(bars)
