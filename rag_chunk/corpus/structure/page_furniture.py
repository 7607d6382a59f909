"""Running heads and page numbers: lines at the edge of pages that come again on the pages around."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise, takewhile

from rag_chunk.corpus.document import Document

_MOST_LINES = 3  # at the head and at the foot of a page
_REPEATED, _WINDOW = (
    3,
    6,
)  # pages on which a line comes again, of so many in a row: heads of left and right pages differ
_CHANGING = 3  # numbers in a line that may differ from page to page; what has more of them is a row of a table
_FEWEST_LETTERS, _LONGEST = 4, 150
_LINE = re.compile(r"[^\n]*\S[^\n]*\n?")
_MARKS, _DIGITS = re.compile(r"[\s*_#|>-]+"), re.compile(r"\d+")
_NUMBER_ALONE = re.compile(r"\W*(?:p(?:age|\.)?\W*|[a-z]{1,2}-)?(\d{1,4})(?:\s*(?:of|/)\s*\d{1,4})?\W*", re.IGNORECASE)

Line = tuple[int, int]  # where it starts and ends in the document


def find_furniture(document: Document) -> set[Line]:
    """Return the running heads and the page numbers of a document: each line that is one."""
    pages = list(pairwise([*(page.start for page in document.pages), len(document.text)]))
    lines = [[match.span() for match in _LINE.finditer(document.text, *page)] for page in pages]
    heads, feet = [each[:_MOST_LINES] for each in lines], [each[: -_MOST_LINES - 1 : -1] for each in lines]
    return {line for edges in (heads, feet) for line in _outermost(edges, _repeated_lines(document.text, edges))}


def _outermost(edges: Sequence[Sequence[Line]], repeated: set[tuple[int, Line]]) -> Iterator[Line]:
    """Yield the lines that are repeated, from the edge inwards: what is behind the first line of text is text."""
    for number, edge in enumerate(edges):
        yield from (line for _, line in takewhile(repeated.__contains__, ((number, line) for line in edge)))


def _repeated_lines(text: str, edges: Sequence[Sequence[Line]]) -> set[tuple[int, Line]]:
    """Return the lines, each with the number of its page, that come again on the pages around."""
    by_form: dict[str, list[tuple[int, Line]]] = defaultdict(list)
    for number, edge in enumerate(edges):
        for line in edge:
            if form := _form(text[slice(*line)], number):
                by_form[form].append((number, line))
    return {each for places in by_form.values() for each in places if _is_repeated(each[0], places)}


def _form(line: str, page: int) -> str:
    """Return what of a line is the same on all pages: words without a few numbers, or how far a page number is ahead."""
    if number := _NUMBER_ALONE.fullmatch(line.strip()):
        return f"page {int(number[1]) - page}"
    words = _MARKS.sub(" ", line).casefold().strip()
    if len(_DIGITS.findall(words)) <= _CHANGING:
        words = _DIGITS.sub("0", words)
    return words if sum(map(str.isalpha, words)) >= _FEWEST_LETTERS and len(words) <= _LONGEST else ""


def _is_repeated(page: int, places: Sequence[tuple[int, Line]]) -> bool:
    """Whether a line comes on enough of some pages in a row, of which `page` is one."""
    pages = sorted({number for number, _ in places})
    return any(
        last - first < _WINDOW and first <= page <= last
        for first, last in zip(pages, pages[_REPEATED - 1 :], strict=False)
    )
