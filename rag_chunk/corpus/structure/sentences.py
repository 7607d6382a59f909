"""Where sentences start.

Enders are those of Unicode's sentence rules (UAX 29, the classes STerm and ATerm), CJK, Indic and others
included. A full stop ends no sentence inside a number, after a known abbreviation or an initial, after
the number of a list item, before a small letter, or in a German date (`3. Mai`). A line that carries a mark of Markdown starts a sentence, and so
does the one after a heading.
"""

import string
import unicodedata
from collections.abc import Sequence

import numpy as np
import regex

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Bytes, Positions, among, distinct, line_type
from rag_chunk.corpus.characters import where

_CLOSERS = "\"'”’»›)]}」』】）］｝〕〉》"
_OPENERS = "([{\"'“‘«"
_MARKS = "#|>+*-"
_LONGEST_NUMBER = 9  # digits of a list item
_MOST_CLOSERS = 16  # in a row, that belong to the sentence before them
_AT_ONCE = 1 << 14  # enders that are looked at together
_NEAR = 8  # characters before a full stop that tell an abbreviation
_DAY = 2  # digits of a day
_SMALL, _LARGE, _LETTER, _OTHER, _NOTHING, _STOP, _MARK, _WIDE = range(0x80, 0x88)
_ABBREVIATIONS = (
    "al approx apr art assn aug ave blvd bros ca capt cf ch chap co col corp dec dept dr ed eds eq eqs esp est "
    "etc ext feb fig figs gen gov hon inc incl jan jr jul jun lt ltd maj mar max min mr mrs ms mt nov nr oct op "
    "p para pp pres prof pt pub ref refs rep resp rev sec sect sen sep sept sgt sr st tab tel univ viz vol vols vs "
    "bzw evtl ggf inkl sog usw vgl zzgl"
).split()
_PAIRS = ("zB", "zT", "dh", "di", "ua", "uU", "uÄ", "oÄ", "oä", "id", "dR", "va", "so", "su")  # z. B., d. h.: German
_MONTHS = "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember".split()


def _letter(character: str) -> int:
    """Return a number for a character: that of an ASCII character or of a kind; what may end a sentence is the last."""
    if character in ".!?…":
        return _STOP if character == "." else _MARK
    if character <= "\x7f":
        return ord(character)
    if character in "。！？．｡" or regex.match(r"\p{SB=STerm}", character):
        return _WIDE
    for alike, characters in (("]", _CLOSERS), ("(", _OPENERS), ("*", "•")):
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
_BLANK = _SPACED | _table("", _NOTHING)
_IS_SMALL = _table(string.ascii_lowercase, _SMALL)
_IS_LARGE = _table(string.ascii_uppercase, _LARGE)
_IS_LETTER = _IS_SMALL | _IS_LARGE | _table("", _LETTER)
_IS_DIGIT = _table(string.digits)
_IS_MARK = _table(_MARKS)
_MAY_MARK = _table(string.digits + "`~")
_AFTER_NUMBER, _AFTER_MARK = _table(")", _STOP), _table(" \t")
_ENDS = _table("", _STOP, _MARK, _WIDE)
_LOWER = np.array([ord(chr(code).lower()) if code < _SMALL else code for code in range(256)], np.uint8)


def _key(word: bytes) -> int:
    return int.from_bytes(word[::-1].ljust(_NEAR, b"\0"), "little")


def _keys(words: Sequence[str]) -> Positions:
    return np.array(sorted(_key(word.encode()) for word in words), np.uint64)


_KEYS, _NUMBER_KEYS = _keys(_ABBREVIATIONS), _keys(["no", "nos"])  # the latter are words, but not before a number
_MONTH_KEYS = np.array(sorted(_key(bytes(map(_letter, month[_NEAR - 1 :: -1]))) for month in _MONTHS), np.uint64)
_PAIR_KEYS = np.array(sorted(_letter(pair[0]) << 8 | _letter(pair[1]) for pair in _PAIRS))


