"""`fixed-size` and `sliding-window`: windows of units."""

from collections.abc import Iterator

import numpy as np

from rag_chunk.arrays import Positions, Spans, among, as_spans, distinct, index_in
from rag_chunk.chunker.packing import kept_to, longest, skipped_spans
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.units import Units, units_of

_AT_ONCE = 1024  # windows
_TRIED = 4  # ends of a window that is over the limit


def fixed_size(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut every document into windows of `chunk_size` units, end to end."""
    return _windows(corpus, config, 0)


def sliding_window(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut every document into windows of `chunk_size` units, each sharing `overlap` units with the one before."""
    return _windows(corpus, config, config.overlap)


def _windows(corpus: Corpus, config: RunConfig, overlap: int) -> Spans:
    """Return the windows of all documents; those of words and characters without white space at their edges."""
    units, size = units_of(corpus, config), config.chunk_size
    stretches = as_spans(_stretches(corpus, skipped_spans(corpus, config)))
    spans, rows = _end_to_end(corpus, units, stretches, size, overlap)
    wrong = distinct(rows[(units.sizes(spans) > size) | (spans[:, 0] >= spans[:, 1])])
    found = [spans[~among(rows, wrong)]]
    for first, last in stretches[wrong].tolist():
        found += _Line(corpus, units, first, last).windows(size, overlap)
    spans = as_spans(np.concatenate(found))
    spans = as_spans(spans[np.lexsort((spans[:, 1], spans[:, 0]))]) if len(wrong) else spans
    spans = corpus.trimmed(spans) if units.name != "tokens" else spans[corpus.solid(spans)]
    spans = longest(spans)
    return kept_to(spans, units.sizes(spans), corpus, units, size)


def _end_to_end(corpus: Corpus, units: Units, stretches: Spans, size: int, overlap: int) -> tuple[Spans, Positions]:
    """Return the windows of all stretches as if none were over the limit, and the row of the stretch of each."""
    lowest, highest = index_in(units.starts, stretches.T)
    counts = np.where(highest > lowest, 1 + np.maximum(-((lowest + size - highest) // (size - overlap)), 0), 0)
    rows = np.repeat(np.arange(len(counts)), counts)
    number = np.arange(len(rows)) - (np.cumsum(counts) - counts)[rows]
    first = lowest[rows] + (size - overlap) * number
    last = first + size
    starts = np.where(number == 0, stretches[rows, 0], corpus.grapheme_starts(units.starts[first]))
    ends = corpus.grapheme_starts(units.starts[np.minimum(last, len(units.starts) - 1)])
    ends = np.where(last >= highest[rows], stretches[rows, 1], ends)
    return as_spans(np.column_stack([starts, ends])), rows


def _stretches(corpus: Corpus, skipped: Spans) -> list[tuple[int, int]]:
    """Return the stretches of the line that windows may not leave: documents, less what is skipped."""
    borders = distinct(corpus.starts, skipped.ravel())
    pairs = zip(borders[:-1].tolist(), borders[1:].tolist(), strict=True)
    left_out = set(skipped[:, 0].tolist())
    return [(first, last) for first, last in pairs if first not in left_out]


class _Line:
    """The places in one stretch where a window may begin or end: unit starts, moved to their graphemes'."""

    def __init__(self, corpus: Corpus, units: Units, first: int, last: int) -> None:
        self._corpus, self._units = corpus, units
        self._lowest, self._highest = index_in(units.starts, [first, last]).tolist()
        self._first, self._last = first, last

    def _places(self, indices: Positions) -> Positions:
        """Return the place of each unit, by its index on the line; the document's end stands after its last."""
        inner = np.minimum(indices, max(self._highest - 1, 0))
        places = self._corpus.grapheme_starts(self._units.starts[inner])
        return np.where(indices >= self._highest, self._last, np.where(indices <= self._lowest, self._first, places))

    def windows(self, size: int, overlap: int) -> Iterator[Spans]:
        """Yield the windows, many at once; where one is over the limit it is shortened, and those after it follow."""
        index, ahead = self._lowest, _AT_ONCE
        while index < self._highest:
            starts = index + (size - overlap) * np.arange(ahead)
            reached = int(np.argmax(starts + size >= self._highest))
            starts = starts[: reached + 1] if starts[-1] + size >= self._highest else starts
            ends = np.minimum(starts + size, self._highest)
            spans = as_spans(np.column_stack([self._places(starts), self._places(ends)]))
            good = self._good(spans, size)
            yield spans[:good]
            if good == len(spans):
                index, ahead = self._after(int(starts[-1]), int(ends[-1]), overlap), min(2 * ahead, _AT_ONCE)
                continue
            start, end = int(starts[good]), self._shortened(int(starts[good]), int(ends[good]), size)
            yield as_spans(self._places(np.array([start, end])))
            index, ahead = self._after(start, end, overlap), max(good, 1)

    def _good(self, spans: Spans, size: int) -> int:
        """Return how many windows stand before the first that is over the limit, or that is empty."""
        bad = (self._units.sizes(spans) > size) | (spans[:, 0] >= spans[:, 1])
        return int(np.argmax(bad)) if bad.any() else len(spans)

    def _shortened(self, start: int, end: int, size: int) -> int:
        """Return a unit before which the window from `start` is within the limit, or holds one cluster only."""
        while end > start:
            ends = np.arange(end, max(end - _TRIED, start), -1)
            places = self._places(np.append(start, ends))
            spans = as_spans(np.column_stack([np.repeat(places[:1], len(ends)), places[1:]]))
            sizes = np.where(spans[:, 0] < spans[:, 1], self._units.sizes(spans), size + 1)
            if (sizes <= size).any():
                return int(ends[np.argmax(sizes <= size)])
            end = int(ends[-1]) - max(int(sizes[-1]) - size, 1)
        cluster = self._corpus.cluster_around(int(self._places(np.array([start]))[0]) + 1)
        return max(int(index_in(self._units.starts, cluster[1])), start + 1)

    def _after(self, start: int, end: int, overlap: int) -> int:
        """Return the unit with which the next window starts: after `start`, and none when the end is reached."""
        if end >= self._highest:
            return end
        opened = self._places(np.array([start]))[0]
        index = max(end - overlap, start + 1)
        while index < end and self._places(np.array([index]))[0] <= opened:
            index += 1
        return index
