"""What retrieved text costs: characters, or tokens of the documents."""

from dataclasses import dataclass

import numpy as np

from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans, as_spans, index_in
from rag_chunk.corpus.units import units_of


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """The unit of a budget. `starts` is where each token starts on the line; without it characters are paid for.

    The tokens are those of whole documents, so that costs add up: a chunk costs each token that it touches, at most
    one more at either end than its text has when it is encoded by itself.
    """

    starts: Positions | None = None

    def costs(self, spans: Spans) -> Spans:
        """Return the spans counted in the budget's unit: int64 [n, 2].

        >>> Pricing(np.array([0, 4, 9])).costs(as_spans([(0, 4), (2, 6), (9, 12)])).tolist()
        [[0, 1], [0, 2], [2, 3]]
        """
        if self.starts is None:
            return spans
        # The token that holds a start is the last one that starts at or before it. Where a character is several
        # tokens, all of them start there, and the first one counts.
        at, past = (index_in(self.starts, spans[:, 0], side) for side in ("left", "right"))
        return as_spans(np.column_stack([np.minimum(at, past - 1), index_in(self.starts, spans[:, 1])]))

    def positions(self, places: Positions) -> Positions:
        """Return where on the line the unit at each place begins: [n]."""
        return places if self.starts is None else self.starts[places]


CHARACTERS = Pricing()


def pricing_of(corpus: Corpus, config: RunConfig) -> Pricing:
    """Return what the text of `corpus` costs under the budget of `config`."""
    if config.budget_unit == "characters":
        return CHARACTERS
    return Pricing(units_of(corpus, config.budget_unit, config.model).starts)
