"""`hashing`: words and their parts, hashed into a vector. Offline, without a model, and lexical.

A text's words are lower-cased and weighed by 1 + ln of how often they occur; each adds itself, and its runs of three
characters at half the weight, to the dimensions that CRC-32 gives them, with the sign that it gives them (Weinberger
et al. 2009, "Feature Hashing for Large Scale Multitask Learning"). Nothing is known of meaning: what has no letters in
common has nothing in common.
"""

from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans, first_of_runs, ranges
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit
from rag_chunk.embedder.text_words import LineWords, count_words, has_line_words, split_words
from rag_chunk.embedder.vocabulary import DIMENSIONS, Vocabulary

_AT_ONCE = 256  # texts
_MOST_WORDS = 65_536  # whose features are remembered


def hashing(name: str, url: str | None) -> Embedder:
    """Return the embedder; it has no name and no address."""
    del name, url
    return Embedder(
        f"hashing-1-{DIMENSIONS}",
        _embed,
        count_words,
        batch=4096,
        is_cheap=True,
        is_stored=False,
        embed_spans=_embed_spans,
    )


def _embed(texts: Sequence[str], role: Role) -> Vectors:
    parts = [np.zeros((0, DIMENSIONS), np.float32)]
    for first in range(0, len(texts), _AT_ONCE):
        vocabulary, lowered = _vocabulary(), [text.lower() for text in texts[first : first + _AT_ONCE]]
        words = vocabulary.number(split_words(lowered))
        parts.append(unit(_sum_features(words, count_words(lowered), vocabulary)))
    return np.concatenate(parts)


def _embed_spans(corpus: Corpus, spans: Spans) -> tuple[Vectors, Positions]:
    if not corpus.derive(bool, lambda: has_line_words(corpus), "has_line_words"):  # it looks at all texts
        texts = corpus.texts(spans)
        return _embed(texts, "document"), count_words(texts)
    line = corpus.derive(LineWords, lambda: LineWords(corpus))
    parts, counts = [np.zeros((0, DIMENSIONS), np.float32)], [np.zeros(0, np.int64)]
    for first in range(0, len(spans), _AT_ONCE):
        words, several = line.inside(spans[first : first + _AT_ONCE])
        parts.append(unit(_sum_features(words, several, line.vocabulary)))
        counts.append(several)
    return np.concatenate(parts), np.concatenate(counts)


def _sum_features(words: Positions, counts: Positions, vocabulary: Vocabulary) -> Floats:
    """Return the sum of the features of each text's words, of which it has so many: [texts, dimensions]."""
    rows = np.repeat(np.arange(len(counts)), counts)
    # One entry for each different word of each text, in the order in which the text has them: which word, and its weight.
    often = _count_repetitions(words, rows)
    words, rows, often = (column[often > 0] for column in (words, rows * DIMENSIONS, often))
    # One entry for each feature of each of them: its cell of the result, and what it adds there.
    starts, lengths, places, values = vocabulary.features()
    several = lengths[words]
    features = ranges(starts[words], starts[words] + several)
    cells = places[features] + np.repeat(rows, several)
    signed = values[features] * np.repeat(1 + np.log(often), several)
    return np.bincount(cells, signed, minlength=len(counts) * DIMENSIONS).reshape(-1, DIMENSIONS)


def _count_repetitions(words: Positions, rows: Positions) -> Positions:
    """Return how often each word is in its text, where that has it first, and else 0: [words]."""
    # Row, word and place are packed into one integer: sorting brings equal words of a text together, the first place first.
    bits = len(words).bit_length()
    ordered = np.sort((rows * (int(words.max(initial=0)) + 1) + words) << bits | np.arange(len(words)))
    first = first_of_runs(ordered >> bits) if len(words) else words
    often = np.zeros(len(words), np.int64)
    often[ordered[first] & ((1 << bits) - 1)] = np.diff(np.append(first, len(words)))
    return often


_LATEST = [Vocabulary()]


def _vocabulary() -> Vocabulary:
    """Return the words of the texts before, or none where they have become too many."""
    if len(_LATEST[0]) > _MOST_WORDS:
        _LATEST[0] = Vocabulary()
    return _LATEST[0]
