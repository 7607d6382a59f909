"""`Graphemes`: where the grapheme clusters of a corpus begin and end, so that no border falls inside one."""

import bisect
from collections.abc import Callable, Sequence
from functools import cached_property

import numpy as np

from rag_chunk.corpus.arrays import Bytes, Positions, among
from rag_chunk.corpus.characters import JOINER, STICKY, cluster_borders, maybe_inside_clusters
from rag_chunk.corpus.document import Document

_LONG_RUN = 256  # characters


class Graphemes:
    """The grapheme clusters on the line of `documents`, which begin at `starts`; `flags` is what each character is."""

    def __init__(self, documents: Sequence[Document], starts: Positions, flags: Bytes) -> None:
        """Remember the line."""
        self._documents, self._starts, self._flags = documents, starts, flags

    @cached_property
    def _single_flags(self) -> memoryview:
        """The flags once more, for looking at single characters."""
        return self._flags.data

    def starts(self, positions: Positions) -> Positions:
        """Move each position inside a grapheme cluster to the cluster's start. Document borders stay."""
        return self._move(positions, lambda cluster: cluster[0])

    def cluster_at(self, position: int) -> tuple[int, int]:
        """Return what `cluster_around` does; most positions are surely inside none, and need no second look."""
        flags = self._single_flags
        inside = 0 < position < len(flags) and (flags[position] & STICKY or flags[position - 1] & JOINER)
        return self.cluster_around(position) if inside else (position, position)

    def ends(self, positions: Positions) -> Positions:
        """Move each position inside a grapheme cluster to the cluster's end. Document borders stay."""
        return self._move(positions, lambda cluster: cluster[1])

    def _move(self, positions: Positions, to: Callable[[tuple[int, int]], int]) -> Positions:
        if not len(self._flags):
            return positions
        doubtful = np.flatnonzero(maybe_inside_clusters(self._flags, positions))
        doubtful = doubtful[~among(positions[doubtful], self._starts)]
        moved = positions.copy() if len(doubtful) else positions
        for index in doubtful.tolist():
            moved[index] = to(self.cluster_around(int(positions[index])))
        return moved

    def cluster_around(self, position: int) -> tuple[int, int]:
        """Return the grapheme cluster that `position` lies inside, or twice itself where two clusters meet."""
        borders = next((known for known in self._long_runs if known[0] <= position <= known[-1]), None)
        borders = borders or self._cluster_borders(position)
        index = bisect.bisect_left(borders, position)
        if index == len(borders) or borders[index] == position:
            return position, position
        return borders[index - 1], borders[index]

    @cached_property
    def _long_runs(self) -> list[list[int]]:
        """The borders of clusters in long runs of joined characters: looked at once, asked for often."""
        return []

    def _cluster_borders(self, position: int) -> list[int]:
        index = int(np.searchsorted(self._starts, position, side="left")) - 1
        if index < 0 or position == self._starts[index + 1]:
            return [position]
        first, last = int(self._starts[index]), int(self._starts[index + 1])
        borders = cluster_borders(self._documents[index].text, self._flags[first:last], position - first)
        borders = [first + border for border in borders]
        if borders[-1] - borders[0] > _LONG_RUN:
            self._long_runs.append(borders)
        return borders
