"""What chunks are like, apart from any question: how many, how large, how much of the corpus they hold."""

from collections import Counter

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import opens, union
from rag_chunk.corpus.units import units_of
from rag_chunk.retriever.indexed import texts_before

TINY = 20
PERCENTILES = (5, 50, 95)


def shape_metrics(chunking: Chunking, config: RunConfig) -> dict[str, float]:
    """Return the metrics that need no question. Sizes are in the configuration's unit, coverage without white space."""
    corpus, sizes = chunking.corpus, chunking.sizes
    some = sizes if len(sizes) else np.zeros(1, np.int64)
    low, middle, high = np.percentile(some, PERCENTILES).tolist()
    start, end = chunking.extent or (0, len(corpus))
    non_whitespace = int(np.diff(corpus.non_whitespace_before(np.array([start, end])))[0])
    units = int(np.diff(np.searchsorted(chunking.units.starts, [start, end]))[0])
    held = int(corpus.non_whitespace_lengths(union(chunking.spans)).sum())
    return {
        "num_chunks": float(len(sizes)),
        "chunk_size_p5": low,
        "chunk_size_p50": middle,
        "chunk_size_p95": high,
        "chunk_size_max": float(some.max()),
        "share_tiny": float((sizes < TINY).sum() / len(some)),
        "share_over_limit": float((sizes > config.chunk_size).sum() / len(some)),
        "coverage": held / non_whitespace if non_whitespace else 1.0,
        "duplicates": float(_count_duplicates(chunking)),
        "index_ratio": float((sizes.sum() + _count_before(chunking, config)) / max(1, units)),
    }


def _count_before(chunking: Chunking, config: RunConfig) -> int:
    """Return how many units are indexed before the chunks' own texts: their titles and contexts."""
    if not config.indexes_more:
        return 0
    counts = Counter(texts_before(chunking, config))
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
