"""A folder of arrays by content hash: safe for several processes, bounded in size.

A file is written aside and moved into place in one step, so that nobody reads half of one; what is broken or
gone counts as never stored. Nothing depends on the cache: without it the same is computed again.
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import numpy as np

LARGEST = 1_000_000_000  # bytes; above it the files that were used longest ago are removed
_KEPT = 0.8  # of `LARGEST`, when that is done
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
    import platformdirs

    named = os.environ.get("RAG_CHUNK_CACHE")
    return Path(named) if named else Path(platformdirs.user_cache_dir("rag-chunk"))


def load(key: str) -> Array | None:
    """Return the array that was stored under `key`, a text that is safe as a file name; None where there is none."""
    if not is_enabled():
        return None
    path = cache_folder() / f"{key}.npy"
    try:
        with path.open("rb") as file:
            array: Array = np.load(file, allow_pickle=False)
    except Exception:  # noqa: BLE001 - a damaged header may raise anything
        return None
    with suppress(OSError):
        os.utime(path)  # used now: the last to be removed
    return array


def store(key: str, array: Array) -> None:
    """Store `array` under `key`. Where that fails (a full disk, no permission), nothing is stored."""
    if not is_enabled():
        return
    folder = cache_folder()
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, suffix=".part", delete=False) as part:
            np.save(part, array, allow_pickle=False)
        Path(part.name).replace(folder / f"{key}.npy")


def trim() -> None:
    """Remove the files that were used longest ago, if all together are over `LARGEST`."""
    with suppress(OSError):
        entries = [(entry, entry.stat()) for entry in os.scandir(cache_folder()) if entry.is_file()]
        total = sum(stat.st_size for _, stat in entries)
        if total <= LARGEST:
            return
        for entry, stat in sorted(entries, key=lambda pair: pair[1].st_mtime):
            if total <= LARGEST * _KEPT:
                return
            with suppress(OSError):
                Path(entry.path).unlink()
            total -= stat.st_size
