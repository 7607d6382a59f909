"""Finds the places of a splitter's chunks in a text, if the splitter returned only their strings.

Two strings are the same here when their *letters* are: all characters but white space and those that print nothing,
such as a zero-width joiner. Splitters strip, collapse and drop these, and nothing else.

A text that repeats can leave several places for a chunk. Chunks that have all the letters of the text, each once, are
placed one after the other. Else each has to start after the start of the one before it; where that leaves no place for one
of them, a longer chunk may start where the one before it does. Places where the chunk is as it was returned, white space
included, are preferred, if there are such for all chunks; and only those count after which all later chunks still have a
place. Among them is taken

1. the place where the text placed so far ends;
2. else the last one that starts before that end and reaches beyond it: the shortest overlap;
3. else the first one after it, which leaves the least text out;
4. else the last one inside the text placed so far.

So a splitter that leaves no text out gets its own spans back where it has no overlap; where it has, it gets spans that
hold its strings, in the same order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import NamedTuple, Self

import numpy as np

from rag_chunk.corpus.arrays import Positions, occurring
from rag_chunk.corpus.characters import codepoints
from rag_chunk.errors import InputError

_SHOWN = 80  # characters of a chunk in a message
_AROUND = 20  # characters of text and chunk where they part
_TELLING = 8  # letters that agree and are worth a mention


class _Chunk(NamedTuple):
    """A chunk as the splitter returned it, its number from 1, and its letters."""

    number: int
    text: str
    letters: str

    @property
    def lead(self) -> int:
        """The number of characters before its first letter."""
        return self.text.index(self.letters[0])

    @property
    def trail(self) -> int:
        """The number of characters after its last letter."""
        return len(self.text) - self.text.rindex(self.letters[-1]) - 1


class _Pattern(NamedTuple):
    """What is searched for: a chunk as it is, or its letters, which have nothing before the first or after the last."""

    string: str
    lead: int = 0
    trail: int = 0


@dataclass(frozen=True, slots=True)
class _SearchText:
    """What is searched: a text, or its letters; `inked` are the places of the letters in it.

    `mirrored` is the string backwards: the last place is found by searching it forwards, as the time of `str.rfind`
    is not linear in the worst case.
    """

    string: str
    mirrored: str
    inked: Positions

    @classmethod
    def of(cls, string: str) -> Self:
        """Return `string`, ready to be searched."""
        return cls(string, string[::-1], _letter_positions(string))

    def last(self, needle: str, lowest: int, highest: int) -> int:
        """Return the last place of `needle` that is at least `lowest` and at most `highest`, or -1."""
        size, behind = len(needle), len(self.string) - highest - len(needle)
        place = self.mirrored.find(needle[::-1], max(behind, 0), len(self.string) - lowest)
        return len(self.string) - place - size if place >= 0 else -1

    def letter_from(self, place: int) -> int:
        """Return the place of the first letter at or after `place`; the end is after the last one."""
        index = int(np.searchsorted(self.inked, place))
        return int(self.inked[index]) if index < len(self.inked) else len(self.string)


def locate(text: str, chunks: Iterable[str]) -> list[tuple[int, int]]:
    r"""Return the span (start, end) in `text` of each of `chunks` that is not blank, in order.

    A span has the white space at the edges of its chunk where the text has the same. Raise `InputError` for the
    first chunk that cannot be placed.

    >>> locate("One two.\n\nThree   four.", ["One two.", "two. Three four."])
    [(0, 8), (4, 23)]
    """
    numbered = (_Chunk(number, chunk, letters_of(chunk)) for number, chunk in enumerate(chunks, start=1))
    solid = [chunk for chunk in numbered if chunk.letters]  # a blank chunk has no text
    letters, inked = letters_of(text), _letter_positions(text)
    places = _tile(letters, solid)
    if places is not None:
        return _spans(text, inked, solid, places)
    as_is = _SearchText.of(text), [_Pattern(chunk.text, chunk.lead, chunk.trail) for chunk in solid]
    by_letters = _SearchText.of(letters), [_Pattern(chunk.letters) for chunk in solid]
    for apart in (1, 0):
        if (starts := _arrange(*as_is, apart)) is not None:
            spans = [(start, start + len(chunk.text)) for start, chunk in zip(starts, solid, strict=True)]
        elif (places := _arrange(*by_letters, apart)) is not None:
            spans = _spans(text, inked, solid, places)
        else:
            continue
        if apart or all(one < other for one, other in pairwise(spans)):
            return spans
    raise InputError(_explain_failure(text, letters, inked, solid))


def _spans(text: str, inked: Positions, chunks: Sequence[_Chunk], places: Sequence[int]) -> list[tuple[int, int]]:
    return [_span(text, inked, chunk, place) for chunk, place in zip(chunks, places, strict=True)]


def letters_of(text: str) -> str:
    """Return the characters of `text` that are neither white space nor print nothing."""
    solid = "".join(text.split())
    return solid if solid.isprintable() else "".join(filter(str.isprintable, solid))


def _letter_positions(text: str) -> Positions:
    """Return the places of the letters of `text`."""
    codes = codepoints(text)
    present = occurring(codes)
    table = np.zeros(int(present.max(initial=0)) + 1, bool)
    table[present] = [bool(letters_of(chr(code))) for code in present.tolist()]
    return np.flatnonzero(table[codes])


def _tile(letters: str, chunks: Sequence[_Chunk]) -> list[int] | None:
    """Return the places of chunks that have all `letters`, each once; nothing for other chunks."""
    if "".join(chunk.letters for chunk in chunks) != letters:
        return None
    return list(accumulate((len(chunk.letters) for chunk in chunks), initial=0))[:-1]


def _arrange(hay: _SearchText, needles: Sequence[_Pattern], apart: int) -> list[int] | None:
    """Return the places of the needles by the rule at the top, or nothing where they do not all have one.

    Each place is at least `apart` characters after the one before it.
    """
    latest = _latest(hay, needles, apart)
    if latest is None:
        return None
    start, end, places = -apart, 0, list[int]()
    for needle, last in zip(needles, latest, strict=True):
        start = _next(hay, needle, start + apart, hay.letter_from(end), last)
        end = max(end, start + len(needle.string))
        places.append(start)
    return places


def _latest(hay: _SearchText, needles: Sequence[_Pattern], apart: int) -> list[int] | None:
    """Return the last place of each needle after which the later ones still fit, or nothing where they do not fit."""
    before, places = len(hay.string), list[int]()
    for needle in reversed(needles):
        before = hay.last(needle.string, 0, before - apart)
        if before < 0:
            return None
        places.append(before)
    return places[::-1]


def _next(hay: _SearchText, needle: _Pattern, lowest: int, border: int, last: int) -> int:
    """Return the place of a needle from `lowest` to `last`, where `border` is the first letter not placed so far."""
    touching = border - needle.lead
    if last <= touching:
        return last  # the last place of all, whichever part of the rule holds
    if touching >= lowest and hay.string.startswith(needle.string, touching):
        return touching
    reaching = border - len(needle.string) + needle.trail + 1
    overlapping = hay.last(needle.string, max(lowest, reaching), touching - 1)
    return overlapping if overlapping >= 0 else hay.string.find(needle.string, max(lowest, touching + 1))


def _span(text: str, inked: Positions, chunk: _Chunk, place: int) -> tuple[int, int]:
    """Return the span of a chunk whose letters have this place, with what is at its edges where the text has it too."""
    start, end = int(inked[place]), int(inked[place + len(chunk.letters) - 1]) + 1
    widened = max(start - chunk.lead, 0)
    before = start if text[widened:start] != chunk.text[: chunk.lead] else widened
    after = len(chunk.text) - chunk.trail
    return before, end + chunk.trail * text.startswith(chunk.text[after:], end)


def _explain_failure(text: str, letters: str, inked: Positions, chunks: Sequence[_Chunk]) -> str:
    """Say which chunk is the first that cannot be placed, where the search was, and why it failed."""
    index, lowest, end = _furthest_match(letters, [chunk.letters for chunk in chunks])
    as_they_are = _furthest_match(text, [chunk.text for chunk in chunks])
    if as_they_are[0] > index:
        index, (lowest, end) = as_they_are[0], np.searchsorted(inked, as_they_are[1:]).tolist()
    chunk, stood = chunks[index], int(inked[end]) if end < len(inked) else len(text)
    before = f"after the start of chunk {chunks[index - 1].number}" if index else "from the start"
    more = f" and {len(chunk.text) - _SHOWN} more" if len(chunk.text) > _SHOWN else ""
    broken = " U+FFFD in it comes from a cut inside a character." if "\ufffd" in chunk.text else ""
    return (
        f"chunk {chunk.number} cannot be placed: {chunk.text[:_SHOWN]!r}{more}. rag-chunk searched for it {before}; the "
        f"chunks placed so far end at character {stood}, where the text has {_from(text, stood)}. "
        f"{_why(text, letters, inked, chunk, lowest)}{broken}"
    )


def _furthest_match(string: str, needles: Sequence[str]) -> tuple[int, int, int]:
    """Return how many needles can be placed, from where the next one was searched, and where the last one ends."""
    lowest = end = 0
    for number, needle in enumerate(needles):
        place = string.find(needle, lowest)
        if place < 0:
            return number, lowest, end
        lowest, end = place + 1, place + len(needle)
    return len(needles), lowest, end


def _from(text: str, place: int) -> str:
    return repr(text[place : place + _AROUND]) if place < len(text) else "its end"


def _why(text: str, letters: str, inked: Positions, chunk: _Chunk, lowest: int) -> str:
    """Say how far the chunk agrees with the text from the place `lowest` on."""
    earlier = letters.find(chunk.letters)
    if earlier >= 0:
        return f"It occurs only before that, at character {inked[earlier]}: chunks must be in the text's order."
    size = _agreeing(letters, chunk, lowest)
    if size < _TELLING:
        return "Nothing but white space may differ."
    place = letters.find(chunk.letters[:size], lowest)
    parts = int(inked[place + size]) if place + size < len(inked) else len(text)
    return (
        f"It agrees best at character {inked[place]}, but then goes on {_from(chunk.text, _letter_positions(chunk.text)[size])} "
        f"where the text has {_from(text, parts)}; nothing but white space may differ."
    )


def _agreeing(letters: str, chunk: _Chunk, lowest: int) -> int:
    """Return how many of the chunk's letters, from its first, are together somewhere from `lowest` on."""
    most, too_many = 0, len(chunk.letters)
    while most + 1 < too_many:
        size = (most + too_many) // 2
        if letters.find(chunk.letters[:size], lowest) >= 0:
            most = size
        else:
            too_many = size
    return most
