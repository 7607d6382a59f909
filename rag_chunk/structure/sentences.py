"""Where sentences start.

Enders are those of Unicode's sentence rules (UAX 29, the classes STerm and ATerm), CJK, Indic and others
included. A full stop ends no sentence inside a number, after a known abbreviation or an initial, after
the number of a list item, or before a small letter.
"""

import re
from functools import lru_cache

import regex

_CLOSERS = "\"'”’»›)]}」』）］｝】〉》"
_ABBREVIATIONS = frozenset(
    "al approx apr art assn aug ave blvd bros ca capt cf ch chap co col corp dec dept dr ed eds e.g eq eqs esp est "
    "etc ext feb fig figs gen gov hon i.e inc incl jan jr jul jun lt ltd maj mar max min mr mrs ms mt nov nr oct op "
    "p para pp pres prof pt pub ref refs rep resp rev sec sect sen sep sept sgt sr st tab tel univ viz vol vols vs".split()
)
_OPENERS = "([{\"'“‘«"
_MARKED_LINE = re.compile(r"(?m)^[ \t]*(?=[#|>+*•-]|\d{1,9}[.)][ \t]|```|~~~)")
_AFTER_HEADING = re.compile(r"(?m)^[ \t]{0,3}#{1,6}[ \t][^\r\n]*(?:\r\n?|\n)")
_LONGEST_WORD = 40
_LONGEST_ABBREVIATION = 6


@lru_cache(maxsize=1)
def _wide_enders() -> str:
    """Return the enders after which no space is needed, from the Unicode data of `regex`."""
    found = [chr(code) for code in range(0x80, 0x3000) if regex.match(r"\p{SB=STerm}", chr(code))]
    return "".join([*found, "。！？．｡"])


@lru_cache(maxsize=2)
def _ends(*, plain: bool) -> re.Pattern[str]:
    """Return the pattern of a sentence's end and the white space after it; `plain` is for ASCII text.

    A small letter may not follow the white space. What ends in a full stop is to be looked at more closely.
    """
    closers = re.escape(_CLOSERS)
    narrow = rf"[.!?…]+[{closers}]*\s+(?![a-zß-öø-ÿ])"
    return re.compile(narrow if plain else rf"{narrow}|[{re.escape(_wide_enders())}]+[{closers}]*\s*")


def _abbreviates(text: str, stop: int) -> bool:
    """Whether the full stop at `stop` belongs to the word before it: `Dr.`, `J.`, `U.S.`, or a list item's `3.`."""
    before = text[max(0, stop - _LONGEST_WORD) : stop]
    word = before[max(before.rfind(" "), before.rfind("\n")) + 1 :].lstrip(_OPENERS)
    if len(word) > _LONGEST_ABBREVIATION:
        return False
    if word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper()):
        return True
    if "." in word:
        return all(len(part) == 1 and part.isalpha() for part in word.split("."))
    return word.isdigit() and before.rpartition("\n")[2].strip() == word


def sentence_starts(text: str) -> list[int]:
    """Return where sentences start in `text`, in order; lines that carry Markdown marks start one too.

    >>> text = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。"
    >>> [text[start:start + 3] for start in sentence_starts(text)]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    starts = [0] if text else []
    for found in _ends(plain=text.isascii()).finditer(text):
        stop, end = found.span()
        if text[stop] != "." or text[stop + 1] in ".!?…" or not _abbreviates(text, stop):
            starts.append(end)
    starts += [found.end() for found in _AFTER_HEADING.finditer(text)]
    starts += [found.end() for found in _MARKED_LINE.finditer(text)]
    return sorted({start for start in starts if start < len(text)})
