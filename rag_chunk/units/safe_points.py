"""Safe points: where every pattern of a tokenizer splits, wherever its scan began and whatever follows."""

import numpy as np

from rag_chunk.arrays import Bools, Bytes
from rag_chunk.characters import BLOCK, LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, STICKY

UNKNOWN = 255  # how far it is to a mark that is not near


def are_safe(flags: Bytes, *, after_lines: bool) -> Bools:
    """Return whether each position after the first is a safe point, given what the characters are: [n - 1].

    `after_lines` tells whether the pattern always splits where a line has ended; those of GPT-2 and GPT-3 do not.
    """
    before, here = flags[:-1], flags[1:]
    spaced = (here & (SPACE | NEWLINE | STICKY) == SPACE) & (before & SPACE == 0)
    after_letter = (before & LETTER > 0) & (here & (SPACE | PUNCTUATION | NUMBER) > 0)
    after_number = (before & NUMBER > 0) & (here & (SPACE | PUNCTUATION | LETTER) > 0)
    found: Bools = spaced | after_letter | after_number
    if after_lines:
        found |= (before & NEWLINE > 0) & (here & (LETTER | NUMBER | PUNCTUATION) > 0)
    found &= here & STICKY == 0
    return found


def steps_to(marks: Bools) -> Bytes:
    """Return how many steps it is from each place to the first mark at it or after it, `UNKNOWN` for so many or more.

    >>> steps_to(np.array([False, True, False, False, True, False])).tolist()
    [1, 0, 2, 1, 0, 255]
    """
    steps, beyond = np.zeros(len(marks), np.uint8), UNKNOWN
    for place in reversed(range(0, len(marks), BLOCK)):
        block = marks[place : place + BLOCK]
        gaps = np.flatnonzero(~block)
        closes = np.flatnonzero(np.append(gaps[1:] != gaps[:-1] + 1, np.ones(len(gaps[:1]), bool)))  # the last of a run
        nearest = np.repeat(gaps[closes] + 1, np.diff(closes, prepend=-1))
        nearest[nearest == len(block)] += beyond
        steps[place + gaps] = np.minimum(nearest - gaps, UNKNOWN)
        beyond = int(steps[place])
    return steps
