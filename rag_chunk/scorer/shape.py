"""What chunks are like, apart from any question: how many, how large, how much of the corpus they hold."""

from collections.abc import Iterator

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import union

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
        "duplicates": float(len(sizes) - len(set(_texts(chunking)))),
        "index_ratio": float(sizes.sum() / max(1, units)),
    }


def _texts(chunking: Chunking) -> Iterator[str]:
    """Yield the text of each chunk, document by document."""
    corpus = chunking.corpus
    index = corpus.documents_at(chunking.spans[:, 0])
    inner = (chunking.spans - corpus.starts[index][:, None]).tolist()
    for number, (start, end) in zip(index.tolist(), inner, strict=True):
        yield corpus.documents[number].text[start:end]
