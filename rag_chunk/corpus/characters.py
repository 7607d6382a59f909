"""What each character is, as one byte of flags: the ground on which words, graphemes and borders are found."""

import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import regex

from rag_chunk.corpus.arrays import Bools, Bytes, Positions, line_type, occurring

SPACE = 1  # str.isspace()
NEWLINE = 2  # \n or \r
LETTER = 4
NUMBER = 8
STICKY = 16  # may continue the grapheme cluster before it
LONE = 32  # a letter of a script that is written without spaces: a word of its own
JOINER = 64  # may pull the character after it into its cluster
PUNCTUATION = 128  # punctuation or symbol, apart from the apostrophe and the slash
BLOCK = 1 << 15  # characters that are looked at together: small enough that memory is used again at once
WHITE = 16  # characters of a block of white space: two words of the machine
_ASCII = 128  # code points
_UNKNOWN = 255  # what is said of no character

_UNSPACED = regex.compile(r"[[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\p{L}]", regex.V1)
_STICKY = regex.compile(r"[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}\p{GCB=RI}\p{GCB=L}\p{GCB=V}\p{GCB=T}\x1c-\x1f]")
_JOINER = regex.compile(r"[\p{GCB=ZWJ}\p{GCB=Prepend}\p{GCB=L}]")
# At a regional indicator \X would look back over all of those before it.
CLUSTER = regex.compile(r"\p{GCB=RI}{1,2}[\p{GCB=Extend}\p{GCB=SpacingMark}\p{GCB=ZWJ}]*|\X")
_NUKTA_AND_VIRAMA = (7, 9)  # canonical combining classes of the marks inside Indic conjuncts


def flags_of(character: str) -> int:
    """Return the flags of a character."""
    category = unicodedata.category(character)
    plain = category[0] in "PS" and character not in "'/"
    joins = character == "\r" or _JOINER.match(character) or unicodedata.combining(character) in _NUKTA_AND_VIRAMA
    return (
        SPACE * character.isspace()
        | NEWLINE * (character in "\r\n")
        | LETTER * (category[0] == "L")
        | NUMBER * (category[0] == "N")
        | STICKY * bool(_STICKY.match(character))
        | LONE * bool(_UNSPACED.match(character))
        | JOINER * bool(joins)
        | PUNCTUATION * plain
    )


def codepoints(text: str) -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """Return the code points of `text`, lone surrogates included, as uint32 [characters]."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


@lru_cache
def _ascii_table(kind_of: Callable[[str], int]) -> bytes:
    return bytes(kind_of(chr(code)) if code < _ASCII else 0 for code in range(256))


@lru_cache
def _table(kind_of: Callable[[str], int]) -> Bytes:
    """Return what is known of each code point, to be filled as they occur."""
    return np.full(sys.maxunicode + 1, _UNKNOWN, np.uint8)


def classify_characters(text: str, kind_of: Callable[[str], int]) -> Bytes:
    """Return what `kind_of` says of each character of `text`, a number below 255: uint8 [characters].

    Each character is asked for once in the life of the process.
    """
    if text.isascii():
        return np.frombuffer(text.encode().translate(_ascii_table(kind_of)), np.uint8)
    codes, table = _codes(text), _table(kind_of)
    kinds: Bytes = table.take(codes)
    new = codes[kinds == _UNKNOWN]
    if not len(new):
        return kinds
    for code in occurring(new).tolist():
        table[code] = kind_of(chr(code))
    return table.take(codes)


def _codes(text: str) -> Positions:
    """Return the code points of `text`: uint16 [characters] where that holds them, which is less work, else uint32."""
    content = text.encode("utf-16-le", "surrogatepass")
    return np.frombuffer(content, np.uint16) if len(content) == 2 * len(text) else codepoints(text)


def mask_characters(text: str, masked: Bools, by: str = " ") -> str:
    """Return `text` with the ASCII character `by` in the place of each one that is `masked`, as all surrogates must be.

    >>> mask_characters("one, two", np.array([0, 0, 0, 1, 0, 0, 0, 1], bool))
    'one  tw '
    """
    if text.isascii():
        letters = np.frombuffer(text.encode(), np.uint8).copy()
        letters[masked] = ord(by)
        return letters.tobytes().decode()
    codes = _codes(text).copy()
    codes[masked] = ord(by)
    return codes.tobytes().decode(
        "utf-16-le" if codes.itemsize == np.uint16().itemsize else "utf-32-le", "surrogatepass"
    )


def plain_bytes(text: str) -> Bytes:
    """Return `text` with `?` in the place of what is not ASCII: uint8 [characters]."""
    return np.frombuffer(text.encode("ascii", "replace"), np.uint8)


def where(kinds: Bytes, wanted: Callable[[Bytes], Bools]) -> Positions:
    """Return the places of the characters whose kind is `wanted`, in the type of places on a line of their number."""
    kind = line_type(len(kinds))
    blocks = range(0, len(kinds), BLOCK)
    places = [(np.flatnonzero(wanted(kinds[place : place + BLOCK])) + place).astype(kind) for place in blocks]
    return np.concatenate([np.zeros(0, kind), *places])


def white_runs(flags: Bytes) -> tuple[Positions, Positions]:
    """Return where runs of blocks of `WHITE` white-space characters start and end: [runs] each.

    In a gap of twice as many characters there is one, up to less than `WHITE` from each of the gap's ends.
    """
    one, other = flags[: len(flags) // WHITE * WHITE].view(np.uint64).reshape(-1, 2).T
    spaces = np.uint64(int.from_bytes(bytes([SPACE] * 8)))
    white = (one & other & spaces) == spaces
    changes = np.flatnonzero(np.diff(np.concatenate([[False], white, [False]]))) * WHITE
    return changes[0::2], changes[1::2]


def maybe_inside_clusters(flags: Bytes, positions: Positions) -> Bools:
    """Return whether the character at each position could belong to the cluster of the one before it.

    What is said of the first position and of that after the last character means nothing: bool [positions].
    """
    here, before = flags.take(positions, mode="clip"), flags.take(positions - 1, mode="clip")
    may_join: Bools = ((here & STICKY) | (before & JOINER)) > 0
    return may_join


def cluster_borders(text: str, flags: Bytes, position: int) -> list[int]:
    """Return where grapheme clusters meet in the run of joined characters around `position`, its ends included.

    At the ends of the run clusters surely meet, so only the run itself is looked at.
    """
    start = end = position
    while start > 0 and (flags[start] & STICKY or flags[start - 1] & JOINER):
        start -= 1
    while 0 < end < len(flags) and (flags[end] & STICKY or flags[end - 1] & JOINER):
        end += 1
    return [*(cluster.start() for cluster in CLUSTER.finditer(text, start, end)), end]