class _Line:
    """The letters of the corpus' line, each asked for with the end of its document."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.letters = corpus.classify_characters(_letter)
        self._borders = corpus.starts.astype(line_type(len(corpus)))

    def _document_bounds(self, positions: Positions) -> tuple[Positions, Positions]:
        """Return where the document of each position starts and ends; the positions are in order."""
        counts = np.diff(np.searchsorted(positions, self._borders))
        return np.repeat(self._borders[:-1], counts), np.repeat(self._borders[1:], counts)

    def limits(self, positions: Positions) -> Positions:
        """Return where the document of each position ends; the positions are in order."""
        return self._document_bounds(positions)[1]

    def at(self, positions: Positions, limits: Positions) -> Bytes:
        """Return the letter at each position, `_NOTHING` where it is not before its limit."""
        letters: Bytes = self.letters.take(positions, mode="clip")
        letters[positions >= limits] = _NOTHING
        return letters

    def from_(self, positions: Positions, count: int) -> Bytes:
        """Return the `count` letters from each position on, `_NOTHING` after its document: [count, positions]."""
        return self.at(positions + _column(count, positions), self.limits(positions))

    def before(self, positions: Positions) -> Bytes:
        """Return the `_NEAR` + 1 letters before each position, nearest first, `_NOTHING` before its document."""
        places = positions - 1 - _column(_NEAR + 1, positions)
        letters: Bytes = self.letters.take(places, mode="clip")
        letters[places < self._document_bounds(positions)[0]] = _NOTHING
        return letters


def _column(count: int, like: Positions) -> Positions:
    """Return the numbers below `count` as a column, in the type of `like`."""
    return np.arange(count, dtype=like.dtype)[:, None]


def sentence_starts(corpus: Corpus, line_starts: Positions, firsts: Positions) -> Positions:
    """Return where sentences start on the line, in order.

    `firsts` is where the lines that are not blank have their first character but white space.

    >>> from rag_chunk import Document
    >>> text, start = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。", np.zeros(1, np.int64)
    >>> [text[start:start + 3] for start in sentence_starts(Corpus([Document("a", text)]), start, start)]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    if not len(corpus):
        return firsts
    line = _Line(corpus)
    return distinct(
        corpus.starts[corpus.starts < len(corpus)].astype(firsts.dtype),
        _after_enders(line, firsts),
        _after_markers(line, firsts),
        _after_headings(line, firsts, line_starts),
    )


