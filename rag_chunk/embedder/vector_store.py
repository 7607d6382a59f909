"""Vectors on disk, by key: one SQLite file, safe for several processes, bounded in size.

What is saved together is one transaction: a process that is killed leaves all of it or nothing. What is broken or
gone counts as never stored. Nothing depends on the store: without it the same is computed again.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from rag_chunk.corpus import cache
from rag_chunk.corpus.arrays import Floats

LARGEST = 4_000_000_000  # bytes; above it the vectors that were used longest ago are removed
_REMOVED = 0.25  # of all vectors, when that is done
_PATIENCE = 60  # seconds to wait for another process
_AT_ONCE = 500  # keys in one query
_DAY = 86_400  # seconds
_CHECKSUM = 16  # bytes
_TABLE = """
CREATE TABLE IF NOT EXISTS vectors
(key BLOB PRIMARY KEY, tokens INTEGER NOT NULL, used INTEGER NOT NULL, vector BLOB NOT NULL)
"""


class Stored(NamedTuple):
    """The vector of a text, float32 [dimensions], and the number of the text's tokens."""

    vector: Floats
    tokens: int


def place() -> Path:
    """Return the file. It lies in a folder of its own, apart from the cache's arrays."""
    return cache.cache_folder() / "vectors" / "vectors.sqlite"


def load(keys: Sequence[bytes]) -> dict[bytes, Stored]:
    """Return what is stored under `keys`, by key."""
    stored: dict[bytes, Stored] = {}
    with _open() as connection:
        for key, vector, tokens, used in _rows(connection, "key, vector, tokens, used", keys):
            if not _is_whole(key, vector, tokens):
                continue
            stored[key] = Stored(np.frombuffer(vector[_CHECKSUM:], np.float32), tokens)
            if not isinstance(used, int) or used < _today():  # a day is exact enough, and seldom a write
                connection.execute("UPDATE vectors SET used = ? WHERE key = ?", (_today(), key))
    return stored


def stored_keys(keys: Sequence[bytes]) -> set[bytes]:
    """Return those of the `keys` under which something is stored."""
    stored: set[bytes] = set()
    with _open() as connection:
        rows = _rows(connection, "key, vector, tokens", keys)
        stored.update(key for key, vector, tokens in rows if _is_whole(key, vector, tokens))
    return stored


def _is_whole(key: Any, vector: Any, tokens: Any) -> bool:
    """Return whether a row is as it was saved: `vector` begins with a checksum of all of it."""
    if not isinstance(key, bytes) or not isinstance(vector, bytes) or not isinstance(tokens, int):
        return False
    return vector[:_CHECKSUM] == cache.checksum(key, str(tokens).encode(), vector[_CHECKSUM:])


def _with_checksum(key: bytes, stored: Stored) -> bytes:
    content = stored.vector.tobytes()
    return cache.checksum(key, str(stored.tokens).encode(), content) + content


def save(vectors: Mapping[bytes, Stored]) -> None:
    """Store vectors by key. Where that fails (a full disk, no permission), nothing is stored."""
    if not cache.is_enabled():
        return
    rows = [(key, stored.tokens, _today(), _with_checksum(key, stored)) for key, stored in vectors.items()]
    with suppress(OSError):
        place().parent.mkdir(parents=True, exist_ok=True)
        place().touch()
    with _open() as connection:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute(_TABLE)
        connection.executemany("INSERT OR REPLACE INTO vectors VALUES (?, ?, ?, ?)", rows)
    while _size() > LARGEST and _trim():
        pass


def _trim() -> bool:
    """Remove the vectors that were used longest ago; tell whether the file is smaller then."""
    before = _size()
    with _open() as connection:
        ((count,),) = connection.execute("SELECT count(*) FROM vectors")
        oldest = "SELECT key FROM vectors ORDER BY used, rowid LIMIT ?"
        connection.execute(f"DELETE FROM vectors WHERE key IN ({oldest})", (int(count * _REMOVED) + 1,))  # noqa: S608
    with _open() as connection:
        connection.executescript("PRAGMA incremental_vacuum")  # execute() would free a single page
    return _size() < before


def _rows(connection: sqlite3.Connection, columns: str, keys: Sequence[bytes]) -> Iterator[tuple[Any, ...]]:
    for first in range(0, len(keys), _AT_ONCE):
        some = keys[first : first + _AT_ONCE]
        marks = ",".join("?" * len(some))
        query = f"SELECT {columns} FROM vectors WHERE key IN ({marks})"  # noqa: S608 - columns are our own
        yield from connection.execute(query, some).fetchall()


@contextmanager
def _open() -> Iterator[sqlite3.Connection]:
    """Give the store, as one transaction. The block is left early where there is none, or it cannot be used.

    A broken file is removed: the next one to save begins a new one.
    """
    there = cache.is_enabled() and place().is_file()
    try:
        with closing(sqlite3.connect(place() if there else ":memory:", timeout=_PATIENCE)) as connection, connection:
            yield connection
    except sqlite3.OperationalError:  # without a table, locked for too long, read-only, full
        return
    except sqlite3.DatabaseError:
        with suppress(OSError):
            place().unlink()


def _size() -> int:
    with suppress(OSError):
        return place().stat().st_size
    return 0


def _today() -> int:
    return int(time.time()) // _DAY
