"""The terms of a corpus are those of its texts, however it is parted to find them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.terms import Terms, terms
from tests.support.evaluation import corpora
from tests.support.reference import naive_terms


def columns(terms: Terms) -> dict[str, Any]:
    return {name: getattr(value, "tolist", lambda value=value: value)() for name, value in vars(terms).items() if name not in ("_corpus", "_kind")}  # fmt: skip


def by_name(terms: Terms) -> list[str]:
    names = list(terms.vocabulary)
    return [names[number] for number in terms.numbers.tolist()]


@given(corpora())
def test_the_terms_of_a_corpus_are_those_of_its_documents(corpus):
    assert by_name(Terms(corpus)) == [term for document in corpus.documents for term in naive_terms(document.text)]


@given(st.text(st.characters(max_codepoint=127)))
def test_a_text_in_ascii_has_the_terms_that_any_text_has(text):
    assert terms(text) == list(naive_terms(text)) == by_name(Terms(Corpus([Document("a.txt", text)])))


@given(corpora())
def test_parts_change_nothing(corpus):
    whole = columns(Terms(corpus))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag_chunk.corpus.terms._PART", 3)
        assert columns(Terms(corpus)) == whole


def test_a_corpus_takes_12_bytes_a_term_where_words_are_spaced():
    terms = Terms(Corpus([Document("a.txt", "One two_2 thrée, " * 9)]))
    assert len(terms.starts) == 27
    assert {terms.starts.dtype, terms.ends.dtype, terms.numbers.dtype} == {np.dtype(np.int32)}
