"""Words and characters as units."""

import itertools
from functools import cached_property
from typing import Final

import numpy as np

from rag_chunk.arrays import Bools, Bytes, Positions, Spans, distinct, index_in, line_type
from rag_chunk.characters import LONE, STICKY
from rag_chunk.corpus import Corpus


def _own_words(flags: Bytes) -> Positions:
    """Return where a word starts because it, or the character before it, is of a script without spaces."""
    lone = (flags & LONE) > 0
    if not lone.any():
        return np.zeros(0, np.int64)
    base = np.maximum.accumulate(np.where((flags & STICKY) == 0, np.arange(len(flags), dtype=np.int32), 0))
    after_lone = np.zeros(len(flags), bool)
    after_lone[1:] = lone[base[:-1]] & ((flags[1:] & STICKY) == 0)
    starts: Positions = np.flatnonzero(lone | after_lone)
    return starts


def word_starts(corpus: Corpus, start: int, end: int) -> Positions:
    """Return where words start in the stretch [start, end) of one document: [words].

    A word is a run of characters that are not white space, except that each Han, kana, Thai, Lao, Khmer
    or Myanmar letter is a word of its own, with its marks.
    """
    runs = corpus.solid_starts[slice(*index_in(corpus.solid_starts, [start, end]).tolist())]
    own = _own_words(corpus.flags[start:end]) + start
    if len(own):
        run = index_in(corpus.solid_starts, own, "right") - 1
        own = own[(run >= 0) & (own < corpus.solid_ends[np.maximum(run, 0)])]
        runs = distinct(runs, own)
    return distinct(corpus.grapheme_starts(runs)).astype(line_type(len(corpus)))


class Words:
    """Words as units. A fragment of a word counts as a word, as it does in the chunk's own text."""

    name: Final = "words"

    def __init__(self, corpus: Corpus) -> None:
        """Find the words of `corpus`."""
        parts = [word_starts(corpus, first, last) for first, last in itertools.pairwise(corpus.starts.tolist())]
        self.starts: Positions = np.concatenate([*parts, np.zeros(0, line_type(len(corpus)))])
        self.ends = self._word_ends(corpus)

    def _word_ends(self, corpus: Corpus) -> Positions:
        """Return where each word ends: with its run of characters, or where the next word starts."""
        if not len(self.starts):
            return self.starts
        run_ends = corpus.solid_ends[index_in(corpus.solid_ends, self.starts, "right")]
        following = np.append(self.starts[1:], self.starts.dtype.type(len(corpus)))
        ends: Positions = np.minimum(run_ends, following)
        return ends

    def lead(self, starts: Positions) -> Positions:
        """Return the number of words that end at or before each start."""
        return index_in(self.ends, starts, "right")

    def reach(self, ends: Positions) -> Positions:
        """Return the number of words that start before each end."""
        return index_in(self.starts, ends)

    def additive(self, spans: Spans) -> Bools:
        """Return that `reach` less `lead` is the size of every span: bool [n]."""
        return np.ones(len(spans), bool)

    def sizes(self, spans: Spans) -> Positions:
        """Return the number of words in each span: [n]."""
        return self.reach(spans[:, 1]) - self.lead(spans[:, 0])


class Characters:
    """Characters (code points) as units."""

    name: Final = "characters"

    def __init__(self, corpus: Corpus) -> None:
        """Note the length of `corpus`."""
        self._length = len(corpus)

    @cached_property
    def starts(self) -> Positions:
        """Where each unit starts: every position on the line."""
        return np.arange(self._length, dtype=line_type(self._length))

    def lead(self, starts: Positions) -> Positions:
        """Return the number of characters before each start."""
        return starts

    def reach(self, ends: Positions) -> Positions:
        """Return the number of characters before each end."""
        return ends

    def additive(self, spans: Spans) -> Bools:
        """Return that `reach` less `lead` is the size of every span: bool [n]."""
        return np.ones(len(spans), bool)

    def sizes(self, spans: Spans) -> Positions:
        """Return the number of characters in each span: [n]."""
        lengths: Positions = spans[:, 1] - spans[:, 0]
        return lengths
