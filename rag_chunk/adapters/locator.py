"""Finds where in a text the chunks of a splitter stand, when all it returned is their strings.

Two strings are the same here when their *letters* are: all characters but white space and those that print
nothing, such as a zero-width joiner. Splitters strip, collapse and drop these, and nothing else. Each chunk has to
start after the start of the one before it.

A text that repeats leaves several places for a chunk. Only those count after which all later chunks still find
a place. Among them is taken

1. the place where the text placed so far ends, as for a splitter without overlap;
2. else the last one that starts before that end and reaches beyond it: the shortest overlap;
3. else the first one after it, which leaves the least text out;
4. else the last one inside the text placed so far.

So a splitter that leaves nothing out gets its own spans back where it has no overlap, and where it has, spans
with the same texts in the same order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rag_chunk.arrays import Positions
from rag_chunk.characters import codepoints
from rag_chunk.errors import InputError

_SHOWN = 80  # characters of a chunk in a message
_AROUND = 20  # characters of text and chunk where they part


@dataclass(frozen=True, slots=True)
class _Ink:
    """The letters of a text, and where each stands in it.

    `mirrored` are the letters backwards: the last place is found by searching them forwards, as the time of
    `str.rfind` is not linear in the worst case.
    """

    text: str
    letters: str
    mirrored: str
    places: Positions

    def last(self, letters: str, lowest: int, highest: int) -> int:
        """Return the last place of `letters` that is at least `lowest` and at most `highest`, or -1."""
        size = len(letters)
        stop = len(self.letters) - lowest
        found = self.mirrored.find(letters[::-1], max(len(self.letters) - highest - size, 0), stop)
        return len(self.letters) - found - size if found >= 0 else -1

    def position(self, place: int) -> int:
        """Return where in the text the letter at `place` stands; the text's end stands after its last."""
        return int(self.places[place]) if place < len(self.places) else len(self.text)


class _Piece(NamedTuple):
    """A chunk as the splitter returned it, its number from 1, and its letters."""

    number: int
    text: str
    letters: str

    @property
    def lead(self) -> str:
        """What stands before its first letter."""
        return self.text[: self.text.index(self.letters[0])]

    @property
    def trail(self) -> str:
        """What stands after its last letter."""
        return self.text[self.text.rindex(self.letters[-1]) + 1 :]

    def step(self, before: "_Piece | None") -> int:
        """Return how many letters after the start of the piece `before` it has to start.

        None, if both may start in the same white space: windows do, where white space runs on for long.
        """
        return 0 if before and len(self.lead) < len(before.lead) else 1


def locate(text: str, chunks: Iterable[str]) -> list[tuple[int, int]]:
    r"""Return the span (start, end) in `text` of each of `chunks` that is not blank, in order.

    A span has the white space at the edges of its chunk where the text has the same. Raise `InputError` for the
    first chunk that cannot be placed.

    >>> locate("One two.\n\nThree   four.", ["One two.", "two. Three four."])
    [(0, 8), (4, 23)]
    """
    letters = _letters(text)
    ink = _Ink(text, letters, letters[::-1], _places(text))
    numbered = (_Piece(number, chunk, _letters(chunk)) for number, chunk in enumerate(chunks, start=1))
    pieces = [piece for piece in numbered if piece.letters]  # a blank chunk stands for no text
    latest = _latest(ink, pieces)
    if latest is None:
        raise InputError(_misplaced(ink, pieces))
    return _spans(ink, pieces, _nearest(ink, pieces, latest))


def _letters(text: str) -> str:
    solid = "".join(text.split())
    return solid if solid.isprintable() else "".join(filter(str.isprintable, solid))


def _places(text: str) -> Positions:
    """Return where the letters of `text` stand."""
    codes = codepoints(text)
    present = np.flatnonzero(np.bincount(codes))
    table = np.zeros(int(present.max(initial=0)) + 1, bool)
    table[present] = [bool(_letters(chr(code))) for code in present.tolist()]
    return np.flatnonzero(table[codes])


def _before(pieces: Sequence[_Piece]) -> list[_Piece | None]:
    return [None, *pieces][: len(pieces)]


