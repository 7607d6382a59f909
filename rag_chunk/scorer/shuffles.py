"""The floor: seeded shuffles of the chunks, keyed by the seed and each question's id."""

import hashlib

import numpy as np

from rag_chunk.arrays import Floats, Spans
from rag_chunk.corpus import Corpus
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking

SHUFFLES = 20
_FEW = 4  # where one chunk in four or more is read, whole shuffles cost less than drawing until enough differ


def shuffled(corpus: Corpus, questions: Questions, spans: Spans, seed: int, budget: int) -> Ranking:
    """Return for each question the beginnings of SHUFFLES shuffles of the chunks, long enough to fill `budget`.

    int64 [questions * SHUFFLES, depth]. Drawing with repetition and passing over what came before is the same
    as shuffling; -1 stands for what is passed over.
    """
    lengths = spans[:, 1] - spans[:, 0]
    usual = int(2 * budget * len(lengths) / max(1, int(lengths.sum()))) + 8
    while usual * _FEW < len(lengths):
        numbers = _numbers(corpus, questions, seed, usual)
        rows: Ranking = (numbers * len(lengths)).astype(np.int64).reshape(len(numbers), usual)
        drawn = _without_repeats(rows)
        if (np.append(lengths, 0)[drawn].sum(axis=1) >= budget).all():
            return drawn
        usual *= 2
    return np.argsort(_numbers(corpus, questions, seed, len(lengths)), axis=1)


def _numbers(corpus: Corpus, questions: Questions, seed: int, count: int) -> Floats:
    """Return `count` random numbers in [0, 1) for each shuffle: [questions * SHUFFLES, count].

    They are drawn once for all configurations; a longer draw begins with the shorter one.
    """
    held = 1 << max(6, (count - 1).bit_length())
    drawn = corpus.derived(("random numbers", questions, seed, held), lambda: _drawn(questions, seed, held))
    return drawn[:, :count]


def _drawn(questions: Questions, seed: int, count: int) -> Floats:
    numbers = np.empty((len(questions), SHUFFLES, count))
    for row, name in enumerate(questions.ids):
        key = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8])
        numbers[row] = np.random.default_rng([seed, key]).random((count, SHUFFLES)).T
    return numbers.reshape(-1, count)


def _without_repeats(rows: Ranking) -> Ranking:
    """Return `rows` with -1 where a number stood before in the same row."""
    depth = rows.shape[1]
    ordered = np.sort(rows * depth + np.arange(depth), axis=1)
    repeats = ordered[:, 1:][ordered[:, 1:] // depth == ordered[:, :-1] // depth] % depth
    places = np.nonzero(ordered[:, 1:] // depth == ordered[:, :-1] // depth)[0]
    kept = rows.copy()
    kept[places, repeats] = -1
    return kept
