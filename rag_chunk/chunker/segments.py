"""`Segments`: a corpus cut as finely as a strategy may cut it, before anything is packed together."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bytes, Positions, Spans, distinct, index_in, line_type


class Level(IntEnum):
    """How coarse a border is. A coarser one is preferred as the place for a cut."""

    GRAPHEME = 0
    WORD = 1
    SENTENCE = 2
    LINE = 3
    PARAGRAPH = 4
    PART = 18  # between the outermost parts of a block; less their depth for inner ones, at least PARAGRAPH + 1
    AFTER_HEADING = 19  # before a block that is to stay whole; where it is over the limit, its heading stays with it
    BLOCK = 20
    GROUP = 30  # always cut here: nothing is packed across it


Borders = Sequence[tuple[int, Positions]]  # levels, and where the borders of that level are


@dataclass(frozen=True, slots=True)
class Segments:
    """Stretches in order, without white space at their edges, and the level of the border before each.

    `spans` is [pieces, 2] on the line, in the smallest type that holds it; `levels` is uint8 [pieces].
    """

    spans: Spans
    levels: Bytes

    def __len__(self) -> int:
        """Return the number of pieces."""
        return len(self.spans)


def pieces_at(corpus: Corpus, borders: Borders, skipped: Spans | None = None) -> Segments:
    """Cut the corpus at all `borders`, given by level; what lies in a `skipped` span is left out.

    Borders of documents and of skipped spans are always of the level GROUP.
    """
    apart = np.zeros((0, 2), np.int64) if skipped is None else skipped
    everywhere = [(Level.GROUP, corpus.starts[:-1]), (Level.GROUP, apart.ravel()), *borders]
    aligned = [(level, corpus.graphemes.starts(places)) for level, places in everywhere]
    starts = distinct(*(places for _, places in aligned)).astype(line_type(len(corpus)))
    coarsest = np.zeros(len(starts), np.uint8)
    for level, places in sorted(aligned, key=lambda border: border[0]):
        coarsest[index_in(starts, places)] = level
    return _without(_drop_blank(corpus, starts, coarsest), apart)


def _without(pieces: Segments, skipped: Spans) -> Segments:
    """Leave out the pieces in `skipped` spans; what comes after one opens a group."""
    if not len(skipped):
        return pieces
    row = np.searchsorted(skipped[:, 0], pieces.spans[:, 0], side="right") - 1
    inside = (row >= 0) & (pieces.spans[:, 0] < skipped[np.maximum(row, 0), 1])
    after = np.concatenate([[False], inside[:-1]])
    levels = np.where(after, np.uint8(Level.GROUP), pieces.levels)
    return Segments(pieces.spans[~inside], levels[~inside])


def _drop_blank(corpus: Corpus, starts: Positions, levels: Bytes) -> Segments:
    """Drop blank pieces; the coarsest border before a piece counts, also where only white space is between."""
    ends, firsts = np.append(starts[1:], starts.dtype.type(len(corpus))), corpus.whitespace.past(starts)
    kept = np.flatnonzero(firsts < ends)
    spans = corpus.trim(np.column_stack([firsts[kept], ends[kept]]))
    before = np.append(0, kept[:-1] + 1)[: len(kept)]
    return Segments(spans, np.maximum.reduceat(levels[: kept[-1] + 1], before) if len(kept) else levels[:0])
