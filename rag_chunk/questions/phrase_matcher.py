"""Finds many phrases in many texts at once, in a time that grows with phrases and texts, not with their product.

Of each phrase a few characters in a row are its anchor: those that are rarest in a sample of the texts. One look at each
place of a text tells whether some phrase's anchor may be there; only then the phrase is compared with what is there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag_chunk.corpus.arrays import Bytes, Positions
from rag_chunk.corpus.characters import codepoints

_WIDTHS = (8, 4, 2, 1)  # characters of an anchor: the most that a phrase has
_BITS = 18  # of the table that tells most places apart: 256 KB stay in the processor's cache
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # an odd factor that mixes all bits into the highest
_FEW = 3  # phrases that are sooner looked for one by one

Grams = np.ndarray[tuple[int], np.dtype[np.uint64]]


def occurrences(text: str, phrase: str) -> Iterator[int]:
    """Yield every place of `phrase`, overlapping ones too."""
    place = text.find(phrase) if phrase else -1
    while place >= 0:
        yield place
        place = text.find(phrase, place + 1)


class PhraseMatcher:
    """Some phrases, none of them empty, as they are looked for in one text after the other."""

    def __init__(self, phrases: Sequence[str], sample: Callable[[], str] = str) -> None:
        """Choose the anchors of `phrases` by how rare they are in a sample, which should be like the texts.

        Few phrases have no anchors, and `sample` is not called.
        """
        self._phrases = phrases
        self._anchors = _choose_anchors(phrases, _as_bytes(sample())) if len(phrases) > _FEW else []

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the row of each phrase that `text` has with each of its places; those of a phrase in order."""
        if not self._anchors:
            yield from ((row, place) for row, phrase in enumerate(self._phrases) for place in occurrences(text, phrase))
            return
        letters = _as_bytes(text)
        for anchors in self._anchors:
            for row, start in anchors.candidates(letters):
                if text.startswith(self._phrases[row], start):
                    yield row, start


def _choose_anchors(phrases: Sequence[str], sample: Bytes) -> "list[_Anchors]":
    rows = defaultdict[int, list[int]](list)
    for row, phrase in enumerate(phrases):
        rows[next(width for width in _WIDTHS if width <= len(phrase))].append(row)
    return [_Anchors(width, phrases, rows[width], sample) for width in rows]


class _Anchors:
    """The anchors of phrases, all of one width: `_grams`, sorted, and for each the phrases and where in them it is."""

    def __init__(self, width: int, phrases: Sequence[str], rows: Sequence[int], sample: Bytes) -> None:
        self._width = width
        counts = np.bincount(_bucket(_grams(sample, width)), minlength=1 << _BITS)
        holders = defaultdict[int, list[tuple[int, int]]](list)
        for row in rows:
            grams = _grams(_as_bytes(phrases[row]), width)
            offset = int(np.argmin(counts[_bucket(grams)]))
            holders[int(grams[offset])].append((row, offset))
        self._grams: Grams = np.array(sorted(holders), np.uint64)
        self._holders = [holders[gram] for gram in self._grams.tolist()]
        self._may_be = np.zeros(1 << _BITS, bool)
        self._may_be[_bucket(self._grams)] = True

    def candidates(self, letters: Bytes) -> Iterator[tuple[int, int]]:
        """Yield the row of each phrase whose anchor is in a text, and where the phrase would start."""
        grams = _grams(letters, self._width)
        places = np.flatnonzero(self._may_be[_bucket(grams)])
        ranks = np.searchsorted(self._grams, grams[places]).clip(max=len(self._grams) - 1)
        same = self._grams[ranks] == grams[places]
        for place, rank in zip(places[same].tolist(), ranks[same].tolist(), strict=True):
            for row, offset in self._holders[rank]:
                if place >= offset:
                    yield row, place - offset


def _as_bytes(text: str) -> Bytes:
    """Return a byte for each character: itself in ASCII; others may share one."""
    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    codes = codepoints(text)
    return (codes ^ (codes >> np.uint32(8))).astype(np.uint8)


def _grams(letters: Bytes, width: int) -> Grams:
    """Return the `width` characters from each place on as one number: [places that have so many]."""
    count = max(len(letters) - width + 1, 0)
    kind = np.dtype(f"<u{width}")
    windows = (
        np.ndarray((count,), kind, np.ascontiguousarray(letters).data, strides=(1,)) if count else np.zeros(0, kind)
    )
    return windows.astype(np.uint64)


def _bucket(grams: Grams) -> Positions:
    """Return the place of each gram in a table of `2 ** _BITS`."""
    return ((grams * _SPREAD) >> np.uint64(64 - _BITS)).astype(np.int64)
