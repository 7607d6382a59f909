"""Blocks that a passage and a document have in common: in order, or line by line."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, pairwise

import numpy as np

from rag_chunk.questions.grams import as_bytes, buckets_of, grams_of, mark_buckets
from rag_chunk.questions.passage import FURNITURE, NEAR, Block
from rag_chunk.questions.phrase_matcher import occurrences

_MANY_SEEDS = 400  # letters from which longer pieces are enough
_COMMON = 3  # letters in a row, between two stretches that match
_MOST_SEEDS, _MOST_PLACES = 200, 50
_FAR = 2 * FURNITURE  # letters by which a line may be out of its place
SEED, SHORT_SEED = 12, 8  # letters of a piece that is searched for exactly


def seeds(pattern: str, most: int) -> list[tuple[int, str]]:
    """Return pieces of the pattern, each with its place, that are looked for as they are; `most` of them at most."""
    size = SEED if len(pattern) >= _MANY_SEEDS else SHORT_SEED
    step = max(1, (len(pattern) - size) // most)
    return [(place, pattern[place : place + size]) for place in range(0, len(pattern) - size + 1, step)]


def places_of_pieces(pieces: Sequence[str], letters: str, low: int, high: int) -> Iterator[list[int]]:
    """Yield for each of some seeds what `places_of_piece` returns, after one look at each place for all of them."""
    grams = grams_of(as_bytes(letters[low:high]), SHORT_SEED)
    heads = grams_of(as_bytes("".join(piece[:SHORT_SEED] for piece in pieces)), SHORT_SEED)[::SHORT_SEED]
    likely = np.flatnonzero(mark_buckets(heads)[buckets_of(grams)])
    likely = likely[np.argsort(grams[likely], kind="stable")]  # those where the same is stay in order
    firsts, lasts = (np.searchsorted(grams[likely], heads, side=side).tolist() for side in ("left", "right"))
    for piece, first, last in zip(pieces, firsts, lasts, strict=True):
        places = (low + int(place) for place in likely[first:last])
        same = (place for place in places if letters.startswith(piece, place, high))
        yield _few(same)


def places_of_piece(piece: str, letters: str, low: int, high: int) -> list[int]:
    """Return the places of a piece; none where it occurs too often to tell anything."""
    return _few(occurrences(letters, piece, low, high))


def _few(places: Iterable[int]) -> list[int]:
    first = list(islice(places, _MOST_PLACES + 1))
    return first if len(first) <= _MOST_PLACES else []


def find_anchors(pattern: str, letters: str, region: tuple[int, int]) -> list[Block]:
    """Return stretches that both have, each as long as it goes, in the order of the pattern."""
    anchors: set[Block] = set()
    reached: dict[int, int] = {}  # how far in the pattern the last anchor of a diagonal goes
    for source, piece in seeds(pattern, _MOST_SEEDS):
        for place in places_of_piece(piece, letters, *region):
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


def chain_anchors(anchors: Sequence[Block], lines: tuple[set[int], set[int]]) -> list[Block]:
    """Return anchors that follow each other in both texts: the longest together, and with the smallest gaps."""
    best: list[tuple[float, int]] = []  # the score of the chain that ends with each anchor, and the one before it
    for source, place, length in anchors:
        score, previous = float(length), -1
        for number, (before, where, size) in enumerate(anchors[: len(best)]):
            overlap = max(0, before + size - source, where + size - place)
            if before >= source or where >= place or overlap >= length:
                continue
            shift = abs((place - where) - (source - before))
            value = best[number][0] + length - overlap - min(shift, FURNITURE) / 8
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


def fill_gaps(pattern: str, letters: str, chain: Sequence[Block]) -> list[Block]:
    """Add what the gaps of a chain, and its ends, have in common in order, such as what is around a wrong letter."""
    from rapidfuzz.distance import LCSseq

    if not chain:
        return []
    first, last = chain[0], chain[-1]
    end, stop = last[0] + last[2], last[1] + last[2]
    head = (max(0, first[0] - NEAR), max(0, first[1] - NEAR), 0)
    tail = (min(len(pattern), end + NEAR), min(len(letters), stop + NEAR), 0)
    blocks: list[Block] = []
    for (source, place, length), (after, behind, _) in pairwise([head, *chain, tail]):
        blocks += [(source, place, length)] if length else []
        low, least = source + length, place + length
        if low < after and least < behind and behind - least <= 2 * (after - low) + NEAR:
            common = [
                (low + each.src_start, least + each.dest_start, each.src_end - each.src_start)
                for each in LCSseq.opcodes(pattern[low:after], letters[least:behind])
                if each.tag == "equal" and each.src_end - each.src_start >= _COMMON
            ]
            blocks += common if 2 * sum(length for _, _, length in common) > after - low else []
    return blocks


def drop_stray(blocks: Sequence[Block]) -> list[Block]:
    """Drop groups of blocks at either end that are too small for their distance to the rest to be no chance."""
    groups: list[list[Block]] = []
    for block in blocks:
        if groups and block[1] - _end(groups[-1]) <= NEAR:
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


def trim_ends(blocks: list[Block], pattern: str, starts: set[int]) -> list[Block]:
    """Take a few letters of a line that is not matched, and only end or begin like what is beside it, off both ends."""
    if not blocks:
        return []
    (source, place, length), (after, behind, size) = blocks[0], blocks[-1]
    more = next((start - source for start in range(source + 1, source + min(SHORT_SEED, length)) if start in starts), 0)
    if source and more:
        blocks[0] = source + more, place + more, length - more
    if len(blocks) == 1:
        after, behind, size = blocks[0]
    less = next((cut for cut in range(1, min(SHORT_SEED, size)) if after + size - cut in starts), 0)
    if after + size < len(pattern) and less:
        blocks[-1] = after, behind, size - less
    return blocks


def _end(group: Sequence[Block]) -> int:
    return group[-1][1] + group[-1][2]


def _is_stray(group: Sequence[Block], gap: int) -> bool:
    return sum(length for _, _, length in group) < max(SHORT_SEED, gap // 4)


def place_lines(pattern: str, letters: str, lines: Sequence[tuple[int, int]], region: tuple[int, int]) -> list[Block]:
    """Return the lines of the pattern that are in the region exactly, each at the place next to the others."""
    places = {line: places_of_piece(pattern[line[0] : line[1]], letters, *region) for line in lines if line[1] - line[0] >= SHORT_SEED}  # fmt: skip
    alone = [spots[0] - line[0] for line, spots in places.items() if len(spots) == 1]
    middle = sorted(alone)[len(alone) // 2] if alone else 0
    blocks: list[Block] = []
    for (start, end), candidates in places.items():
        free = [
            place
            for place in candidates
            if abs(place - start - middle) <= _FAR + 4 * (end - start)
            and all(place + end - start <= other or other + size <= place for _, other, size in blocks)
        ]
        if free and alone:
            blocks.append((start, min(free, key=lambda place: abs(place - start - middle)), end - start))
    return blocks
