"""Documents are encoded in a forked process, with the tokens that they have when they are encoded here."""

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from rag_chunk.analysis import encoding_beside
from rag_chunk.analysis.encoding_beside import encoding_beside as beside
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.terms import Terms
from rag_chunk.corpus.units import Tokens, Units, encoders_of, encoding_name, token_arrays, units_of
from rag_chunk.corpus.units.encoder import Encoder

CONFIGS = [RunConfig(unit="tokens", chunk_size=20), RunConfig(budget_unit="tokens", budget=200), RunConfig()]
ENCODING = encoding_name(CONFIGS[0].model)


@pytest.fixture(autouse=True)
def worth_forking(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(tmp_path))
    monkeypatch.setattr(encoding_beside, "_WORTH_FORKING", 100)
    monkeypatch.setattr(encoding_beside, "available_cores", lambda: 2)
    monkeypatch.setattr("rag_chunk.analysis.forked_pool.can_fork", lambda: True)


def documents() -> Corpus:
    return Corpus([Document("a.txt", "Two rooms, 33 doors. " * 500), Document("b.txt", "été\n\n" * 10)])


def fail() -> NoReturn:
    raise AssertionError


def already_made(corpus: Corpus) -> Units:
    """Return the tokens of a corpus; fail where nobody has made them."""
    return corpus.derive(Tokens, fail, ENCODING)


def test_a_forked_process_makes_the_tokens_that_are_made_here() -> None:
    with caching(enabled=False):
        here = units_of(documents(), "tokens", ENCODING)
    corpus = documents()
    with beside(corpus, CONFIGS):
        assert multiprocessing.active_children()
    assert not multiprocessing.active_children()
    made = already_made(corpus)
    assert made.starts.tolist() == here.starts.tolist()
    assert made.size(5, 300) == here.size(5, 300)
    assert encoders_of([made]) == encoders_of([here]) != frozenset()


def test_what_makes_tokens_is_loaded_before_the_fork(monkeypatch: pytest.MonkeyPatch) -> None:
    children = list[int]()
    monkeypatch.setattr(Encoder, "load", lambda _: children.append(len(multiprocessing.active_children())))
    with beside(documents(), CONFIGS):
        assert children == [0]


def test_the_terms_are_found_while_this_process_would_wait() -> None:
    corpus = documents()
    with beside(corpus, CONFIGS):
        pass
    assert corpus.derive(Terms, fail).terms_in("Two rooms") == ["two", "rooms"]


def test_tokens_in_the_cache_need_no_process() -> None:
    token_arrays.facts_of.cache_clear()  # what is known of the encoding is stored when it is found
    units_of(documents(), "tokens", ENCODING)
    with beside(documents(), CONFIGS):
        assert not multiprocessing.active_children()


def test_words_need_no_process() -> None:
    with beside(documents(), [RunConfig()]):
        assert not multiprocessing.active_children()


@pytest.mark.parametrize("end", [lambda: os._exit(3), lambda: 1 / 0], ids=["dies", "fails"])
def test_what_a_process_fails_at_is_done_later(end: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    corpus = documents()
    with monkeypatch.context() as patch:
        patch.setattr(encoding_beside, "units_of", lambda *_: end())
        with beside(corpus, CONFIGS):
            pass
    with pytest.raises(AssertionError):
        already_made(corpus)
    assert units_of(corpus, "tokens", ENCODING).size(0, 20) > 0


def test_an_error_here_ends_the_process_at_once() -> None:
    with pytest.raises(KeyboardInterrupt), beside(documents(), CONFIGS):
        raise KeyboardInterrupt
    assert not multiprocessing.active_children()
