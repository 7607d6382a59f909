"""Embedders and the store of their vectors: each text once, whatever happens in the middle."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag_chunk.config import BACKENDS, RunConfig
from rag_chunk.config.catalog import load_built_in
from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.embedder import Embedder, embed, embed_spans, embedder_of, embedding, hashing, track_usage
from rag_chunk.embedder import vector_store as store
from rag_chunk.embedder.interface import check_dimensions, unit
from rag_chunk.embedder.vector_store import Stored
from rag_chunk.errors import InputError, MissingExtra, SettingsError
from tests.support.texts import texts

CONFIG = RunConfig(retriever="dense", embedding_model="hashing")
KEYS = [number.to_bytes(16, "big") for number in range(2000)]


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    return store.place()


def vector(number: int) -> Stored:
    return Stored(np.full(8, number, np.float32), number)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the texts that are embedded from now on, as they come."""
    model, asked = embedder_of(CONFIG), list[str]()

    def embed_and_note(some, role):
        asked.extend(some)
        return model.embed(some, role)

    monkeypatch.setattr(
        embedding, "_load", lambda *_: Embedder("counting", embed_and_note, model.count, limit=3, batch=2)
    )
    return asked


@given(st.lists(texts, max_size=4))
def test_hashing_makes_unit_vectors_that_depend_on_the_text_alone(some):
    with cache.caching(enabled=False):
        found = embed(some, CONFIG)
        assert found.dtype == np.float32
        again = np.vstack([np.zeros((0, found.shape[1]), np.float32), *(embed([text], CONFIG) for text in some)])
    assert (found == again).all()
    lengths = np.linalg.norm(found, axis=1)
    assert ((np.abs(lengths - 1) < 1e-6) | (lengths == 0)).all()


def test_hashing_leaves_nothing_on_disk(kept):
    embed(["locking the door"], CONFIG)
    assert not kept.exists()


def test_hashing_makes_the_same_vectors_when_it_has_met_too_many_words_to_remember(monkeypatch):
    some = [f"door {number} of {number % 7}" for number in range(600)]
    before = embed(some, CONFIG)
    monkeypatch.setattr(hashing, "_MOST_WORDS", 3)
    assert (embed(some, CONFIG) == before).all()


@given(st.lists(texts, max_size=4), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 9)), max_size=6))
@example(["door doors a_door", "Doors: \ud800x9 \u0391\u03c3 "], [(0, 9), (2, 3), (16, 1), (17, 9), (24, 8), (5, 0)])
@example(["\u039f\u0394\u039f\u03a3 \u039f\u03a3", "door"], [(0, 3), (0, 4), (3, 4)])
@example(["D\u0130\u0130 door", "door"], [(0, 2), (0, 8), (1, 7)])
def test_hashing_makes_of_a_stretch_of_a_corpus_what_it_makes_of_its_text(some, stretches):
    corpus = Corpus(Document(f"{row}.txt", text) for row, text in enumerate(some))
    starts = np.array([start for start, _ in stretches if start < len(corpus)], np.int64)
    ends = starts + [length for start, length in stretches if start < len(corpus)]
    spans = np.column_stack([starts, np.minimum(ends, corpus.starts[corpus.documents_at(starts) + 1])])
    with track_usage() as of_texts:
        expected = embed(corpus.texts(spans), CONFIG)
    with track_usage() as of_spans:
        vectors = embed_spans(corpus, spans, CONFIG)
    assert vectors.tobytes() == expected.tobytes()
    of_spans.seconds = of_texts.seconds
    assert of_spans == of_texts


def test_lower_case_moves_no_border_of_a_word_but_where_the_line_is_not_kept():
    changed = [(each, low) for each in map(chr, range(sys.maxunicode + 1)) if (low := each.lower()) != each]
    assert [each for each, low in changed if len(low) > 1] == ["\u0130"]
    assert all(each.isalnum() == low.isalnum() for each, low in changed if len(low) == 1)


def test_hashing_is_lexical():
    first, near, far = embed(["locking the door", "the locked doors", "bees make honey"], CONFIG)
    assert first @ near > 0.4
    assert abs(first @ far) < 0.1


