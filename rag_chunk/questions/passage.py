"""`Passage`: a text with its letters and digits, which are what is compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import regex

from rag_chunk.questions.folding import NUMBER, Folded, has_minus

NEAR = 30  # letters between blocks that belong together
FURNITURE = 200  # letters in the document between two parts of one stretch
_LINE_END = regex.compile(r"[\r\n]")

Block = tuple[int, int, int]  # where it starts in the pattern, in the document, and its length: in letters


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage or a document: its text, and its letters and digits, which are what is compared."""

    text: str
    letters: Folded

    def numbers(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield each number that touches the letters [low, high): its first letter and the end of its letters."""
        if low >= min(high, len(self.letters.text)):
            return
        start, end = self.letters.span(low, min(high, len(self.letters.text)))
        start, end = max(0, start - NEAR), end + NEAR
        for number in NUMBER.finditer(self.text, start, end):
            first, last = np.searchsorted(self.letters.starts, number.span()).tolist()
            if first < high and last > low:
                yield first, last

    def has_minus(self, first: int) -> bool:
        """Whether the number whose first letter is given has a minus."""
        return has_minus(self.text, int(self.letters.starts[first]))

    def line_starts(self, low: int, high: int) -> set[int]:
        """Return which of the letters [low, high) are the first of a line."""
        start, end = self.letters.span(low, high)
        breaks = [start + match.end() for match in _LINE_END.finditer(self.text[start:end])]
        return {low, *np.searchsorted(self.letters.starts, breaks).tolist()}

    def is_whole_lines(self, low: int, high: int) -> bool:
        """Whether no letter or digit is on the lines of the letters [low, high) beside them."""
        start, end = self.letters.span(low, high)
        before = self.text[int(self.letters.ends[low - 1]) : start] if low else "\n"
        after = self.text[end : int(self.letters.starts[high])] if high < len(self.letters.text) else "\n"
        return all("\n" in beside or "\r" in beside for beside in (before, after))


def gaps_between(stretches: Sequence[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Return what [low, high) has beside the stretches, each given by its start and length."""
    gaps = []
    for start, length in sorted(stretches):
        if start > low:
            gaps.append((low, start))
        low = max(low, start + length)
    return [*gaps, (low, high)] if high > low else gaps
