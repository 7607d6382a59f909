"""`Vocabulary`: the words that `hashing` has met, by number, and the features of each."""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions

DIMENSIONS = 1024
_PART = 3  # characters


class Vocabulary(dict[str, int]):
    """The numbers of the words that were met, and the features of each."""

    def __init__(self) -> None:
        """Know no word yet."""
        super().__init__()
        self._new: list[str] = []
        self._features = (np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))

    def __missing__(self, word: str) -> int:
        """Number a new word."""
        self._new.append(word)
        number = self[word] = len(self)
        return number

    def number(self, words: Sequence[str]) -> Positions:
        """Return the number of each word: int64 [words]."""
        return np.fromiter(map(self.__getitem__, words), np.int64, len(words))

    def features(self) -> tuple[Positions, Positions, Positions, Floats]:
        """Return where the features of each word start, how many they are, their dimensions, and what they add."""
        if self._new:
            _, lengths, places, values = self._features
            more = [_hash_parts(word) for word in self._new]
            lengths = np.append(lengths, [*map(len, more)])
            hashes = np.array([*chain.from_iterable(more)], np.int64)
            signs = np.where(hashes & (1 << 31), 0.5, -0.5)
            signs[(np.cumsum(lengths) - lengths)[-len(more) :] - len(places)] *= 2  # the words themselves
            starts = np.cumsum(lengths) - lengths
            self._features = starts, lengths, np.append(places, hashes % DIMENSIONS), np.append(values, signs)
            self._new = []
        return self._features


def _hash_parts(word: str) -> list[int]:
    """Return the CRC-32 of a word and of its runs of characters."""
    framed = f"<{word}>"
    parts = [framed[place : place + _PART] for place in range(len(framed) - _PART + 1)]
    return [_hash(word), *map(_hash_part, parts)]


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


_hash_part = lru_cache(maxsize=65_536)(_hash)  # a few thousand parts make up most words
