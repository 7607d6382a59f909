"""Where sentences start.

Enders are those of Unicode's sentence rules (UAX 29, the classes STerm and ATerm), CJK, Indic and others
included. A full stop ends no sentence inside a number, after a known abbreviation or an initial, after
the number of a list item, or before a small letter. A line that carries a mark of Markdown starts a sentence, and so
does the one after a heading.
"""

import string
import unicodedata

import numpy as np
import regex

from rag_chunk.arrays import Bools, Bytes, Positions, among, distinct
from rag_chunk.corpus import BLOCK, Corpus

_CLOSERS = "\"'”’»›)]}」』】）］｝〕〉》"
_OPENERS = "([{\"'“‘«"
_MARKS = "#|>+*-"
_LONGEST_NUMBER = 9  # digits of a list item
_MOST_CLOSERS = 16  # in a row, that belong to the sentence before them
_AT_ONCE = 1 << 14  # enders of which the letters before them are looked at together
_NEAR = 8  # characters before a full stop that tell an abbreviation
_WIDE, _SMALL, _LARGE, _LETTER, _OTHER, _NOTHING = range(0x80, 0x86)
_ABBREVIATIONS = (
    "al approx apr art assn aug ave blvd bros ca capt cf ch chap co col corp dec dept dr ed eds eq eqs esp est "
    "etc ext feb fig figs gen gov hon inc incl jan jr jul jun lt ltd maj mar max min mr mrs ms mt nov nr oct op "
    "p para pp pres prof pt pub ref refs rep resp rev sec sect sen sep sept sgt sr st tab tel univ viz vol vols vs"
).split()


def _letter(character: str) -> int:
    """Return a number for a character: its own where it is ASCII, else that of an ASCII character or of a kind."""
    if character <= "\x7f":
        return ord(character)
    if character in "。！？．｡" or regex.match(r"\p{SB=STerm}", character):
        return _WIDE
    for alike, characters in (("!", "…"), ("]", _CLOSERS), ("(", _OPENERS), ("*", "•")):
        if character in characters:
            return ord(alike)
    if character.isspace() or character.isdecimal():
        return ord(" " if character.isspace() else "0")
    letter = _SMALL if character.islower() else _LARGE if character.isupper() else _LETTER
    return letter if unicodedata.category(character)[0] == "L" else _SMALL if letter == _SMALL else _OTHER


def _table(characters: str, *kinds: int) -> Bools:
    """Return for each number that `_letter` gives whether it is one of these."""
    table = np.zeros(256, bool)
    table[[*map(ord, characters), *kinds]] = True
    return table


_CLOSES = _table("\"')]}")
_OPENS = _table(_OPENERS[:5])
_SPACED = _table(" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f")
_IS_SMALL = _table(string.ascii_lowercase, _SMALL)
_IS_LARGE = _table(string.ascii_uppercase, _LARGE)
_IS_LETTER = _IS_SMALL | _IS_LARGE | _table("", _LETTER)
_IS_DIGIT = _table(string.digits)
_ENDS = _table(".!?", _WIDE)
_LOWER = np.array([ord(chr(code).lower()) if code < _WIDE else code for code in range(256)], np.uint8)


def _key(word: bytes) -> int:
    return int.from_bytes(word[::-1].ljust(_NEAR, b"\0"), "little")


_KEYS = np.array(sorted(_key(word.encode()) for word in _ABBREVIATIONS), np.uint64)


class _Line:
    """The letters of the corpus' line, each asked for with the end of its document."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.letters = corpus.looked_up(_letter)

    def limits(self, positions: Positions) -> Positions:
        """Return where the document of each position ends."""
        found: Positions = self.corpus.starts[self.corpus.documents_at(positions) + 1]
        return found

    def at(self, positions: Positions, limits: Positions) -> Bytes:
        """Return the letter at each position, `_NOTHING` where it is not before its limit."""
        inside = positions < limits
        found: Bytes = np.where(inside, self.letters[np.where(inside, positions, 0)], _NOTHING).astype(np.uint8)
        return found

    def from_(self, positions: Positions, count: int) -> Bytes:
        """Return the `count` letters from each position on, `_NOTHING` after its document: [positions, count]."""
        return self.at(positions[:, None] + np.arange(count), self.limits(positions)[:, None])

    def before(self, positions: Positions) -> Bytes:
        """Return the `_NEAR` + 1 letters before each position, nearest first, `_NOTHING` before its document."""
        firsts = self.corpus.starts[self.corpus.documents_at(positions)][:, None]
        places = positions[:, None] - np.arange(1, _NEAR + 2)
        found: Bytes = np.where(places < firsts, _NOTHING, self.letters[np.maximum(places, 0)]).astype(np.uint8)
        return found


def sentence_starts(corpus: Corpus, line_starts: Positions) -> Positions:
    """Return where sentences start on the line, in order.

    >>> from rag_chunk import Document
    >>> text = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。"
    >>> [text[start:start + 3] for start in sentence_starts(Corpus([Document("a", text)]), np.zeros(1, np.int64))]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    if not len(corpus):
        return line_starts[:0]
    line = _Line(corpus)
    lines = line_starts[line_starts < len(corpus)]
    firsts = corpus.past_space(lines)
    firsts = distinct(firsts[firsts < line.limits(lines)])
    return distinct(
        corpus.starts[corpus.starts < len(corpus)],
        _after_enders(line, firsts),
        _marked(line, firsts),
        _after_headings(line, firsts, line_starts),
    )


