"""`SplittableSegments`: measured pieces for any limit, cut finer where one is over it."""

from math import gcd

import numpy as np

from rag_chunk.chunker.measured_segments import MeasuredSegments, cut_exactly, join
from rag_chunk.chunker.packing_table import PackingTable, rows_of
from rag_chunk.chunker.segments import Level, Segments
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, as_spans, distinct, line_type, opens
from rag_chunk.corpus.units import Units, within_phrases, word_starts

_PARTS = 16  # of a chunk: a word over the limit is cut no finer, so that long ones do not take long
_FAR = 24  # characters: without spaces each letter is a word, and to encode far around each would take very long


class SplittableSegments:
    """Segments for any limit: one that is over it is cut into its words, a word that is over it into whole graphemes.

    The words of a piece are found and measured for the first limit that it is over, and kept for others.
    """

    def __init__(self, whole: MeasuredSegments, corpus: Corpus, units: Units) -> None:
        """Take the pieces as the borders of a strategy make them."""
        self._corpus, self._units = corpus, units
        self._known = whole  # the words of a piece come after it
        self._of = whole.counts.sizes  # the size of the whole piece that each is, or is a word of
        self._are_words = np.zeros(len(whole.pieces), bool)
        self._smallest = int(self._of.max(initial=0))  # limit so far
        self._rows: tuple[tuple[int, int], PackingTable] | None = None  # of the last limit: often asked for twice

    def rows(self, limit: int, overlap: int = 0) -> PackingTable:
        """Return the rows of chunks of at most `limit` units; none of them is over it but a single grapheme cluster.

        What has no finer border is cut into parts of which chunks can share some, up to the `overlap`.
        """
        grain = min(overlap, max(gcd(limit, overlap), limit // _PARTS)) or limit
        if self._rows is None or self._rows[0] != (limit, grain):
            self._rows = None  # so that there are never those of two
            self._rows = (limit, grain), rows_of(*self._within(limit, grain), limit, self._units)
        return self._rows[1]

    def _within(self, limit: int, grain: int) -> tuple[MeasuredSegments, Positions]:
        """Return pieces of which none is over `limit`, and their rows in order, among others that are not used for it."""
        # A piece of 5 units and its words of 2 and 3: `_of` is [5 5 5], `_are_words` [F T T]. With a limit of 5 the first row
        # is chosen, with a limit of 4 the other two, with one of 2 the parts that the last is cut into besides.
        if limit < self._smallest:
            self._find_words(limit)
        kind = line_type(len(self._of))
        chosen = np.flatnonzero((self._of > limit) == self._are_words).astype(kind)
        are_large = self._known.counts.sizes[chosen] > limit
        large = chosen[are_large]
        if not len(large):
            return self._known, chosen
        spans = self._known.pieces.spans[large]
        cuts = [cut for span in spans for cut in cut_exactly(span, self._corpus, self._units, grain)]
        parts, rows = self._parts(large, np.array(cuts, np.int64), Level.GRAPHEME)
        known = join(self._known, parts)
        self._known = known.at(slice(len(self._of)))  # a view, so that there are never two of them
        return known, self._insert_parts(chosen[~are_large], rows)

    def _insert_parts(self, chosen: Positions, before: Positions) -> Positions:
        """Return the `chosen` rows, with those of as many parts more, each after the row that is `before` it."""
        added = len(self._of) + np.arange(len(before))
        return np.insert(chosen, np.searchsorted(chosen, before, side="right"), added)

    def _find_words(self, limit: int) -> None:
        """Cut those pieces into words that are over `limit`, and were over none before."""
        new = np.flatnonzero((self._of > limit) & (self._of <= self._smallest))
        parts, rows = self._parts(new, word_starts(self._corpus, self._known.pieces.spans[new]), Level.WORD)
        inside = np.flatnonzero(~opens(rows))
        parts.pieces.levels[inside[within_phrases(self._corpus, parts.pieces.spans[inside, 0])]] = Level.GRAPHEME
        order = self._insert_parts(np.arange(len(self._of)), rows)
        self._known = join(self._known, parts).at(order)
        self._are_words = np.append(self._are_words, np.ones(len(rows), bool))[order]
        self._of = np.append(self._of, self._of[rows])[order]
        self._smallest = limit

    def _parts(self, large: Positions, cuts: Positions, level: Level) -> tuple[MeasuredSegments, Positions]:
        """Cut the known pieces in the rows `large` at `cuts`, which are borders of this level.

        Return the parts, and the row of the piece that each is a part of: [parts].
        """
        whole = self._known.pieces
        spans = whole.spans[large]
        starts = distinct(spans[:, 0], cuts)
        row = np.searchsorted(spans[:, 0], starts, side="right") - 1
        ends = np.minimum(np.append(starts, len(self._corpus))[1:], spans[row, 1])
        parts = self._corpus.trim(as_spans(np.column_stack([starts, ends])))
        rows = large[np.searchsorted(spans[:, 0], parts[:, 0], side="right") - 1]
        levels = np.where(opens(rows), whole.levels[rows], np.uint8(level))
        pieces = Segments(parts.astype(spans.dtype), levels)
        return MeasuredSegments(pieces, self._units.count(pieces.spans, _FAR)), rows
