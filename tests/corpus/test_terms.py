"""The terms of a corpus are those of its texts, however it is parted to find them."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document, term_numbers
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


@given(corpora(), st.integers(1, 4), st.sampled_from([1, 8, 10**9]))
def test_a_table_of_short_terms_changes_nothing(corpus, bits, few):
    whole = columns(Terms(corpus))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag_chunk.corpus.terms._PART", 20)
        for name, value in {
            "_WORTH_A_TABLE": 0,
            "_FEW": few,
            "_SLOTS_BITS": bits,
            "_DROPPED": np.uint64(64 - bits),
        }.items():
            patch.setattr(term_numbers, name, value)
        assert columns(Terms(corpus)) == whole


def test_a_large_corpus_has_the_terms_of_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    words = "one Two two_2 thrée sixteen_letters sixteen_letters1more ﬁne 全文検索 eight_le eight_le_".split()
    text = " ".join(words[number * number % len(words)] + str(number % 7) for number in range(3_000))
    monkeypatch.setattr(term_numbers, "_WORTH_A_TABLE", 0)
    for name, part in (("one block", 10**6), ("many blocks", 500)):
        monkeypatch.setattr("rag_chunk.corpus.terms._PART", part)
        assert by_name(Terms(Corpus([Document("a.txt", text)]))) == list(naive_terms(text)), name


def test_a_corpus_takes_12_bytes_a_term_where_words_are_spaced():
    terms = Terms(Corpus([Document("a.txt", "One two_2 thrée, " * 9)]))
    assert len(terms.starts) == 27
    assert {terms.starts.dtype, terms.ends.dtype, terms.numbers.dtype} == {np.dtype(np.int32)}
