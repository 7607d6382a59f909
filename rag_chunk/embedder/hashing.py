"""`hashing`: words and their parts, hashed into a vector. Offline, without a model, and lexical.

A text's words are lower-cased and weighed by 1 + ln of how often they occur; each adds itself, and its runs of three
characters at half the weight, to the dimensions that CRC-32 gives them, with the sign that it gives them (Weinberger
et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Nothing is known of meaning: what has no letters in
common has nothing in common.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions, first_of_runs, ranges
from rag_chunk.corpus.characters import classify_characters, mask_characters
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit

DIMENSIONS = 1024
_PART = 3  # characters
_AT_ONCE = 256  # texts
_MOST_WORDS = 65_536  # whose features are remembered


def hashing(name: str, url: str | None) -> Embedder:
    """Return the embedder; it has no name and no address."""
    del name, url
    return Embedder(f"hashing-1-{DIMENSIONS}", _embed, _count, batch=4096, is_cheap=True, is_stored=False)


def _embed(texts: Sequence[str], role: Role) -> Vectors:
    parts = [unit(_sum_features(texts[first : first + _AT_ONCE])) for first in range(0, len(texts), _AT_ONCE)]
    vectors: Vectors = np.concatenate([np.zeros((0, DIMENSIONS), np.float32), *parts])
    return vectors


def _count(texts: Sequence[str]) -> Positions:
    """Return the number of words in each text: a word begins at a letter, digit or `_` that follows none."""
    is_word = classify_characters("\n".join(texts), _is_word) != 0
    begins = is_word.copy()
    begins[1:] &= ~is_word[:-1]
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(begins)])
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    counts: Positions = before[ends] - before[ends - lengths]
    return counts


def _words(texts: Sequence[str]) -> list[str]:
    """Return the words of all texts, runs of letters, digits and `_`, one text after the other."""
    joined = "\n".join(texts)
    return mask_characters(joined, classify_characters(joined, _is_word) == 0).split()


def _is_word(character: str) -> int:
    return character.isalnum() or character == "_"


def _sum_features(texts: Sequence[str]) -> Floats:
    """Return the sum of the features of each text's words: [texts, dimensions]."""
    vocabulary = _vocabulary()
    lowered = [text.lower() for text in texts]
    words = np.fromiter(map(vocabulary.__getitem__, _words(lowered)), np.int64)
    rows = np.repeat(np.arange(len(texts)), _count(lowered))
    # One entry for each different word of each text, in the order in which the text has them: which word, and its weight.
    often = _count_repetitions(words, rows)
    words, rows, often = (column[often > 0] for column in (words, rows * DIMENSIONS, often))
    # One entry for each feature of each of them: its cell of the result, and what it adds there.
    starts, lengths, places, values = vocabulary.features()
    several = lengths[words]
    features = ranges(starts[words], starts[words] + several)
    cells = places[features] + np.repeat(rows, several)
    signed = values[features] * np.repeat(1 + np.log(often), several)
    return np.bincount(cells, signed, minlength=len(texts) * DIMENSIONS).reshape(-1, DIMENSIONS)


def _count_repetitions(words: Positions, rows: Positions) -> Positions:
    """Return how often each word is in its text, where that has it first, and else 0: [words]."""
    # Row, word and place are packed into one integer: sorting brings equal words of a text together, the first place first.
    bits = len(words).bit_length()
    ordered = np.sort((rows * (int(words.max(initial=0)) + 1) + words) << bits | np.arange(len(words)))
    first = first_of_runs(ordered >> bits) if len(words) else words
    often = np.zeros(len(words), np.int64)
    often[ordered[first] & ((1 << bits) - 1)] = np.diff(np.append(first, len(words)))
    return often


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


_LATEST = [Vocabulary()]


def _vocabulary() -> Vocabulary:
    """Return the words of the texts before, or none where they have become too many."""
    if len(_LATEST[0]) > _MOST_WORDS:
        _LATEST[0] = Vocabulary()
    return _LATEST[0]


def _hash_parts(word: str) -> list[int]:
    """Return the CRC-32 of a word and of its runs of characters."""
    framed = f"<{word}>"
    parts = [framed[place : place + _PART] for place in range(len(framed) - _PART + 1)]
    return [_hash(word), *map(_hash_part, parts)]


def _hash(text: str) -> int:
    return crc32(text.encode("utf-8", "surrogatepass"))


_hash_part = lru_cache(maxsize=65_536)(_hash)  # a few thousand parts make up most words
