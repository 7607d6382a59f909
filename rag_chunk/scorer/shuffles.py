"""The floor: seeded shuffles of the chunks, keyed by the seed and each question's id."""

import hashlib

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans, line_type
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking

SHUFFLES = 20
_FEW = 4  # where one chunk in four or more is read, whole shuffles cost less than drawing until enough differ


def shuffles(corpus: Corpus, questions: Questions, costs: Spans, seed: int, budget: int) -> Ranking:
    """Return for each question the beginnings of SHUFFLES shuffles of the chunks, long enough to fill `budget`.

    `costs` are the chunks in the unit of the budget; int64 [questions * SHUFFLES, depth]. Drawing with repetition and passing over what came before is the same
    as shuffling; -1 is what is passed over.
    """
    # Few of many chunks fill the budget, so that whole shuffles would be mostly unread: draw about as many as are
    # needed, and twice as many where repeats left one of the lists short of the budget.
    lengths = costs[:, 1] - costs[:, 0]
    usual = _usually_enough(lengths, budget)
    while usual * _FEW < len(lengths):
        numbers = _numbers(corpus, questions, seed, usual)
        rows: Ranking = (numbers * len(lengths)).astype(np.int64).reshape(len(numbers), usual)
        drawn = _without_repeats(rows)
        if (np.append(lengths, 0)[drawn].sum(axis=1) >= budget).all():
            return drawn
        usual *= 2
    return np.argsort(_numbers(corpus, questions, seed, len(lengths)), axis=1)


def _usually_enough(lengths: Positions, budget: int) -> int:
    """Return how many draws reach `budget` all but surely: five standard deviations above the mean, and repeats."""
    if not len(lengths):
        return 0
    mean, deviation = float(lengths.mean()), float(lengths.std())
    needed = budget / mean
    return int(needed + 5 * deviation / mean * needed**0.5 + needed**2 / len(lengths)) + 4


def _numbers(corpus: Corpus, questions: Questions, seed: int, count: int) -> Floats:
    """Return `count` random numbers in [0, 1) for each shuffle: [questions * SHUFFLES, count].

    They are drawn once for all configurations; a longer draw begins with the shorter one.
    """
    held = 1 << max(6, (count - 1).bit_length())
    drawn = corpus.derive(np.ndarray, lambda: _draw(questions, seed, held), "random numbers", questions, seed, held)
    return drawn[:, :count]


def _draw(questions: Questions, seed: int, count: int) -> Floats:
    numbers = np.empty((len(questions), SHUFFLES, count))
    for row, name in enumerate(questions.ids):
        numbers[row] = _generator(seed, name).random((count, SHUFFLES)).T
    return numbers.reshape(-1, count)


def _generator(seed: int, name: str) -> "np.random.Generator":
    """Return the random numbers of one question, whatever others there are."""
    key = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8])
    return np.random.default_rng([seed, key])


def one_shuffle(questions: Questions, chunks: int, seed: int, depth: int) -> Ranking:
    """Return the beginning of one shuffle of the chunks for each question: int64 [questions, depth]."""
    rows = [_generator(seed, name).permutation(chunks)[:depth].copy() for name in questions.ids]  # not all in memory
    return np.array(rows, np.int64).reshape(len(rows), min(depth, chunks))


def _without_repeats(rows: Ranking) -> Ranking:
    """Return `rows` with -1 where a number was before in the same row."""
    # Number and place are packed into one integer (number << bits | place): sorting brings equal numbers together,
    # the earliest place first. Row [7, 2, 7] sorts to 2@1, 7@0, 7@2; 7@2 has the number before it, so place 2 is -1.
    bits = rows.shape[1].bit_length()
    packed = line_type((int(rows.max(initial=0)) + 1) << bits)  # the smaller is sorted in half the time
    ordered = np.sort(rows.astype(packed) << bits | np.arange(rows.shape[1], dtype=packed), axis=1)
    again = np.flatnonzero(ordered[:, 1:] >> bits == ordered[:, :-1] >> bits)
    row, place = np.divmod(again, rows.shape[1] - 1)
    kept = rows.copy()
    kept[row, ordered[row, place + 1] & ((1 << bits) - 1)] = -1
    return kept
