"""`Counts`: how many units spans have."""

from typing import NamedTuple

from rag_chunk.corpus.arrays import Positions

FAR = 64  # characters: a safe point further away than this is not worth encoding up to


class Counts(NamedTuple):
    """How many units spans have, and lie before them: all are [spans].

    From the start of one span to the end of another there are `reach` of the latter less `lead` of the former,
    where `opens` of the former is at most `closes` of the latter: else the stretch is too short for that, and is to be
    counted by itself (see `Tokens`). `sizes` is exact for every span.
    """

    lead: Positions
    reach: Positions
    opens: Positions
    closes: Positions
    sizes: Positions
