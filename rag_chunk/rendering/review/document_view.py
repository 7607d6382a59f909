"""A document as the page shows it: blocks of its text by kind, whole for short documents, a window of long ones."""

from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.structure import KINDS, structure_of

WINDOW = 60_000  # characters on each side of a place
_LONGEST_BLOCK = 4_000  # characters; a longer one is shown in parts


@dataclass(frozen=True, slots=True)
class DocumentBlock:
    """A stretch of a document that is shown as one: its kind, a heading's level, and the page that begins with it."""

    start: int
    kind: str
    level: int
    page: str | None
    text: str


def view_document(corpus: Corpus, index: int, at: int) -> dict[str, Any]:
    """Return the blocks of a document around a place in it, and where what is shown begins and ends."""
    document = corpus.documents[index]
    low, high = max(at - WINDOW, 0), min(at + WINDOW, len(document.text))
    blocks = [block for block in _blocks(corpus, index, low, high) if block.text]
    return {
        "index": index,
        "name": document.name,
        "markdown": document.is_markdown,
        "characters": len(document.text),
        "start": min((block.start for block in blocks), default=0),
        "end": max((block.start + len(block.text) for block in blocks), default=0),
        "blocks": [asdict(block) for block in blocks],
    }


def _blocks(corpus: Corpus, index: int, low: int, high: int) -> list[DocumentBlock]:
    document, offset = corpus.documents[index], int(corpus.starts[index])
    borders, kinds = _borders(corpus, offset, len(document.text))
    pages = {page.start: page.label for page in document.pages}
    borders = sorted({*borders, *pages, len(document.text)})
    blocks = []
    kind, level = "paragraph", 0
    for start, end in pairwise(borders):
        kind, level = kinds.get(start, (kind if start in pages else "paragraph", 0))
        shown = [part for part in _parts(document.text, start, end) if part[1] > low and part[0] < high]
        for first, last in shown:
            text = document.text[first:last].rstrip()
            kept = text.lstrip() if kind == "paragraph" else text.lstrip("\r\n")
            page = pages.get(start) if first == start else None
            blocks.append(DocumentBlock(first + len(text) - len(kept), kind, level, page, kept))
    return blocks


def _borders(corpus: Corpus, offset: int, length: int) -> tuple[list[int], dict[int, tuple[str, int]]]:
    """Return where blocks begin in a document, and which kind and level each has: paragraphs where nothing is said."""
    structure = structure_of(corpus)
    blocks = structure.blocks
    first, last = np.searchsorted(blocks.starts, [offset, offset + length]).tolist()
    starts = (blocks.starts[first:last] - offset).tolist()
    rows = zip(blocks.kinds[first:last].tolist(), blocks.levels[first:last].tolist(), strict=True)
    kinds = {start: (KINDS[kind], level) for start, (kind, level) in zip(starts, rows, strict=True)}
    plain = structure.plain_stanza_starts
    low, high = np.searchsorted(plain, [offset, offset + length]).tolist()
    return [0, *starts, *(plain[low:high] - offset).tolist()], kinds


def _parts(text: str, start: int, end: int) -> list[tuple[int, int]]:
    """Cut a long block behind line breaks, or anywhere where a line is too long."""
    parts = []
    while end - start > _LONGEST_BLOCK:
        cut = text.rfind("\n", start, start + _LONGEST_BLOCK) + 1
        cut = cut if cut > start else start + _LONGEST_BLOCK
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]
