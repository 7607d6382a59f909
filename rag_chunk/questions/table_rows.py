"""Locates a table whose cells another converter has put in another order, by the rows that hold its numbers.

A converter may write all labels of a table before all its numbers, or the cells of two rows as one. What is in
order is then no more than a row. So the rows of one page are taken that hold nothing but words and numbers of the
passage, each as often as the passage has it; together they must hold every number of it.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import regex

from rag_chunk.questions.folding import NUMBER, read_number
from rag_chunk.questions.passage import Passage

FEWEST_NUMBERS = 8  # of a passage that is a table
LEAST_SHARE = 0.85  # of a passage's letters and digits
_BESIDE = 3000  # characters on both sides, in a document without pages
_NEAR_ROWS = 2
_FAR_ROWS = 12  # from which a single row is of another table, or of another sentence of the same form
_TOKEN = regex.compile(NUMBER.pattern + r"|\p{L}+")
_PAGE_NUMBER = regex.compile(r"\d{1,3}")
_LINE = regex.compile(r"[^\r\n]*[^\s|:-][^\r\n]*")  # with more in it than the rules of a Markdown table


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of the document: where it is without the white space around it, and its words and numbers."""

    start: int
    end: int
    tokens: Counter[str]

    @property
    def numbers(self) -> Counter[str]:
        """Its numbers."""
        return _numbers(self.tokens)

    @property
    def words(self) -> Counter[str]:
        """Its words."""
        return self.tokens - self.numbers


@dataclass(frozen=True, slots=True)
class TableRows:
    """Stretches of a document, in order, whose rows hold `share` of the letters and digits of a passage."""

    spans: tuple[tuple[int, int], ...]
    share: float


def may_be_table(passage: Passage) -> bool:
    """Whether a passage has as many numbers as a table has."""
    return _numbers(_tokens(passage.text)).total() >= FEWEST_NUMBERS


def collect_rows(passage: Passage, document: Passage, within: tuple[int, int]) -> TableRows | None:
    """Return the rows of a table that are near the stretch `within` of a document; None where they are not all there."""
    wanted = _tokens(passage.text)
    rows = list(_rows(document.text, *within))
    chosen = _drop_isolated(_choose(rows, wanted))
    left = wanted - sum((rows[place].tokens for place in chosen), Counter())
    share = 1 - _weight(left) / _weight(wanted)
    if share < LEAST_SHARE or _numbers(left) - _page_numbers(passage.text) or _has_other_number(rows, chosen, left):
        return None
    return TableRows(tuple(_spans(rows, chosen)), share)


def windows_around(document: Passage, start: int, end: int, page_starts: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield each page that a stretch touches; in a document without pages what is around it."""
    if not page_starts:
        yield max(0, start - _BESIDE), min(len(document.text), end + _BESIDE)
        return
    borders = sorted({0, *page_starts, len(document.text)})
    yield from (page for page in pairwise(borders) if page[0] < end and page[1] > start)


def _rows(text: str, start: int, end: int) -> Iterator[_Row]:
    for line in _LINE.finditer(text, start, end):
        row = line.group().strip()
        if tokens := _tokens(row):
            first = line.start() + line.group().index(row)
            yield _Row(first, first + len(row), tokens)


def _tokens(text: str) -> Counter[str]:
    """Count the words and the numbers of a text with their minus, whatever their case, form and commas in thousands."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    tokens = _TOKEN.finditer(plain)
    return Counter(read_number(token) if token.group()[0].isdigit() else token.group() for token in tokens)


def _numbers(tokens: Counter[str]) -> Counter[str]:
    return Counter({token: count for token, count in tokens.items() if token[-1].isdigit()})


def _page_numbers(text: str) -> Counter[str]:
    """Return the first and the last line where those are nothing but a page's number, which a converter may drop."""
    lines = text.split("\n")
    return Counter(
        line.strip() for line in dict.fromkeys((lines[0], lines[-1])) if _PAGE_NUMBER.fullmatch(line.strip())
    )


def _weight(tokens: Counter[str]) -> int:
    return sum(len(token) * count for token, count in tokens.items())


def _choose(rows: Sequence[_Row], wanted: Counter[str]) -> list[int]:
    """Return the places of the rows that hold what is wanted, in order.

    Rows that hold nothing else come first, the longest before the others; of equal ones those that are near.
    """
    left, chosen = Counter(wanted), list[int]()
    by_rank: dict[tuple[bool, int], list[int]] = {}
    for place, row in enumerate(rows):
        by_rank.setdefault((row.tokens <= wanted, row.tokens.total()), []).append(place)
    for _, places in sorted(by_rank.items(), reverse=True):
        while fitting := [place for place in places if _fits(rows[place], left)]:
            nearest = min(fitting, key=lambda place: min((abs(place - other) for other in chosen), default=0))
            chosen.append(nearest)
            places.remove(nearest)
            left -= rows[nearest].tokens
    return sorted(chosen)


def _drop_isolated(chosen: list[int]) -> list[int]:
    """Return the places without single ones that are far from all others."""
    if len(chosen) <= 2:  # noqa: PLR2004 - of two, neither is the single one
        return chosen
    gaps = [_FAR_ROWS + 1, *(after - before for before, after in pairwise(chosen)), _FAR_ROWS + 1]
    return [place for place, around in zip(chosen, pairwise(gaps), strict=True) if min(around) <= _FAR_ROWS]


def _fits(row: _Row, left: Counter[str]) -> bool:
    """Whether all numbers of a row are wanted, and a third of its letters; without numbers, all of its words."""
    if not row.numbers <= left:
        return False
    return row.tokens <= left or (bool(row.numbers) and 3 * _weight(row.tokens & left) >= _weight(row.tokens))


def _has_other_number(rows: Sequence[_Row], chosen: Sequence[int], left: Counter[str]) -> bool:
    """Whether a row between two that are chosen has another number where the passage has the same words, or none."""
    taken = set(chosen)
    near = range(1, _NEAR_ROWS + 1)
    return any(
        row.numbers
        and place not in taken
        and any(place - step in taken for step in near)
        and any(place + step in taken for step in near)
        and 2 * _weight(row.words & left) >= _weight(row.words)
        for place, row in enumerate(rows)
    )


def _spans(rows: Sequence[_Row], chosen: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of rows that follow each other."""
    first = chosen[0]
    for place, following in zip(chosen, [*chosen[1:], None], strict=True):
        if following != place + 1:
            yield rows[first].start, rows[place].end
            first = following if following is not None else place
