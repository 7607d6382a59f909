"""Finds many phrases in many texts at once, in a time that grows with phrases and texts, not with their product.

Of each phrase a few characters in a row are its anchor: those that are rarest in a sample of the texts. One look at each
place of a text tells whether some phrase's anchor may be there; only then the phrase is compared with what is there.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag_chunk.corpus.arrays import Bytes
from rag_chunk.questions.grams import BUCKETS, Grams, as_bytes, buckets_of, grams_of, mark_buckets

_WIDTHS = (8, 4, 2, 1)  # characters of an anchor: the most that a phrase has
_FEW = 3  # phrases that are sooner looked for one by one


def occurrences(text: str, phrase: str, low: int = 0, high: int | None = None) -> Iterator[int]:
    """Yield every place of `phrase` in [low, high) of a text, overlapping ones too."""
    place = text.find(phrase, low, high) if phrase else -1
    while place >= 0:
        yield place
        place = text.find(phrase, place + 1, high)


class PhraseMatcher:
    """Some phrases, none of them empty, as they are looked for in one text after the other."""

    def __init__(self, phrases: Sequence[str], sample: Callable[[], str] = str) -> None:
        """Choose the anchors of `phrases` by how rare they are in a sample, which should be like the texts.

        Few phrases have no anchors, and `sample` is not called.
        """
        self._phrases = phrases
        self._anchors = _choose_anchors(phrases, as_bytes(sample())) if len(phrases) > _FEW else []

    def places(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield the row of each phrase that `text` has with each of its places; those of a phrase in order."""
        if not self._anchors:
            yield from ((row, place) for row, phrase in enumerate(self._phrases) for place in occurrences(text, phrase))
            return
        letters = as_bytes(text)
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
        counts = np.bincount(buckets_of(grams_of(sample, width)), minlength=BUCKETS)
        rarity = counts[buckets_of(grams := grams_of(as_bytes("".join(phrases[row] for row in rows)), width))]
        holders, begin = defaultdict[int, list[tuple[int, int]]](list), 0
        for row in rows:
            end = begin + len(phrases[row])
            offset = int(rarity[begin : end - width + 1].argmin())
            holders[int(grams[begin + offset])].append((row, offset))
            begin = end
        self._grams: Grams = np.array(sorted(holders), np.uint64)
        self._holders = [holders[gram] for gram in self._grams.tolist()]
        self._marks = mark_buckets(self._grams)

    def candidates(self, letters: Bytes) -> Iterator[tuple[int, int]]:
        """Yield the row of each phrase whose anchor is in a text, and where the phrase would start."""
        grams = grams_of(letters, self._width)
        places = np.flatnonzero(self._marks[buckets_of(grams)])
        ranks = np.searchsorted(self._grams, grams[places]).clip(max=len(self._grams) - 1)
        same = self._grams[ranks] == grams[places]
        for place, rank in zip(places[same].tolist(), ranks[same].tolist(), strict=True):
            for row, offset in self._holders[rank]:
                if place >= offset:
                    yield row, place - offset
