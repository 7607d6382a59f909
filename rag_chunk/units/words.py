"""Words and characters as units."""

from functools import cached_property
from typing import Final

import numpy as np

from rag_chunk.arrays import Bools, Positions, Spans, as_spans, distinct
from rag_chunk.characters import LONE, STICKY
from rag_chunk.corpus import Corpus


def _own_words(corpus: Corpus) -> Positions:
    """Return where a word starts because it, or the character before it, is of a script without spaces."""
    flags = corpus.flags
    lone = (flags & LONE) > 0
    if not lone.any():
        return np.zeros(0, np.int64)
    base = np.maximum.accumulate(np.where((flags & STICKY) == 0, np.arange(len(flags)), 0))
    after_lone = np.zeros(len(flags), bool)
    after_lone[1:] = lone[base[:-1]] & ((flags[1:] & STICKY) == 0)
    starts: Positions = np.flatnonzero(lone | after_lone)
    return starts


def word_spans(corpus: Corpus) -> Spans:
    """Return the words of the corpus: int64 [words, 2].

    A word is a run of characters that are not white space, except that each Han, kana, Thai, Lao, Khmer
    or Myanmar letter is a word of its own, with its marks.
    """
    own = _own_words(corpus)
    solid = corpus.solid
    if len(own):
        run = np.searchsorted(solid[:, 0], own, side="right") - 1
        own = own[(run >= 0) & (own < solid[run, 1])]
    starts = distinct(solid[:, 0], own) if len(own) else solid[:, 0]
    starts = distinct(corpus.grapheme_starts(starts))
    run_ends = solid[np.searchsorted(solid[:, 1], starts, side="right"), 1] if len(starts) else starts
    ends = np.minimum(run_ends, np.append(starts[1:], len(corpus))) if len(starts) else starts
    return as_spans(np.column_stack([starts, ends]))


class Words:
    """Words as units. A fragment of a word counts as a word, as it does in the chunk's own text."""

    name: Final = "words"

    def __init__(self, corpus: Corpus) -> None:
        """Find the words of `corpus`."""
        self.spans = word_spans(corpus)
        self.starts: Positions = np.ascontiguousarray(self.spans[:, 0])
        self._ends: Positions = np.ascontiguousarray(self.spans[:, 1])

    def lead(self, starts: Positions) -> Positions:
        """Return the number of words that end at or before each start."""
        return np.searchsorted(self._ends, starts, side="right")

    def reach(self, ends: Positions) -> Positions:
        """Return the number of words that start before each end."""
        return np.searchsorted(self.starts, ends, side="left")

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
        return np.arange(self._length)

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
