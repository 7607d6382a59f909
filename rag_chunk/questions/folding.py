"""Texts made alike for comparison, with the place in the original of every character."""

import unicodedata
from dataclasses import dataclass

import numpy as np
import regex

from rag_chunk.corpus.arrays import Bools, Positions, occurring
from rag_chunk.corpus.characters import codepoints

# What is not plain ASCII in single spaces: it is folded cluster by cluster, as normalisation joins what is in one.
_CHANGING = regex.compile(r"[^\S ]\s*| \s+|(?=[^\x00-\x7f]|[\x21-\x7e]\p{M})\X")
_QUOTES_AND_DASHES = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u301d\u301e\u301f", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-"),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A folded text: character i stands for [starts[i], ends[i]) of the original."""

    text: str
    starts: Positions
    ends: Positions

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the original that [start, end) of the folded text stands for."""
        return int(self.starts[start]), int(self.ends[end - 1])


def fold(text: str) -> Folded:
    r"""Fold compatibility forms (NFKC), case, white space, quotes and dashes.

    >>> fold("AB  “ﬁne”\nß").text
    'ab "fine" ss'
    """
    known: dict[str, str] = {}
    parts: list[str] = []
    stretches: list[tuple[int, int, int, int]] = []  # folded length, start, length, whether each character is one
    place = 0
    for match in _CHANGING.finditer(text):
        start, end = match.span()
        if start > place:
            parts.append(text[place:start].lower())
            stretches.append((start - place, place, 1, 1))
        cluster = match.group()
        if cluster not in known:
            known[cluster] = _fold_cluster(cluster)
        parts.append(known[cluster])
        stretches.append((len(known[cluster]), start, end - start, 0))
        place = end
    if place < len(text):
        parts.append(text[place:].lower())
        stretches.append((len(text) - place, place, 1, 1))
    return Folded("".join(parts), *_map(stretches))


def _fold_cluster(cluster: str) -> str:
    if cluster.isspace():
        return " "
    once = unicodedata.normalize("NFKC", cluster.translate(_QUOTES_AND_DASHES))
    return unicodedata.normalize("NFKC", once.casefold()).translate(_QUOTES_AND_DASHES)


def _map(stretches: list[tuple[int, int, int, int]]) -> tuple[Positions, Positions]:
    """Return where each folded character starts and ends in the original."""
    counts, begins, lengths, single = np.array(stretches, np.int64).reshape(-1, 4).T
    within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    starts = np.repeat(begins, counts) + within * np.repeat(single, counts)
    return starts, starts + np.repeat(lengths, counts)


def letters(folded: Folded) -> Folded:
    """Return what is left of a folded text when only letters, with their marks, and digits stay."""
    codes = codepoints(folded.text)
    kept = _is_letter(codes)
    text = codes[kept].tobytes().decode("utf-32-le", "surrogatepass")
    return Folded(text, folded.starts[kept], folded.ends[kept])


def _is_letter(codes: "np.ndarray[tuple[int], np.dtype[np.uint32]]") -> Bools:
    present = occurring(codes)
    table = np.zeros(int(codes.max(initial=0)) + 1, bool)
    table[present] = [unicodedata.category(chr(code))[0] in "LMN" for code in present.tolist()]
    kept: Bools = table[codes]
    return kept


def numbers(text: str) -> list[str]:
    """Return the numbers in `text`, without the commas between thousands.

    >>> numbers("1,250 of 3.5 in 2020")
    ['1250', '3.5', '2020']
    """
    written = regex.findall(r"\d+(?:[.,]\d+)*", unicodedata.normalize("NFKC", text))
    return [regex.sub(r",(?=\d{3}(?!\d))", "", number) for number in written]
