"""`cluster-semantic` finds the chunks that a search through all of them finds."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.chunker.cluster_semantic import cluster_starts
from rag_chunk.embedder import track_usage

CONFIG = RunConfig(strategy="cluster-semantic", chunk_size=8, embedding_model="hashing")


def segmentations(sizes: list[int], limit: int) -> Iterator[list[list[int]]]:
    """Yield every way to cut sentences of these sizes; one over the limit is alone."""
    for cuts in range(2 ** (len(sizes) - 1)):
        rows: list[list[int]] = [[0]]
        for row in range(1, len(sizes)):
            if cuts >> (row - 1) & 1:
                rows.append([])
            rows[-1].append(row)
        if all(sum(sizes[row] for row in part) <= limit or len(part) == 1 for part in rows):
            yield rows


def worth(parts: list[list[int]], cosines: list[list[float]], mean: float) -> float:
    return sum(cosines[one][other] - mean for part in parts for one in part for other in part if one < other)


@given(data=st.data())
def test_no_other_chunks_are_worth_more(data):
    count = data.draw(st.integers(1, 7))
    numbers = st.lists(st.sampled_from([-2, -1, 0, 1, 3]), min_size=3, max_size=3).filter(any)
    vectors = np.array([data.draw(numbers) for _ in range(count)], np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    sizes = [data.draw(st.integers(1, 4)) for _ in range(count)]
    limit = data.draw(st.integers(1, 9))
    reach = np.cumsum(sizes)
    starts = cluster_starts(vectors, reach - sizes, reach, limit).tolist()
    cosines = (vectors.astype(float) @ vectors.astype(float).T).tolist()
    pairs = [cosines[one][other] for one in range(count) for other in range(one)]
    mean = sum(pairs) / max(1, len(pairs))
    borders = [0, *starts, count]
    parts = [list(range(first, last)) for first, last in pairwise(borders)]
    assert all(sum(sizes[row] for row in part) <= limit or len(part) == 1 for part in parts)
    best = max(worth(each, cosines, mean) for each in segmentations(sizes, limit))
    assert worth(parts, cosines, mean) == pytest.approx(best, abs=1e-4)


def test_sentences_of_one_subject_are_together():
    text = "Bread bakes in ovens. Ovens bake bread. Doors lock at night. Locked doors are safe at night."
    found = [each.text for each in chunk(Corpus([Document("a.txt", text)]), CONFIG.with_settings(chunk_size=20))]
    assert found == ["Bread bakes in ovens. Ovens bake bread.", "Doors lock at night. Locked doors are safe at night."]


def test_a_sweep_embeds_each_sentence_once():
    corpus = Corpus([Document("a.txt", "One bread. Two doors. Three doors. Four breads. " * 3)])
    with track_usage(None) as usage:
        for size in (2, 4, 8, 16):
            chunk(corpus, CONFIG.with_settings(chunk_size=size))
    assert usage.texts == 4


def test_settings_of_changes_of_meaning_do_not_apply():
    assert CONFIG.with_settings(split_percentile=10, smallest_size=3) == CONFIG
    assert RunConfig(strategy="semantic", embedding_model="hashing", split_percentile=10).split_percentile == 10
