"""The letters by which sentences are found: each character of a corpus as one of 256 numbers."""

import string
import unicodedata
from collections.abc import Sequence

import numpy as np
import regex

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Bytes, Positions, line_type

CLOSERS = "\"'”’»›)]}」』】）］｝〕〉》"
OPENERS = "([{\"'“‘«"
_MARKS = "#|>+*-"
NEAR = 8  # characters before a full stop that tell an abbreviation
SMALL, LARGE, LETTER, OTHER, NOTHING, STOP, MARK, WIDE = range(0x80, 0x88)


def letter_of(character: str) -> int:
    """Return a number for a character: that of an ASCII character or of a kind; what may end a sentence is the last."""
    if character in ".!?…":
        return STOP if character == "." else MARK
    if character <= "\x7f":
        return ord(character)
    if character in "。！？．｡" or regex.match(r"\p{SB=STerm}", character):
        return WIDE
    for alike, characters in (("]", CLOSERS), ("(", OPENERS), ("*", "•")):
        if character in characters:
            return ord(alike)
    if character.isspace() or character.isdecimal():
        return ord(" " if character.isspace() else "0")
    letter = SMALL if character.islower() else LARGE if character.isupper() else LETTER
    return letter if unicodedata.category(character)[0] == "L" else SMALL if letter == SMALL else OTHER


def _table(characters: str, *kinds: int) -> Bools:
    """Return for each number that `letter_of` gives whether it is one of these."""
    table = np.zeros(256, bool)
    table[[*map(ord, characters), *kinds]] = True
    return table


CLOSES = _table("\"')]}")
OPENS = _table(OPENERS[:5])
SPACED = _table(" \t\n\r\x0b\x0c\x1c\x1d\x1e\x1f")
BLANK = SPACED | _table("", NOTHING)
IS_SMALL = _table(string.ascii_lowercase, SMALL)
IS_LARGE = _table(string.ascii_uppercase, LARGE)
IS_LETTER = IS_SMALL | IS_LARGE | _table("", LETTER)
IS_DIGIT = _table(string.digits)
IS_MARK = _table(_MARKS)
MAY_MARK = _table(string.digits + "`~")
AFTER_NUMBER, AFTER_MARK = _table(")", STOP), _table(" \t")
ENDS = _table("", STOP, MARK, WIDE)
LOWER = np.array([ord(chr(code).lower()) if code < SMALL else code for code in range(256)], np.uint8)


def _key(word: bytes) -> int:
    return int.from_bytes(word[::-1].ljust(NEAR, b"\0"), "little")


def letter_keys(words: Sequence[str]) -> Positions:
    """Return the keys of words, of which the last `NEAR` letters count: what is a number of letters, as one number."""
    return np.array(sorted(_key(bytes(map(letter_of, word))) for word in words), np.uint64)


def following_keys(words: Sequence[str]) -> Positions:
    """Return the keys of words as they are read forwards, in whatever letters, of which the first `NEAR` count."""
    return np.array(sorted(_key(bytes(map(letter_of, word[NEAR - 1 :: -1]))) for word in words), np.uint64)


class LetterLine:
    """The letters of the corpus' line, each asked for with the end of its document."""

    def __init__(self, corpus: Corpus) -> None:
        """Tell the letters of `corpus`."""
        self.corpus = corpus
        self.letters = corpus.classify_characters(letter_of)
        self._borders = corpus.starts.astype(line_type(len(corpus)))

    def _document_bounds(self, positions: Positions) -> tuple[Positions, Positions]:
        """Return where the document of each position starts and ends; the positions are in order."""
        counts = np.diff(np.searchsorted(positions, self._borders))
        return np.repeat(self._borders[:-1], counts), np.repeat(self._borders[1:], counts)

    def limits(self, positions: Positions) -> Positions:
        """Return where the document of each position ends; the positions are in order."""
        return self._document_bounds(positions)[1]

    def at(self, positions: Positions, limits: Positions) -> Bytes:
        """Return the letter at each position, `NOTHING` where it is not before its limit."""
        letters: Bytes = self.letters.take(positions, mode="clip")
        letters[positions >= limits] = NOTHING
        return letters

    def from_(self, positions: Positions, count: int) -> Bytes:
        """Return the `count` letters from each position on, `NOTHING` after its document: [count, positions]."""
        return self.at(positions + column(count, positions), self.limits(positions))

    def before(self, positions: Positions) -> Bytes:
        """Return the `NEAR` + 1 letters before each position, nearest first, `NOTHING` before its document."""
        places = positions - 1 - column(NEAR + 1, positions)
        letters: Bytes = self.letters.take(places, mode="clip")
        letters[places < self._document_bounds(positions)[0]] = NOTHING
        return letters


def column(count: int, like: Positions) -> Positions:
    """Return the numbers below `count` as a column, in the type of `like`."""
    return np.arange(count, dtype=like.dtype)[:, None]
