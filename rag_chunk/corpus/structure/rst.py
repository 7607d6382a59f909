"""Section titles of reStructuredText: text between or above lines of one sign, as docutils reads them.

A title is the first line of a block at the left margin. Its level follows from the order in which the styles of a document
occur first, a style being the sign and whether there is a line above. What is indented belongs to something else, and so
do the lines of paragraphs, tables, and literal blocks.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*")
_ENDS_AT_ONCE = re.compile(  # at the end of its line, where what belongs to it is not indented
    r" |[-+*•‣⁃](?: |$)|\.\.(?: |$)|__ |:(?![: ])[^:\r\n]*[^ :]:(?: |$)|\|(?: |$)"
)
_NO_TITLE = re.compile(rf"{_ENDS_AT_ONCE.pattern}|>>>(?: |$)|\+-[-+]+-\+$")
_SIMPLE_TABLE, _SIMPLE_BORDER = re.compile(r"=+(?: +=+)+"), re.compile(r"=[ =]*")
_GRID_TABLE = re.compile(r"\+-[-+]+-\+")
_SHORT = 4  # signs: fewer are text where the title is longer
_WIDE = "WF"

Title = tuple[int, int, int, str]


def titles(lines: Sequence[str]) -> Iterator[Title]:
    r"""Yield each title: the number of its first line, that of the line after its last, its level, and its text.

    >>> list(titles(["Guide", "=====", "", "Text.", "", "-----", " Set ", "-----"]))
    [(0, 2, 1, 'Guide'), (5, 8, 2, 'Set')]
    """
    lines = [line.expandtabs(8).rstrip() for line in lines]
    styles, number = list[str](), 0
    while number < len(lines):
        size = _title_size(lines, number)
        if not size:
            number = _after_block(lines, number)
            continue
        style = lines[number + size - 1][0] * (size - 1)
        if style not in styles:
            styles.append(style)
        yield number, number + size, styles.index(style) + 1, lines[number + size - 2].strip()
        number += size


def _title_size(lines: Sequence[str], number: int) -> int:
    """Return how many lines the title has that begins here: 3 with a line above it, 2 without, 0 where there is none."""
    first, second, third = [*lines[number : number + 3], "", ""][:3]
    if not first or not second or _NO_TITLE.match(first) or _SIMPLE_TABLE.fullmatch(first):
        return 0
    is_line = _ADORNMENT.fullmatch(first)
    if is_line and first == third and not _ADORNMENT.fullmatch(second) and _is_long_enough(second, first):
        return 3
    if is_line and len(first) >= _SHORT:
        return 0
    return 2 * bool(_ADORNMENT.fullmatch(second) and _is_long_enough(first, second))


def _is_long_enough(title: str, adornment: str) -> bool:
    return len(adornment) >= _SHORT or _width(title) <= len(adornment)


def _width(text: str) -> int:
    """Return how many columns a text takes."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(letter) in _WIDE for letter in text)
    return len(text) + wide - sum(unicodedata.combining(letter) > 0 for letter in text)


def _after_block(lines: Sequence[str], number: int) -> int:
    """Return the number of the line after the block that begins here, where another one may begin."""
    first, second = [*lines[number : number + 2], ""][:2]
    if _SIMPLE_TABLE.fullmatch(first):
        return _after_simple_table(lines, number)
    if _GRID_TABLE.fullmatch(first):
        return _after_lines(lines, number, ("+", "|"))
    if _ADORNMENT.fullmatch(first) and len(first) >= _SHORT:  # a transition, or a title that is none
        return number + (3 if second and not _ADORNMENT.fullmatch(second) else 2)
    if not first or _ENDS_AT_ONCE.match(first):
        return number + 1
    if first.startswith(">>>"):
        return _after_text(lines, number, indented=True)
    number = _after_text(lines, number, indented=False)
    return _after_quoted_literal(lines, number) if lines[number - 1].endswith("::") else number


def _after_lines(lines: Sequence[str], number: int, starts: tuple[str, ...]) -> int:
    while number < len(lines) and lines[number].startswith(starts):
        number += 1
    return number


def _after_text(lines: Sequence[str], number: int, *, indented: bool) -> int:
    """Return where a paragraph ends: at a blank line, or at one that is `indented`, unless it may hold such lines."""
    number += 1
    while number < len(lines) and lines[number] and (indented or lines[number][0] != " "):
        number += 1
    return number


def _after_quoted_literal(lines: Sequence[str], number: int) -> int:
    """Return where a literal block ends, after `::`, of which each line begins with the same sign, if there is one."""
    first = number
    while first < len(lines) and not lines[first]:
        first += 1
    sign = lines[first][0] if number < first < len(lines) else ""
    if not sign or not _ADORNMENT.fullmatch(sign):
        return number
    return _after_lines(lines, first, (sign,))


def _after_simple_table(lines: Sequence[str], number: int) -> int:
    """Return where a simple table ends: at its second border after the first, or at one before a blank line."""
    last, borders = len(lines) - 1, 0
    for row in range(number + 1, len(lines)):
        if _SIMPLE_BORDER.fullmatch(lines[row]):
            last, borders = row, borders + 1
            is_other = len(lines[row]) != len(lines[number])
            if is_other or borders == 2 or not "".join(lines[row + 1 : row + 2]):  # noqa: PLR2004
                break
    return last + 1
