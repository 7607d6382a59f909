"""Where words, tokens and characters start on the line: found once for each corpus and unit."""

from typing import Protocol

from rag_chunk.arrays import Positions, Spans
from rag_chunk.config import RunConfig, Unit
from rag_chunk.corpus import Corpus
from rag_chunk.units.counts import FAR, Counts
from rag_chunk.units.encoding import encoding_name, load_encoding, prepare_encoding
from rag_chunk.units.tokens import Tokens
from rag_chunk.units.words import Characters, Words, word_starts

__all__ = [
    "Characters",
    "Counts",
    "Tokens",
    "Units",
    "Words",
    "encoding_name",
    "load_encoding",
    "prepare_encoding",
    "units_of",
    "word_starts",
]


class Units(Protocol):
    """What a chunk's size is counted in."""

    @property
    def name(self) -> Unit:
        """The unit's name."""

    @property
    def starts(self) -> Positions:
        """Where each unit starts on the line, in order."""

    def counted(self, spans: Spans, far: int = FAR) -> Counts:
        """Count the units of each span; `lead` and `reach` but nearly, where no safe point is within `far` characters."""

    def size(self, start: int, end: int) -> int:
        """Count the units of one stretch."""


def units_of(corpus: Corpus, config: RunConfig) -> Units:
    """Return the units of `corpus` that `config` counts in, found once and kept as long as the corpus."""
    model = encoding_name(config.model) if config.unit == "tokens" else ""
    return corpus.derived((config.unit, model), lambda: _find(corpus, config.unit, model))


def _find(corpus: Corpus, unit: Unit, model: str) -> Units:
    if unit == "words":
        return Words(corpus)
    if unit == "characters":
        return Characters(corpus)
    return Tokens(corpus, model)
