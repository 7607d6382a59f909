"""What a ranking of chunks brings along: their parents."""

import numpy as np

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.retriever import parents_of


def test_an_end_of_a_list_brings_no_parent():
    corpus = Corpus([Document("a.txt", "one two three four five six")])
    chunking = chunk(corpus, RunConfig(strategy="hierarchical", chunk_size=1, parent_ratio=2))
    assert chunking.rows_of_parents().tolist() == [0, 0, 1, 1, 2, 2]
    assert parents_of(np.array([[3, 2, 0, -1], [-1, -1, -1, -1]]), chunking).tolist() == [[1, 0, -1], [-1, -1, -1]]
