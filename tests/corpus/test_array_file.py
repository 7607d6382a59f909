"""Values in a file are as they were, also where there is no room for them; a file of none can be read."""

import gc
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_chunk.corpus.array_file import ArrayFile


def values() -> list[Any]:
    empty = np.zeros((0, 2), np.int64)
    return [empty, np.arange(5, dtype=np.int8), empty, {"spans": np.arange(12).reshape(6, 2), "name": "a"}, None]


def test_values_are_read_in_any_order_as_they_were_written() -> None:
    file = ArrayFile()
    read = [file.write(value) for value in values()]
    for number in (3, 0, 1, 4, 2):
        np.testing.assert_equal(read[number](), values()[number])


def test_values_are_read_between_others_that_are_written() -> None:
    file = ArrayFile()
    for value in values():
        np.testing.assert_equal(file.move(value), value)


def test_what_was_read_stays_when_its_memory_is_given_back_and_the_file_is_gone() -> None:
    file = ArrayFile()
    first = file.move(np.arange(100_000))
    second = file.move(np.arange(9))
    file.release()
    del file
    gc.collect()
    assert first.sum() == 4999950000
    assert second.sum() == 36
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_without_room_a_value_stays_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    file = ArrayFile()

    def no_room(_: memoryview) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(file, "_append", no_room)
    assert file.move(np.arange(9)).sum() == 36


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_file_on_a_full_disk_is_closed_in_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "TemporaryFile", lambda: Path("/dev/full").open("wb"))  # noqa: SIM115
    file = ArrayFile()
    assert file.move(np.arange(9)).sum() == 36
    file._close()  # noqa: SLF001 - as at the end of the process, where what it raised would be printed
