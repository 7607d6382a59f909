"""`Divisible`: measured pieces for any limit, cut finer where one is over it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_chunk.arrays import Bools, Bytes, Positions, Spans, as_spans, distinct, line_type, opens
from rag_chunk.chunker.measured import Measured, cut_exactly, measured
from rag_chunk.chunker.pieces import Level, Pieces
from rag_chunk.chunker.rows import Rows, rows_of
from rag_chunk.corpus import Corpus
from rag_chunk.units import Units, word_starts


@dataclass(frozen=True, slots=True)
class Parts:
    """What some pieces are cut into, in order, and the row of the piece that each is a part of: [parts]."""

    measured: Measured
    rows: Positions

    def kept(self, chosen: Bools) -> "Parts":
        """Return those that are chosen."""
        return Parts(_of_columns([column[chosen] for column in _columns(self.measured)]), self.rows[chosen])


class Divisible:
    """Pieces for any limit: one that is over it is cut into its words, a word that is over it into whole graphemes.

    The words of a piece are found and measured for the first limit that it is over, and kept for others.
    """

    def __init__(self, whole: Measured, corpus: Corpus, units: Units) -> None:
        """Take the pieces as the borders of a strategy make them."""
        self._whole, self._corpus, self._units = whole, corpus, units
        self._smallest = int(whole.sizes.max(initial=0))  # limit so far
        self._words = self._parts(whole, np.zeros(0, np.int64), np.zeros(0, np.int64), Level.WORD)
        self._rows: tuple[int, Rows] | None = None  # of the last limit: often asked for twice

    def rows(self, limit: int) -> Rows:
        """Return the rows of chunks of at most `limit` units; none of them is over it but a single grapheme cluster."""
        if self._rows is None or self._rows[0] != limit:
            self._rows = None  # so that there are never those of two
            self._rows = limit, rows_of(self._within(limit), limit)
        return self._rows[1]

    def _within(self, limit: int) -> Measured:
        """Return the pieces, cut so that none is over `limit`."""
        if limit < self._smallest:
            self._find_words(limit)
        words = self._words.kept(self._whole.sizes[self._words.rows] > limit)
        known = _replaced(self._whole, words)
        large = np.flatnonzero(known.sizes > limit)
        if not len(large):
            return known
        spans = known.pieces.spans[large]
        cuts = [cut for span in spans for cut in cut_exactly(span, self._corpus, self._units, limit)]
        return _replaced(known, self._parts(known, large, np.array(cuts, np.int64), Level.GRAPHEME))

    def _find_words(self, limit: int) -> None:
        """Cut those pieces into words that are over `limit`, and were over none before."""
        new = np.flatnonzero((self._whole.sizes > limit) & (self._whole.sizes <= self._smallest))
        starts = word_starts(self._corpus, self._whole.pieces.spans[new])
        self._words = _joined(self._words, self._parts(self._whole, new, starts, Level.WORD))
        self._smallest = limit

    def _parts(self, known: Measured, large: Positions, cuts: Positions, level: Level) -> Parts:
        """Cut the pieces in the rows `large` at `cuts`, which are borders of this level."""
        spans = known.pieces.spans[large]
        starts = distinct(spans[:, 0], cuts)
        row = np.searchsorted(spans[:, 0], starts, side="right") - 1
        ends = np.minimum(np.append(starts, len(self._corpus))[1:], spans[row, 1])
        parts = self._corpus.trimmed(as_spans(np.column_stack([starts, ends])))
        rows = large[np.searchsorted(spans[:, 0], parts[:, 0], side="right") - 1]
        levels = np.where(opens(rows), known.pieces.levels[rows], np.uint8(level))
        return Parts(measured(Pieces(parts.astype(spans.dtype), levels), self._units), rows)


def _joined(one: Parts, other: Parts) -> Parts:
    """Return the parts of both, in order."""
    rows = np.concatenate([one.rows, other.rows])
    order = np.argsort(rows, kind="stable")
    pairs = zip(_columns(one.measured), _columns(other.measured), strict=True)
    return Parts(_of_columns([np.concatenate(pair)[order] for pair in pairs]), rows[order])


def _replaced(known: Measured, parts: Parts) -> Measured:
    """Put parts in the places of the pieces that they are parts of."""
    if not len(parts.rows):
        return known
    counts = np.bincount(parts.rows, minlength=len(known.pieces))
    rows = np.repeat(np.arange(len(counts), dtype=line_type(len(counts))), np.maximum(counts, 1))
    new = counts[rows] > 0
    columns = [column[rows] for column in _columns(known)]
    for column, own in zip(columns, _columns(parts.measured), strict=True):
        column[new] = own
    return _of_columns(columns)


def _columns(known: Measured) -> tuple[Spans, Bytes, Positions, Positions, Positions]:
    return known.pieces.spans, known.pieces.levels, known.sizes, known.lead, known.reach


def _of_columns(columns: Sequence[Any]) -> Measured:
    spans, levels, *counts = columns
    return Measured(Pieces(spans, levels), *counts)
