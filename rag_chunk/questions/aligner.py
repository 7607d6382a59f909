"""Aligns evidence that another extractor wrote with a document, by letters and digits in order.

Line breaks, spaces, hyphens and signs do not matter. Between two lines the document may have furniture (running
heads, page numbers), and lines may be swapped. Numbers must be the same.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from rag_chunk.questions.agreement import drop_cut_numbers, numbers_differ, share_of_numbers
from rag_chunk.questions.common_blocks import (
    SEED,
    chain_anchors,
    drop_stray,
    fill_gaps,
    find_anchors,
    place_lines,
    places_of_pieces,
    seeds,
    trim_ends,
)
from rag_chunk.questions.passage import FURNITURE, Block, Passage
from rag_chunk.questions.table_rows import collect_rows, may_be_table, windows_around

SHORTEST_ALIGNED = 20  # letters and digits
LONG = 60  # letters and digits from which a part may be missing
_MOST_REGIONS = 3
_SHARE_OF_LONG, _SHARE_OF_SHORT = 0.7, 0.85
_SHARE_OF_NUMBERS = (
    0.8  # fewer are not those of a running head: the passage is a table, whose labels alone were matched
)
_MOST_SEEDS = 200


@dataclass(frozen=True, slots=True)
class Alignment:
    """Stretches of a document's text, in order, that hold `share` of the letters of a passage."""

    spans: tuple[tuple[int, int], ...]
    share: float


def align_table(
    passage: Passage, document: Passage, page_starts: Sequence[int], within: tuple[int, int] | None = None
) -> Alignment | None:
    """Return the place of a passage, or else of each row of a table, in a document; None if neither is there.

    `page_starts` are the document's; `within` is the stretch of its text to look in.
    """
    regions = _regions_of(passage, document, within)
    alignment = _align_in_regions(passage, document, regions)
    if alignment or not may_be_table(passage):
        return alignment
    return _align_rows(passage, document, page_starts, regions)


def _align_in_regions(passage: Passage, document: Passage, regions: Sequence[tuple[int, int]]) -> Alignment | None:
    if len(passage.letters.text) < SHORTEST_ALIGNED:
        return None
    alignments = (_align_in(passage, document, region) for region in regions)
    return max((each for each in alignments if each), key=lambda each: each.share, default=None)


def _align_rows(
    passage: Passage, document: Passage, page_starts: Sequence[int], regions: Sequence[tuple[int, int]]
) -> Alignment | None:
    for region in regions:
        for around in windows_around(document, *document.letters.span(*region), page_starts):
            if rows := collect_rows(passage, document, around):
                return Alignment(rows.spans, rows.share)
    return None


def _regions_of(passage: Passage, document: Passage, within: tuple[int, int] | None) -> list[tuple[int, int]]:
    """Return the stretches of a document's letters that are most like a passage, the best first."""
    letters = document.letters
    low, high = np.searchsorted(letters.starts, within or (0, len(document.text))).tolist()
    return _regions(passage.letters.text, letters.text, low, high)


def _regions(pattern: str, letters: str, low: int, high: int) -> list[tuple[int, int]]:
    """Return the stretches of the letters that hold most pieces of the pattern, the best first.

    A piece counts the less the more often it occurs, so that what is repeated on all pages decides nothing.
    """
    hits: list[tuple[int, float]] = []
    pieces = [piece for _, piece in seeds(pattern, _MOST_SEEDS)]
    for places in places_of_pieces(pieces, letters, low, high):
        hits += [(place, 1 / len(places)) for place in places]
    if not hits:
        return []
    width = len(pattern) + len(pattern) // 2 + FURNITURE
    places, weights = np.array(sorted(hits)).T
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    ends = np.searchsorted(places, places + width, side="right")
    scores = sums[ends] - sums[:-1]
    margin = len(pattern) // 4 + SEED * 2
    regions: list[tuple[int, int]] = []
    for best in np.argsort(-scores, kind="stable").tolist():
        region = max(low, int(places[best]) - margin), min(high, int(places[ends[best] - 1]) + margin)
        if all(region[1] - margin <= first or last <= region[0] + margin for first, last in regions):
            regions.append(region)
        if len(regions) == _MOST_REGIONS or scores[best] < scores.max() / 4:
            break
    return regions


def _align_in(passage: Passage, document: Passage, region: tuple[int, int]) -> Alignment | None:
    """Return the better of two alignments: of what is in order, and of whole lines in any order."""
    pattern, letters = passage.letters.text, document.letters.text
    lines = passage.line_starts(0, len(pattern)), document.line_starts(*region)
    chain = trim_ends(drop_stray(fill_gaps(pattern, letters, chain_anchors(find_anchors(pattern, letters, region), lines))), pattern, lines[0])  # fmt: skip
    alignment = _judge(passage, document, chain)
    if alignment is None or alignment.share < 1:
        wide = max(0, region[0] - 4 * FURNITURE), min(len(letters), region[1] + 4 * FURNITURE)
        pieces = list(pairwise(sorted({0, len(pattern), *lines[0]})))
        other = _judge(passage, document, place_lines(pattern, letters, pieces, wide))
        return max((each for each in (alignment, other) if each), key=lambda each: each.share, default=None)
    return alignment


def _judge(passage: Passage, document: Passage, blocks: Sequence[Block]) -> Alignment | None:
    """Return an alignment of these blocks if they are enough of the passage, and numbers agree."""
    blocks = drop_cut_numbers(passage, blocks)
    size = len(passage.letters.text)
    share = sum(length for _, _, length in blocks) / size
    if share < (_SHARE_OF_LONG if size >= LONG else _SHARE_OF_SHORT) or numbers_differ(passage, document, blocks):
        return None
    if share_of_numbers(passage, blocks) < _SHARE_OF_NUMBERS:
        return None
    return Alignment(tuple(_spans(passage, document, blocks)), share)


def _spans(passage: Passage, document: Passage, blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the document that the blocks cover; what lies between two of one stretch is furniture."""
    merged: list[tuple[int, int]] = []
    for _, place, length in sorted(blocks, key=lambda block: block[1]):
        if merged and place - merged[-1][1] <= FURNITURE:
            merged[-1] = merged[-1][0], max(merged[-1][1], place + length)
        else:
            merged.append((place, place + length))
    head, tail = _signs_around(passage)
    for low, high in merged:
        start, end = document.letters.span(low, high)
        if high - low < SHORTEST_ALIGNED and len(merged) > 1:
            continue
        while start and document.text[start - 1] in head:
            start -= 1
        while end < len(document.text) and document.text[end] in tail:
            end += 1
        yield start, end


def _signs_around(passage: Passage) -> tuple[str, str]:
    """Return the signs that a passage has before its first letter and behind its last one."""
    start, end = passage.letters.span(0, len(passage.letters.text))
    return "".join(passage.text[:start].split()), "".join(passage.text[end:].split())
