"""Moves what lies on the lines of shards to the line of all shards."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.analysis.shard_chunks import Stretches
from rag_chunk.corpus.arrays import Positions, as_spans
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.scorer.outlined_chunking import TokenLine


class Move:
    """Moves what is on a shard's line to the line of all shards."""

    def __init__(self, line: PartialCorpus, names: Sequence[str], tokens: TokenLine | None) -> None:
        """Look up where the documents with these names are."""
        documents = line.rows_of(names)
        lengths = np.array([line.facts[row].characters for row in documents.tolist()], np.int64)
        self._own = np.cumsum(lengths) - lengths
        self._starts = line.starts[documents]
        self._non_whitespace = line.non_whitespace_before(self._starts)
        self._tokens = None if tokens is None else tokens.starts[documents]

    def move(self, stretches: Stretches) -> Stretches:
        """Return stretches on the common line."""
        document = np.searchsorted(self._own, stretches.spans[:, 0], side="right") - 1
        spans = stretches.spans + (self._starts - self._own)[document][:, None]
        non_whitespace = stretches.non_whitespace + self._non_whitespace[document][:, None]
        if self._tokens is None or stretches.tokens is None:
            return Stretches(spans, non_whitespace)
        return Stretches(spans, non_whitespace, as_spans(stretches.tokens + self._tokens[document][:, None]))


def join_stretches(moves: Sequence[Move], shards: Sequence[Stretches]) -> tuple[Stretches, list[Positions]]:
    """Return all stretches in order, and the row that each one of a shard has there."""
    moved = [move.move(each) for move, each in zip(moves, shards, strict=True)]
    spans = np.concatenate([each.spans for each in moved])
    placed = np.concatenate([each.non_whitespace for each in moved])
    counted = [each.tokens for each in moved if each.tokens is not None]
    order = np.lexsort((spans[:, 1], spans[:, 0]))
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    borders = np.cumsum([len(each.spans) for each in moved])[:-1]
    tokens = as_spans(np.concatenate(counted)[order]) if counted else None
    return Stretches(as_spans(spans[order]), as_spans(placed[order]), tokens), np.split(row, borders)
