"""`fixed-size` and `sliding-window`: windows of units."""

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rag_chunk.chunker.measured_segments import sizes_of
from rag_chunk.chunker.omission import skipped_spans
from rag_chunk.chunker.packing import cut_to_limit, outermost, outermost_rows
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions, Spans, as_spans, distinct, index_in, opens
from rag_chunk.corpus.units import Counts, Units, units_of

_AT_ONCE = 32  # windows of a stretch that are looked at together, eight times as many after as many that can stay


def windows(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut every document into windows of `chunk_size` units, each sharing `overlap` units with the one before.

    Those of `fixed-size` share none: its config has no overlap. Windows of words and characters have no white space at
    their edges.
    """
    units = units_of(corpus, config.unit, config.model)
    stretches = as_spans(_stretches(corpus, skipped_spans(corpus, config)))
    spans, counts = _within_limit(corpus, units, stretches, config)
    shares_tokens = config.overlap and units.name == "tokens"
    if not units.keeps_space:
        spans = outermost(corpus.trim(spans))
        return _share_less(corpus, units, spans, units.count(spans), config) if shares_tokens else spans
    kept = np.flatnonzero(corpus.whitespace.holds_text(spans))
    kept = kept[outermost_rows(as_spans(spans[kept]))]
    spans = as_spans(spans[kept])
    return _share_less(corpus, units, spans, counts.at(kept), config) if shares_tokens else spans


def _within_limit(corpus: Corpus, units: Units, stretches: Spans, config: RunConfig) -> tuple[Spans, Counts]:
    """Return windows of at most `chunk_size` units, in order, and what they count.

    The words `a b c d e`, a size of 3 and an overlap of 1: `spans` holds [a b c] and [c d e], both of the stretch 0 in
    `rows`. In tokens, [a b c] may count 4 by itself, as its borders cut tokens: its row is in `wrong`. It ends nearer
    where the next window still touches it; else its stretch is walked through once more from there, window by window,
    and what was planned after it is dropped.
    """
    size = config.chunk_size
    spans, rows = _end_to_end(corpus, units, stretches, size, config.overlap)
    counts = units.count(spans)
    wrong = np.flatnonzero((counts.sizes > size) | (spans[:, 0] >= spans[:, 1]))
    if config.overlap and len(wrong):
        following = np.append(np.where(rows[1:] == rows[:-1], spans[1:, 0], len(corpus)), len(corpus))
        spans[wrong, 1], is_good = _nearer_ends(
            corpus, units, spans[wrong], counts.sizes[wrong] - size, following[wrong], size
        )
        counts = counts.exchange(wrong[is_good], units.count(as_spans(spans[wrong[is_good]])))
        wrong = wrong[~is_good]
    if not len(wrong):
        return spans, counts
    wrong = wrong[opens(rows[wrong])]  # the first of each stretch
    before = np.full(len(stretches), len(spans))
    before[rows[wrong]] = wrong
    rest = as_spans(np.column_stack([spans[wrong, 0], stretches[rows[wrong], 1]]))
    further = _walk_all([_Walk(corpus, units, stretch, config) for stretch in rest.tolist()], units)
    sizes = np.array([window.size for window in further])
    walked = cut_to_limit(as_spans([window[:2] for window in further]), sizes, corpus, units, size)
    kept = np.flatnonzero(np.arange(len(spans)) < before[rows])
    spans, counts = np.concatenate([spans[kept], walked]), counts.at(kept).join(units.count(walked))
    order = np.lexsort((spans[:, 1], spans[:, 0]))
    return as_spans(spans[order]), counts.at(order)


def _share_less(corpus: Corpus, units: Units, spans: Spans, counts: Counts, config: RunConfig) -> Spans:
    """Return windows of tokens of which none shares more than `overlap` with the one before, counted by itself.

    A shared text begins and ends at tokens of the corpus, but may become more tokens by itself: its window begins
    later then. What is left of a window may count more too, lie in the next one, or be blank.
    """
    moved = np.zeros(len(spans), bool)
    while True:
        (starts, ends), before = spans.T.copy(), np.append(0, spans[:-1, 1])
        rows = np.flatnonzero(starts < before)
        between = as_spans(np.column_stack([starts[rows], before[rows]]))
        shared = sizes_of(between, counts, rows, rows - 1, units) > config.overlap
        shared |= moved[rows] & (counts.sizes[rows] > config.chunk_size)
        rows = rows[shared]
        if not len(rows):
            break
        following = index_in(units.starts, starts[rows], "right")
        onward = np.append(units.starts, len(corpus))[following]
        starts[rows] = np.minimum(corpus.graphemes.ends(onward), before[rows])
        moved[rows] = True
        spans = as_spans(np.column_stack([starts, ends]))
        counts = counts.exchange(rows, units.count(as_spans(spans[rows])))
        order = np.lexsort((ends, starts))
        kept = order[outermost_rows(as_spans(spans[order]))]
        kept = kept[corpus.whitespace.holds_text(as_spans(spans[kept]))]
        spans, counts, moved = as_spans(spans[kept]), counts.at(kept), moved[kept]
    return cut_to_limit(spans, np.where(moved, counts.sizes, 0), corpus, units, config.chunk_size)


def _nearer_ends(
    corpus: Corpus, units: Units, spans: Spans, over: Positions, following: Positions, size: int
) -> tuple[Positions, Bools]:
    """Return the ends of windows that are `over` the limit, nearer by so much, and which are good now.

    Those are at the limit or below it, and touch the windows that are `following`, which can stay where they are.
    """
    (starts, ends), over = spans.T.copy(), np.maximum(over, 1)
    rows = np.arange(len(spans))
    while len(rows):
        units_before = index_in(units.starts, ends[rows]) - over
        ends[rows] = corpus.graphemes.starts(units.starts[np.maximum(units_before, 0)])
        rows = rows[ends[rows] >= np.maximum(following[rows], starts[rows] + 1)]
        over = units.count(as_spans(np.column_stack([starts[rows], ends[rows]]))).sizes - size
        rows, over = rows[over > 0], over[over > 0]
    return ends, ends >= np.maximum(following, starts + 1)


def _end_to_end(corpus: Corpus, units: Units, stretches: Spans, size: int, overlap: int) -> tuple[Spans, Positions]:
    """Return the windows of all stretches as if none were over the limit, and the row of the stretch of each.

    A stretch without a unit is one window, as a tokenizer may leave out the only characters that it has.
    """
    if not len(units.starts):
        return stretches.copy(), np.arange(len(stretches))
    lowest, highest = index_in(units.starts, stretches.T)
    counts = 1 + np.maximum(-((lowest + size - highest) // (size - overlap)), 0)
    rows = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]
    first = lowest[rows] + (size - overlap) * number
    last = first + size
    ends = corpus.graphemes.starts(units.starts[np.minimum(last, len(units.starts) - 1)])
    ends = np.where(last >= highest[rows], stretches[rows, 1], ends)
    after_cluster = corpus.graphemes.ends(
        units.starts[np.minimum(first, len(units.starts) - 1)]
    )  # before it, more than the overlap would be shared
    starts = np.where(number == 0, stretches[rows, 0], np.minimum(after_cluster, np.roll(ends, 1)))
    return as_spans(np.column_stack([starts, ends])), rows


def _stretches(corpus: Corpus, skipped: Spans) -> list[tuple[int, int]]:
    """Return the stretches of the line that windows may not leave: documents, less what is skipped."""
    borders = distinct(corpus.starts, skipped.ravel())
    pairs = zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
    left_out = set(skipped[:, 0].tolist())
    return [(first, last) for first, last in pairs if first not in left_out]


class _Window(NamedTuple):
    """A window: the stretch of the line, the unit that it begins with and the one after its last, and its own size."""

    start: int
    end: int
    first: int
    after: int
    size: int = 0  # until it is counted


class _Walk:
    """A way through one stretch where windows are over the limit, so that each begins where the one before ends."""

    def __init__(self, corpus: Corpus, units: Units, stretch: Sequence[int], config: RunConfig) -> None:
        """Begin at the first unit of the stretch."""
        self._corpus, self._units, self._end = corpus, units, stretch[1]
        self._size, self._overlap = config.chunk_size, config.overlap
        self._starts: Sequence[int] = units.starts.data
        self._first, self._last = index_in(units.starts, stretch).tolist()
        self._next, self._ahead = (self._first, stretch[0]), _AT_ONCE

    @property
    def is_over(self) -> bool:
        """Whether all of the stretch is in windows."""
        return bool(self._next[0] >= self._last)

    def _place(self, unit: int) -> int:
        """Return where a window ends before this unit: at the start of its grapheme cluster."""
        return self._corpus.graphemes.cluster_at(self._starts[unit])[0] if unit < self._last else self._end

    def plan(self) -> list[_Window]:
        """Return the next windows as they are if none of them is over the limit."""
        windows, (first, start) = list[_Window](), self._next
        while first < self._last and len(windows) < self._ahead:
            after = min(first + self._size, self._last)
            windows.append(_Window(start, self._place(after), first, after))
            first, start = self._following(windows[-1])
        return windows

    def keep(self, windows: list[_Window]) -> list[_Window]:
        """Return the windows up to the first that is over the limit, which is shortened, and go on after it."""
        large = (window.size > self._size or window.start >= window.end for window in windows)
        good = next(itertools.compress(itertools.count(), large), len(windows))
        kept = windows[:good] + [self._shorten(window) for window in windows[good : good + 1]]
        self._next, self._ahead = self._following(kept[-1]), 8 * self._ahead if good == len(windows) else _AT_ONCE
        return kept

    def _shorten(self, window: _Window) -> _Window:
        """Return the longest window within the limit; if even one cluster is over it, up to the unit after that."""
        start, _, first, after, size = window
        after -= max(size - self._size, 1)
        while after > first:
            end = self._place(after)
            size = self._units.size(start, end) if start < end else self._size + 1
            if size <= self._size:
                return _Window(start, end, first, after, size)
            after -= max(size - self._size, 1)
        after = max(self._unit_at(self._corpus.graphemes.cluster_around(start + 1)[1]), first + 1)
        end = self._place(after)
        return _Window(start, end, first, after, self._units.size(start, end))

    def _following(self, window: _Window) -> tuple[int, int]:
        """Return the unit with which the next window starts, and its place: both are further on."""
        if window.after >= self._last:
            return self._last, self._end
        unit = max(window.after - self._overlap, window.first + 1)
        place = (
            min(self._corpus.graphemes.cluster_at(self._starts[unit])[1], window.end)
            if unit < window.after
            else window.end
        )
        if place <= window.start:
            place = window.end
        if unit <= window.after and self._starts[unit - 1] < place == self._starts[unit]:  # nearly always
            return unit, place
        return max(self._unit_at(place), window.first + 1), place

    def _unit_at(self, place: int) -> int:
        """Return the first unit that starts at a place or after it."""
        return bisect_left(self._starts, place, self._first)


def _walk_all(walks: list[_Walk], units: Units) -> list[_Window]:
    """Return the windows of several stretches.

    They are walked through together, step by step: to count a few windows takes as long as to count many.
    """
    kept = list[_Window]()
    while walks:
        plan = [walk.plan() for walk in walks]
        sizes = iter(units.count(as_spans([window[:2] for windows in plan for window in windows])).sizes.tolist())
        for walk, windows in zip(walks, plan, strict=True):
            kept += walk.keep([_Window(*window[:4], next(sizes)) for window in windows])
        walks = [walk for walk in walks if not walk.is_over]
    return kept
