"""Where words, tokens and characters start on the line: found once for each corpus and unit."""

from collections.abc import Iterable
from typing import Literal, Protocol

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans
from rag_chunk.corpus.units.counts import FAR, Counts
from rag_chunk.corpus.units.encoding import encoding_name, load_encoding, prepare_encoding
from rag_chunk.corpus.units.model_tokens import ModelTokens
from rag_chunk.corpus.units.tokenizer_names import is_tokenizer_name
from rag_chunk.corpus.units.tokens import Tokens
from rag_chunk.corpus.units.words import Characters, Words, within_phrases, word_starts

__all__ = [
    "Characters",
    "Counts",
    "ModelTokens",
    "Tokens",
    "Unit",
    "Units",
    "Words",
    "encoders_of",
    "encoding_name",
    "load_encoding",
    "prepare_encoding",
    "units_of",
    "within_phrases",
    "word_starts",
]


Unit = Literal["words", "tokens", "characters"]


class Units(Protocol):
    """The unit of a chunk's size."""

    @property
    def name(self) -> Unit:
        """The unit's name."""

    @property
    def keeps_space(self) -> bool:
        """Whether white space belongs to units, so that windows keep what is at their edges."""

    @property
    def starts(self) -> Positions:
        """Where each unit starts on the line, in order."""

    def count(self, spans: Spans, far: int = FAR) -> Counts:
        """Count the units of each span; `lead` and `reach` but nearly, where no safe point is within `far` characters."""

    def size(self, start: int, end: int) -> int:
        """Count the units of one stretch."""


def units_of(corpus: Corpus, unit: Unit, model: str) -> Units:
    """Return the units of `corpus`, computed once and kept as long as the corpus; `model` counts for tokens alone."""
    if unit == "words":
        return corpus.derive(Words, lambda: Words(corpus))
    if unit == "characters":
        return corpus.derive(Characters, lambda: Characters(corpus))
    if is_tokenizer_name(model):
        return corpus.derive(ModelTokens, lambda: ModelTokens(corpus, model), model)
    encoding = encoding_name(model)
    return corpus.derive(Tokens, lambda: Tokens(corpus, encoding), encoding)


def encoders_of(units: Iterable[Units]) -> frozenset[str]:
    """Return what has made the tokens of `units` that were not in the cache, each with its version."""
    return frozenset(name for each in units if isinstance(each, Tokens | ModelTokens) for name in each.encoders)
