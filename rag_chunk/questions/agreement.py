"""Tells whether the numbers of a passage are those of the document that it is aligned with."""

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import regex
from rapidfuzz import fuzz
from rapidfuzz.distance import Postfix, Prefix

from rag_chunk.corpus.arrays import Bools
from rag_chunk.questions.common_blocks import SHORT_SEED
from rag_chunk.questions.passage import FURNITURE, NEAR, Block, Passage, gaps_between

_ALIKE = 60  # percent, of a line that is left out and one that differs from it in a number
_MANY_NUMBERS = 10
_DIGIT = regex.compile(r"\d")


def drop_cut_numbers(passage: Passage, blocks: Sequence[Block]) -> list[Block]:
    """Take numbers of the pattern that are matched only in part out of the blocks."""
    covered = _cover(((source, length) for source, _, length in blocks), len(passage.letters.text))
    for first, last in passage.numbers(0, len(covered)):
        if not covered[first:last].all():
            covered[first:last] = False
    whole: list[Block] = []
    for source, place, length in blocks:
        kept = np.flatnonzero(np.diff(np.concatenate([[False], covered[source : source + length], [False]])))
        whole += [(source + low, place + low, high - low) for low, high in kept.reshape(-1, 2).tolist()]
    return whole


def _cover(stretches: Iterable[tuple[int, int]], size: int) -> Bools:
    covered = np.zeros(size, bool)
    for start, length in stretches:
        covered[start : start + length] = True
    return covered


def share_of_numbers(passage: Passage, blocks: Sequence[Block]) -> float:
    """Return which share of the passage's numbers is in the blocks; 1 where it has but a few, as a running head has."""
    covered = _cover(((source, length) for source, _, length in blocks), len(passage.letters.text))
    numbers = [bool(covered[first:last].all()) for first, last in passage.numbers(0, len(covered))]
    return sum(numbers) / len(numbers) if len(numbers) >= _MANY_NUMBERS else 1.0


def numbers_differ(passage: Passage, document: Passage, blocks: Sequence[Block]) -> bool:
    """Whether a number of the passage is missing or has another in its place, or the document has one more.

    Only whole lines may be missing or more: furniture.
    """
    by_place = sorted(blocks, key=lambda block: block[1])
    low, high = by_place[0][1], by_place[-1][1] + by_place[-1][2]
    for start, end in gaps_between([(place, length) for _, place, length in blocks], low, high):
        if end - start <= FURNITURE and _has_digits(document, start, end) and not document.is_whole_lines(start, end):
            return True
    left = [(place, length) for _, place, length in blocks]
    extra = [document.letters.text[start:end] for start, end in gaps_between(left, low, high) if _has_digits(document, start, end)]  # fmt: skip
    for start, end in gaps_between([(source, length) for source, _, length in blocks], 0, len(passage.letters.text)):
        piece = passage.letters.text[start:end]
        if _has_digits(passage, start, end) and (
            not passage.is_whole_lines(start, end)
            or _is_like_any(_lines(passage, start, end), [*extra, *_beside(document, low, high, len(piece))])
            or _has_number_instead(passage, document, blocks, (start, end))
        ):
            return True
    return _signs_differ(passage, document, blocks) or any(
        first < border < last
        for border in (low, high)
        for first, last in document.numbers(max(0, border - 1), border + 1)
    )


def _signs_differ(passage: Passage, document: Passage, blocks: Sequence[Block]) -> bool:
    """Whether a number has a minus in one of both and not in the other."""
    return any(
        passage.has_minus(first) != document.has_minus(place + first - source)
        for source, place, length in blocks
        for first, _ in passage.numbers(source, source + length)
        if first >= source
    )


def _beside(document: Passage, low: int, high: int, length: int) -> list[str]:
    """Return the letters on both sides of [low, high)."""
    letters = document.letters.text
    return [letters[max(0, low - length - FURNITURE) : low], letters[high : high + length + FURNITURE]]


def _lines(passage: Passage, start: int, end: int) -> list[str]:
    """Return the letters [start, end) line by line; what has too few to tell anything, or no digit, is left out."""
    borders = sorted({start, end, *passage.line_starts(start, end)})
    lines = [passage.letters.text[low:high] for low, high in pairwise(borders)]
    return [line for line in lines if len(line) >= SHORT_SEED and any(map(str.isdigit, line))]


def _is_like_any(lines: Sequence[str], others: Sequence[str]) -> bool:
    """Whether a line that is left out is like one of the document, which then has other numbers."""
    return any(
        len(other) >= len(line) and fuzz.partial_ratio(line, other) >= _ALIKE for line in lines for other in others
    )


def _has_number_instead(passage: Passage, document: Passage, blocks: Sequence[Block], gap: tuple[int, int]) -> bool:
    """Whether the document has a number that is in no block where a gap of the passage's letters is left out."""
    letters, (start, end) = document.letters.text, gap
    piece = passage.letters.text[start:end]
    before = [place + length for source, place, length in blocks if source + length == start]
    after = [place for source, place, _ in blocks if source == end]
    if before and after and before[0] <= after[0] <= before[0] + 3 * len(piece) + NEAR:
        return _has_digits(document, before[0], after[0])
    if before and any(place == before[0] for _, place, _ in blocks):
        return False
    lines = sorted({start, end, *passage.line_starts(start, end)})
    if before:
        same = Prefix.similarity(piece, letters[before[0] : before[0] + len(piece)])
        line = max(place for place in lines if place <= start + same)
        own = passage.letters.text[line : min((place for place in lines if place > line), default=line)]
        return line < end and _has_other(passage, document, own, (line, before[0] + line - start), 0)
    same = Postfix.similarity(piece, letters[max(0, after[0] - len(piece)) : after[0]]) if after else len(piece)
    line = min(place for place in lines if place >= end - same)
    own = passage.letters.text[max((place for place in lines if place < line), default=line) : line]
    return line > start and _has_other(passage, document, own, (line, after[0] + line - end), 1)


def _has_other(passage: Passage, document: Passage, own: str, places: tuple[int, int], side: int) -> bool:
    """Whether the document has another number in place of that of `own`, a line of the passage.

    `places` are where the line begins (`side` 0) or ends (1) in both.
    """
    number, other = (_number_at(text, place, side) for text, place in zip((passage, document), places, strict=True))
    if number or other:
        return len(number) == len(other)
    letters, place = document.letters.text, places[1]
    there = letters[place : place + len(own)] if side == 0 else letters[max(0, place - len(own)) : place]
    return own != there and _DIGIT.sub("0", own) == _DIGIT.sub("0", there)


def _number_at(passage: Passage, place: int, side: int) -> str:
    """Return the digits of the number that begins (`side` 0) or ends (1) at a letter; empty where none does."""
    for number in passage.numbers(max(0, place - side), place - side + 1):
        if number[side] == place:
            return passage.letters.text[slice(*number)]
    return ""


def _has_digits(passage: Passage, low: int, high: int) -> bool:
    return any(map(str.isdigit, passage.letters.text[low:high]))
