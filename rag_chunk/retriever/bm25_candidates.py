"""The chunks of a part of a corpus that can be among the best by BM25 once the statistics of all parts are known.

From some parts one guesses the statistics of all, and which score the last of the best chunks has. Any other part keeps the
counts of its chunks that come near it, and of the rest how well they score at most. With the statistics of all parts this
gives a bound on the scores of the rest: where the best of all parts are above it, they are exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, Positions
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.bm25 import best_of_part, weigh
from rag_chunk.retriever.order import ScoredRows, merge_best
from rag_chunk.retriever.term_counts import CollectionStatistics, TermCounts

_ROUNDING = 1 + 1e-9  # far above the error of a sum of scores
_NEAR = 0.85  # of the score that is guessed: what is below is no candidate
_MOST = 3  # times the depth, candidates of a part for a question


@dataclass(frozen=True, slots=True, eq=False)
class RankingGuess:
    """What is known of the best `depth` chunks before all parts are counted.

    `statistics` are guessed, and `lowest` [questions] scores that the last of the best chunks is likely to reach.
    """

    statistics: CollectionStatistics
    lowest: Floats
    depth: int


def guess_ranking(parts: Sequence[TermCounts], share: float, depth: int) -> RankingGuess:
    """Guess from some parts, which are this share of all, how the best `depth` chunks of all parts score."""
    first, *others = (each.statistics for each in parts)
    statistics = sum(others, first).scale(1 / share)
    rows, scores = merge_best([best_of_part(each, statistics, depth) for each in parts], depth)
    lowest = scores[:, -1] if rows.shape[1] == depth else np.zeros(len(scores))
    return RankingGuess(statistics, lowest, depth)


@dataclass(frozen=True, slots=True, eq=False)
class CandidateCounts:
    """Counts of the chunks of a part that are likely to be among the best, and how well its other chunks score at most.

    `counts` are those of the chunks in the sorted `rows`, of which `kept` [questions] are the candidates of a question. Any
    other chunk scores by the guessed `statistics` at most `highest` [questions] in all, and at most `highest_of_terms` by
    each term of the questions, in the order of `counts.terms`. `chunks` are all chunks of the part.
    """

    counts: TermCounts
    rows: Positions
    kept: Positions
    chunks: int
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
        is_whole = self.kept == self.chunks
        if is_whole.all() or scores.shape[1] < depth:
            return bool(is_whole.all())
        last, bounds = scores[:, -1], self._bounds(statistics)
        # Chunks without a common term are ranked in their order, and the first ones of these are kept.
        in_order = (bounds == 0) & (last == 0) & (depth <= self.kept)
        return bool((is_whole | in_order | (bounds * _ROUNDING < last)).all())

    def _bounds(self, statistics: CollectionStatistics) -> Floats:
        """Return how well chunks that are no candidates score at most by the statistics of all parts: [questions].

        With other statistics, what a term adds is multiplied by the ratio of its inverse frequencies, and at most by that
        of the mean lengths. What a chunk has scored in all is given to the terms with the greatest ratios first, to each
        at most what it has added to any chunk.
        """
        counts, guess = self.counts, self.statistics
        # In the example of two questions with terms [0, 1] and [2], the rows of `places` are [0, 1] and [2, -1].
        lengths = np.diff(counts.borders)
        columns = np.arange(int(lengths.max(initial=0)))
        places = np.where(columns < lengths[:, None], counts.borders[:-1, None] + columns, -1)
        growth = (statistics.inverse_frequencies / guess.inverse_frequencies)[counts.terms]
        growth, most = (np.append(values, 0.0)[places] for values in (growth, self.highest_of_terms))
        order = np.argsort(-growth, axis=1)
        growth, most = np.take_along_axis(growth, order, axis=1), np.take_along_axis(most, order, axis=1)
        left = self.highest[:, None] - (np.cumsum(most, axis=1) - most)
        bounds: Floats = (growth * np.clip(left, 0, most)).sum(axis=1)
        return bounds * max(1.0, statistics.mean_length / guess.mean_length) if bounds.any() else bounds


def keep_candidates(counts: TermCounts, guess: RankingGuess) -> CandidateCounts:
    """Keep the counts of the chunks that score for a question nearly as well as the last of the best is guessed to."""
    chunks = len(counts.lengths)
    best, scores = best_of_part(counts, guess.statistics, _MOST * guess.depth)
    of_part = scores[:, guess.depth - 1] if chunks >= guess.depth else np.zeros(len(scores))
    is_candidate = scores >= _NEAR * np.maximum(guess.lowest, of_part)[:, None]
    kept = is_candidate.sum(axis=1)
    # The best that is no candidate; where all that were looked at are candidates, the last of these is above the others.
    following = np.minimum(kept, max(best.shape[1] - 1, 0))[:, None]
    highest = np.take_along_axis(scores, following, axis=1)[:, 0] if chunks else np.zeros(len(scores))
    is_kept, highest_of_terms = _divide_postings(counts, guess.statistics, best, is_candidate)
    rows = np.unique(best[is_candidate])
    of_rows = counts.of_postings(is_kept).of_chunks(rows).compact()
    return CandidateCounts(of_rows, rows, kept, chunks, guess.statistics, highest, highest_of_terms)


def _divide_postings(
    counts: TermCounts, statistics: CollectionStatistics, best: Ranking, is_candidate: Floats
) -> tuple[Bools, Floats]:
    """Return which postings are of a candidate, and the most that each term of the questions adds to any other chunk."""
    postings = weigh(counts, statistics)
    is_kept, highest = np.zeros(len(counts.number), bool), np.zeros(len(counts.terms))
    is_best = np.zeros(len(counts.lengths), bool)
    for row, (first, end) in enumerate(pairwise(counts.borders.tolist())):
        candidates = best[row][is_candidate[row]]
        is_best[candidates] = True
        for place in range(first, end):
            here = postings.of_term(int(counts.terms[place]))
            is_of_best = is_best[counts.chunk[here]]
            is_kept[here] |= is_of_best
            highest[place] = postings.weights[here][~is_of_best].max(initial=0)
        is_best[candidates] = False
    return is_kept, highest
