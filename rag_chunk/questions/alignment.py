"""Aligns evidence that another extractor wrote with a document, by letters and digits in order.

Line breaks, spaces, hyphens and signs do not matter. Between two lines the document may have furniture (running
heads, page numbers), and lines may be swapped. Numbers must be the same.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import regex
from rapidfuzz import fuzz
from rapidfuzz.distance import LCSseq

from rag_chunk.corpus.arrays import Bools
from rag_chunk.questions.folding import Folded

SHORTEST_ALIGNED = 20  # letters and digits
LONG = 60  # letters and digits from which a part may be missing
_SHARE_OF_LONG, _SHARE_OF_SHORT = 0.7, 0.85
_SEED, _SHORT_SEED = 12, 8  # letters of a piece that is looked for as it stands
_MANY_SEEDS = 400  # letters from which longer pieces are enough
_MOST_SEEDS, _MOST_PLACES = 200, 50
_MOST_REGIONS = 3
_COMMON = 3  # letters in a row, between two stretches that match
_FURNITURE = 200  # letters in the document between two parts of one stretch
_ALIKE = 60  # percent, of a line that is left out and one that differs from it in a number
_NEAR = 30  # letters between blocks that belong together
_LINE_END = regex.compile(r"[\r\n]")
_LEADING, _TRAILING = regex.compile(r"\d+"), regex.compile(r"\d+$")
_NUMBER = regex.compile(r"\d+(?:[.,]\d+)*")

Block = tuple[int, int, int]  # where it starts in the pattern, in the document, and its length: in letters


@dataclass(frozen=True, slots=True)
class Alignment:
    """Stretches of a document's text, in order, that hold `share` of the letters of a passage."""

    spans: tuple[tuple[int, int], ...]
    share: float


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage or a document: its text, and its letters and digits, which are what is compared."""

    text: str
    letters: Folded

    def numbers(self, low: int, high: int) -> Iterator[tuple[int, int]]:
        """Yield each number that touches the letters [low, high): its first letter and the end of its letters."""
        if low >= high:
            return
        start, end = self.letters.span(low, high)
        start, end = max(0, start - _NEAR), end + _NEAR
        for number in _NUMBER.finditer(self.text, start, end):
            first, last = np.searchsorted(self.letters.starts, number.span()).tolist()
            if first < high and last > low:
                yield first, last

    def line_starts(self, low: int, high: int) -> set[int]:
        """Return which of the letters [low, high) are the first of a line."""
        start, end = self.letters.span(low, high)
        breaks = [start + match.end() for match in _LINE_END.finditer(self.text[start:end])]
        return set(np.searchsorted(self.letters.starts, breaks).tolist())

    def is_whole_lines(self, low: int, high: int) -> bool:
        """Whether no letter or digit stands on the lines of the letters [low, high) beside them."""
        start, end = self.letters.span(low, high)
        before = self.text[int(self.letters.ends[low - 1]) : start] if low else "\n"
        after = self.text[end : int(self.letters.starts[high])] if high < len(self.letters.text) else "\n"
        return all("\n" in beside or "\r" in beside for beside in (before, after))


def align(passage: Passage, document: Passage, within: tuple[int, int] | None = None) -> Alignment | None:
    """Return where a passage stands in a document; None where it does not.

    `within` is the stretch of the document's text to look in.
    """
    pattern, letters = passage.letters, document.letters
    if len(pattern.text) < SHORTEST_ALIGNED:
        return None
    low, high = np.searchsorted(letters.starts, within or (0, len(document.text))).tolist()
    alignments = (_align_in(passage, document, region) for region in _regions(pattern.text, letters.text, low, high))
    return max((each for each in alignments if each), key=lambda each: each.share, default=None)


def count_seeds(pattern: str, letters: str) -> int:
    """Return how many of a few pieces of `pattern` stand in a document, to choose the documents worth aligning."""
    return sum(piece in letters for _, piece in _seeds(pattern, 16))


def _seeds(pattern: str, most: int) -> list[tuple[int, str]]:
    size = _SEED if len(pattern) >= _MANY_SEEDS else _SHORT_SEED
    step = max(1, (len(pattern) - size) // most)
    return [(place, pattern[place : place + size]) for place in range(0, len(pattern) - size + 1, step)]


def _regions(pattern: str, letters: str, low: int, high: int) -> list[tuple[int, int]]:
    """Return the stretches of the letters that hold most pieces of the pattern, the best first.

    A piece counts the less the more often it occurs, so that what is repeated on all pages decides nothing.
    """
    hits: list[tuple[int, float]] = []
    for _, piece in _seeds(pattern, _MOST_SEEDS):
        places = _places(piece, letters, low, high)
        hits += [(place, 1 / len(places)) for place in places]
    if not hits:
        return []
    width = len(pattern) + len(pattern) // 2 + _FURNITURE
    places, weights = np.array(sorted(hits)).T
    sums = np.concatenate([[0.0], np.cumsum(weights)])
    ends = np.searchsorted(places, places + width, side="right")
    scores = sums[ends] - sums[:-1]
    margin = len(pattern) // 4 + _SEED * 2
    regions: list[tuple[int, int]] = []
    for best in np.argsort(-scores, kind="stable").tolist():
        region = max(low, int(places[best]) - margin), min(high, int(places[ends[best] - 1]) + margin)
        if all(region[1] - margin <= first or last <= region[0] + margin for first, last in regions):
            regions.append(region)
        if len(regions) == _MOST_REGIONS or scores[best] < scores.max() / 4:
            break
    return regions


def _places(piece: str, letters: str, low: int, high: int) -> list[int]:
    """Return the places of a piece; none where it occurs too often to tell anything."""
    places: list[int] = []
    place = letters.find(piece, low, high)
    while place >= 0 and len(places) <= _MOST_PLACES:
        places.append(place)
        place = letters.find(piece, place + 1, high)
    return places if len(places) <= _MOST_PLACES else []


def _align_in(passage: Passage, document: Passage, region: tuple[int, int]) -> Alignment | None:
    pattern, letters = passage.letters.text, document.letters.text
    lines = passage.line_starts(0, len(pattern)), document.line_starts(*region)
    blocks = _drop_stray(_fill(pattern, letters, _chain(_anchors(pattern, letters, region), lines)))
    blocks += list(_moved(pattern, letters, region, blocks))
    blocks = _without_cut_numbers(passage, blocks)
    share = sum(length for _, _, length in blocks) / len(pattern)
    if share < (_SHARE_OF_LONG if len(pattern) >= LONG else _SHARE_OF_SHORT) or _numbers_differ(passage, document, blocks):  # fmt: skip
        return None
    return Alignment(tuple(_spans(passage, document, blocks)), share)


def _anchors(pattern: str, letters: str, region: tuple[int, int]) -> list[Block]:
    """Return stretches that both have, each as long as it goes, in the order of the pattern."""
    anchors: set[Block] = set()
    reached: dict[int, int] = {}  # how far in the pattern the last anchor of a diagonal goes
    for source, piece in _seeds(pattern, _MOST_SEEDS):
        for place in _places(piece, letters, *region):
            if reached.get(place - source, 0) >= source + len(piece):
                continue
            block = _extend(pattern, letters, (source, place, len(piece)), region)
            reached[place - source] = block[0] + block[2]
            anchors.add(block)
    return sorted(anchors)


def _extend(pattern: str, letters: str, block: Block, region: tuple[int, int]) -> Block:
    source, place, length = block
    while source and place > region[0] and pattern[source - 1] == letters[place - 1]:
        source, place, length = source - 1, place - 1, length + 1
    while source + length < len(pattern) and place + length < region[1] and pattern[source + length] == letters[place + length]:  # fmt: skip
        length += 1
    return source, place, length


def _chain(anchors: Sequence[Block], lines: tuple[set[int], set[int]]) -> list[Block]:
    """Return anchors that follow each other in both texts: the longest together, and with the smallest gaps."""
    best: list[tuple[float, int]] = []  # the score of the chain that ends with each anchor, and the one before it
    for source, place, length in anchors:
        score, previous = float(length), -1
        for number, (before, where, size) in enumerate(anchors[: len(best)]):
            overlap = max(0, before + size - source, where + size - place)
            if before >= source or where >= place or overlap >= length:
                continue
            shift = abs((place - where) - (source - before))
            value = best[number][0] + length - overlap - min(shift, _FURNITURE) / 8
            if value > score:
                score, previous = value, number
        best.append((score, previous))
    chain: list[Block] = []
    number = max(range(len(best)), key=lambda index: best[index][0], default=-1)
    while number >= 0:
        block = anchors[number]
        chain[-1:] = _divide(block, chain[-1], lines) if chain else [block]
        number = best[number][1]
    return chain[::-1]


def _divide(first: Block, second: Block, lines: tuple[set[int], set[int]]) -> list[Block]:
    """Return the second block and the first one, without what they share: it is divided where a line starts.

    What they share is chance, as where a running head ends with the digit that the line before it ends with.
    """
    source, place, length = second
    shared = max(0, first[0] + first[2] - source, first[1] + first[2] - place)
    kept = max(
        range(min(shared, length - 1) + 1), key=lambda cut: (source + cut in lines[0]) + (place + cut in lines[1])
    )
    return [(source + kept, place + kept, length - kept), (first[0], first[1], first[2] - shared + kept)]


def _fill(pattern: str, letters: str, chain: Sequence[Block]) -> list[Block]:
    """Add what the gaps of a chain, and its ends, have in common in order, such as what is around a wrong letter."""
    if not chain:
        return []
    first, last = chain[0], chain[-1]
    end, stop = last[0] + last[2], last[1] + last[2]
    head = (max(0, first[0] - _NEAR), max(0, first[1] - _NEAR), 0)
    tail = (min(len(pattern), end + _NEAR), min(len(letters), stop + _NEAR), 0)
    blocks: list[Block] = []
    for (source, place, length), (after, behind, _) in pairwise([head, *chain, tail]):
        blocks += [(source, place, length)] if length else []
        low, least = source + length, place + length
        if low < after and least < behind and behind - least <= 2 * (after - low) + _NEAR:
            common = LCSseq.opcodes(pattern[low:after], letters[least:behind])
            blocks += [
                (low + each.src_start, least + each.dest_start, each.src_end - each.src_start)
                for each in common
                if each.tag == "equal" and each.src_end - each.src_start >= _COMMON
            ]
    return blocks


def _drop_stray(blocks: Sequence[Block]) -> list[Block]:
    """Drop groups of blocks at either end that are too small for their distance to the rest to be no chance."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block[1] - _end(groups[-1]) <= _NEAR:
            groups[-1].append(block)
        else:
            groups.append([block])
    while len(groups) > 1:
        if _is_stray(groups[0], groups[1][0][1] - _end(groups[0])):
            groups.pop(0)
        elif _is_stray(groups[-1], groups[-1][0][1] - _end(groups[-2])):
            groups.pop()
        else:
            break
    return [block for group in groups for block in group]


