"""`PackingTable`: measured pieces in a form in which the furthest and the coarsest cut can be looked up."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rag_chunk.chunker.measured_segments import MeasuredSegments, sizes_of
from rag_chunk.chunker.segments import Level
from rag_chunk.corpus.arrays import Bytes, Positions, line_type, occurring
from rag_chunk.corpus.units import Units
from rag_chunk.corpus.units.counts import FAR

_SLACK = 4  # a part of the limit, this one, by which the number of units counted from borders may be too large


@dataclass(frozen=True, eq=False)
class PackingTable:
    """Segments of which a chunk of the rows i to j - 1 has at most `reach[j - 1] - lead[i]` units.

    Both are those of the pieces, made monotone on the side that never counts too few, so that they can be searched;
    only differences within a group mean anything.
    """

    known: MeasuredSegments  # among which the pieces are
    chosen: Positions  # [rows]: which of the known pieces each row is
    lead: Positions
    reach: Positions
    levels: Bytes  # [rows + 1]: of the border before each row, and of that after the last
    furthest: Positions  # [rows]: the row after the last one that still fits into a chunk that begins with it

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.furthest)

    @property
    def numbers(self) -> Positions:
        """The numbers of the rows, and of that after the last: [rows + 1], in a small type, as all that is made of them."""
        return np.arange(len(self) + 1, dtype=self.furthest.dtype)

    @cached_property
    def _coarser(self) -> list[int]:
        """The levels that occur, finer ones first, but for the finest."""
        levels: list[int] = occurring(self.levels)[1:].tolist()
        return levels

    def _borders(self, level: int) -> Positions:
        """Return the rows whose border is of a level or coarser. The first row is one, and that after the last."""
        return np.flatnonzero(self.levels >= level).astype(self.furthest.dtype)

    @cached_property
    def _level_of(self) -> bytes:
        """The levels once more, for looking at few."""
        return self.levels.tobytes()

    @cached_property
    def short_of(self) -> Positions:
        """The first row from which on every chunk gets as far as each row: [rows + 1]."""
        surely = np.minimum.accumulate(
            self.furthest[::-1]
        )  # a whole group may get further than the part of it after it
        counts = np.bincount(surely, minlength=len(self))
        return np.concatenate([self.numbers[:1], np.cumsum(counts[: len(self)], dtype=self.furthest.dtype)])

    def coarsest(self, furthest: Positions, beyond: Positions) -> Positions:
        """Return where to cut: at the coarsest border in (beyond, furthest], the last of its kind."""
        ends = furthest
        for level in self._coarser:
            rows = self._borders(level)
            last_at = np.repeat(rows, np.diff(rows, append=len(self) + 1))
            at_level = last_at.take(furthest)
            ends = np.where(at_level > beyond, at_level, ends)
        return ends

    def coarsest_of(self, row: int, beyond: int) -> int:
        """Return the same for a chunk that begins with one row."""
        furthest = int(self.furthest[row])
        within = self._level_of[beyond + 1 : furthest + 1]
        return beyond + 1 + within.rindex(max(within)) if within else furthest

    def following(self, level: int, places: Positions) -> Positions:
        """Return the first row at or after each place whose border is of the level or coarser."""
        if level <= self.levels.min():
            return places
        rows = self._borders(level)
        return np.repeat(rows, np.diff(rows, prepend=-1)).take(places)

    def next_as_coarse(self, wanted: Bytes, places: Positions) -> Positions:
        """Return the first row at or after each place whose border is of the level `wanted` there, or coarser."""
        nearest = places = np.minimum(places, len(self))
        for level in occurring(wanted).tolist():
            nearest = np.where(wanted == level, self.following(level, places), nearest)
        return nearest


def rows_of(known: MeasuredSegments, chosen: Positions, limit: int, units: Units) -> PackingTable:
    """Return the rows of chosen pieces for chunks of at most `limit` units.

    Five rows of one unit each, of which the fourth opens a group, and a limit of 2: `lead` is [0 1 2 3 4], `reach`
    [1 2 3 4 5]. `firsts` is [0 3 5] and `group_ends` [3 3 3 5 5]. Up to `lead` + 2 there fit [2 3 4 5 5] rows, cut at
    the ends of groups: `furthest` is [2 3 3 5 5].
    """
    lead, reach = known.counts.lead[chosen], known.counts.reach[chosen]
    levels = np.append(_levels(known.pieces.levels[chosen], lead, reach, limit), np.uint8(Level.GROUP))
    numbers = np.arange(len(levels), dtype=line_type(len(levels)))
    firsts = numbers[levels == Level.GROUP]
    sizes = np.diff(firsts)
    most = min(limit, int(reach.max(initial=0)) - int(lead.min(initial=0)))  # so that no sum is over the type of `lead`
    if (lead[1:] < lead[:-1]).any() or (reach[1:] < reach[:-1]).any():  # seldom, and seen much faster than mended
        lead, reach = _monotone(lead, reach, np.repeat(np.arange(len(sizes)), sizes), most)
    fits = np.searchsorted(reach, lead + most, side="right").astype(numbers.dtype)
    furthest = np.minimum(np.maximum(fits, numbers[1:]), np.repeat(firsts[1:], sizes))
    _keep_whole(furthest, firsts, known, chosen, limit, units)
    return PackingTable(known, chosen, lead, reach, levels, furthest)


def _monotone(lead: Positions, reach: Positions, group: Positions, most: int) -> tuple[Positions, Positions]:
    """Return `lead` and `reach` such that they can be searched: in order, and never counting too few.

    No group's numbers change those of another: they are moved so far apart that they do not meet.
    """
    apart = group * (int(reach.max()) - int(lead.min()) + most + 1)
    return np.minimum.accumulate((lead + apart)[::-1])[::-1].copy(), np.maximum.accumulate(reach + apart)


def _keep_whole(
    furthest: Positions, firsts: Positions, known: MeasuredSegments, chosen: Positions, limit: int, units: Units
) -> None:
    """Let each group that fits into one chunk be one, in place; counted from its borders it may seem to be larger."""
    first, last = firsts[:-1], firsts[1:] - 1
    large = np.flatnonzero(furthest[first] <= last)
    about = known.counts.reach[chosen[last[large]]] - known.counts.lead[chosen[first[large]]]
    doubtful = large[about <= limit + limit // _SLACK + FAR]
    one, other = chosen[first[doubtful]], chosen[last[doubtful]]
    whole = doubtful[sizes_of(known.between(one, other), known.counts, one, other, units) <= limit]
    furthest[first[whole]] = last[whole] + 1


def _levels(levels: Bytes, lead: Positions, reach: Positions, limit: int) -> Bytes:
    """Return the levels, that between a heading and a block over the limit lowered: they stay together.

    Not so where the block's first part, as a list's first item, fits by itself, but not with the heading.
    """
    if not (levels == Level.AFTER_HEADING).any():
        return levels
    opens = np.flatnonzero(levels >= Level.AFTER_HEADING)
    closes = np.append(opens, len(levels))[1:]
    large = reach[closes - 1] - lead[opens] > limit
    headings = np.append(0, opens)[: len(opens)]
    parted = np.zeros(len(opens), bool)
    for level in range(Level.PARAGRAPH + 1, Level.PART + 1):  # parts of parts too: an item of a list in a quote
        ends = np.append(np.flatnonzero(levels >= level), len(levels))
        part = reach[ends[np.searchsorted(ends, opens, side="right")] - 1]
        parted |= (part - lead[opens] <= limit) & (part - lead[headings] > limit)
    lowered = levels.copy()
    lowered[opens[large & ~parted & (levels[opens] == Level.AFTER_HEADING)]] = Level.WORD
    return lowered
