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
    "al approx apr art assn aug ave bd blvd bros ca capt cf ch chap co col corp dec dept dr ed eds e.g eq eqs esp est "
    "etc ext feb fig figs gen gov hon i.e inc incl jan jr jul jun lt ltd maj mar max min mr mrs ms mt nov nr oct op "
    "p para pp pres prof pt pub ref refs rep resp rev sec sect sen sep sept sgt sr st tab tel univ viz vol vols vs".split()
)
_LAST_WORD = re.compile(r"[^\s(\[{\"'“‘«]*$")
_MARKED_LINE = re.compile(r"(?m)^[ \t]*(?=[#|>+*•-]|\d{1,9}[.)][ \t]|```|~~~)")
_AFTER_HEADING = re.compile(r"(?m)^[ \t]{0,3}#{1,6}[ \t][^\r\n]*(?:\r\n?|\n)")
_LONGEST_WORD = 40


@lru_cache(maxsize=1)
def _wide_enders() -> str:
    """Return the enders after which no space is needed, from the Unicode data of `regex`."""
    found = [chr(code) for code in range(0x80, 0x3000) if regex.match(r"\p{SB=STerm}", chr(code))]
    return "".join([*found, "。！？．｡"])


@lru_cache(maxsize=2)
def _ends(*, plain: bool) -> re.Pattern[str]:
    """Return the pattern of a sentence's end and the white space after it; `plain` is for ASCII text."""
    narrow = rf"[.!?…]+[{re.escape(_CLOSERS)}]*\s+"
    if plain:
        return re.compile(narrow)
    return re.compile(rf"{narrow}|[{re.escape(_wide_enders())}]+[{re.escape(_CLOSERS)}]*\s*")


def _ends_sentence(text: str, found: re.Match[str]) -> bool:
    """Whether the stop in `found` ends a sentence: what stands before and after it decides."""
    start, end = found.span()
    if end == len(text):
        return False
    if text[start] not in ".!?…":
        return True
    if text[end].islower():
        return False
    if text[start] != "." or text[start + 1] in ".!?…":
        return True
    word = text[max(0, start - _LONGEST_WORD) : start]
    last = _LAST_WORD.search(word)
    return not _abbreviates(last.group() if last else word, text, start)


def _abbreviates(word: str, text: str, stop: int) -> bool:
    """Whether the full stop after `word` belongs to it: `Dr.`, `J.`, `U.S.`, or a list item's `3.`."""
    if word.lower() in _ABBREVIATIONS or (len(word) == 1 and word.isupper()):
        return True
    if "." in word and all(len(part) == 1 and part.isalpha() for part in word.split(".")):
        return True
    line = text[max(0, stop - _LONGEST_WORD) : stop].rpartition("\n")[2]
    return word.isdigit() and line.strip() == word


def sentence_starts(text: str) -> list[int]:
    """Return where sentences start in `text`, in order; lines that carry Markdown marks start one too.

    >>> text = "Dr. No paid 3.50 dollars. Why? 他走了。她来了。"
    >>> [text[start:start + 3] for start in sentence_starts(text)]
    ['Dr.', 'Why', '他走了', '她来了']
    """
    starts = {found.end() for found in _ends(plain=text.isascii()).finditer(text) if _ends_sentence(text, found)}
    starts |= {found.end() for found in _AFTER_HEADING.finditer(text)}
    starts |= {found.end() for found in _MARKED_LINE.finditer(text)}
    return sorted({0, *starts} - {len(text)}) if text else []
