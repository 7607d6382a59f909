"""Draft questions from lines: rows of tables, with or without Markdown, and signatures in code."""

import re
from collections.abc import Iterator

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.structure.page_furniture import find_furniture
from rag_chunk.questions.draft import LONGEST, Draft, has_plain_pages

_SHORTEST_LINE = 15  # of a row or a signature: shorter ones are keywords
_SIGNATURE = re.compile(
    r"\s*(?:export |pub |public |private |static |async )*(?:def|class|function|func|fn|struct|interface|enum|trait)\s+"
    r"(?P<name>\w+)\s*[(<:{\[].*"
)
_DELIMITERS = re.compile(r"[\s|:-]*")  # the line between the header of a table and its rows
_LINE = re.compile(r"[^\n]*\S[^\n]*\n?")
_DATE = re.compile(r"\b\d{1,2},? (?:19|20)\d\d\b")
_FIGURE = r"(?:[$€£¥]\s?)?\(?[$€£¥]?\d[\d,.]*\)?\s?%?\)?"
_ROW_OF_FIGURES = re.compile(  # Net sales $ 3,226.8 $ 2,729.4
    rf"(?P<label>[^\W\d_][^\d$€£¥|•]{{6,80}}?)[\s(]*(?:{_FIGURE}|—|–)(?:\s+(?:{_FIGURE}|—|–)){{1,11}}\s*"
)


def draft_from_tables(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each row of a table: for the cell of one column after the other, by the row's first cell."""
    for start, end in structure_of(corpus).blocks.spans("table").tolist():
        document, first, last = corpus.place(start, end)
        header, *rows = [line.strip() for line in document.text[first:last].splitlines()]
        titles = _cells(header)
        for number, row in enumerate(row for row in rows if not _DELIMITERS.fullmatch(row)):
            cells = _cells(row)
            column = 1 + number % max(len(titles) - 1, 1)
            named = column < min(len(cells), len(titles)) and cells[0] and cells[column] and titles[column]
            if named and _is_single_line(row, document.text):
                yield Draft(f"What is the {titles[column]} of {cells[0]}?", document.name, row, "table")


def draft_from_figures(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each line of a page that holds a name and then figures only, as a table's row does in a PDF."""
    for document in corpus.documents:
        if not has_plain_pages(document):
            continue
        furniture = find_furniture(document)
        for line in _LINE.finditer(document.text):
            row = line[0].strip()
            match = _ROW_OF_FIGURES.fullmatch(row)
            label = match["label"].strip(" :(-–—") if match and not _DATE.search(row) else ""
            if " " in label and line.span() not in furniture and _is_single_line(row, document.text):
                yield Draft(f"What are the figures for {label}?", document.name, row, "table")


def draft_from_code(corpus: Corpus) -> Iterator[Draft]:
    """Yield a draft for each line of code that begins the definition of something with a name."""
    for start, end in structure_of(corpus).blocks.spans("fence", "code").tolist():
        document, first, last = corpus.place(start, end)
        for line in map(str.strip, document.text[first:last].splitlines()):
            match = _SIGNATURE.fullmatch(line)
            if match and _is_single_line(line, document.text):
                yield Draft(f"How is {match['name']} defined?", document.name, line, "code")


def _cells(row: str) -> list[str]:
    return [cell.strip(" *`_") for cell in re.split(r"(?<!\\)\|", row.strip("|"))]


def _is_single_line(line: str, text: str) -> bool:
    """Whether a line is no keyword and no page of its own, and is in a text once."""
    return _SHORTEST_LINE <= len(line) <= LONGEST and text.count(line) == 1