def test_each_text_is_embedded_once_and_the_usage_says_what_was_on_disk(kept, monkeypatch):
    asked = counting(monkeypatch)
    with track_usage() as usage:
        first = embed(["a b c d e f", "a", "a", "b"], CONFIG)
    assert sorted(asked) == ["a", "a b c d e f", "b"]
    assert (usage.texts, usage.cached, usage.documents, usage.unread) == (3, 0, 8, 3)
    with track_usage() as usage:
        again = embed(["b", "new", "a"], CONFIG)
    assert asked[3:] == ["new"]
    assert (usage.texts, usage.cached, usage.share_cached) == (3, 2, 2 / 3)
    assert (again[[0, 2]] == first[[3, 1]]).all()


def test_a_question_is_not_a_document_and_another_model_is_another_vector(kept, monkeypatch):
    asked = counting(monkeypatch)
    embed(["a"], CONFIG)
    embed(["a"], CONFIG, "query")
    assert asked == ["a", "a"]
    model = embedder_of(CONFIG)
    keys = {embedding.key(model, role, "a") for role in ("document", "query")}
    other = Embedder("counting@2", model.embed, model.count)
    assert len(keys | {embedding.key(other, "document", "a")}) == 3


def test_nothing_is_kept_where_the_cache_is_switched_off(kept, monkeypatch):
    asked = counting(monkeypatch)
    with cache.caching(enabled=False):
        embed(["a"], CONFIG)
        embed(["a"], CONFIG)
    assert asked == ["a", "a"]
    assert not kept.exists()


def test_what_breaks_off_goes_on_after_the_last_batch(kept, monkeypatch):
    asked = counting(monkeypatch)
    model = embedder_of(CONFIG)

    def breaks(some, role):
        if len(asked) >= 4:
            raise InputError("the server went away")
        return model.embed(some, role)

    with monkeypatch.context() as patched:
        patched.setattr(embedding, "_load", lambda *_: Embedder("counting", breaks, model.count, batch=2))
        with pytest.raises(InputError, match="went away"):
            embed(["a", "b", "c", "d", "e", "f"], CONFIG)
    kept_before = set(asked)
    del asked[:]
    embed(["a", "b", "c", "d", "e", "f"], CONFIG)
    assert len(kept_before) == 4
    assert set(asked) == set("abcdef") - kept_before


def test_texts_of_similar_length_are_embedded_together_in_a_random_order_of_batches(kept, monkeypatch):
    asked = counting(monkeypatch)
    model = embedder_of(CONFIG)
    batches: list[list[int]] = []

    def embed_batch(some, role):
        batches.append([len(text) for text in some])
        return model.embed(some, role)

    monkeypatch.setattr(embedding, "_load", lambda *_: Embedder("counting", embed_batch, model.count, batch=10))
    texts = ["x" * (37 * number % 100 + 1) for number in range(100)]
    vectors = embed(texts, CONFIG)
    assert all(max(batch) - min(batch) < 10 for batch in batches)
    assert [min(batch) for batch in batches] != sorted(min(batch) for batch in batches)
    assert len(asked) == 100
    assert (vectors == model.embed(texts, "document")).all()


def test_a_kill_in_the_middle_of_a_write_leaves_whole_batches_and_a_store_that_works(kept):
    code = (
        "import numpy as np\nfrom rag_chunk.embedder import vector_store as store\n"
        "batch = 0\n"
        "while True:\n"
        "    keys = [(1000 * batch + row).to_bytes(16, 'big') for row in range(100)]\n"
        "    store.save({key: store.Stored(np.full(2000, batch, np.float32), batch) for key in keys})\n"
        "    print(batch, flush=True)\n"
        "    batch += 1\n"
    )
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert process.stdout
        for _ in range(3):
            done = int(process.stdout.readline())
        time.sleep(0.004)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        for batch in range(done + 3):
            keys = [(1000 * batch + row).to_bytes(16, "big") for row in range(100)]
            found = store.load(keys)
            assert len(found) in ({100} if batch <= done else {0, 100})
            assert all((each.vector == batch).all() and each.tokens == batch for each in found.values())
    store.save({KEYS[7]: vector(7)})
    assert store.load([KEYS[7]])[KEYS[7]].vector.tolist() == [7.0] * 8


