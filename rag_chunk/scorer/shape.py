"""What chunks are like, apart from any question: how many, how large, how much of the corpus they hold."""

from collections import Counter
from dataclasses import dataclass

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Positions, opens, percentiles, union
from rag_chunk.corpus.units import units_of
from rag_chunk.retriever.indexed import texts_before

TINY = 20
PERCENTILES = (5, 50, 95)


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """What is measured of chunks apart from any question; those of several shards add up.

    `sizes` [chunks] in units. `duplicates` are chunks with the text of one before. Of the corpus there are `units`, and
    `non_whitespace` characters that are no white space, of which chunks hold `held`; `units_before` are indexed before
    chunks' own texts.
    """

    sizes: Positions
    duplicates: int
    units: int
    units_before: int
    non_whitespace: int
    held: int


def measure_shape(chunking: Chunking, config: RunConfig) -> Shape:
    """Measure chunks apart from any question; sizes are in the configuration's unit."""
    corpus = chunking.corpus
    ends = np.array(chunking.extent or (0, len(corpus)), np.int64)
    return Shape(
        sizes=chunking.sizes,
        duplicates=_count_duplicates(chunking),
        units=int(np.diff(np.searchsorted(chunking.units.starts, ends))[0]),
        units_before=_count_before(chunking, config),
        non_whitespace=int(np.diff(corpus.non_whitespace_before(ends))[0]),
        held=int(corpus.non_whitespace_lengths(union(chunking.spans)).sum()),
    )


def shape_metrics(chunking: Chunking, config: RunConfig) -> dict[str, float]:
    """Return the metrics that need no question. Sizes are in the configuration's unit, coverage without white space."""
    return metrics_of_shape(measure_shape(chunking, config), config)


def metrics_of_shape(shape: Shape, config: RunConfig) -> dict[str, float]:
    """Return the metrics that need no question, of what was measured of chunks."""
    sizes = shape.sizes
    some = sizes if len(sizes) else np.zeros(1, np.int64)
    low, middle, high = percentiles(some, PERCENTILES)
    return {
        "num_chunks": float(len(sizes)),
        "chunk_size_p5": low,
        "chunk_size_p50": middle,
        "chunk_size_p95": high,
        "chunk_size_max": float(some.max()),
        "share_tiny": float((sizes < TINY).sum() / len(some)),
        "share_over_limit": float((sizes > config.chunk_size).sum() / len(some)),
        "coverage": shape.held / shape.non_whitespace if shape.non_whitespace else 1.0,
        "duplicates": float(shape.duplicates),
        "index_ratio": float((sizes.sum() + shape.units_before) / max(1, shape.units)),
    }


def _count_before(chunking: Chunking, config: RunConfig) -> int:
    """Return how many units are indexed before the chunks' own texts: their titles and contexts."""
    if not config.indexes_more:
        return 0
    counts = Counter(filter(None, texts_before(chunking, config)))
    if not counts:
        return 0
    lines = Corpus(Document(f"{number:08}", line) for number, line in enumerate(counts))
    sizes = (
        units_of(lines, config.unit, config.model).count(np.column_stack([lines.starts[:-1], lines.starts[1:]])).sizes
    )
    return int((sizes * np.array(list(counts.values()), np.int64)).sum())


def _count_duplicates(chunking: Chunking) -> int:
    """Return how many chunks have the text of one before. Texts of different lengths are not compared."""
    spans = chunking.spans
    lengths, inked = spans[:, 1] - spans[:, 0], chunking.corpus.non_whitespace_lengths(spans)
    order = np.lexsort((inked, lengths))
    is_first = opens(lengths[order], inked[order]) if len(order) else np.zeros(0, bool)
    alike = order[~(is_first & np.append(is_first[1:], True))]
    return len(alike) - len(set(chunking.corpus.texts(spans[alike])))
