"""Hyphens at the ends of lines: whether a word was cut there, or is written with a hyphen anywhere."""

import re
from collections import Counter
from collections.abc import Iterable

_CUT = "\ufffe"  # what PDFium writes for a hyphen at a line's end, whatever it is
_LETTERS = "[^\\W\\d_]+"
_LINE_END = re.compile(f"(?<![^\\W\\d_])({_LETTERS}){_CUT}[ \t]*(?:\r\n|\r|\n)?[ \t]*(?=({_LETTERS}))")
_CUT_WORD = re.compile(_LINE_END.pattern + _LETTERS)
_WORD, _PAIR = re.compile(_LETTERS), re.compile(f"(?<![^\\W\\d_])(?=({_LETTERS})-({_LETTERS}))")


def settle_line_hyphens(pages: Iterable[str]) -> list[str]:
    r"""Return pages in which hyphens at the ends of lines are written, or gone where a word was cut there.

    A word keeps its hyphen where the document writes it so elsewhere, or where both of its parts are words there and
    both together are none. What stands beside a number or before a capital is left as it is.

    >>> settle_line_hyphens(["A long-term plan, and a long\ufffe\nterm op\ufffe\ntion"])
    ['A long-term plan, and a long-term option']
    """
    pages = list(pages)
    if not any(_CUT in page for page in pages):
        return pages
    words, pairs = _count_words(pages)

    def settle(match: re.Match[str]) -> str:
        first, second = match[1], match[2]
        if second[0].isupper():
            return match[0]
        one, two = first.lower(), second.lower()
        joined, written = words[one + two], pairs[one, two]
        is_compound = written > joined or (not (joined or written) and bool(words[one] and words[two]))
        return f"{first}-" if is_compound else first

    return [_LINE_END.sub(settle, page) for page in pages]


def _count_words(pages: Iterable[str]) -> tuple[Counter[str], Counter[tuple[str, str]]]:
    """Count the words of a document, and the pairs that a hyphen joins, apart from what is at the ends of lines."""
    words, pairs = Counter[str](), Counter[tuple[str, str]]()
    for page in pages:
        text = _CUT_WORD.sub(" ", page).lower()
        words.update(_WORD.findall(text))
        pairs.update(_PAIR.findall(text))
    return words, pairs
