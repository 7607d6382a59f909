"""What each character is, as one byte of flags: the ground on which words, graphemes and borders are found."""

import sys
import unicodedata
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import regex

from rag_chunk.arrays import Bools, Bytes, Positions

SPACE = 1  # str.isspace()
NEWLINE = 2  # \n or \r
LETTER = 4
NUMBER = 8
STICKY = 16  # may continue the grapheme cluster before it
LONE = 32  # a letter of a script that is written without spaces: a word of its own
JOINER = 64  # may pull the character after it into its cluster
PUNCTUATION = 128  # punctuation or symbol, apart from the apostrophe and the slash
_ASCII = 128  # code points
_FEW = 16  # of so many characters one that is not ASCII is few

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
def _table(kind_of: Callable[[str], int]) -> tuple[Bytes, Bools]:
    """Return what is known of each code point, to be filled as they occur, and which are."""
    table, known = np.zeros(sys.maxunicode + 1, np.uint8), np.zeros(sys.maxunicode + 1, bool)
    table[:_ASCII] = [kind_of(chr(code)) for code in range(_ASCII)]
    return table, known


def looked_up(text: str, kind_of: Callable[[str], int]) -> Bytes:
    """Return what `kind_of` says of each character of `text`, a number below 256: uint8 [characters].

    Each character is asked for once in the life of the process.
    """
    if text.isascii():
        return np.frombuffer(text.encode().translate(_ascii_table(kind_of)), np.uint8)
    codes = _codes(text)
    table, known = _table(kind_of)
    places = np.flatnonzero(codes >= _ASCII)
    high = codes[places]
    new = high[~known[high]]
    for code in np.flatnonzero(np.bincount(new)).tolist() if len(new) else ():
        table[code] = kind_of(chr(code))
        known[code] = True
    if len(places) > len(codes) // _FEW:
        return table[codes]
    found: Bytes = np.frombuffer(bytearray(codes.astype(np.uint8)).translate(_ascii_table(kind_of)), np.uint8)
    found[places] = table[high]
    return found


def _codes(text: str) -> Positions:
    """Return the code points of `text`: uint16 [characters] where that holds them, which is less work, else uint32."""
    content = text.encode("utf-16-le", "surrogatepass")
    return np.frombuffer(content, np.uint16) if len(content) == 2 * len(text) else codepoints(text)


def plain_bytes(text: str) -> Bytes:
    """Return `text` with `?` in the place of what is not ASCII: uint8 [characters]."""
    return np.frombuffer(text.encode("ascii", "replace"), np.uint8)


def maybe_inside_clusters(flags: Bytes, positions: Positions) -> Bools:
    """Return whether the character at each position could belong to the cluster of the one before it.

    Each position is above 0 and below the length: bool [positions].
    """
    here, before = flags[positions], flags[positions - 1]
    found: Bools = ((here & STICKY) | (before & JOINER)) > 0
    return found


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
