"""The characters in a row from each place of a text on, as one number: a quick look at what may be where."""

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions
from rag_chunk.corpus.characters import codepoints

BUCKETS = 1 << 18  # of the table that tells most places apart: 256 KB stay in the processor's cache
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # an odd factor that mixes all bits into the highest
_DROPPED = np.uint64(64 - BUCKETS.bit_length() + 1)

Grams = np.ndarray[tuple[int], np.dtype[np.uint64]]


def as_bytes(text: str) -> Bytes:
    """Return a byte for each character: itself in ASCII; others may share one."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    codes = codepoints(text)
    return (codes ^ (codes >> np.uint32(8))).astype(np.uint8)


def grams_of(letters: Bytes, width: int) -> Grams:
    """Return the `width` characters from each place on as one number: [places that have so many]."""
    count = max(len(letters) - width + 1, 0)
    kind = np.dtype(f"<u{width}")
    windows = (
        np.ndarray((count,), kind, np.ascontiguousarray(letters).data, strides=(1,)) if count else np.zeros(0, kind)
    )
    return windows.astype(np.uint64)


def buckets_of(grams: Grams) -> Positions:
    """Return the place of each gram in a table of `BUCKETS`; several grams may share one."""
    return ((grams * _SPREAD) >> _DROPPED).astype(np.int64)


def mark_buckets(grams: Grams) -> Bools:
    """Return which of the `BUCKETS` these grams are in."""
    marks = np.zeros(BUCKETS, bool)
    marks[buckets_of(grams)] = True
    return marks
