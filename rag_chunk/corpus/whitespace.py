"""`Whitespace`: where the white space of a corpus is, and how much lies between it."""

from functools import cached_property
from typing import Literal

import numpy as np

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans, line_type
from rag_chunk.corpus.characters import BLOCK, SPACE, WHITE, white_runs

_WORD = 64  # bits

Words = np.ndarray[tuple[int], np.dtype[np.uint64]]


class Whitespace:
    """The white space on a line of documents; `flags` is what each character is."""

    def __init__(self, flags: Bytes) -> None:
        """Remember the line."""
        self._flags = flags

    @cached_property
    def _non_whitespace_bits(self) -> tuple[Words, Positions]:
        """A bit for each character that is no white space, `_WORD` in each number, and how many there are before each."""
        words = np.zeros(len(self._flags) // _WORD + 1, "<u8")  # with room for the position after the last character
        octets = words.view(np.uint8)
        for place in range(0, len(self._flags), BLOCK):
            bits = np.packbits((self._flags[place : place + BLOCK] & SPACE) == 0, bitorder="little")
            octets[place // 8 : place // 8 + len(bits)] = bits
        counts = np.cumsum(np.bitwise_count(words), dtype=line_type(len(self._flags)))
        return words, np.concatenate([np.zeros(1, counts.dtype), counts[:-1]])

    def non_whitespace_before(self, positions: Positions) -> Positions:
        """Return how many characters before each position are not white space."""
        words, before = self._non_whitespace_bits
        here, inside = np.divmod(np.asarray(positions, np.int64), _WORD)
        earlier = (np.uint64(1) << inside.astype(np.uint64)) - np.uint64(1)
        return before[here] + np.bitwise_count(words[here] & earlier).astype(np.int64)

    @cached_property
    def wide_runs(self) -> tuple[Positions, Positions]:
        """Where long stretches of white space start and end, near enough to be walked to: one in each wide gap."""
        return white_runs(self._flags)

    def past(self, positions: Positions, step: Literal[-1, 1] = 1) -> Positions:
        """Move each position over the white space after it (`step` 1) or before it (-1), also into other documents."""
        moved = positions.copy()
        rows = self._walk(moved, self._rows_beside_whitespace(moved, step), step)
        if len(rows):
            starts, ends = self.wide_runs
            if step > 0:
                moved[rows] = ends[np.searchsorted(ends, positions[rows], side="right")]
            else:
                moved[rows] = starts[np.searchsorted(starts, positions[rows], side="left") - 1]
            self._walk(moved, rows[self._rows_beside_whitespace(moved[rows], step)], step)
        return moved

    def _walk(self, moved: Positions, rows: Positions, step: Literal[-1, 1]) -> Positions:
        """Move the positions in these rows over white space, in place; return the rows of those that are not past it."""
        for _ in range(2 * WHITE):
            if not len(rows):
                break
            moved[rows] += step
            rows = rows[self._rows_beside_whitespace(moved[rows], step)]
        return rows

    def _rows_beside_whitespace(self, positions: Positions, step: Literal[-1, 1]) -> Positions:
        """Return the rows of the positions that have white space after (`step` 1) or before (-1) them."""
        if not len(self._flags):
            return np.zeros(0, np.intp)
        limit, look = (len(self._flags), 0) if step > 0 else (0, -1)
        spaced = self._flags.take(positions + look, mode="clip") & SPACE
        return np.flatnonzero((spaced > 0) & (positions != limit))

    def holds_text(self, spans: Spans) -> Bools:
        """Return whether each span holds anything but white space: bool [n]."""
        holds: Bools = self.past(spans[:, 0], 1) < spans[:, 1]
        return holds
