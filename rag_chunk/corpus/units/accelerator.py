"""A second encoder (extra `fast`), used where it is proven to make the tokens that tiktoken makes."""

import hashlib
import unicodedata
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from rag_chunk.corpus import cache
from rag_chunk.corpus.arrays import Bools, Positions
from rag_chunk.corpus.characters import codepoints
from rag_chunk.corpus.units.encoding import rank_file

if TYPE_CHECKING:
    from gigatoken import Tokenizer

PACKAGE = "gigatoken"
_PLANES = 0x20000  # code points, of which some are proven; of those above none is
# Where `ucd_3_2_0` has characters: half of the planes.
_ASSIGNED = ((0, 0x10000), (0x10300, 0x10450), (0x1D000, 0x1D800))
_RANGES = (
    (0x2600, 0x27C0),
    (0x1F300, 0x1F650),
    (0x1F680, 0x1F6C6),
    (0x1F910, 0x1F93F),
)  # emoji, newer than `ucd_3_2_0`
_UNPROVEN = ("Cn", "Cs", "Co")  # categories: a newer Unicode may say something else of them
_ORDINARY = "I'll, we'VE; it's\r\n\r\n  \t x\n \n\n<|endoftext|> 1234567 été  naïve_name--- ...\n\n\tEND  "
# How gigatoken calls the scheme of an encoding, and the SHA-256 of the tokens (uint32, the lowest byte first) that tiktoken
# makes of the `sample` of all proven code points.
PROOFS = {
    "cl100k_base": ("cl100k", "21d920b8ce2704734fc3ad2ef174c94dbfca2ec013b85e37d61998d5fbde6e93"),
    "o200k_base": ("o200k", "7f493da0bd99784d51df7ab0e7ed709e1d55ca1ea243a324327ac1995d0295e4"),
}


class Accelerator:
    """An encoder of the texts whose characters are all `proven`: bool [code points below `_PLANES`]."""

    def __init__(self, tokenizer: "Tokenizer", proven: Bools) -> None:
        """Remember both."""
        self._tokenizer, self._proven = tokenizer, proven

    @cached_property
    def identity(self) -> str:
        """The package and its version."""
        from importlib.metadata import version

        return f"{PACKAGE} {version(PACKAGE)}"

    def covers(self, text: str) -> bool:
        """Whether it is proven for every character of `text`."""
        if text.isascii():
            return True
        codes = codepoints(text)
        return int(codes.max()) < _PLANES and bool(self._proven.take(codes).all())

    def encode(self, text: str) -> Positions:
        """Return the tokens of `text`, which it covers: uint32 [tokens]."""
        tokens: Positions = self._tokenizer.encode(text)
        return tokens

    def contents(self) -> list[bytes]:
        """Return what each token is, by its number; nothing for a number without a token."""
        vocabulary = self._tokenizer.vocab
        return [vocabulary.get(token, b"") for token in range(max(vocabulary) + 1)]

    def counts(self, texts: list[str]) -> list[int]:
        """Return the number of tokens of each text, 0 for one that it does not cover."""
        encode = self._tokenizer.backend.encode  # without a call of Python around it: many of these texts are short
        covered = self._find_covered(texts).tolist()
        return [
            len(encode(text)) if text and is_covered else 0 for text, is_covered in zip(texts, covered, strict=True)
        ]

    def _find_covered(self, texts: list[str]) -> Bools:
        """Return whether it covers each text: one look at the characters of all."""
        codes, borders = codepoints("".join(texts)), np.cumsum([0, *map(len, texts)])
        unproven = (codes >= _PLANES) | ~self._proven.take(codes, mode="clip")
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(unproven)])[borders]
        covered: Bools = before[1:] == before[:-1]
        return covered


def load_accelerator(encoding: str) -> Accelerator | None:
    """Return the accelerator of an encoding; None where it is not installed, not known, or makes other tokens.

    The proof is by its version: what another one makes is compared anew.
    """
    from importlib.metadata import PackageNotFoundError, version

    if encoding not in PROOFS:
        return None
    try:
        key = f"proven-1-{encoding}-{PACKAGE}-{version(PACKAGE)}"
    except PackageNotFoundError:
        return None
    scheme, proof = PROOFS[encoding]
    tokenizer = _load(encoding, scheme)
    proven = cache.load(key)
    if proven is None and tokenizer:
        candidates = proven_code_points()
        proven = candidates if digest(tokenizer.encode(sample(candidates))) == proof else np.zeros(0, bool)
        cache.store(key, proven)
    return Accelerator(tokenizer, proven) if tokenizer and proven is not None and len(proven) else None


def _load(encoding: str, scheme: str) -> "Tokenizer | None":
    """Return gigatoken's tokenizer; what a release that is not known raises is no error of ours."""
    try:
        from gigatoken import Tokenizer

        return Tokenizer.from_tiktoken(rank_file(encoding), pretokenizer=scheme)
    except Exception:  # noqa: BLE001 - tiktoken counts then
        return None


def proven_code_points() -> Bools:
    """Return which code points are proven: those of Unicode 3.2, of which nothing changes any more, and emoji."""
    proven = np.zeros(_PLANES, bool)
    for first, end in _ASSIGNED:
        categories = map(unicodedata.ucd_3_2_0.category, map(chr, range(first, end)))
        proven[first:end] = [category not in _UNPROVEN for category in categories]
    for first, end in _RANGES:
        proven[first:end] = True
    return proven


def sample(code_points: Bools) -> str:
    """Return a text with every one of some code points beside letters, digits, spaces and itself."""
    characters = map(chr, np.flatnonzero(code_points).tolist())
    return "".join([_ORDINARY, *[f"{each}a {each}{each}1{each}\n" for each in characters]])


def digest(tokens: Positions) -> str:
    """Return the SHA-256 of tokens, whatever the machine."""
    return hashlib.sha256(tokens.astype("<u4").tobytes()).hexdigest()
