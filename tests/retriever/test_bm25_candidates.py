"""The candidates of parts of a corpus rank as all its chunks do, wherever they say that they are enough."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_chunk.retriever.bm25 import best_of_part
from rag_chunk.retriever.bm25_candidates import guess_ranking, keep_candidates
from rag_chunk.retriever.order import ScoredRows, merge_best
from rag_chunk.retriever.term_counts import TermCounts

TERMS = 6


def counts_of(frequencies: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", lengths: list[int]) -> TermCounts:
    """Return the counts of chunks with these `frequencies` [chunks, terms], for three questions."""
    number, chunk = np.nonzero(frequencies.T)
    terms = np.array([0, 1, 2, 3, 3, 4, 5])
    borders = np.array([0, 3, 6, 7])
    return TermCounts(number, chunk, frequencies[chunk, number], np.array(lengths), terms, borders, TERMS)


def random_parts(seed: int, parts: int, chunks: int, spread: int, *, are_alike: bool = False) -> list[TermCounts]:
    """Return the counts of parts in which terms are common to different degrees, and chunks of different length.

    Where parts `are_alike`, a term is as common in each.
    """
    chance = np.random.default_rng(seed)
    counts, shares, longest = [], chance.random(TERMS) ** 2, 2 * spread
    for _ in range(parts):
        if not are_alike:
            shares, longest = chance.random(TERMS) ** 2, spread * int(chance.integers(1, 4))
        frequencies = chance.poisson(shares, (chunks, TERMS))
        others = chance.integers(0, longest, chunks)
        counts.append(counts_of(frequencies, (frequencies.sum(axis=1) + others + 1).tolist()))
    return counts


def at(first: int, scored: ScoredRows) -> ScoredRows:
    """Move the rows of a part to where its first chunk is."""
    return scored[0] + first, scored[1]


@given(
    st.tuples(st.integers(0, 2**32), st.integers(1, 5), st.integers(1, 12), st.sampled_from([1, 5, 50])),
    st.booleans(),
    st.integers(1, 60),
    st.integers(1, 12),
)
@example((2, 3, 7, 1), False, 1, 1)
@example((46, 4, 6, 50), False, 3, 2)
@example((41, 3, 6, 50), True, 5, 3)
def test_parts_whose_candidates_are_enough_rank_as_all_their_chunks(sizes, are_alike, depth, kept):
    counts, (_, parts, chunks, _) = random_parts(*sizes, are_alike=are_alike), sizes
    depth = min(depth, parts * chunks)
    guess = guess_ranking(counts[:1], 1 / parts, kept)
    candidates = [keep_candidates(each, guess) for each in counts]
    statistics = sum((each.statistics for each in counts[1:]), counts[0].statistics)
    firsts = [chunks * part for part in range(parts)]
    whole = merge_best(
        [at(first, best_of_part(each, statistics, depth)) for first, each in zip(firsts, counts, strict=True)], depth
    )
    lists = [at(first, each.best(statistics, depth)) for first, each in zip(firsts, candidates, strict=True)]
    scores = merge_best(lists, depth)[1]
    for part, each in enumerate(candidates):
        if not each.are_enough(statistics, depth, scores):
            lists[part] = at(firsts[part], best_of_part(counts[part], statistics, depth))
    rows, merged = merge_best(lists, depth)
    assert rows.tolist() == whole[0].tolist()
    assert merged.tolist() == whole[1].tolist()


def test_a_few_candidates_of_each_of_many_parts_are_enough():
    counts = random_parts(1, parts=30, chunks=200, spread=50, are_alike=True)
    statistics = sum((each.statistics for each in counts[1:]), counts[0].statistics)
    guess = guess_ranking(counts[:5], 5 / 30, 20)
    candidates = [keep_candidates(each, guess) for each in counts]
    scores = merge_best([each.best(statistics, 20) for each in candidates], 20)[1]
    assert all(each.are_enough(statistics, 20, scores) for each in candidates)
    assert sum(len(each.counts.number) for each in candidates) < sum(len(each.number) for each in counts) / 4


@pytest.mark.parametrize(("depth", "enough"), [(3, True), (4, False)])
def test_chunks_without_a_term_are_candidates_in_their_order(depth, enough):
    counts = counts_of(np.zeros((5, TERMS), np.int64), [1, 2, 3, 4, 5])
    candidates = keep_candidates(counts, guess_ranking([counts], 1, 1))
    rows, scores = candidates.best(candidates.statistics, depth)
    assert rows[0].tolist() == [0, 1, 2]
    assert candidates.are_enough(candidates.statistics, depth, scores) is enough
