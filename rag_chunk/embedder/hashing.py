"""`hashing`: words and their parts, hashed into a vector. Offline, without a model, and lexical.

A text's words are lower-cased and weighed by 1 + ln of how often they occur; each adds itself, and its runs of three
characters at half the weight, to the dimensions that CRC-32 gives them, with the sign that it gives them (Weinberger
et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Nothing is known of meaning: what has no letters in
common has nothing in common.
"""

import re
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from zlib import crc32

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit

DIMENSIONS = 1024
_PART = 3  # characters
_AT_ONCE = 256  # texts
_WORDS = re.compile(r"\w+")


def hashing(name: str, url: str | None) -> Embedder:
    """Return the embedder; it has no name and no address."""
    del name, url
    return Embedder(f"hashing-1-{DIMENSIONS}", _embed, _count, batch=4096, is_cheap=True)


def _embed(texts: Sequence[str], role: Role) -> Vectors:
    parts = [_sum_features(texts[first : first + _AT_ONCE]) for first in range(0, len(texts), _AT_ONCE)]
    return unit(np.concatenate([np.zeros((0, DIMENSIONS)), *parts]))


def _count(texts: Sequence[str]) -> Positions:
    return np.array([len(_WORDS.findall(text)) for text in texts], np.int64)


def _sum_features(texts: Sequence[str]) -> Floats:
    """Return the sum of the features of each text's words: [texts, dimensions]."""
    occurring = [Counter(_WORDS.findall(text.lower())) for text in texts]
    features = [_features(word) for counts in occurring for word in counts]
    lengths = [len(places) for places, _ in features]
    weights = 1 + np.log([count for counts in occurring for count in counts.values()])
    rows = np.repeat(np.arange(len(texts)), [len(counts) for counts in occurring])
    places = np.concatenate([np.zeros(0, np.int64), *(places for places, _ in features)])
    signed = np.concatenate([np.zeros(0), *(values for _, values in features)]) * np.repeat(weights, lengths)
    places += np.repeat(rows, lengths) * DIMENSIONS
    return np.bincount(places, signed, minlength=len(texts) * DIMENSIONS).reshape(-1, DIMENSIONS)


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[Positions, Floats]:
    """Return the dimensions that a word adds to, and what it adds to each."""
    framed = f"<{word}>"
    parts = [framed[place : place + _PART] for place in range(len(framed) - _PART + 1)]
    hashes = np.array([crc32(part.encode("utf-8", "surrogatepass")) for part in (word, *parts)], np.int64)
    values = np.where(hashes & (1 << 31), 1.0, -1.0)
    values[1:] /= 2
    return hashes % DIMENSIONS, values
