"""`Counts`: how many units spans have."""

from typing import NamedTuple

import numpy as np

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

    def at(self, rows: Positions | slice) -> "Counts":
        """Return the counts of the spans in these rows."""
        return Counts(*(column[rows] for column in self))

    def join(self, other: "Counts") -> "Counts":
        """Return these counts, then the others."""
        return Counts(*map(np.concatenate, zip(self, other, strict=True)))

    def exchange(self, rows: Positions, other: "Counts") -> "Counts":
        """Return these counts with others for the spans in `rows`."""
        changed = Counts(*(column.copy() for column in self))  # columns may be views of spans
        for column, new in zip(changed, other, strict=True):
            column[rows] = new
        return changed
