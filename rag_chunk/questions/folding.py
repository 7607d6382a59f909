"""Texts made alike for comparison, with the place in the original of every character."""

import re
import string
import sys
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import regex

from rag_chunk.corpus.arrays import Bools, Positions, line_type, occurring, opens
from rag_chunk.corpus.characters import JOINER, STICKY, classify_characters, codepoints, flags_of

CodePoints = np.ndarray[tuple[int], np.dtype[np.uint32]]
SEPARATOR = "\0"  # between texts: a cluster of its own, which folding leaves as it is
_SPACE = ord(" ")
# In the table of what each character becomes, beyond all characters: it becomes several, may share a cluster with a
# neighbour, or was not met yet.
_SEVERAL, _JOINING, _UNKNOWN = 1 << 21, 1 << 22, 1 << 23

# What is not plain ASCII in single spaces: it is folded cluster by cluster, as normalisation joins what is in one.
_CHANGING = regex.compile(r"[^\S ]\s*| \s+|(?=[^\x00-\x7f]|[\x21-\x7e]\p{M})\X")
_ASCII_WHITE = re.compile(r"[ \t-\r]+")
_QUOTES_AND_DASHES = str.maketrans(
    {
        **dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\u301d\u301e\u301f", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u2039\u203a\u00b4", "'"),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\ufe58\ufe63\uff0d", "-"),
    }
)
MINUS_SIGNS = ("-", "\u2212", "\u2013", "\u2012")  # some write it as a dash
CURRENCIES = "$\u20ac\u00a3\u00a5"
_BEFORE_MINUS = "([{|=<>~\u2248/*+" + CURRENCIES
_ALPHANUMERIC = (string.ascii_letters + string.digits).encode()
_LOWER, _NOT_IN_CORE = bytes(range(256)).lower(), bytes(set(range(256)) - set(_ALPHANUMERIC))
_FOLDED_TOGETHER = 2  # a kind of characters, with their neighbours; 1: alone
NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")
_THOUSANDS = regex.compile(r",(?=\d{3}(?!\d))")


