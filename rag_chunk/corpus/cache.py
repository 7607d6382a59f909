"""A folder of arrays by content hash: safe for several processes, bounded in size.

A file is written aside and moved into place in one step, so that no process reads half of one. It begins with a checksum
of its key and its content: a file that is damaged, renamed or gone counts as never stored. Nothing depends on the cache:
without it the same is computed again.
"""

import hashlib
import io
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

LARGEST = 1_000_000_000  # bytes; above it the files that were used longest ago are removed
_KEPT = 0.8  # of `LARGEST`, when that is done
_ENDING, _UNFINISHED = ".array", ".part"
_CHECKSUM = 16  # bytes
_BLOCK = 4096  # bytes: a full disk may still take a name
_ABANDONED = 3600  # seconds: an unfinished file that is older belongs to a process that was killed
_ENABLED: ContextVar[bool] = ContextVar("cache", default=True)

Array = np.ndarray[tuple[int], np.dtype[Any]]


@contextmanager
def caching(*, enabled: bool) -> Iterator[None]:
    """Use the cache inside this block, or do not."""
    token = _ENABLED.set(enabled)
    try:
        yield
    finally:
        _ENABLED.reset(token)


def is_enabled() -> bool:
    """Whether the cache is used here."""
    return _ENABLED.get()


def cache_folder() -> Path:
    """Return the folder: `RAG_CHUNK_CACHE`, else the user's cache folder on this system."""
    if named := os.environ.get("RAG_CHUNK_CACHE"):
        return Path(named)
    import platformdirs

    return Path(platformdirs.user_cache_dir("rag-chunk"))


def why_unusable() -> str:
    """Return why nothing can be stored, as the system says it; empty where it can."""
    folder = cache_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=_UNFINISHED) as probe:
            probe.write(b"\0" * _BLOCK)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def unkept_notice(what: str) -> str:
    """Return that `what` cannot be stored, why, and what that means for work that asks others; empty where it can."""
    if not (reason := why_unusable()):
        return ""
    return (
        f"{what} cannot be kept in {cache_folder()}: {reason}. If this is cut off, all is asked again; the variable "
        "RAG_CHUNK_CACHE may name another folder."
    )


def _path(key: str) -> Path:
    return cache_folder() / f"{key}{_ENDING}"


def load(key: str) -> Array | None:
    """Return the array that was stored under `key`, a text that is safe as a file name; None where there is none."""
    if not is_enabled():
        return None
    path = _path(key)
    try:
        content = path.read_bytes() if path.is_file() else b""  # a pipe would never end
    except OSError:
        return None
    if content[:_CHECKSUM] != checksum(key.encode(), content[_CHECKSUM:]):
        return None
    with suppress(OSError):
        os.utime(path)  # used now: the last to be removed
    array: Array = np.load(io.BytesIO(content[_CHECKSUM:]), allow_pickle=False)
    return array


def has(key: str) -> bool:
    """Whether something is stored under `key`, which may be unreadable."""
    return is_enabled() and _path(key).is_file()


def checksum(*parts: bytes) -> bytes:
    """Return 16 bytes that tell whether one of `parts` was changed."""
    digest = hashlib.blake2b(digest_size=_CHECKSUM)
    for part in parts:
        digest.update(len(part).to_bytes(8, "little"))
        digest.update(part)
    return digest.digest()


def store(key: str, array: Array) -> None:
    """Store `array` under `key`. Where that fails (a full disk, no permission), nothing is stored."""
    if not is_enabled():
        return
    folder, buffer = cache_folder(), io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    content = buffer.getvalue()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=_UNFINISHED, delete=False) as part, _removing(part.name):
            part.write(checksum(key.encode(), content) + content)
            part.close()
            Path(part.name).replace(_path(key))


@contextmanager
def _removing(name: str) -> Iterator[None]:
    """Remove the file `name` where this block does not end well."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def trim() -> None:
    """Remove the files that were used longest ago, if all together are over `LARGEST`, and those left unfinished."""
    with suppress(OSError):
        entries = [(entry, entry.stat()) for entry in os.scandir(cache_folder()) if entry.is_file()]
        for entry, stat in entries:
            if entry.name.endswith(_UNFINISHED) and stat.st_mtime < time.time() - _ABANDONED:
                with suppress(OSError):
                    Path(entry.path).unlink()
        total = sum(stat.st_size for _, stat in entries)
        if total <= LARGEST:
            return
        for entry, stat in sorted(entries, key=lambda pair: pair[1].st_mtime):
            if total <= LARGEST * _KEPT:
                return
            with suppress(OSError):
                Path(entry.path).unlink()
            total -= stat.st_size
