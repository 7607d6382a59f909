"""`ArrayFile`: values whose arrays wait in a file, and take memory only while they are used."""

import mmap
import pickle
import tempfile
import weakref
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO, Any, TypeVar

T = TypeVar("T")
_ALIGNMENT = 64  # bytes: at least that of any type of number


class ArrayFile:
    """A temporary file of arrays. It has no name, so that nothing of it is left when the process ends.

    What is read from it are views of the file, which cannot be changed. The system loads the parts that are used.

    >>> import numpy as np
    >>> read = ArrayFile().write({"places": np.array([2, 3])})
    >>> read()["places"].tolist()
    [2, 3]
    """

    def __init__(self) -> None:
        """Open the file."""
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
        self._close = weakref.finalize(self, _close, self._file)
        self._length = 0
        self._latest: mmap.mmap | None = None
        self._maps = weakref.WeakSet[mmap.mmap]()  # those that something refers to

    def write(self, value: T) -> Callable[[], T]:
        """Write the arrays that a value holds, and return a function that reads it; where there is no room, it stays in memory."""
        buffers = list[pickle.PickleBuffer]()
        header = pickle.dumps(value, protocol=5, buffer_callback=buffers.append)
        try:
            places = [self._append(buffer.raw()) for buffer in buffers]
        except OSError:
            return lambda: value
        return partial(self._read, header, places)

    def move(self, value: T) -> T:
        """Return the same value with its arrays in the file."""
        return self.write(value)()

    def release(self) -> None:
        """Give back the memory that was used to read; what was read can be used on, and is loaded again."""
        with suppress(AttributeError):  # not on every system
            for each in self._maps:
                each.madvise(mmap.MADV_DONTNEED)

    def _append(self, array: memoryview) -> tuple[int, int]:
        """Write the bytes of an array, and return where they begin and end."""
        if not array:
            return 0, 0
        start = -(-self._length // _ALIGNMENT) * _ALIGNMENT
        self._file.seek(start)
        self._file.write(array)
        self._file.flush()
        self._length = start + len(array)
        return start, self._length

    def _read(self, header: bytes, places: list[tuple[int, int]]) -> Any:
        if len(self._latest or b"") < max((end for _, end in places), default=0):
            self._latest = mmap.mmap(self._file.fileno(), self._length, access=mmap.ACCESS_READ)
            self._maps.add(self._latest)
        view = memoryview(self._latest or b"")
        return pickle.loads(header, buffers=[view[start:end] for start, end in places])  # noqa: S301 - written here


def _close(file: IO[bytes]) -> None:
    """Close a file; what a write that failed has left to be written is of no use."""
    with suppress(OSError):
        file.close()