@dataclass(frozen=True, slots=True, eq=False)
class Folded:
    """A folded text: character i comes from [starts[i], ends[i]) of the original."""

    text: str
    starts: Positions
    ends: Positions

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Return the stretch of the original that [start, end) of the folded text comes from."""
        return int(self.starts[start]), int(self.ends[end - 1])

    def is_whole(self, start: int, end: int) -> bool:
        """Whether [start, end) neither begins nor ends inside what comes from one character with its marks."""
        begins = start == 0 or self.starts[start - 1] < self.starts[start]
        return bool(begins and (end == len(self.text) or self.ends[end - 1] < self.ends[end]))


def fold(text: str) -> Folded:
    r"""Fold compatibility forms (NFKC), case, white space, quotes and dashes.

    >>> fold("AB  “ﬁne”\nß").text
    'ab "fine" ss'
    """
    codes = _fold_characters(text)
    if codes is None:
        return _fold_by_cluster(text)
    starts = np.flatnonzero(_are_kept(codes))
    ends = np.append(starts, len(text))[1:]
    starts, ends = (side.astype(line_type(len(text))) for side in (starts, ends))
    codes = codes[starts]
    several = np.flatnonzero(codes >= _SEVERAL)
    if len(several):
        counts = np.ones(len(codes), np.int64)
        counts[several] = [len(_fold_cluster(chr(code))) for code in (codes[several] - _SEVERAL).tolist()]
        starts, ends = np.repeat(starts, counts), np.repeat(ends, counts)
    return Folded(_decode(codes), starts, ends)


def fold_texts(texts: Sequence[str]) -> list[str]:
    """Return one or more folded texts alone. Many short ones take longer one after the other."""
    joined = SEPARATOR.join(texts)
    if joined.count(SEPARATOR) >= len(texts):  # some text has it, too
        return [fold(text).text for text in texts]
    codes = _fold_characters(joined)
    folded = _fold_by_cluster(joined).text if codes is None else _decode(codes[_are_kept(codes)])
    return folded.split(SEPARATOR)


def fold_text(text: str) -> str:
    r"""Return the folded text alone, without white space at its ends.

    >>> fold_text(" AB  “ﬁne”\n")
    'ab "fine"'
    """
    if text.isascii():  # as most phrases are, which are many and short: arrays would take longer
        return _ASCII_WHITE.sub(" ", text.lower()).strip()
    return fold(text).text.strip()


def _fold_characters(text: str) -> CodePoints | None:
    """Return what each character becomes, from `_SEVERAL` on where that is several; None where clusters may have several."""
    codes, table = codepoints(text), _table()
    folded: CodePoints = table.take(codes)
    if folded.max(initial=0) >= _UNKNOWN:
        for code in occurring(codes[folded == _UNKNOWN]).tolist():
            table[code] = _fold_character(chr(code))
        folded = table.take(codes)
    return None if folded.max(initial=0) >= _JOINING else folded


@lru_cache
def _table() -> CodePoints:
    """Return what each code point becomes, to be filled as they occur."""
    return np.full(sys.maxunicode + 1, _UNKNOWN, np.uint32)


def _fold_character(character: str) -> int:
    if flags_of(character) & (STICKY | JOINER) and character != "\r":
        return _JOINING
    folded = _fold_cluster(character)
    return ord(folded) if len(folded) == 1 else _SEVERAL + ord(character)


def _are_kept(codes: CodePoints) -> Bools:
    """Return whether each of some folded characters is kept: of a run of white space the first."""
    white = codes == _SPACE
    kept: Bools = ~white | opens(white)
    return kept


def _decode(codes: CodePoints) -> str:
    """Return the text of folded characters."""
    is_several = codes >= _SEVERAL
    if not is_several.any():
        return codes.tobytes().decode("utf-32-le", "surrogatepass")
    codes = np.where(is_several, codes - _SEVERAL, codes)
    text = codes.tobytes().decode("utf-32-le", "surrogatepass")
    # No other character becomes one of these, nor is one a part of what another becomes.
    for code in occurring(codes[is_several]).tolist():
        text = text.replace(chr(code), _fold_cluster(chr(code)))
    return text


def _fold_by_cluster(text: str) -> Folded:
    """Fold a text whose clusters may have several characters."""
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
    return Folded("".join(parts), *(side.astype(line_type(len(text))) for side in _map(stretches)))


@lru_cache(maxsize=65_536)
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
    kept = classify_characters(folded.text, _is_letter) > 0
    text = codepoints(folded.text)[kept].tobytes().decode("utf-32-le", "surrogatepass")
    return Folded(text, folded.starts[kept], folded.ends[kept])


def letters_of_texts(texts: Sequence[str]) -> list[str]:
    """Return what is left of one or more folded texts when only letters, with their marks, and digits stay."""
    joined = SEPARATOR.join(text.replace(SEPARATOR, "") for text in texts)
    kept = classify_characters(joined, _is_letter_or_separator) > 0
    return codepoints(joined)[kept].tobytes().decode("utf-32-le", "surrogatepass").split(SEPARATOR)


def _is_letter_or_separator(character: str) -> int:
    return character == SEPARATOR or _is_letter(character)


def _is_letter(character: str) -> int:
    return unicodedata.category(character)[0] in "LMN"


def core(folded: str) -> str:
    """Return the ASCII letters and digits of a folded text: in whatever form a phrase is looked for, its core is there, too.

    >>> core("caf\u00e9 no. 1")
    'cafno1'
    """
    return folded.encode("utf-8", "surrogatepass").translate(None, _NOT_IN_CORE).decode()


def fold_to_core(text: str) -> str:
    """Return the core of a text when it is folded, which is little work where few characters become ASCII letters."""
    kinds = classify_characters(text, _core_kind)
    if _FOLDED_TOGETHER in kinds:
        return core(_fold_by_cluster(text).text)
    if kinds.any():
        for code in occurring(codepoints(text)[kinds > 0]).tolist():
            text = text.replace(chr(code), _fold_cluster(chr(code)))
    return text.encode("utf-8", "surrogatepass").translate(_LOWER, _NOT_IN_CORE).decode()


def _core_kind(character: str) -> int:
    """Return how ASCII letters and digits arise from a character that is none itself, or 0 where none does."""
    if _fold_character(character) == _JOINING:
        return _FOLDED_TOGETHER
    return not character.isascii() and any(map(str.isascii, filter(str.isalnum, _fold_cluster(character))))


def numbers(text: str) -> list[str]:
    """Return the numbers in `text`, with their minus and without the commas between thousands.

    >>> numbers("1,250 of 3.5 in 2020-21, at -5 (COVID-19)")
    ['1250', '3.5', '2020', '21', '-5', '19']
    """
    return [read_number(match) for match in NUMBER.finditer(unicodedata.normalize("NFKC", text))]


def read_number(match: "regex.Match[str]") -> str:
    """Return a number that was matched in a text, with its minus and without the commas between thousands."""
    minus = "-" if has_minus(match.string, match.start()) else ""
    return f"{minus}{_THOUSANDS.sub('', match.group())}"


def has_minus(text: str, start: int) -> bool:
    """Whether the number that begins at `start` has a minus, and not a hyphen as in COVID-19 or 10-20."""
    sign = start - 1 - (start > 0 and text[start - 1] in CURRENCIES)
    if sign < 0 or text[sign] not in MINUS_SIGNS:
        return False
    return sign == 0 or text[sign - 1].isspace() or text[sign - 1] in _BEFORE_MINUS
