"""Dense and hybrid retrieval equal plain references with the same vectors; headings are indexed, and cost nothing."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import chunk
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.embedder import embed
from rag_chunk.retriever import dense as dense_module
from rag_chunk.retriever import rank
from rag_chunk.retriever.bm25 import bm25
from rag_chunk.retriever.dense import dense
from rag_chunk.retriever.indexed import texts_to_index, titles_above
from tests.support.evaluation import chunkings, corpora, wordy

DENSE = RunConfig(retriever="dense", embedding_model="hashing")
HYBRID = DENSE.with_settings(retriever="hybrid")
HEADED = Corpus([
    Document("guide.md", "# Keys\n\nTurn left.\n\n## Spare keys\n\nThey cost 25 euros.\n\nAsk at the desk.\n\n# Doors\n\nPull."),
    Document("notes.txt", "Brass is polished once a year."),
])  # fmt: skip


def plain_scores(chunking, questions, config=DENSE):
    asked, texts = embed(questions, config, "query"), embed(texts_to_index(chunking, config), config)
    return (asked.astype(np.float64) @ texts.astype(np.float64).T).astype(np.float32)


def plain_fusion(chunking, questions, config=HYBRID):
    """Fuse rank by rank with dicts, as the definition says."""
    lexical = bm25(chunking.corpus, config).scores(chunking, questions)
    fused = []
    for row, scores in enumerate(plain_scores(chunking, questions, config)):
        first = [int(place) for place in np.argsort(-lexical[row], kind="stable") if lexical[row, place] > 0][:50]
        second = np.argsort(-scores, kind="stable").tolist()
        total = dict.fromkeys(sorted({*first, *second[:50]}), 0.0)
        for ranked in (first, second[:50]):
            for place, number in enumerate(ranked, start=1):
                total[number] += 1 / (60 + place)
        head = sorted(total, key=lambda number: -total[number])
        fused.append([*head, *(number for number in second if number not in total)])
    return np.array(fused, np.int64).reshape(len(questions), len(chunking))


@given(st.data())
def test_dense_equals_a_plain_product_however_it_is_blocked(data):
    corpus = data.draw(corpora())
    chunking = data.draw(chunkings(corpus))
    questions = data.draw(st.lists(wordy, min_size=1, max_size=3))
    expected = np.argsort(-plain_scores(chunking, questions), axis=1, kind="stable") if len(chunking) else None
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(dense_module, "_AT_ONCE", data.draw(st.integers(1, 5)))
        patched.setattr(dense_module, "_CELLS", data.draw(st.integers(1, 8)))
        patched.setattr(dense_module, "_TILE", data.draw(st.sampled_from([1, 48])))
        cores = data.draw(st.integers(1, 3))
        patched.setattr(dense_module, "available_cores", lambda: cores)
        for depth in (0, 1, 3, len(chunking)):
            found = rank(chunking, questions, DENSE, depth)
            assert found.shape == (len(questions), min(depth, len(chunking)))
            assert expected is None or (found == expected[:, :depth]).all()


@given(st.data())
def test_hybrid_is_reciprocal_rank_fusion_and_every_chunk_has_a_place(data):
    words = "ab cd ef gh ij kl".split()
    text = " ".join(data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=300)))
    chunking = chunk(Corpus([Document("a.txt", text)]), RunConfig(strategy="fixed-size", chunk_size=2))
    questions = data.draw(st.lists(st.sampled_from(words), min_size=1, max_size=3))
    expected = plain_fusion(chunking, questions)
    for depth in (0, 1, 5, 60, len(chunking)):
        assert (rank(chunking, questions, HYBRID, depth) == expected[:, :depth]).all()


def test_equal_chunks_stand_in_order_across_blocks(monkeypatch):
    chunking = chunk(Corpus([Document("a.txt", "one two " * 40)]), RunConfig(strategy="fixed-size", chunk_size=2))
    monkeypatch.setattr(dense_module, "_AT_ONCE", 7)
    assert rank(chunking, ["one"], DENSE, 40).tolist() == [list(range(40))]
    assert rank(chunking, ["one"], HYBRID, 40).tolist() == [list(range(40))]


def test_titles_above_a_chunk_are_those_that_it_does_not_begin_with():
    by_section = chunk(HEADED, RunConfig(strategy="header"))
    assert titles_above(by_section) == ["", "Keys", "", ""]
    small = chunk(HEADED, RunConfig(strategy="sentence", chunk_size=4, overlap=0))
    above = dict(zip([found.text for found in small], titles_above(small), strict=True))
    assert above["Ask at the desk."] == "Keys > Spare keys"
    assert above["Brass is polished once"] == ""


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
def test_titles_are_found_where_they_are_indexed(retriever):
    config = RunConfig(
        strategy="sentence",
        chunk_size=4,
        overlap=0,
        retriever=retriever,
        embedding_model="hashing",
        index_headings=True,
    )
    chunking = chunk(HEADED, config)
    texts = [found.text for found in chunking]
    first = [texts[row] for row in rank(chunking, ["spare"], config, 4)[0]]
    assert {"Ask at the desk.", "They cost 25 euros."} <= set(first)
    without = config.with_settings(index_headings=False)
    assert [texts[row] for row in rank(chunking, ["spare"], without, 4)[0]] != first


@given(st.data())
def test_bm25_with_headings_equals_bm25_on_the_texts_that_are_indexed(data):
    body = data.draw(
        st.lists(st.sampled_from(["# one two\n\n", "## two\n\n", "three four. ", "字漢 ", "one\n\n"]), max_size=15)
    )
    corpus = Corpus([Document("a.md", "".join(body)), Document("b.txt", "one two three")])
    config = RunConfig(strategy="fixed-size", chunk_size=data.draw(st.integers(1, 4)), index_headings=True)
    chunking = chunk(corpus, config)
    questions = ["one", "two three", "字漢 four"]
    apart = Corpus([Document(f"{row:03}.txt", text) for row, text in enumerate(texts_to_index(chunking, config))])
    whole = chunk(apart, RunConfig(strategy="fixed-size", chunk_size=10_000))
    np.testing.assert_allclose(
        bm25(corpus, config).scores(chunking, questions), bm25(apart, RunConfig()).scores(whole, questions), rtol=1e-12
    )


def test_each_model_has_an_index_of_its_own():
    assert dense(HEADED, DENSE) is dense(HEADED, DENSE)
    assert dense(HEADED, DENSE) is not dense(HEADED, DENSE.with_settings(index_headings=True))
