"""`Embedder`: what every backend makes of a model."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans
from rag_chunk.errors import InputError

Role = Literal["document", "query"]  # many models want to know which of the two a text is
Vectors = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # [texts, dimensions]


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """The tokens of a text: int64 [tokens], and where each is in the text: int64 [tokens, 2], in order.

    The first `lead` and the last `tail` are the model's own, such as [CLS], a prompt or [SEP]: they are in each window, and
    lie where the first and the last token of the text do.
    """

    ids: Positions
    spans: Spans
    lead: int
    tail: int


@dataclass(frozen=True, slots=True)
class TokenModel:
    """A model before it takes the mean of its tokens' vectors.

    `read` makes the vectors of some windows, each float32 [tokens, dimensions]; a window has at most `limit` tokens.
    """

    identity: str
    tokenize: Callable[[str], TokenizedText]
    read: Callable[[Sequence[Positions]], Sequence[Floats]]
    limit: int | None


@dataclass(frozen=True, slots=True)
class Embedder:
    """A model that makes vectors.

    `identity` is what its vectors are known by: backend, model, and revision. `embed` makes unit vectors, float32
    [texts, dimensions]; zeros mean a text in which the model finds nothing. `count` is the number of tokens in
    each text, of which the model reads `limit`, or all. `batch` texts are embedded, and kept, at a time. `is_cheap`
    is a model that a laptop runs so fast that its cost does not matter; not `is_stored`, where its vectors are made
    faster than they are read. `load_token_model` is there where the vectors of tokens can be had; it raises `InputError`
    where the model takes no mean of them. `embed_spans` is there where stretches of a corpus are embedded faster than
    their texts, with the same vectors and counts.
    """

    identity: str
    embed: Callable[[Sequence[str], Role], Vectors]
    count: Callable[[Sequence[str]], Positions]
    limit: int | None = None
    batch: int = 256
    is_cheap: bool = False
    is_stored: bool = True
    load_token_model: Callable[[], TokenModel] | None = None
    embed_spans: Callable[[Corpus, Spans], tuple[Vectors, Positions]] | None = None


def unit(vectors: Any) -> Vectors:
    """Return the vectors at length 1, as float32 [texts, dimensions]; zeros stay.

    >>> unit([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    rows = np.asarray(vectors, np.float64)
    with np.errstate(over="ignore"):
        lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    if not np.isfinite(lengths).all():
        raise InputError("the embedding model returned vectors with values that are not finite numbers")
    unit_vectors: Vectors = np.divide(rows, lengths, where=lengths > 0, out=np.zeros_like(rows)).astype(np.float32)
    return unit_vectors


def check_dimensions(*dimensions: int) -> None:
    """Raise `InputError` where vectors that are to be compared are not of one length, or have none."""
    different = sorted(set(dimensions))
    if different == [0]:
        raise InputError("the embedding model returned vectors without any numbers")
    if len(different) > 1:
        raise InputError(
            f"the embedding model returned vectors of {different[0]} and of {different[-1]} numbers. "
            "If another model has this name now, --no-cache embeds everything again"
        )
