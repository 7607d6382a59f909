"""Hybrid retrieval: bm25 and dense together, by reciprocal rank fusion (Cormack, Clarke & Büttcher 2009).

    score(q, c) = sum over bm25 and dense of  1 / (60 + rank of c)    for the first 50 of each

A chunk without a term of the question has no rank in bm25. What is among the first 50 of neither follows in the order
of dense, so that every chunk has a place.
"""

from collections.abc import Sequence

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.bm25 import Bm25, bm25
from rag_chunk.retriever.dense import Dense, dense
from rag_chunk.retriever.order import ScoredRows

K = 60
DEPTH = 50


class Hybrid:
    """The two indexes of one corpus."""

    def __init__(self, lexical: Bm25, semantic: Dense) -> None:
        """Remember both."""
        self._lexical, self._semantic = lexical, semantic

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first, ties in order: int64 [questions, depth]."""
        depth = min(depth, len(chunking))
        lexical = self._lexical.best(chunking, questions, DEPTH)
        semantic = self._semantic.rank(chunking, questions, max(depth, DEPTH))
        return fuse(lexical, semantic, depth)


def fuse(lexical: ScoredRows, semantic: Ranking, depth: int) -> Ranking:
    """Fuse two rankings: int64 [questions, at most depth], -1 at the end of shorter rows.

    A chunk in `lexical` that scores 0 has no rank there. Those among the first 50 of either may come again later in `semantic`.
    """
    fused = [_fuse(best[scores > 0], row, depth) for best, scores, row in zip(*lexical, semantic, strict=True)]
    longest = max(map(len, fused), default=0)
    rows = [np.pad(row, (0, longest - len(row)), constant_values=-1) for row in fused]
    return np.array(rows, np.int64).reshape(len(fused), longest)


def _fuse(matches: Positions, semantic: Positions, depth: int) -> Positions:
    """Return the first `depth` chunks of one question; `matches` are the best by words."""
    head = np.concatenate([matches, semantic[:DEPTH]])
    ranks = np.concatenate([np.arange(len(matches)), np.arange(len(semantic[:DEPTH]))])
    chunks, place = np.unique(head, return_inverse=True)
    scores = np.bincount(place, 1 / (K + 1 + ranks), minlength=len(chunks))
    first = chunks[np.argsort(-scores, kind="stable")]
    rest = semantic[DEPTH:]
    return np.concatenate([first, rest[~np.isin(rest, first)]])[:depth]


def hybrid(corpus: Corpus, config: RunConfig) -> Hybrid:
    """Return both indexes of `corpus`, each made once."""
    return Hybrid(bm25(corpus, config), dense(corpus, config))