def _enders(letters: Bytes) -> Positions:
    """Return where a character stands that may end a sentence."""
    parts = [np.zeros(0, np.int64)]
    for place in range(0, len(letters), BLOCK):
        block = letters[place : place + BLOCK]
        parts.append(
            np.flatnonzero((block == ord(".")) | (block == ord("!")) | (block == ord("?")) | (block == _WIDE)) + place
        )
    return np.concatenate(parts)


def _after_enders(line: _Line, firsts: Positions) -> Positions:
    """Return where a sentence starts because one has ended before it."""
    ends = _enders(line.letters)
    limits = line.limits(ends)
    last = ~_ENDS[line.at(ends + 1, limits)]
    ends, limits = ends[last], limits[last]
    after = _past_closers(line, ends + 1, limits)
    spaced = _SPACED[line.at(after, limits)]
    following = after.copy()
    following[spaced] = line.corpus.past_space(after[spaced])
    kept = (line.letters[ends] == _WIDE) | (spaced & ~_IS_SMALL[line.at(following, limits)])
    kept &= following < limits
    ends, following = ends[kept], following[kept]
    parts = np.array_split(ends, len(ends) // _AT_ONCE + 1)
    wrong = np.concatenate([_abbreviating(line, part, firsts) for part in parts])
    started: Positions = following[~wrong]
    return started


def _past_closers(line: _Line, after: Positions, limits: Positions) -> Positions:
    """Move each place past the quotes and brackets that close there."""
    moving = np.arange(len(after))
    for _ in range(_MOST_CLOSERS):
        moving = moving[_CLOSES[line.at(after[moving], limits[moving])]]
        if not len(moving):
            break
        after[moving] += 1
    return after


def _abbreviating(line: _Line, ends: Positions, firsts: Positions) -> Bools:
    """Return whether each ender is a full stop that belongs to the word before it: `Dr.`, `J.`, `U.S.` or `3.`."""
    found = np.zeros(len(ends), bool)
    rows = np.flatnonzero(line.letters[ends] == ord("."))
    before = line.before(ends[rows])
    ended = _SPACED[before] | (before == _NOTHING)
    length = np.argmax(ended, axis=1)
    near = ended.any(axis=1) & (length > 0) & ~_ENDS[before[:, 0]]
    rows, before, length = rows[near], before[near], length[near]
    starts, length = ends[rows] - length, _without_openers(before, length)
    found[rows] = _known(before, length) | _initials(before, length) | (_number(before, length) & among(starts, firsts))
    return found


def _without_openers(before: Bytes, length: Positions) -> Positions:
    length = length.copy()
    for _ in range(_NEAR):
        opened = _OPENS[before[np.arange(len(before)), np.maximum(length - 1, 0)]] & (length > 0)
        if not opened.any():
            break
        length -= opened
    return length


def _known(before: Bytes, length: Positions) -> Bools:
    """Return whether the words, of which `before` has the letters from the last to the first, are abbreviations."""
    inside = np.arange(_NEAR) < length[:, None]
    keys = np.where(inside, _LOWER[before[:, :_NEAR]], 0).astype(np.uint8).view("<u8").ravel()
    return among(keys, _KEYS)


def _initials(before: Bytes, length: Positions) -> Bools:
    """Return whether the words are single letters with full stops between; one alone is to be a capital."""
    letters, stops = _IS_LETTER[before[:, :_NEAR]], before[:, :_NEAR] == ord(".")
    expected = np.where(np.arange(_NEAR) % 2 == 0, letters, stops)
    inside = np.arange(_NEAR) < length[:, None]
    found: Bools = (expected | ~inside).all(axis=1) & (length % 2 == 1)
    return found & ((length > 1) | _IS_LARGE[before[:, 0]])


def _number(before: Bytes, length: Positions) -> Bools:
    outside = np.arange(_NEAR) >= length[:, None]
    found: Bools = (_IS_DIGIT[before[:, :_NEAR]] | outside).all(axis=1) & (length > 0)
    return found


def _marked(line: _Line, firsts: Positions) -> Positions:
    """Return the first places on lines that begin with a mark of Markdown."""
    letters = line.letters[firsts]
    marked = _table(_MARKS)[letters]
    rows = np.flatnonzero(_table(string.digits + "`~")[letters])
    there = line.from_(firsts[rows], _LONGEST_NUMBER + 2)
    digits = np.argmin(_IS_DIGIT[there], axis=1)
    each = np.arange(len(rows))
    listed = (
        (digits > 0)
        & _table(".)")[there[each, digits]]
        & _table(" \t")[there[each, np.minimum(digits, _LONGEST_NUMBER) + 1]]
    )
    fenced = (digits == 0) & (there[:, :3] == there[:, :1]).all(axis=1)
    marked[rows] = (listed & (digits <= _LONGEST_NUMBER)) | fenced
    return firsts[marked]


def _after_headings(line: _Line, firsts: Positions, line_starts: Positions) -> Positions:
    """Return where the line after each heading starts."""
    places = firsts[line.letters[firsts] == ord("#")]
    there = line.from_(places, 7)
    level = np.argmin(there == ord("#"), axis=1)
    places = places[(level > 0) & _table(" \t")[there[np.arange(len(places)), level]]]
    index = np.searchsorted(line_starts, places, side="right")
    places, index = places[index < len(line_starts)], index[index < len(line_starts)]
    following: Positions = line_starts[index]
    return np.extract(following < line.limits(places), following)
