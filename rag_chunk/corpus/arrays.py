"""The names of the array types that pass between modules."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

Positions = np.ndarray[tuple[int], np.dtype[Any]]  # places on the corpus' line, in characters
Spans = np.ndarray[tuple[int, int], np.dtype[Any]]  # [n, 2]: start and end on the line
Bytes = np.ndarray[tuple[int], np.dtype[np.uint8]]
Bools = np.ndarray[tuple[int], np.dtype[np.bool_]]
Floats = np.ndarray[tuple[int, ...], np.dtype[Any]]
NO_POSITIONS: Positions = np.zeros(0, np.int64)
_LARGEST_KEPT = 2**25 - 2**16  # bytes: of a little more glibc learns nothing


def keep_freed_memory() -> None:
    """Let the C library keep the memory of arrays that are freed for those that come next.

    glibc gives back to the system what is larger than anything that was freed before, at first 128 KB, and twice that
    where it lies at the end; to get each page again takes a tenth of an analysis. From a large array that is freed, and
    that takes no memory as nothing is written to it, it learns not to. Elsewhere nothing happens.
    """
    np.empty(_LARGEST_KEPT, np.uint8)


def line_type(length: int) -> "np.dtype[Any]":
    """Return the smallest type of number that holds every place on a line of `length` characters."""
    return np.dtype(np.int32 if length < np.iinfo(np.int32).max else np.int64)


def index_in(known: Positions, positions: Any, side: Literal["left", "right"] = "left") -> Positions:
    """Return the place that each position has, or would have, among the sorted `known`: `np.searchsorted` in the type of `known`.

    With two types, numpy would copy all of `known` each time.
    """
    return np.searchsorted(known, np.asarray(positions).astype(known.dtype, copy=False), side=side)


def as_spans(pairs: Any) -> Spans:
    """Return `pairs` of (start, end) as an int64 array [n, 2], also where there are none."""
    spans: Spans = np.asarray(pairs, np.int64).reshape(-1, 2)
    return spans


def starts_of(spans: Spans) -> Positions:
    """Return the starts of `spans`: [n]."""
    starts: Positions = spans[:, 0]
    return starts


def ends_of(spans: Spans) -> Positions:
    """Return the ends of `spans`: [n]."""
    ends: Positions = spans[:, 1]
    return ends


def ranges(firsts: Positions, ends: Positions) -> Positions:
    """Return the numbers of the ranges from each of `firsts` to before its end, one range after the other.

    >>> ranges(np.array([3, 9]), np.array([5, 10])).tolist()
    [3, 4, 9]
    """
    counts = ends - firsts
    return np.repeat(firsts - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())


def spread(count: int, most: int) -> tuple[int, ...]:
    """Return at most `most` of the rows below `count`, evenly spread, the first and the last among them.

    >>> spread(3, 5), spread(9, 3)
    ((0, 1, 2), (0, 4, 8))
    """
    if count <= most:
        return tuple(range(count))
    return tuple(np.linspace(0, count - 1, most).round().astype(int).tolist())


def union(spans: Spans) -> Spans:
    """Return the disjoint stretches that `spans` cover together, in order; touching ones are joined.

    >>> union(as_spans([(5, 9), (0, 3), (2, 5)])).tolist()
    [[0, 9]]
    """
    if len(spans) < 2:  # noqa: PLR2004 - one is its own union
        return spans
    ordered = spans[np.argsort(starts_of(spans), kind="stable")]
    reach = np.maximum.accumulate(ends_of(ordered))
    opens = np.concatenate([[True], starts_of(ordered)[1:] > reach[:-1]])
    closes = np.concatenate([opens[1:], [True]])
    return as_spans(np.column_stack([starts_of(ordered)[opens], reach[closes]]))


def distinct(*positions: Positions) -> Positions:
    """Return every position that occurs, once and in order.

    `np.unique` does the same through a hash table, which is 20 times slower for positions.

    >>> distinct(np.array([5, 2]), np.array([2, 9])).tolist()
    [2, 5, 9]
    """
    ordered = np.sort(np.concatenate(positions), kind="stable")
    kept: Positions = ordered[opens(ordered)]
    return kept


def percentiles(numbers: Positions, percents: Sequence[float]) -> list[float]:
    """Return the percentiles of `numbers`, which are some, by linear interpolation.

    `np.percentile` does the same, and imports numpy's masked arrays first, which takes 8 ms.

    >>> percentiles(np.array([5, 1, 2]), (50, 75))
    [2.0, 3.5]
    """
    ordered, places = np.sort(numbers), (len(numbers) - 1) * (np.array(percents) / 100)
    below = places.astype(np.int64)
    low, high = ordered[below], ordered[np.minimum(below + 1, len(numbers) - 1)]
    step, part = high - low, places - below
    between: list[float] = np.where(part < 0.5, low + step * part, high - step * (1 - part)).tolist()  # noqa: PLR2004 - from the nearer end
    return between


def opens(*columns: Positions) -> Bools:
    """Return whether each row of `columns` differs from the one before it: bool [rows]; the first one does.

    >>> opens(np.array([4, 4, 7, 4])).tolist()
    [True, False, True, True]
    """
    new = np.ones(len(columns[0]), bool)
    new[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return new


def first_of_runs(*columns: Positions) -> Positions:
    """Return the first row of each run of equal rows of `columns`, which are sorted.

    >>> first_of_runs(np.array([4, 4, 7])).tolist()
    [0, 2]
    """
    return np.flatnonzero(opens(*columns))


def occurring(numbers: Positions) -> Positions:
    """Return which of some small numbers occur, once and in order: in one pass, without sorting them.

    >>> occurring(np.array([4, 0, 4])).tolist()
    [0, 4]
    """
    return np.flatnonzero(np.bincount(numbers))


def count_covered_before(starts: Positions, ends: Positions, sums: Positions, positions: Positions) -> Positions:
    """Return how much of the line before each position lies in stretches that are apart and in order.

    `sums` is how much lies in the stretches before each of them: [stretches], or with the sum of all after these.
    """
    if not len(starts):
        return np.zeros_like(positions)
    row = index_in(starts, positions, "right") - 1
    last = np.maximum(row, 0)
    inside = np.clip(positions - starts[last], 0, ends[last] - starts[last])
    return np.where(row < 0, 0, sums[last] + inside)


def among(positions: Positions, known: Positions) -> Bools:
    """Return whether each position is one of the sorted `known`: bool [positions]."""
    is_known: Bools = np.searchsorted(known, positions, side="left") < np.searchsorted(known, positions, side="right")
    return is_known