def _end(group: Sequence[Block]) -> int:
    return group[-1][1] + group[-1][2]


def _is_stray(group: Sequence[Block], gap: int) -> bool:
    return sum(length for _, _, length in group) < max(_SHORT_SEED, gap // 4)


def _moved(pattern: str, letters: str, region: tuple[int, int], blocks: Sequence[Block]) -> Iterator[Block]:
    """Yield blocks for what of the pattern stands in the region out of order, as swapped lines do."""
    if not blocks:
        return
    near = min(place for _, place, _ in blocks) - _FURNITURE, max(place for _, place, _ in blocks) + _FURNITURE
    free = _gaps([(place, length) for _, place, length in blocks], max(region[0], near[0]), min(region[1], near[1] + len(pattern)))  # fmt: skip
    for start, end in _gaps([(source, length) for source, _, length in blocks], 0, len(pattern)):
        for low, high in free:
            place = letters.find(pattern[start:end], low, high) if end - start >= _SHORT_SEED else -1
            if place >= 0:
                yield start, place, end - start
                break


def _gaps(stretches: Sequence[tuple[int, int]], low: int, high: int) -> list[tuple[int, int]]:
    """Return what [low, high) has beside the stretches, each given by its start and length."""
    gaps = []
    for start, length in sorted(stretches):
        if start > low:
            gaps.append((low, start))
        low = max(low, start + length)
    return [*gaps, (low, high)] if high > low else gaps


def _without_cut_numbers(passage: Passage, blocks: Sequence[Block]) -> list[Block]:
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


def _numbers_differ(passage: Passage, document: Passage, blocks: Sequence[Block]) -> bool:
    """Whether a number of the passage is missing or has another in its place, or the document has one more.

    Only whole lines may be missing or more: furniture.
    """
    by_place = sorted(blocks, key=lambda block: block[1])
    low, high = by_place[0][1], by_place[-1][1] + by_place[-1][2]
    for start, end in _gaps([(place, length) for _, place, length in blocks], low, high):
        if end - start <= _FURNITURE and _has_digits(document, start, end) and not document.is_whole_lines(start, end):
            return True
    left = [(place, length) for _, place, length in blocks]
    extra = [document.letters.text[start:end] for start, end in _gaps(left, low, high) if _has_digits(document, start, end)]  # fmt: skip
    for start, end in _gaps([(source, length) for source, _, length in blocks], 0, len(passage.letters.text)):
        piece = passage.letters.text[start:end]
        if _has_digits(passage, start, end) and (
            not passage.is_whole_lines(start, end)
            or any(fuzz.partial_ratio(piece, other) >= _ALIKE for other in extra if len(other) <= 2 * len(piece))
            or _has_number_instead(document, blocks, piece, start)
        ):
            return True
    return any(
        first < border < last
        for border in (low, high)
        for first, last in document.numbers(max(0, border - 1), border + 1)
    )


def _has_number_instead(document: Passage, blocks: Sequence[Block], piece: str, start: int) -> bool:
    """Whether the document has a number that is in no block where `piece`, at `start` of the pattern, is left out."""
    letters, end = document.letters.text, start + len(piece)
    before = [place + length for source, place, length in blocks if source + length == start]
    after = [place for source, place, _ in blocks if source == end]
    if before and after and before[0] <= after[0] <= before[0] + 3 * len(piece) + _NEAR:
        return _has_digits(document, before[0], after[0])
    if before and any(place == before[0] for _, place, _ in blocks):
        return False
    number = _LEADING.match(letters, before[0]) if before else _TRAILING.search(letters[: after[0]]) if after else None
    return number is not None and len(number[0]) == len(piece)


def _has_digits(passage: Passage, low: int, high: int) -> bool:
    return any(map(str.isdigit, passage.letters.text[low:high]))


def _spans(passage: Passage, document: Passage, blocks: Sequence[Block]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of the document that the blocks cover; what lies between two of one stretch is furniture."""
    merged: list[tuple[int, int]] = []
    for _, place, length in sorted(blocks, key=lambda block: block[1]):
        if merged and place - merged[-1][1] <= _FURNITURE:
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
