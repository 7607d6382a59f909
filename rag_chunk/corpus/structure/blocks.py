"""`Blocks`: the Markdown blocks of a corpus, as arrays."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans, as_spans, ranges
from rag_chunk.corpus.structure.markdown import KINDS, LAST, MarkdownRows


class InnerBlocks(NamedTuple):
    """Blocks inside lists and quotes that hold no other, in order: see `Blocks`."""

    kinds: Bytes
    starts: Positions
    ends: Positions
    infos: list[str]


@dataclass(frozen=True, slots=True, eq=False)
class Blocks:
    """Blocks in order, each from the start of its first line to the end of its last, as places on the line.

    `kinds` are numbers in `KINDS`; `levels` are those of headings, `infos` a heading's text or a fence's info string.
    All are [blocks]. `cuts` are where blocks may be cut when they have to be, with their `depths`: items, rows, lines;
    0 is the outermost, `LAST` parts what belongs together, as a table's header and its first row. Both are [cuts].
    """

    kinds: Bytes
    starts: Positions
    ends: Positions
    levels: Bytes
    infos: list[str]
    cuts: Positions
    depths: Bytes
    inner: InnerBlocks

    def of(self, *kinds: str) -> Bools:
        """Return which blocks are of one of these kinds: bool [blocks]."""
        wanted = np.zeros(len(KINDS), bool)
        wanted[[KINDS.index(kind) for kind in kinds]] = True
        matching: Bools = wanted[self.kinds]
        return matching

    def spans(self, *kinds: str) -> Spans:
        """Return the spans of the blocks of these kinds, in order."""
        rows = self.of(*kinds)
        return as_spans(np.column_stack([self.starts[rows], self.ends[rows]]))


def blocks_of(rows: MarkdownRows, line_starts: Positions, blank: Bools, length: int) -> Blocks:
    """Return the blocks that were found, given where the lines of a corpus of this `length` start, and which are blank."""
    borders = np.append(line_starts, line_starts.dtype.type(length))
    kinds, firsts, afters, levels = np.asarray(rows.blocks).reshape(-1, 4).T
    cuts, depths = np.concatenate([np.asarray(rows.cuts).reshape(-1, 2), _code_cuts(rows, blank)]).T
    return Blocks(
        kinds.astype(np.uint8),
        borders[firsts],
        borders[afters],
        levels.astype(np.uint8),
        rows.infos,
        borders[cuts],
        depths.astype(np.uint8),
        _inner_blocks(rows, borders),
    )


def _inner_blocks(rows: MarkdownRows, borders: Positions) -> InnerBlocks:
    kinds, firsts, afters = np.asarray(rows.inner).reshape(-1, 3).T
    return InnerBlocks(kinds.astype(np.uint8), borders[firsts], borders[afters], rows.inner_infos)


def _code_cuts(rows: MarkdownRows, blank: Bools) -> Positions:
    """Return where code may be cut, and how deep that is: [cuts, 2].

    It is better after a blank line, and last at the lines of the fence itself.
    """
    firsts, afters, depths, fenced = np.asarray(rows.code).reshape(-1, 4).T
    counts = np.maximum(afters - firsts - 1, 0)
    lines = ranges(firsts + 1, firsts + 1 + counts)
    firsts, afters, depths, fenced = (np.repeat(column, counts) for column in (firsts, afters, depths, fenced))
    edge = (fenced > 0) & ((lines == firsts + 1) | (lines == afters - 1))
    return np.column_stack([lines, np.where(edge, LAST, np.where(blank[lines - 1], depths, depths + 1))])
