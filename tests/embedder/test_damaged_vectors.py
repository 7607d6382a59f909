"""Vectors that were damaged on disk: they are made again, and never used."""

from pathlib import Path

import numpy as np
import pytest

from rag_chunk.embedder import vector_store as store
from rag_chunk.embedder.vector_store import Stored

STORED = {number.to_bytes(16, "big"): Stored(np.full(8, number, np.float32), number) for number in range(1, 200)}


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    store.save(STORED)
    return store.place()


def test_a_damaged_vector_counts_as_never_stored(kept: Path) -> None:
    whole, chance, left = kept.read_bytes(), np.random.default_rng(0), 0
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(chance.integers(1, 9)):
            content[chance.integers(len(content))] ^= 1 << int(chance.integers(8))
        kept.write_bytes(content)
        vectors = store.load(list(STORED))
        for key, (vector, tokens) in vectors.items():
            assert vector.tolist() == STORED[key].vector.tolist()
            assert tokens == STORED[key].tokens
        left += len(vectors)
    assert left > 100 * len(STORED)


def test_a_damaged_vector_is_not_counted_and_is_stored_again(kept: Path) -> None:
    content, key = kept.read_bytes(), (7).to_bytes(16, "big")
    kept.write_bytes(content.replace(STORED[key].vector.tobytes(), np.full(8, 9, np.float32).tobytes()))
    assert set(STORED) - store.stored_keys(list(STORED)) == {key}
    store.save({key: STORED[key]})
    assert store.load([key])[key].vector.tolist() == STORED[key].vector.tolist()
