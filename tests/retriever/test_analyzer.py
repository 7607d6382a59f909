"""Words of a language are compared by their stems, and its stop words are left out, exactly as by an index of such terms."""

import sys
from typing import get_args

import bm25s
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.config.sweep import sweep, validate_run
from rag_chunk.corpus import analyzer
from rag_chunk.corpus.analyzer import analyzer_of
from rag_chunk.errors import MissingExtra, SettingsError
from rag_chunk.retriever import rank
from rag_chunk.retriever.bm25 import bm25
from tests.support.evaluation import chunkings, corpora
from tests.support.reference import naive_terms

ENGLISH = RunConfig(analyzer="english")
WORDS = st.lists(
    st.sampled_from(["The ", "locked ", "locking ", "door ", "doors", "-", "全文検索 ", "Ofen ", "it's "]), max_size=20
)


def analyzed(text: str) -> list[str]:
    return list(filter(None, analyzer_of("english").analyze(list(naive_terms(text)))))


@given(data=st.data())
def test_scores_equal_bm25s_on_the_analyzed_terms_of_chunks_cut_anywhere(data):
    corpus = data.draw(corpora() | WORDS.map(lambda words: Corpus([Document("a.md", "".join(words))])))
    chunking = data.draw(chunkings(corpus))
    tokens = [analyzed(text) for text in corpus.texts(chunking.spans)]
    assume(any(tokens) and len(tokens) > 0)
    index = bm25s.BM25(method="lucene", k1=1.5, b=0.75)
    index.index(tokens, show_progress=False)
    questions = ["The door locks", "of the", data.draw(st.sampled_from(corpus.texts(chunking.spans)))]
    known = [[term for term in analyzed(question) if term in index.vocab_dict] for question in questions]
    expected = [index.get_scores(terms) if terms else np.zeros(len(tokens)) for terms in known]
    np.testing.assert_allclose(bm25(corpus, ENGLISH).scores(chunking, questions), expected, rtol=1e-5, atol=1e-7)


def test_other_forms_of_a_word_are_found():
    corpus = Corpus([Document("a.txt", "He locked the doors."), Document("b.txt", "The oven is hot.")])
    plain = RunConfig(strategy="paragraph")
    chunking = chunk(corpus, plain)
    assert bm25(corpus, plain).scores(chunking, ["lock a door"]).tolist() == [[0, 0]]
    for retriever in ("bm25", "hybrid"):
        config = plain.with_settings(retriever=retriever, embedding_model="hashing", analyzer="english")
        assert rank(chunking, ["lock a door"], config, 1).tolist() == [[0]]
    assert (bm25(corpus, ENGLISH).scores(chunking, ["is the"]) == 0).all()


def test_an_analyzer_without_its_packages_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "Stemmer", None)
    analyzer_of.cache_clear()
    with pytest.raises(MissingExtra, match=r"--analyzer german needs .*rag-chunk\[analyzers\]"):
        bm25(Corpus([Document("a.txt", "one")]), RunConfig(analyzer="german"))


def test_each_language_that_can_be_named_can_be_loaded():
    for language in get_args(RunConfig.model_fields["analyzer"].annotation):
        if language != analyzer.PLAIN:
            assert analyzer_of(language).analyze(["x"])


def test_languages_are_swept_and_unknown_ones_and_other_retrievers_are_told_apart():
    assert list(sweep({"strategy": "header"}, {"analyzer": ["plain", "english"]}).configs) == ["header-200-50-plain", "header-200-50-english"]  # fmt: skip
    assert RunConfig(retriever="legacy", analyzer="english") == RunConfig(retriever="legacy")
    with pytest.raises(SettingsError, match="analyzer"):
        validate_run({"analyzer": "klingon"})
