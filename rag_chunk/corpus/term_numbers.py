"""Numbers the terms of a text in the order in which they first come.

A dictionary has to be asked for each term, and a string made to ask. Of a large corpus, short words of ASCII letters, which
most terms are, are looked up many at once instead: as pairs of 8-byte numbers, in a table that has a slot for some of them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable

import numpy as np

from rag_chunk.corpus.arrays import Bools, Positions, Spans
from rag_chunk.corpus.characters import plain_bytes
from rag_chunk.corpus.term_folding import fold_term

_WORTH_A_TABLE = 12_000_000  # characters: of fewer, so many terms come for the first time that a table is no quicker
_SLOTS_BITS = 17  # 2.6 MB, which stay near the processor
_HALF = 8  # bytes; a short term has at most two halves
_NO_LETTER = b"?"  # in the place of what is not ASCII, and in no term itself
# Odd factors that mix all bits into the highest.
_SPREADS = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
_DROPPED = np.uint64(64 - _SLOTS_BITS)
_FEW = 4  # of so many terms, one may be sought by itself; where more are, all are folded together
_MASKS = np.array([(1 << 8 * length) - 1 for length in range(_HALF + 1)], np.uint64)  # of the first bytes

Halves = np.ndarray[tuple[int], np.dtype[np.uint64]]


class TermNumbers:
    """The numbers of terms, by term in `vocabulary`."""

    def __init__(self, characters: int) -> None:
        """Know no term yet, of a text of so many characters."""
        numbers = defaultdict[str, int]()
        numbers.default_factory = numbers.__len__  # a new term has the next number
        self.vocabulary: dict[str, int] = numbers
        self._has_table = characters >= _WORTH_A_TABLE
        if self._has_table:
            self._first, self._second = np.zeros((2, 1 << _SLOTS_BITS), np.uint64)
            self._numbers = np.full(1 << _SLOTS_BITS, -1, np.int32)

    def number(self, text: str, spans: Spans, fold_all: Callable[[], Iterable[str]]) -> Positions:
        """Return the numbers of the terms that are at `spans` of a text, and that `fold_all` would return: int32 [terms]."""
        letters = plain_bytes(text).tobytes().lower() if self._has_table else b""
        if not self._has_table or letters.count(_NO_LETTER) * _FEW > len(letters):
            return np.fromiter(map(self.vocabulary.__getitem__, fold_all()), np.int32, len(spans))
        first, second, is_short = _halves_of(letters, spans)
        slots = ((first * _SPREADS[0] + second * _SPREADS[1]) >> _DROPPED).astype(np.int64)
        is_known = (self._first.take(slots) == first) & (self._second.take(slots) == second) & is_short
        numbers: Positions = self._numbers.take(slots)
        unknown = np.flatnonzero(~is_known)
        if len(unknown) * _FEW > len(spans):
            numbers = np.fromiter(map(self.vocabulary.__getitem__, fold_all()), np.int32, len(spans))
        else:
            words = (fold_term(text[start:end]) for start, end in spans[unknown].tolist())
            numbers[unknown] = np.fromiter(map(self.vocabulary.__getitem__, words), np.int32, len(unknown))
        new = unknown[is_short[unknown] & (self._numbers[slots[unknown]] < 0)]
        new = new[np.unique(slots[new], return_index=True)[1]]  # the first keeps its slot: it is likely to be frequent
        places = slots[new]
        self._first[places], self._second[places], self._numbers[places] = first[new], second[new], numbers[new]
        return numbers


def _halves_of(text: bytes, spans: Spans) -> tuple[Halves, Halves, Bools]:
    """Return the first 8 bytes of each term, the next 8, and whether it has no more, all of ASCII: [terms] each."""
    padded = text + bytes(2 * _HALF)
    halves = np.ndarray((len(text) + _HALF + 1,), "<u8", padded, strides=(1,))  # the 8 bytes from each place on
    starts, ends = spans[:, 0], spans[:, 1]
    lengths = ends - starts
    first = halves[starts] & _MASKS.take(lengths, mode="clip")
    second = halves[starts + _HALF] & _MASKS.take(lengths - _HALF, mode="clip")
    is_short = lengths <= 2 * _HALF
    others = np.flatnonzero(np.frombuffer(text, np.uint8) == ord(_NO_LETTER))
    is_short &= others.searchsorted(starts) == others.searchsorted(ends)
    return first, second, is_short
