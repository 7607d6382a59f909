"""Safe points: where every pattern of a tokenizer splits, wherever its scan began and whatever follows."""

from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, index_in, line_type
from rag_chunk.corpus.characters import LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, STICKY


def are_safe(before: Bytes, here: Bytes, *, after_lines: bool) -> Bools:
    """Return whether there is a safe point between characters, given the flags of each and of the one before: [n].

    `after_lines` tells whether the pattern always splits where a line has ended; those of GPT-2 and GPT-3 do not.
    """
    spaced = (here & (SPACE | NEWLINE | STICKY) == SPACE) & (before & SPACE == 0)
    after_letter = (before & LETTER > 0) & (here & (SPACE | PUNCTUATION | NUMBER) > 0)
    after_number = (before & NUMBER > 0) & (here & (SPACE | PUNCTUATION | LETTER) > 0)
    safe: Bools = spaced | after_letter | after_number
    if after_lines:
        safe |= (before & NEWLINE > 0) & (here & (LETTER | NUMBER | PUNCTUATION) > 0)
    safe &= here & STICKY == 0
    return safe


class SafePoints(NamedTuple):
    """Which of some places are safe points, a bit for each, and where runs of others start and end: [runs] each."""

    bits: Bytes
    starts: Positions
    ends: Positions

    def has(self, places: Positions) -> Bools:
        """Return whether each place is a safe point."""
        is_safe: Bools = self.bits[places >> 3] & (128 >> (places & 7)) > 0
        return is_safe

    def at_or_after(self, places: Positions) -> Positions:
        """Return the first safe point from each place on. The last place is one."""
        moved, rows, run = self._others(places)
        moved[rows] = self.ends[run]
        return moved

    def at_or_before(self, places: Positions) -> Positions:
        """Return the last safe point up to each place. The first place is one."""
        moved, rows, run = self._others(places)
        moved[rows] = self.starts[run] - 1
        return moved

    def _others(self, places: Positions) -> tuple[Positions, Positions, Positions]:
        """Return a copy of the places, the rows of those that are no safe points, and the run that each lies in."""
        rows = np.flatnonzero(~self.has(places))
        return places.copy(), rows, index_in(self.starts, places[rows], "right") - 1


def safe_points(marks: Bools) -> SafePoints:
    """Return what is marked as safe points; the first and the last place are.

    >>> safe_points(np.array([True, False, False, True])).at_or_after(np.array([0, 1, 2])).tolist()
    [0, 3, 3]
    """
    changes = (np.flatnonzero(marks[1:] != marks[:-1]) + 1).astype(line_type(len(marks)))
    return SafePoints(np.packbits(marks), changes[0::2], changes[1::2])
