"""The chunks of a part of a corpus that can be among the best by BM25 once the statistics of all parts are known.

A part keeps the counts of its best chunks by its own statistics, and of the others how well they score at most. With the
statistics of all parts this gives a bound on the others' scores: if the best of all parts are above it, they are exact.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.retriever.bm25 import CollectionStatistics, TermCounts, best_of_part, weigh
from rag_chunk.retriever.order import ScoredRows

_ROUNDING = 1 + 1e-9  # far above the error of a sum of scores


@dataclass(frozen=True, slots=True, eq=False)
class CandidateCounts:
    """Counts of the best chunks of a part for each question, and how well its other chunks score at most.

    `counts` are those of the chunks in the sorted `rows`. By the part's own `statistics`, `depth` chunks are kept for each
    question; any other chunk scores at most `highest` [questions] in all, and at most `highest_of_terms` by each term of
    the questions, in the order of `counts.terms`.
    """

    counts: TermCounts
    rows: Positions
    depth: int
    statistics: CollectionStatistics
    highest: Floats
    highest_of_terms: Floats

    def best(self, statistics: CollectionStatistics, depth: int) -> ScoredRows:
        """Return the best candidates for each question, and their scores: [questions, at most depth] each."""
        rows, scores = best_of_part(self.counts, statistics, depth)
        return self.rows[rows], scores

    def are_enough(self, statistics: CollectionStatistics, depth: int, scores: Floats) -> bool:
        """Whether no other chunk of the part can be among the best `depth` of all parts, which have these `scores`.

        `scores` is [questions, at most depth], of the candidates of all parts.
        """
        if self.depth >= self.statistics.chunks:
            return True
        if scores.shape[1] < depth:
            return False
        last, bounds = scores[:, -1], self._bounds(statistics)
        # Chunks without a common term are ranked in their order, and the first ones of these are kept.
        in_order = (bounds == 0) & (last == 0) & (depth <= self.depth)
        return bool(((bounds * _ROUNDING < last) | in_order).all())

    def _bounds(self, statistics: CollectionStatistics) -> Floats:
        """Return how well chunks that are no candidates score at most by the statistics of all parts: [questions].

        With other statistics, what a term adds is multiplied by the ratio of its inverse frequencies, and at most by that
        of the mean lengths. What a chunk has scored in all is given to the terms with the greatest ratios first, to each
        at most what it has added to any chunk.
        """
        counts, own = self.counts, self.statistics
        # In the example of two questions with terms [0, 1] and [2], the rows of `places` are [0, 1] and [2, -1].
        lengths = np.diff(counts.borders)
        columns = np.arange(int(lengths.max(initial=0)))
        places = np.where(columns < lengths[:, None], counts.borders[:-1, None] + columns, -1)
        growth = (statistics.inverse_frequencies / own.inverse_frequencies)[counts.terms]
        growth, most = (np.append(values, 0.0)[places] for values in (growth, self.highest_of_terms))
        order = np.argsort(-growth, axis=1)
        growth, most = np.take_along_axis(growth, order, axis=1), np.take_along_axis(most, order, axis=1)
        left = self.highest[:, None] - (np.cumsum(most, axis=1) - most)
        bounds: Floats = (growth * np.clip(left, 0, most)).sum(axis=1)
        return bounds * max(1.0, statistics.mean_length / own.mean_length) if bounds.any() else bounds


def keep_candidates(counts: TermCounts, depth: int) -> CandidateCounts:
    """Keep the counts of the best `depth` chunks for each question; all are kept where there are no more."""
    own = counts.statistics
    best, scores = best_of_part(counts, own, depth)
    rows = np.unique(best)
    nothing = np.zeros(len(counts.terms))
    if best.shape[1] == own.chunks:
        return CandidateCounts(counts.compact(), rows, depth, own, np.zeros(len(best)), nothing)
    weights, is_kept, highest_of_terms = weigh(counts, own), np.zeros(len(counts.number), bool), nothing
    is_best = np.zeros(own.chunks, bool)
    for row, (first, end) in enumerate(pairwise(counts.borders.tolist())):
        is_best[best[row]] = True
        for place in range(first, end):
            here = weights.of_term(int(counts.terms[place]))
            is_candidate = is_best[counts.chunk[here]]
            is_kept[here] |= is_candidate
            highest_of_terms[place] = weights.weights[here][~is_candidate].max(initial=0)
        is_best[best[row]] = False
    kept = counts.of_postings(is_kept).of_chunks(rows).compact()
    return CandidateCounts(kept, rows, depth, own, scores[:, -1].copy(), highest_of_terms)
