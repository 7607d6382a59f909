"""Tells whether a position in a text is a border, or cuts a word, a number or a character with its marks."""

import re
import unicodedata
from typing import Literal

from rag_chunk.corpus.characters import LONE, flags_of
from rag_chunk.questions.folding import CURRENCIES, MINUS_SIGNS, has_minus

Cut = Literal["word", "number"]
SHORTEST_COMPONENT = 4  # letters, accents counted apart, of the part of a compound that may be evidence

_JOINS_DIGITS = ".,"
_SIGNS = re.compile(r"\+\+|#(?!\w)")  # that are a part of a name: C++, C#


def cut_at(text: str, position: int) -> Cut | None:
    """Return what a border at `position` would cut: a word, a number (or a letter from its marks), or nothing.

    Scripts that are written without spaces have a border at each letter.

    >>> cut_at("port 8080", 7), cut_at("3.5", 1), cut_at("at -5", 4), cut_at("smart", 2), cut_at("port 80.", 7)
    ('number', 'number', 'number', 'word', None)
    """
    if not 0 < position < len(text):
        return None
    before, after = text[position - 1], text[position]
    if _kind(after) == "M":
        return "number" if _kind(before) in "LNM" else None
    if _is_inside_number(text, position, before, after):
        return "number"
    if _is_word_character(text, position - 1) and _is_word_character(text, position):
        return "word"
    return "word" if before.isalpha() and _SIGNS.match(text, position) else None


def is_whole(text: str, start: int, end: int) -> bool:
    """Whether the stretch neither begins nor ends inside a word or a number."""
    return _cut_at_start(text, start) is None and cut_at(text, end) is None


def is_component(text: str, start: int, end: int) -> bool:
    """Whether the stretch is whole, or cuts only words, of which it holds enough to be a part of a compound."""
    stretch = text[start:end]
    words = stretch.split()
    if not words:
        return False
    edges = ((_cut_at_start(text, start), words[0]), (cut_at(text, end), words[-1]))
    return all(cut is None or (cut == "word" and _count_letters(word) >= SHORTEST_COMPONENT) for cut, word in edges)


def _cut_at_start(text: str, start: int) -> Cut | None:
    """Return what a stretch that starts here cuts: in `3-5` is no minus before the 5."""
    is_signed = text[start : start + 1] in MINUS_SIGNS and text[start + 1 : start + 2].isdigit()
    return "number" if is_signed and text[start - 1 : start].isalnum() else cut_at(text, start)


def _count_letters(word: str) -> int:
    """Return the number of letters; a Korean syllable counts as the letters that it is made of."""
    return sum(character.isalpha() for character in unicodedata.normalize("NFKD", word))


def _kind(character: str) -> str:
    return unicodedata.category(character)[0]


def _is_inside_number(text: str, position: int, before: str, after: str) -> bool:
    """Whether digits meet here, by themselves or through a point or a comma, or a number and its minus."""
    first_digit = position + (after in CURRENCIES)
    if text[first_digit : first_digit + 1].isdigit() and has_minus(text, first_digit):
        return True
    if _kind(before) == "N":
        follows = text[position + 1 : position + 2]
        return _kind(after) == "N" or (after in _JOINS_DIGITS and follows.isdigit())
    first = text[position - 2 : position - 1] if position > 1 else ""
    return before in _JOINS_DIGITS and after.isdigit() and first.isdigit()


def _is_word_character(text: str, position: int) -> bool:
    """Whether a letter or a digit of a script with spaces is there, with its marks, or `_` between two of them."""
    while position > 0 and _kind(text[position]) == "M":
        position -= 1
    character = text[position]
    if character == "_":
        return text[position - 1 : position].isalnum() and text[position + 1 : position + 2].isalnum()
    return _kind(character) in "LN" and not flags_of(character) & LONE