def test_several_processes_share_the_store(kept):
    code = (
        "import sys, numpy as np\nfrom rag_chunk.embedder import vector_store as store\n"
        "for number in range(15):\n"
        "    keys = [(50 * number + row).to_bytes(16, 'big') for row in range(50)]\n"
        "    store.save({key: store.Stored(np.full(8, number, np.float32), 1) for key in keys})\n"
        "    assert all((each.vector == number).all() for each in store.load(keys).values())\n"
        "    assert len(store.load(keys)) == 50\n"
    )
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", code]) for _ in range(2)]
    assert [process.wait() for process in processes] == [0, 0]
    assert store.stored_keys(KEYS) == set(KEYS[:750])


def test_a_broken_store_counts_as_empty_and_is_begun_anew(kept):
    store.save({key: vector(1) for key in KEYS[:50]})
    kept.write_bytes(b"nothing of the kind" * 100)
    assert store.load(KEYS[:50]) == {}
    store.save({KEYS[0]: vector(3)})
    assert store.stored_keys(KEYS) == {KEYS[0]}


def test_the_vectors_used_longest_ago_go_first(kept, monkeypatch):
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 5 * 86_400)
    store.save({key: vector(1) for key in KEYS[:1000]})
    monkeypatch.setattr(time, "time", lambda: now)
    assert len(store.load(KEYS[:300])) == 300
    monkeypatch.setattr(store, "LARGEST", kept.stat().st_size)
    store.save({key: vector(1) for key in KEYS[1000:1400]})
    assert kept.stat().st_size <= store.LARGEST
    left = store.stored_keys(KEYS)
    assert left >= set(KEYS[:300]) | set(KEYS[1000:1400])
    assert len(left) < 1400


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written_does_no_harm(kept):
    kept.parent.parent.mkdir()
    kept.parent.parent.chmod(0o500)
    assert (embed(["a"], CONFIG) == embed(["a"], CONFIG)).all()


def test_a_locked_or_full_store_does_no_harm(kept, monkeypatch):
    store.save({KEYS[0]: vector(1)})
    monkeypatch.setattr(store, "_PATIENCE", 0.01)
    with sqlite3.connect(kept) as held:
        held.execute("BEGIN EXCLUSIVE")
        assert store.load([KEYS[0]]) == {}
        store.save({KEYS[1]: vector(1)})
    held.close()
    assert store.stored_keys(KEYS) == {KEYS[0]}


@pytest.mark.parametrize(("name", "extra"), [
    ("sentence-transformers:x", "embeddings"), ("model2vec:x", "model2vec"), ("fastembed:x", "fastembed"), ("openai:x", "openai"),
])  # fmt: skip
def test_a_missing_package_is_named_with_the_line_that_installs_it(name, extra, monkeypatch):
    monkeypatch.setitem(sys.modules, {"embeddings": "sentence_transformers"}.get(extra, extra), None)
    with pytest.raises(MissingExtra, match=rf"{name} needs an optional package.*rag-chunk\[{extra}\]") as caught:
        embedder_of(RunConfig(retriever="dense", embedding_model=name))
    assert caught.value.exit_status == 4


def test_every_backend_is_known_to_the_config_and_has_its_function():
    assert all(callable(load_built_in(row.function)) for row in BACKENDS.values())
    with pytest.raises(SettingsError, match="need an embedding model"):
        embedder_of(RunConfig())


def test_vectors_that_are_no_numbers_are_refused():
    with pytest.raises(InputError, match="not finite numbers"):
        unit([[np.nan, 1.0]])


@pytest.mark.parametrize(("widths", "said"), [((3, 4), "of 3 and of 4 numbers"), ((0, 0), "without any numbers")])
def test_vectors_that_cannot_be_compared_are_refused(monkeypatch, widths, said):
    made = iter(widths)
    odd = Embedder(
        "odd",
        lambda texts, _: np.ones((len(texts), next(made)), np.float32),
        lambda texts: np.ones(len(texts), int),
        batch=1,
    )
    monkeypatch.setattr("rag_chunk.embedder.embedding.embedder_of", lambda _: odd)
    with cache.caching(enabled=False), pytest.raises(InputError, match=said):
        embed(["alpha", "beta"], RunConfig(retriever="dense", embedding_model="hashing"))


def test_vectors_of_questions_and_chunks_have_one_length():
    with pytest.raises(InputError, match="--no-cache embeds everything again"):
        check_dimensions(384, 1024)


def test_a_vector_that_is_too_long_for_a_number_is_refused():
    with pytest.raises(InputError, match="not finite numbers"):
        unit([[1e308] * 8])
