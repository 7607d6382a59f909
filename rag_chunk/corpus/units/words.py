"""Words and characters as units."""

from functools import cached_property
from typing import Final

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions, Spans, as_spans, distinct, index_in, line_type
from rag_chunk.corpus.characters import BLOCK, LETTER, LONE, NEWLINE, SPACE, STICKY
from rag_chunk.corpus.units.counts import FAR, Counts

_PHRASED = (("\u0e00", "\u0eff"), ("\u1000", "\u109f"), ("\u1780", "\u17ff"))  # Thai, Lao; Burmese; Khmer


def _own_words(corpus: Corpus, start: int, end: int) -> Positions:
    """Return where a word starts because it, or the character before it, is of a script without spaces."""
    flags = corpus.flags[start:end]
    lone = (flags & LONE) > 0
    if not lone.any():
        return np.zeros(0, np.int64)
    own = (flags & STICKY) == 0
    own[1:] |= (flags[:-1] & NEWLINE) > 0  # nothing sticks to a line end
    own |= (flags & SPACE) > 0  # nor do the separators \x1c to \x1f to a letter
    # A letter that sticks to what is before it, as the Thai am does, is on its own after a control character.
    after_sign = ((flags[:-1] & (LETTER | STICKY)) == 0) | ((flags[:-1] & SPACE) > 0)
    rows = np.flatnonzero(lone[1:] & ~own[1:] & after_sign) + 1
    own[rows] = corpus.graphemes.starts(rows + start) == rows + start
    base = np.maximum.accumulate(np.where(own, np.arange(len(flags), dtype=np.int32), 0))
    after_lone = np.zeros(len(flags), bool)
    after_lone[1:] = lone[base[:-1]] & own[1:]
    starts: Positions = np.flatnonzero(lone | after_lone) + start
    return starts


def word_starts(corpus: Corpus, spans: Spans) -> Positions:
    """Return where words start in stretches that are apart and in order, each in one document: [words].

    A word is a run of characters that are not white space, except that each Han, kana, Thai, Lao, Khmer
    or Myanmar letter is a word of its own, with its marks.
    """
    own = _lone_words(corpus, spans)
    starts = distinct(_run_starts(corpus, spans), own[(corpus.flags[own] & SPACE) == 0])
    return distinct(corpus.graphemes.starts(starts)).astype(line_type(len(corpus)), copy=False)


def within_phrases(corpus: Corpus, starts: Positions) -> Bools:
    """Return whether each word of a script with spaces between phrases only follows another without one: bool [starts].

    A text of such a script is better cut at its spaces.
    """
    alone: Bools = (corpus.flags[starts] & LONE > 0) & (corpus.flags[starts - 1] & SPACE == 0)
    if alone.any():
        alone &= corpus.classify_characters(_has_phrases)[starts] > 0
    return alone


def _has_phrases(character: str) -> int:
    return int(any(first <= character <= last for first, last in _PHRASED))


def _run_starts(corpus: Corpus, spans: Spans) -> Positions:
    """Return where runs of characters that are no white space start in stretches, or go on from before them."""
    (starts, ends), flags = spans.T, corpus.flags
    starts_by_block = [starts[(flags[starts] & SPACE) == 0]]
    for place in range(0, len(corpus), BLOCK):
        first, after = np.searchsorted(ends, place, side="right"), np.searchsorted(starts, place + BLOCK)
        if first < after:
            before = max(place, 1) - 1
            inked = (flags[before : place + BLOCK] & SPACE) == 0
            opens = inked[1:] > inked[:-1]
            opens &= _inside(spans[first:after] - (before + 1), len(opens))
            starts_by_block.append(np.flatnonzero(opens) + (before + 1))
    return distinct(*starts_by_block)


def _inside(spans: Spans, length: int) -> Bools:
    """Return whether each place below `length` lies in one of the spans, which are apart and in order."""
    borders = np.clip(spans.ravel(), 0, length)
    counts = np.diff(borders, prepend=0, append=length)
    return np.repeat(np.arange(len(counts)) % 2 == 1, counts)


def _lone_words(corpus: Corpus, spans: Spans) -> Positions:
    """Return where words start in stretches for want of white space in their script."""
    near = spans[corpus.may_be_unspaced(spans)].tolist()
    return np.concatenate([np.zeros(0, np.int64), *(_own_words(corpus, start, end) for start, end in near)])


class Words:
    """Words as units. A fragment of a word counts as a word, as it does in the chunk's own text."""

    name: Final = "words"
    keeps_space: Final = False

    def __init__(self, corpus: Corpus) -> None:
        """Find the words of `corpus`."""
        documents = as_spans(np.column_stack([corpus.starts[:-1], corpus.starts[1:]]))
        self.starts: Positions = word_starts(corpus, as_spans(documents[documents[:, 0] < documents[:, 1]]))
        self.ends = self._word_ends(corpus)

    def _word_ends(self, corpus: Corpus) -> Positions:
        """Return where each word ends: with its run of characters, or where the next word starts."""
        following = np.append(self.starts[1:], self.starts.dtype.type(len(corpus)))
        return corpus.whitespace.past(following, -1)[: len(self.starts)]

    def size(self, start: int, end: int) -> int:
        """Count the words of one stretch."""
        return int(self.count(as_spans([(start, end)])).sizes[0])

    def count(self, spans: Spans, far: int = FAR) -> Counts:  # noqa: ARG002 - nothing is encoded
        """Count the words that end at or before each start, those that start before each end, and those inside."""
        starts, ends = spans.T
        lead, reach = index_in(self.ends, starts, "right"), index_in(self.starts, ends)
        return Counts(lead, reach, starts, ends, reach - lead)


class Characters:
    """Characters (code points) as units."""

    name: Final = "characters"
    keeps_space: Final = False

    def __init__(self, corpus: Corpus) -> None:
        """Note the length of `corpus`."""
        self._length = len(corpus)

    @cached_property
    def starts(self) -> Positions:
        """Where each unit starts: every position on the line."""
        return np.arange(self._length, dtype=line_type(self._length))

    def size(self, start: int, end: int) -> int:
        """Count the characters of one stretch."""
        return end - start

    def count(self, spans: Spans, far: int = FAR) -> Counts:  # noqa: ARG002 - nothing is encoded
        """Count the characters before each start and end, and those inside."""
        lead, reach = spans.T
        return Counts(lead, reach, lead, reach, reach - lead)
