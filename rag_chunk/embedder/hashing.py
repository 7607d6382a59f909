"""`hashing`: words and their parts, hashed into a vector. Offline, without a model, and lexical.

A text's words are lower-cased and weighed by 1 + ln of how often they occur; each adds itself, and its runs of three
characters at half the weight, to the dimensions that CRC-32 gives them, with the sign that it gives them (Weinberger
et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Nothing is known of meaning: what has no letters in
common has nothing in common.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from zlib import crc32

import numpy as np

from rag_chunk.corpus.arrays import Floats, Positions, ranges
from rag_chunk.corpus.characters import classify_characters, mask_characters
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit

DIMENSIONS = 1024
_PART = 3  # characters
_AT_ONCE = 256  # texts


def hashing(name: str, url: str | None) -> Embedder:
    """Return the embedder; it has no name and no address."""
    del name, url
    return Embedder(f"hashing-1-{DIMENSIONS}", _embed, _count, batch=4096, is_cheap=True)


def _embed(texts: Sequence[str], role: Role) -> Vectors:
    parts = [unit(_sum_features(texts[first : first + _AT_ONCE])) for first in range(0, len(texts), _AT_ONCE)]
    vectors: Vectors = np.concatenate([np.zeros((0, DIMENSIONS), np.float32), *parts])
    return vectors


def _count(texts: Sequence[str]) -> Positions:
    counts = [
        len(words) for first in range(0, len(texts), _AT_ONCE) for words in _words(texts[first : first + _AT_ONCE])
    ]
    return np.array(counts, np.int64)


def _words(texts: Sequence[str]) -> Iterable[list[str]]:
    """Return the words of each text, runs of letters, digits and `_`: all texts at once, a line each."""
    joined = "\n".join(texts)
    apart = np.cumsum([len(text) + 1 for text in texts][:-1], dtype=np.int64) - 1
    is_gap = classify_characters(joined, _is_word) == 0
    is_gap[apart] = False
    spaced = mask_characters(joined, is_gap)  # no line of it ends but where a text does
    return (line.split() for line in spaced.split("\n"))


def _is_word(character: str) -> int:
    return character.isalnum() or character == "_"


def _sum_features(texts: Sequence[str]) -> Floats:
    """Return the sum of the features of each text's words: [texts, dimensions]."""
    counts = [Counter(words) for words in _words([text.lower() for text in texts])]
    number_of = {word: number for number, word in enumerate(dict.fromkeys(chain.from_iterable(counts)))}
    features = [_features(word) for word in number_of]
    lengths = np.array([len(places) for places, _ in features], np.int64)
    starts = np.cumsum(lengths) - lengths
    places = np.concatenate([np.zeros(0, np.int64), *(places for places, _ in features)])
    values = np.concatenate([np.zeros(0), *(values for _, values in features)])
    words = np.fromiter(
        map(number_of.__getitem__, chain.from_iterable(counts)), np.int64
    )  # of one text after the other
    weights = 1 + np.log(np.fromiter(chain.from_iterable(each.values() for each in counts), np.int64))
    rows = np.repeat(np.arange(len(texts)) * DIMENSIONS, [len(each) for each in counts])
    of_words = ranges(starts[words], starts[words] + lengths[words])
    signed = values[of_words] * np.repeat(weights, lengths[words])
    cells = places[of_words] + np.repeat(rows, lengths[words])
    return np.bincount(cells, signed, minlength=len(texts) * DIMENSIONS).reshape(-1, DIMENSIONS)


@lru_cache(maxsize=65_536)
def _features(word: str) -> tuple[Positions, Floats]:
    """Return the dimensions that a word adds to, and what it adds to each."""
    framed = f"<{word}>"
    parts = [framed[place : place + _PART] for place in range(len(framed) - _PART + 1)]
    hashes = np.array([crc32(part.encode("utf-8", "surrogatepass")) for part in (word, *parts)], np.int64)
    values = np.where(hashes & (1 << 31), 1.0, -1.0)
    values[1:] /= 2
    return hashes % DIMENSIONS, values
