"""The chunks of a corpus are ranked part by part, and a corpus in memory is one part."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk.analysis import analyze
from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.shard_survey import survey_corpus
from rag_chunk.chunker import chunk
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.retriever import rank
from rag_chunk.retriever.order import merge_best, no_rows
from tests.analysis.test_shards import in_shards
from tests.support.evaluation import corpora, wordy

CORPUS = Corpus([Document("a.txt", "one two three four"), Document("b.txt", "two five six seven")])
ASKED = Questions("q.json", "0", (Question("q", "two", (Evidence(((4, 7),)),)),))
RETRIEVERS = ["bm25", "dense", "hybrid", "legacy"]


@settings(max_examples=30)
@given(corpora(), st.lists(wordy, min_size=1, max_size=3), st.sampled_from(RETRIEVERS), st.integers(0, 20))
def test_the_only_part_ranks_as_the_index_of_its_retriever(
    corpus: Corpus, questions: Sequence[str], retriever: str, depth: int
) -> None:
    config = RunConfig(chunk_size=2, overlap=0, retriever=retriever, embedding_model="hashing")
    chunking = chunk(corpus, config)
    depth = min(depth, len(chunking))
    ranked = chunked_in_memory(chunking, config).rank(questions, depth)
    assert ranked.tolist() == rank(chunking, questions, config, depth).tolist()


@pytest.mark.parametrize("retriever", RETRIEVERS)
@pytest.mark.parametrize("chunks", [30, 90])  # fewer, and more, than hybrid fuses
def test_some_rows_are_ranked_in_their_order_among_all(retriever: str, chunks: int) -> None:
    words = [f"{'one two three'.split()[number % 3]} word{number}" for number in range(chunks)]
    config = RunConfig(chunk_size=2, overlap=0, retriever=retriever, embedding_model="hashing")
    chunking = chunk(Corpus([Document("a.txt", " ".join(words))]), config)
    chunked = chunked_in_memory(chunking, config)
    rows = np.arange(1, chunks, 4)
    wanted = [row for row in chunked.rank(["two word5"], chunks)[0].tolist() if row in rows]
    assert [row for row in chunked.rank_among(["two word5"], rows)[0].tolist() if row in rows] == wanted


def test_what_is_embedded_of_a_corpus_in_memory_is_shown_on_the_way() -> None:
    config, said = RunConfig(chunk_size=2, overlap=0, retriever="dense", embedding_model="hashing"), list[str]()
    analyze(CORPUS, {"a": config}, ASKED, progress=lambda _, __, what: said.append(what))
    assert "embedding 0 of 4: a" in said  # after the question, the chunks


def test_a_corpus_in_memory_is_not_read_again_and_shards_are_where_words_are_not_counted() -> None:
    config = RunConfig(chunk_size=2, overlap=0)
    shards = survey_corpus(in_shards(CORPUS, ASKED, [0, 1]), {"a": config}, ASKED.texts).take("a")[0]
    without_counts = survey_corpus(in_shards(CORPUS, None, [0, 1]), {"a": config}, None).take("a")[0]
    whole = chunked_in_memory(chunk(CORPUS, config), config)
    assert [each.reads_again(["budget"]) for each in (whole, shards, without_counts)] == [False, False, True]
    assert [each.reads_again(["legacy"]) for each in (whole, shards)] == [False, True]


def test_words_are_not_ranked_that_were_not_counted_in_shards() -> None:
    config = RunConfig(chunk_size=2, overlap=0, window=1)
    chunked, _ = survey_corpus(in_shards(CORPUS, ASKED, [0, 1]), {"a": config}, ASKED.texts).take("a")
    assert chunked.handed
    assert chunked.handed.texts(np.array([0])) == ["one two three four"]
    with pytest.raises(ValueError, match="nothing was counted of 1 questions"):
        chunked.handed.rank(["two"], 1)


def test_texts_are_in_the_order_of_the_rows_that_are_asked_for() -> None:
    config = RunConfig(chunk_size=2, overlap=0)
    chunked = chunked_in_memory(chunk(CORPUS, config), config)
    rows = np.array([3, 0])
    assert chunked.texts(rows) == ["six seven", "one two"]
    assert [each.id for each in chunked.chunks(rows)] == ["b.txt:9-18", "a.txt:0-7"]


def test_a_single_list_is_merged_by_cutting_it() -> None:
    one = (np.array([[4, 0]]), np.array([[2.0, 1.0]]))
    rows, scores = merge_best([no_rows(1), one], 1)
    assert (rows.tolist(), scores.tolist()) == ([[4]], [[2.0]])
    assert merge_best([no_rows(1)], 3)[0].shape == (1, 0)
