"""`Blocks`: the Markdown blocks of a corpus, as arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans, as_spans, ranges
from rag_chunk.corpus.characters import NEWLINE
from rag_chunk.corpus.structure.markdown import KINDS, LAST, NODES, MarkdownNodes

_MOST = 254  # what a depth is said to be at most: one more still fits into a byte
_INNERMOST = ("paragraph", "fence", "code", "table", "html")


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
        return _among_kinds(KINDS, self.kinds, kinds)

    def spans(self, *kinds: str) -> Spans:
        """Return the spans of the blocks of these kinds, in order."""
        rows = self.of(*kinds)
        return as_spans(np.column_stack([self.starts[rows], self.ends[rows]]))


class _Nodes(NamedTuple):
    """Blocks and their parts, each before what lies in it, by the numbers of their lines: [nodes]."""

    kinds: Positions
    depths: Positions
    firsts: Positions  # the first line of each
    afters: Positions  # the line after its last

    def of(self, *kinds: str) -> Bools:
        """Return which nodes are of one of these kinds: bool [nodes]."""
        return _among_kinds(NODES, self.kinds, kinds)

    def at(self, rows: Positions) -> "_Nodes":
        """Return the nodes in these rows."""
        return _Nodes(*(column[rows] for column in self))


def _among_kinds(names: Sequence[str], numbers: Positions, wanted: Sequence[str]) -> Bools:
    are_wanted = np.array([name in wanted for name in names])
    matching: Bools = are_wanted[numbers]
    return matching


def blocks_of(found: MarkdownNodes, flags: Bytes, line_starts: Positions, blank: Bools) -> Blocks:
    """Return the blocks that were found, given the `flags` of a corpus, where its lines start, and which are blank."""
    borders = np.append(line_starts, line_starts.dtype.type(len(flags)))
    is_empty = flags.take(line_starts, mode="clip") & NEWLINE > 0 if len(flags) else blank
    kinds, depths, starts, ends, levels = np.asarray(found.nodes).reshape(-1, 5).T
    nodes = _Nodes(kinds, depths, *_line_numbers(found, kinds == NODES.index("list"), starts, ends, is_empty))
    rows, inner_rows = np.flatnonzero(depths == 0), np.flatnonzero((depths > 0) & nodes.of(*_INNERMOST))
    cuts, cut_depths = np.concatenate([*_node_cuts(nodes), _code_cuts(nodes, blank)]).T
    outer, inner = nodes.at(rows), nodes.at(inner_rows)
    return Blocks(
        outer.kinds.astype(np.uint8),
        borders[outer.firsts],
        borders[outer.afters],
        np.minimum(levels[rows], _MOST).astype(np.uint8),
        [found.infos[row] for row in rows.tolist()],
        borders[cuts],
        cut_depths.astype(np.uint8),
        InnerBlocks(
            inner.kinds.astype(np.uint8),
            borders[inner.firsts],
            borders[inner.afters],
            [found.infos[row] for row in inner_rows.tolist()],
        ),
    )


def _line_numbers(
    found: MarkdownNodes, are_lists: Bools, starts: Positions, ends: Positions, is_empty: Bools
) -> tuple[Positions, Positions]:
    """Return the numbers of the first line of each node, and of the line after its last; one empty line at its end does not count."""
    lines = np.asarray(found.lines)
    first_lines, counts = np.asarray(found.documents).reshape(-1, 2).T
    numbers = ranges(first_lines, first_lines + counts)
    first, after = np.searchsorted(lines, starts, "right") - 1, np.searchsorted(lines, ends, "left")
    # A list may go on to the marks of the next line.
    after[are_lists] = np.searchsorted(lines, ends[are_lists], "right") - 1
    after -= is_empty[numbers[after - 1]]
    return numbers[first], numbers[first] + after - first


def _node_cuts(nodes: _Nodes) -> Iterator[Positions]:
    """Yield where nodes may be cut but for the lines of code, as the number of a line and how deep that is: [cuts, 2].

    Those are where a block inside a list or a quote starts and ends, and the rows of tables, which lie deeper than its
    parts there.
    """
    holders = np.maximum.accumulate(np.where(nodes.depths == 0, np.arange(len(nodes.kinds)), 0))
    is_inside, in_table = nodes.depths > 0, nodes.of("table")[holders]
    tables = nodes.at(np.flatnonzero(~is_inside & in_table))
    yield _with_depths(tables.firsts + 1, LAST)  # the line below the header, which is no row
    rows = np.flatnonzero(is_inside & in_table & nodes.of("row"))
    lines = nodes.firsts[rows]
    yield _with_depths(lines, np.where(lines == nodes.firsts[holders[rows]] + 2, LAST, 0))
    parts = nodes.at(np.flatnonzero(is_inside & ~in_table))
    depths = np.minimum(parts.depths - ~parts.of("header", "row"), _MOST)
    yield _with_depths(parts.firsts, depths)
    yield _with_depths(parts.afters, depths)
    headers = parts.at(np.flatnonzero(parts.of("header")))
    yield _with_depths(headers.afters + 1, np.minimum(headers.depths - 1, _MOST))


def _with_depths(lines: Positions, depths: Positions | int) -> Positions:
    return np.column_stack([lines, np.broadcast_to(depths, lines.shape)])


def _code_cuts(nodes: _Nodes, blank: Bools) -> Positions:
    """Return where code may be cut, and how deep that is: [cuts, 2].

    It is better after a blank line, and last at the lines of the fence itself.
    """
    is_code = nodes.of("fence", "code") | (nodes.depths == 0) & nodes.of("html", "front_matter")
    _, depths, firsts, afters = code = nodes.at(np.flatnonzero(is_code))
    counts = np.maximum(afters - firsts - 1, 0)
    lines = ranges(firsts + 1, firsts + 1 + counts)
    firsts, afters, depths, fenced = (
        np.repeat(column, counts) for column in (firsts, afters, np.minimum(depths, _MOST), code.of("fence"))
    )
    edge = fenced & ((lines == firsts + 1) | (lines == afters - 1))
    return np.column_stack([lines, np.where(edge, LAST, np.where(blank[lines - 1], depths, depths + 1))])
