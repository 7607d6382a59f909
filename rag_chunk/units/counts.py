"""`Counts`: how many units spans have."""

from typing import NamedTuple

from rag_chunk.arrays import Positions


class Counts(NamedTuple):
    """How many units spans have, and lie before them: all are [spans].

    From the start of one span to the end of another there are `reach` of the latter less `lead` of the former,
    where that stretch is `additive` (see `Units`). `sizes` is exact for every span.
    """

    lead: Positions
    reach: Positions
    sizes: Positions
