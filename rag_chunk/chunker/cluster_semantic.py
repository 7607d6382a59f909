"""`cluster-semantic`: the sentences of a document in clusters, such that those of a cluster are most alike altogether.

The objective is that of Smith & Troynikov's ClusterSemanticChunker (2024): the sum, over all pairs of sentences in one
chunk, of the cosine of their vectors less the mean cosine of all pairs of the document. A dynamic programme finds the
chunks of at most `chunk_size` units for which it is largest. Of equal ones the longer chunk comes first.
"""

import numpy as np

from rag_chunk.chunker.semantic import embed_groups, groups_of, measured_sentences, pack_between
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans
from rag_chunk.embedder import Vectors

_DECIMALS = 6  # of cosines, so that sums made in another order decide alike


def cluster_semantic(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut where that makes the clusters most alike; a sentence over `chunk_size` is cut as sentence does."""
    known = measured_sentences(corpus, config)
    lead, reach = known.counts.lead, known.counts.reach
    cuts = [
        first + cluster_starts(vectors, lead[first:last], reach[first:last], config.chunk_size)
        for (first, last), vectors in zip(groups_of(known.pieces), _vectors(corpus, config), strict=True)
    ]
    return pack_between(cuts, known, corpus, config)


def _vectors(corpus: Corpus, config: RunConfig) -> list[Vectors]:
    """Return the vectors of the sentences of each document, or part of one; made once for every size."""
    key = ("vectors of sentences", config.skip_blocks, config.embedding_model, config.embedding_url)
    return corpus.derive(list, lambda: list(embed_groups(corpus, config)), *key)


def cluster_starts(vectors: Vectors, lead: Positions, reach: Positions, limit: int) -> Positions:
    """Return the first sentence of each cluster but the first one: [clusters - 1], in order.

    >>> vectors = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    >>> cluster_starts(vectors, np.arange(4), np.arange(1, 5), 3).tolist()
    [2]
    """
    # `gains[i]` is what a chunk from sentence i to the current one is worth. With each further sentence, what it has in
    # common with all from i on is added: sums from the right of its cosines, less the mean. `best[j]` is the most that the
    # sentences before j can be worth, `opens[j]` where the last chunk of that begins.
    count = len(vectors)
    vectors64 = vectors.astype(np.float64)
    mean = _mean_cosine(vectors64)
    gains, best, opens = np.zeros(count), np.zeros(count + 1), np.zeros(count + 1, np.int64)
    low = 0
    for row in range(count):
        while low < row and reach[row] - lead[low] > limit:
            low += 1
        cosines = (vectors64[low:row] @ vectors64[row]).round(_DECIMALS) - mean
        gains[low:row] += np.cumsum(cosines[::-1])[::-1]
        worth = (best[low : row + 1] + gains[low : row + 1]).round(_DECIMALS)
        opens[row + 1] = low + int(worth.argmax())
        best[row + 1] = worth.max()
    return _walk_back(opens)


def _mean_cosine(vectors: Floats) -> float:
    """Return the mean cosine of all pairs: the square of the sum less that of each with itself, halved."""
    count = len(vectors)
    both = float((vectors.sum(axis=0) ** 2).sum() - (vectors**2).sum())
    return round(both / max(1, count * (count - 1)), _DECIMALS)


def _walk_back(opens: Positions) -> Positions:
    starts, place = list[int](), len(opens) - 1
    while place > 0:
        place = int(opens[place])
        starts.append(place)
    return np.array(starts[-2::-1], np.int64)
