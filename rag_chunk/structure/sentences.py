"""Where sentences start.

Enders are those of Unicode's sentence rules (UAX 29, the classes STerm and ATerm), CJK, Indic and others
included. A full stop ends no sentence inside a number, after a known abbreviation or an initial, after
the number of a list item, or before a small letter.
"""

import re
from functools import lru_cache

import numpy as np
import regex

from rag_chunk.arrays import Bytes, Positions, distinct
from rag_chunk.characters import looked_up

_CLOSERS = "\"'”’»›)]}」』）］｝】〉》"
_ABBREVIATIONS = frozenset(
    (
        "al approx apr art assn aug ave blvd bros ca capt cf ch chap co col corp dec dept dr ed eds e.g eq eqs esp est "
        "etc ext feb fig figs gen gov hon i.e inc incl jan jr jul jun lt ltd maj mar max min mr mrs ms mt nov nr oct op "
        "p para pp pres prof pt pub ref refs rep resp rev sec sect sen sep sept sgt sr st tab tel univ viz vol vols vs"
    ).split()
)
_OPENERS = "([{\"'“‘«"
_LIST_MARK = re.compile(r"\d{1,9}[.)][ \t]|```|~~~")
_HEADING = re.compile(r"#{1,6}[ \t][^\r\n]*(?:\r\n?|\n)")
_LONGEST_ABBREVIATION = 6
_DEEPEST_ITEM = 80  # characters before a list item's number

_SPACE, _NEWLINE, _STOP, _NARROW, _WIDE, _CLOSER, _SMALL, _MARK = (1 << bit for bit in range(8))
_ENDERS = _STOP | _NARROW | _WIDE


@lru_cache(maxsize=8192)
def _kind(character: str) -> int:
    """Return what a character is to a sentence. After a wide ender no space is needed."""
    wide = character in "。！？．｡" or (character > "\x7f" and regex.match(r"\p{SB=STerm}", character))
    return (
        _SPACE * character.isspace()
        | _NEWLINE * (character in "\r\n")
        | _STOP * (character == ".")
        | _NARROW * (character in "!?…")
        | _WIDE * bool(wide)
        | _CLOSER * (character in _CLOSERS)
        | _SMALL * character.islower()
        | _MARK * (character in "#|>+*•-`~" or character.isdigit())
    )


def sentence_starts(text: str) -> list[int]:
    """Return where sentences start in `text`, in order; lines that carry Markdown marks start one too.

    >>> text = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。"
    >>> [text[start:start + 3] for start in sentence_starts(text)]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    if not text:
        return []
    kinds = np.append(looked_up(text, _kind), np.uint8(0))  # a character more, so that each has one after it
    solid = (kinds[:-1] & _SPACE) == 0
    words = np.flatnonzero(solid & ~np.append(False, solid[:-1]))
    starts = [0, *_after_enders(text, kinds, words), *_marked_lines(text, kinds, words)]
    return sorted({start for start in starts if start < len(text)})


def _after_enders(text: str, kinds: Bytes, words: Positions) -> list[int]:
    """Return where a sentence starts because one has ended before it."""
    ends = np.flatnonzero(kinds & _ENDERS)
    ends = ends[(kinds[ends + 1] & _ENDERS) == 0]
    after = ends + 1
    while (closing := (kinds[after] & _CLOSER) > 0).any():
        after = after + closing
    spaced = (kinds[after] & _SPACE) > 0
    beyond = np.append(words, len(text))
    following = np.where(spaced, beyond[np.searchsorted(words, after)], after)
    wide = (kinds[ends] & _WIDE) > 0
    kept = wide | (spaced & ((kinds[following] & _SMALL) == 0))
    ends, following = ends[kept], following[kept]
    inside = words[np.maximum(np.searchsorted(words, ends, side="right") - 1, 0)]
    single = ((kinds[ends] & _STOP) > 0) & ((kinds[np.maximum(ends - 1, 0)] & _ENDERS) == 0)
    doubtful = np.flatnonzero(single & (ends - inside <= _LONGEST_ABBREVIATION + 2))
    wrong = [row for row in doubtful.tolist() if _abbreviates(text, int(inside[row]), int(ends[row]))]
    return np.delete(following, wrong).tolist()


def _abbreviates(text: str, start: int, stop: int) -> bool:
    """Whether the full stop at `stop` belongs to the word before it: `Dr.`, `J.`, `U.S.`, or a list item's `3.`."""
    word = text[start:stop].lstrip(_OPENERS)
    if word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper()):
        return True
    if "." in word:
        return all(len(part) == 1 and part.isalpha() for part in word.split("."))
    return word.isdigit() and not text[max(text.rfind("\n", 0, start), start - _DEEPEST_ITEM) + 1 : start].strip()


def _marked_lines(text: str, kinds: Bytes, words: Positions) -> list[int]:
    """Return where a line begins with a mark of Markdown, and where the line after a heading begins."""
    beyond = np.append(words, len(text))
    lines = beyond[np.searchsorted(words, np.append(0, np.flatnonzero(kinds & _NEWLINE)))]
    marked = distinct(lines[(kinds[lines] & _MARK) > 0]).tolist()
    starts = [place for place in marked if text[place] in "#|>+*•-" or _LIST_MARK.match(text, place)]
    headings = [found.end() for place in marked if text[place] == "#" and (found := _HEADING.match(text, place))]
    return starts + headings