def _latest(ink: _Ink, pieces: Sequence[_Piece]) -> list[int] | None:
    """Return the last place of each piece after which the later ones still fit, or nothing where they do not fit."""
    highest, found = len(ink.letters), list[int]()
    for piece, before in zip(reversed(pieces), reversed(_before(pieces)), strict=True):
        place = ink.last(piece.letters, 0, highest)
        if place < 0:
            return None
        found.append(place)
        highest = place - piece.step(before)
    return found[::-1]


def _nearest(ink: _Ink, pieces: Sequence[_Piece], latest: Sequence[int]) -> list[int]:
    """Return the place of each piece, by the rule at the top."""
    start, end, found = -1, 0, list[int]()
    for piece, before, last in zip(pieces, _before(pieces), latest, strict=True):
        start = _next(ink, piece.letters, start + piece.step(before), end, last)
        end = max(end, start + len(piece.letters))
        found.append(start)
    return found


def _next(ink: _Ink, letters: str, lowest: int, end: int, last: int) -> int:
    """Return the place from `lowest` to `last` for what follows the text placed so far, which ends at `end`."""
    if last <= end:
        return last  # the last place of all, whichever part of the rule holds
    if ink.letters.startswith(letters, end):
        return end
    overlapping = ink.last(letters, max(lowest, end - len(letters) + 1), end - 1)
    return overlapping if overlapping >= 0 else ink.letters.find(letters, end + 1)


def _spans(ink: _Ink, pieces: Sequence[_Piece], places: Sequence[int]) -> list[tuple[int, int]]:
    """Return the spans of the pieces, with what is at their edges where the text has it too."""
    found, lowest = list[tuple[int, int]](), 0
    for piece, place in zip(pieces, places, strict=True):
        start, end = ink.position(place), ink.position(place + len(piece.letters) - 1) + 1
        widened = start - len(piece.lead)
        lowest = widened if widened >= lowest and ink.text.startswith(piece.lead, widened) else start
        found.append((lowest, end + len(piece.trail) * ink.text.startswith(piece.trail, end)))
    return found


def _misplaced(ink: _Ink, pieces: Sequence[_Piece]) -> str:
    """Say which piece is the first that cannot be placed, where the search stood, and why it failed."""
    lowest, where = 0, "from the start"
    for piece, following in zip(pieces, [*pieces[1:], None], strict=True):
        place = ink.letters.find(piece.letters, lowest)
        if place < 0 or following is None:
            break
        lowest = place + following.step(piece)
        where = f"from character {ink.position(lowest)} on, after the start of chunk {piece.number}"
    shown = repr(piece.text[:_SHOWN]) + (f" and {len(piece.text) - _SHOWN} more" if len(piece.text) > _SHOWN else "")
    return (
        f"chunk {piece.number} cannot be placed in the text; it was looked for {where}. {_why(ink, piece, lowest)}\n"
        f"Chunk {piece.number} is {shown}"
    )


def _why(ink: _Ink, piece: _Piece, lowest: int) -> str:
    """Say how far the piece agrees with the text from the place `lowest` on."""
    earlier = ink.letters.find(piece.letters)
    if earlier >= 0:
        return f"It stands only before that, at character {ink.position(earlier)}: chunks must be in the text's order."
    size = _agreeing(ink, piece, lowest)
    if not size:
        return f"No {piece.letters[0]!r}, its first letter, stands there."
    place = ink.letters.find(piece.letters[:size], lowest)
    parts, cut = ink.position(place + size), int(_places(piece.text)[size])
    said, found = piece.text[cut : cut + _AROUND], ink.text[parts : parts + _AROUND]
    hint = " U+FFFD comes from a cut inside a character." if "\ufffd" in said else ""
    return (
        f"It agrees best at character {ink.position(place)}, but then goes on {said!r} where the text has "
        f"{found!r}; nothing but white space may differ.{hint}"
    )


def _agreeing(ink: _Ink, piece: _Piece, lowest: int) -> int:
    """Return how many of the piece's letters, from its first, stand together somewhere from `lowest` on."""
    most, too_many = 0, len(piece.letters)
    while most + 1 < too_many:
        size = (most + too_many) // 2
        if ink.letters.find(piece.letters[:size], lowest) >= 0:
            most = size
        else:
            too_many = size
    return most