def _after_enders(line: _Line, firsts: Positions) -> Positions:
    """Return where a sentence starts because one has ended before it."""
    ends = where(line.letters, lambda letters: letters >= _STOP)
    parts = np.array_split(ends, len(ends) // _AT_ONCE + 1)
    return np.concatenate([_starts_after(line, part, firsts) for part in parts])


def _starts_after(line: _Line, ends: Positions, firsts: Positions) -> Positions:
    """Return where a sentence starts after one of the enders."""
    limits = line.limits(ends)
    last = ~_ENDS[line.at(ends + 1, limits)]
    ends, limits = ends[last], limits[last]
    after = _past_closers(line, ends + 1, limits)
    spaced = _SPACED[line.at(after, limits)]
    following = after.copy()
    following[spaced] = line.corpus.whitespace.past(after[spaced])
    kept = (line.letters[ends] == _WIDE) | (spaced & ~_IS_SMALL[line.at(following, limits)])
    kept &= following < limits
    ends, following = ends[kept], following[kept]
    started: Positions = following[~_abbreviating(line, ends, following, firsts)]
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


def _abbreviating(line: _Line, ends: Positions, following: Positions, firsts: Positions) -> Bools:
    """Return whether each ender is a full stop that belongs to the word before it: `Dr.`, `J.`, `U.S.`, `3.`, `z. B.`.

    `following` is where the text goes on after the white space.
    """
    is_abbreviation = np.zeros(len(ends), bool)
    rows = np.flatnonzero(line.letters[ends] == _STOP)
    before = line.before(ends[rows])
    length = np.argmax(_BLANK.take(before), axis=0)
    near = (length > 0) & ~_ENDS[before[0]]
    rows, before, length = rows[near], before[:_NEAR, near], length[near]
    starts, length = ends[rows] - length, _without_openers(before, length)
    outside = _column(_NEAR, length) >= length
    goes_on = following[rows]
    number = _number(before, length, outside)
    number[number] = among(starts[number], firsts) | _are_dates(line, goes_on[number], length[number])
    words = _words(before, outside)
    numbered = among(words, _NUMBER_KEYS) & _IS_DIGIT[line.letters[goes_on]]
    is_abbreviation[rows] = among(words, _KEYS) | numbered | _initials(before, length, outside) | number
    alone = np.flatnonzero(length == 1)
    is_abbreviation[rows[alone]] |= _are_paired_letters(line, before[:, alone], goes_on[alone])
    return is_abbreviation


def _without_openers(before: Bytes, length: Positions) -> Positions:
    """Return the lengths of the words without the quotes and brackets that open them."""
    length, opened = length.copy(), np.arange(len(length))
    for _ in range(_NEAR):
        opened = opened[_OPENS[before[length[opened] - 1, opened]]]
        length[opened] -= 1
        opened = opened[length[opened] > 0]
    return length


def _words(before: Bytes, outside: Bools) -> Positions:
    """Return the keys of the words, of which `before` has the letters from the last to the first."""
    letters = np.where(outside, 0, _LOWER.take(before))
    return np.ascontiguousarray(letters.T).view("<u8").ravel()


def _initials(before: Bytes, length: Positions, outside: Bools) -> Bools:
    """Return whether the words are single letters with full stops between; one alone is to be a capital."""
    expected = np.where(_column(_NEAR, length) % 2 == 0, _IS_LETTER.take(before), before == _STOP)
    are_initials: Bools = (expected | outside).all(axis=0) & (length % 2 == 1) & ((length > 1) | _IS_LARGE[before[0]])
    return are_initials


def _number(before: Bytes, length: Positions, outside: Bools) -> Bools:
    """Return whether the words are digits only."""
    are_digits: Bools = (_IS_DIGIT.take(before) | outside).all(axis=0) & (length > 0)
    return are_digits


def _are_dates(line: _Line, following: Positions, length: Positions) -> Bools:
    """Return whether numbers of `length` digits are the days of German dates: a month `following` them."""
    there = line.from_(following, _NEAR)
    inside = np.logical_and.accumulate(_IS_LETTER.take(there), axis=0)
    months = np.ascontiguousarray(np.where(inside, there, 0).T).view("<u8").ravel()
    return among(months, _MONTH_KEYS) & (length <= _DAY)


def _are_paired_letters(line: _Line, before: Bytes, following: Positions) -> Bools:
    """Return whether single letters are one half of an abbreviation of two: `z. B.`, `d. h.`."""
    there = line.from_(following, 2)
    first = among(_pair_keys(before[0], there[0]), _PAIR_KEYS) & (there[1] == _STOP)
    second = among(_pair_keys(before[3], before[0]), _PAIR_KEYS) & (before[2] == _STOP) & _BLANK[before[1]]
    are_paired: Bools = first | (second & ~_IS_LETTER[before[4]])
    return are_paired


def _pair_keys(first: Bytes, second: Bytes) -> Positions:
    return _LOWER[first].astype(np.int64) << 8 | second


def _after_markers(line: _Line, firsts: Positions) -> Positions:
    """Return the first places on lines that begin with a mark of Markdown."""
    letters = line.letters[firsts]
    marked = _IS_MARK[letters]
    rows = np.flatnonzero(_MAY_MARK[letters])
    there = line.from_(firsts[rows], _LONGEST_NUMBER + 2)
    digits = np.argmin(_IS_DIGIT.take(there), axis=0)
    each = np.arange(len(rows))
    listed = (
        (digits > 0)
        & _AFTER_NUMBER[there[digits, each]]
        & _AFTER_MARK[there[np.minimum(digits, _LONGEST_NUMBER) + 1, each]]
    )
    fenced = (digits == 0) & (there[:3] == there[0]).all(axis=0)
    marked[rows] = (listed & (digits <= _LONGEST_NUMBER)) | fenced
    return firsts[marked]


def _after_headings(line: _Line, firsts: Positions, line_starts: Positions) -> Positions:
    """Return where the line after each heading starts."""
    places = firsts[line.letters[firsts] == ord("#")]
    there = line.from_(places, 7)
    level = np.argmin(there == ord("#"), axis=0)
    places = places[(level > 0) & _AFTER_MARK[there[level, np.arange(len(places))]]]
    index = np.searchsorted(line_starts, places, side="right")
    places, index = places[index < len(line_starts)], index[index < len(line_starts)]
    following: Positions = line_starts[index]
    return np.extract(following < line.limits(places), following)
