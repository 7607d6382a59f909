"""What retrieved text costs: characters, or tokens of the documents."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, Spans, as_spans, index_in
from rag_chunk.corpus.units import units_of


@dataclass(frozen=True, slots=True, eq=False)
class Pricing:
    """What chunks cost in the unit of a budget: `costs` [chunks, 2] are their spans, counted in it.

    `starts_of` returns where on the line the units at some places begin; without it characters are paid for.
    """

    costs: Spans
    starts_of: Callable[[Positions], Positions] | None = None

    def positions(self, places: Positions) -> Positions:
        """Return where on the line the unit at each place begins: [n]."""
        return places if self.starts_of is None else self.starts_of(places)


def count_touched(starts: Positions, spans: Spans) -> Spans:
    """Count spans in tokens that begin at `starts` on the line: int64 [n, 2].

    The tokens are those of whole documents, so that costs add up: a chunk costs each token that it touches, at most
    one more at either end than its text has when it is encoded by itself.

    >>> count_touched(np.array([0, 4, 9]), as_spans([(0, 4), (2, 6), (9, 12)])).tolist()
    [[0, 1], [0, 2], [2, 3]]
    """
    # The token that holds a start is the last one that starts at or before it. Where a character is several tokens, all
    # of them start there, and the first one counts.
    at, past = (index_in(starts, spans[:, 0], side) for side in ("left", "right"))
    return as_spans(np.column_stack([np.minimum(at, past - 1), index_in(starts, spans[:, 1])]))


def pricing_of(chunking: Chunking, config: RunConfig) -> Pricing:
    """Return what the chunks cost under the budget of `config`."""
    if config.budget_unit == "characters":
        return Pricing(chunking.spans)
    from rag_chunk.scorer.outlined_chunking import OutlinedChunking  # of shards; budgets are mostly of characters

    if isinstance(chunking, OutlinedChunking) and chunking.tokens is not None:
        return Pricing(chunking.tokens.places, chunking.tokens.line.starts_of)
    starts = units_of(chunking.corpus, config.budget_unit, config.model).starts
    return Pricing(count_touched(starts, chunking.spans), starts.__getitem__)
