"""The cache of arrays on disk."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.units import units_of
from rag_chunk.corpus.units.encoder import Encoder

LONG = "A sentence with some words in it, and 漢字 too. " * 400


@pytest.fixture
def kept(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    return folder / "cache"


def tokens() -> list[int]:
    return units_of(
        Corpus([Document("a", "short"), Document("b", LONG)]), "tokens", "text-embedding-3-small"
    ).starts.tolist()


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every text that is encoded is added."""
    texts: list[str] = []
    original = Encoder.encode

    def note(encoder: Encoder, text: str) -> Positions:
        texts.append(text)
        return original(encoder, text)

    monkeypatch.setattr(Encoder, "encode", note)
    return texts


def test_what_was_stored_is_loaded_and_nothing_else(kept: Path) -> None:
    cache.store("a", np.arange(3))
    found = cache.load("a")
    assert found is not None
    assert found.tolist() == [0, 1, 2]
    assert cache.load("b") is None


def test_tokens_of_a_long_document_are_encoded_once(kept: Path, encoded: list[str]) -> None:
    first = tokens()
    assert len(list(kept.glob("tokens-*"))) == 1
    encoded.clear()
    assert tokens() == first
    assert encoded == ["short"]


def test_tokens_of_many_short_documents_share_a_file(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [LONG[:200], "", "漢字", *(f"{number} {LONG[: 40 + number]}" for number in range(200)), LONG, "", "end"]
    corpora = [Corpus([Document(f"{number:03}", text) for number, text in enumerate(texts)]) for _ in range(2)]
    first, again = corpora
    starts = units_of(first, "tokens", "text-embedding-3-small").starts.tolist()
    assert len(list(kept.glob("tokens-*"))) == 2
    monkeypatch.setattr(Encoder, "encode", lambda *_: pytest.fail("a text was encoded again"))
    assert units_of(again, "tokens", "text-embedding-3-small").starts.tolist() == starts


@pytest.mark.usefixtures("kept")
def test_where_one_short_document_changes_the_long_ones_are_not_encoded_again(encoded: list[str]) -> None:
    short = [f"{number} {LONG[:60]}" for number in range(200)]

    def encode(texts: list[str]) -> list[int]:
        corpus = Corpus([Document(f"{number:03}", text) for number, text in enumerate([*texts, LONG])])
        return units_of(corpus, "tokens", "text-embedding-3-small").starts.tolist()

    encode(short)
    changed = ["Other words.", *short[1:]]
    encoded.clear()
    starts = encode(changed)
    assert encoded == changed
    with cache.caching(enabled=False):
        assert encode(changed) == starts


def test_a_damaged_file_counts_as_never_stored(kept: Path) -> None:
    first, chance = tokens(), np.random.default_rng(0)
    (file,) = kept.glob("tokens-*")
    whole = file.read_bytes()
    for number in range(400):
        content, place = bytearray(whole), chance.integers(len(whole) if number % 2 else 200)
        if number % 3:
            content[place] ^= 1 << int(chance.integers(8))
        else:
            content[place : place + chance.integers(1, 99)] = chance.bytes(int(chance.integers(99)))
        file.write_bytes(content)
        assert cache.load(file.stem) is None or content == whole
        if number % 40 == 0:
            assert tokens() == first


def test_a_file_under_the_name_of_another_counts_as_never_stored(kept: Path) -> None:
    cache.store("a", np.arange(3))
    (kept / "a.array").rename(kept / "b.array")
    assert cache.load("b") is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no pipes")
def test_a_pipe_in_the_place_of_a_file_does_not_hang(kept: Path) -> None:
    first = tokens()
    (file,) = kept.glob("tokens-*")
    file.unlink()
    os.mkfifo(file)
    assert tokens() == first
    assert file.is_file()


def test_where_there_is_no_room_nothing_is_stored_and_nothing_left(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    assert tokens() == tokens()
    assert not list(kept.iterdir())


def test_files_that_a_killed_process_left_unfinished_are_removed(kept: Path) -> None:
    cache.store("a", np.arange(3))
    for name, age in (("old.part", 7200), ("new.part", 0)):
        (kept / name).touch()
        os.utime(kept / name, (time.time() - age,) * 2)
    cache.trim()
    assert {path.name for path in kept.iterdir()} == {"a.array", "new.part"}


def test_nothing_is_read_or_written_where_the_cache_is_switched_off(kept: Path) -> None:
    with cache.caching(enabled=False):
        tokens()
        cache.store("a", np.arange(3))
    assert not kept.exists()


def test_the_files_used_longest_ago_go_first(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for age, name in enumerate(["new", "old", "oldest"]):
        cache.store(name, np.zeros(1000, np.int8))
        os.utime(kept / f"{name}.array", (1000 - age, 1000 - age))
    monkeypatch.setattr(cache, "LARGEST", 3000)
    cache.trim()
    assert {path.stem for path in kept.iterdir()} == {"new", "old"}


def test_a_folder_that_cannot_be_written_does_no_harm(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "file"))
    assert tokens() == tokens()


def test_several_processes_share_the_cache(kept: Path) -> None:
    code = (
        "import numpy as np\nfrom rag_chunk.corpus import cache\n"
        "for number in range(50):\n"
        "    cache.store('same', np.full(5000, 7))\n"
        "    found = cache.load('same')\n"
        "    assert found is None or (found == 7).all()\n"
    )
    processes = [subprocess.Popen([sys.executable, "-W", "error", "-c", code]) for _ in range(4)]
    assert [process.wait() for process in processes] == [0, 0, 0, 0]
    assert [path.name for path in kept.iterdir()] == ["same.array"]
