"""The unit of every chunk is the same with the accelerator and without it."""

import importlib.metadata
import os
from collections.abc import Iterator
from functools import lru_cache as cache_once
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk.analysis import analyze
from rag_chunk.chunker import chunk
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import accelerator, encoder, load_encoding, token_arrays, units_of
from rag_chunk.corpus.units.accelerator import PROOFS, digest, load_accelerator, proven_code_points, sample
from rag_chunk.corpus.units.encoder import Encoder
from tests.support.texts import texts

ENCODINGS = sorted(PROOFS)
EVERY = "RAG_CHUNK_TEST_EVERY_CODE_POINT"  # set, all of them are compared, which takes three minutes

fast = pytest.mark.skipif(load_accelerator("cl100k_base") is None, reason="the extra fast is not installed")
random_texts = texts | st.text(max_size=80) | st.text(st.characters(codec="utf-8"), max_size=80)


with_accelerator = cache_once(Encoder)


@cache_once
def without_accelerator(name: str) -> Encoder:
    plain = Encoder(name)
    plain.__dict__["accelerator"] = None
    return plain


@pytest.mark.parametrize("name", ENCODINGS)
def test_the_proof_is_of_the_tokens_that_tiktoken_makes(name: str) -> None:
    tokens = load_encoding(name).encode_to_numpy(sample(proven_code_points()), disallowed_special=())
    assert digest(tokens) == PROOFS[name][1]


@fast
@pytest.mark.parametrize("name", ENCODINGS)
@given(text=random_texts)
def test_every_text_has_the_tokens_that_tiktoken_makes(name: str, text: str) -> None:
    assert with_accelerator(name).encode(text).tolist() == without_accelerator(name).encode(text).tolist()
    assert with_accelerator(name).count(text) == without_accelerator(name).count(text)


@fast
@pytest.mark.parametrize("name", ENCODINGS)
def test_proven_code_points_have_the_same_tokens_beside_any_others(name: str) -> None:
    codes = np.flatnonzero(proven_code_points()) if EVERY in os.environ else np.flatnonzero(proven_code_points())[::37]
    fast_one, reference = load_accelerator(name), load_encoding(name)
    assert fast_one is not None
    for code in codes.tolist():
        each = chr(code)
        text = f"{each}a{each}{each}B'{each}s {each}1{each} 22{each}\n{each} \n {each}é{each}中{each}!{each}  {each}\r\n{each}A"
        assert fast_one.encode(text).tolist() == reference.encode_ordinary(text), hex(code)


@fast
@given(text=texts, size=st.integers(1, 40))
@settings(max_examples=40)
def test_the_units_of_chunks_are_the_same_with_it_and_without(text: str, size: int) -> None:
    config = RunConfig(strategy="recursive-character", unit="tokens", chunk_size=size, overlap=0, model="cl100k_base")
    chunkings = []
    for make in (with_accelerator, without_accelerator):
        with pytest.MonkeyPatch.context() as patch, cache.caching(enabled=False):
            patch.setattr(encoder, "encoder_of", make)
            patch.setattr("rag_chunk.corpus.units.tokens.encoder_of", make)
            chunkings.append(chunk(Corpus([Document("a.md", text)]), config))
    assert chunkings[0].spans.tolist() == chunkings[1].spans.tolist()
    assert chunkings[0].sizes.tolist() == chunkings[1].sizes.tolist()


@fast
def test_texts_with_other_characters_and_special_tokens_go_to_the_right_encoder() -> None:
    one = Encoder("cl100k_base")
    assert one.encode("<|endoftext|>").tolist() == load_encoding("cl100k_base").encode_ordinary("<|endoftext|>")
    assert {name.split()[0] for name in one.used} == {"gigatoken"}
    for text in ("\ue000", "\ud800", "\U0010ffff", "\U00020000"):
        other = Encoder("cl100k_base")
        other.encode(f"one {text}")
        assert {name.split()[0] for name in other.used} == {"tiktoken"}


def fake_gigatoken(monkeypatch: pytest.MonkeyPatch, encode: Any) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda _: "99")
    monkeypatch.setattr(accelerator, "_load", lambda *_: SimpleNamespace(encode=encode) if encode else None)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(tmp_path))
    with cache.caching(enabled=True):
        yield tmp_path


def test_an_encoder_that_makes_other_tokens_is_not_used_and_not_asked_again(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def encode(text: str) -> Any:
        asked.append(text)
        return np.zeros(9, np.uint32)

    fake_gigatoken(monkeypatch, encode)
    assert load_accelerator("cl100k_base") is None
    assert load_accelerator("cl100k_base") is None
    assert len(asked) == 1


def test_an_encoder_that_cannot_be_loaded_is_not_used(cached: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_gigatoken(monkeypatch, None)
    assert load_accelerator("cl100k_base") is None


def test_an_encoding_without_a_proof_is_left_to_tiktoken() -> None:
    assert load_accelerator("r50k_base") is None


def test_no_ranks_are_loaded_where_all_tokens_and_the_counts_of_cut_texts_come_from_the_cache(
    cached: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    token_arrays.facts_of.cache_clear()
    corpus = Corpus([Document("a.txt", "One two three. " * 900)])
    config = RunConfig(strategy="fixed-size", unit="tokens", chunk_size=8, model="cl100k_base")
    cut = as_spans([(start, start + 9) for start in range(1, 12_000, 7)])  # inside words
    units = units_of(corpus, "tokens", config.model)
    before, sizes = units.starts.tolist(), units.count(cut).sizes.tolist()

    def refuse(_: str) -> None:
        raise AssertionError

    token_arrays.facts_of.cache_clear()
    encoder.encoder_of.cache_clear()
    monkeypatch.setattr(encoder, "load_encoding", refuse)
    monkeypatch.setattr(encoder, "load_accelerator", refuse)
    again = Corpus([Document("a.txt", "One two three. " * 900)])
    units = units_of(again, "tokens", config.model)
    assert units.starts.tolist() == before
    assert units.count(cut).sizes.tolist() == sizes
    encoder.encoder_of.cache_clear()


def test_a_report_says_which_encoder_counted() -> None:
    corpus = Corpus([Document("a.txt", "One two three. \U00020000 " * 9)])
    report = analyze(corpus, RunConfig(strategy="fixed-size", unit="tokens", chunk_size=8, model="cl100k_base")).report
    assert [each.split()[0] for each in report.encoders or ()] == ["tiktoken"]
    assert analyze(corpus, RunConfig(strategy="fixed-size", chunk_size=8)).report.encoders is None
