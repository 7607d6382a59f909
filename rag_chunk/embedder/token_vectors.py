"""Vectors of the tokens of whole texts, each made with the text around it.

A model reads a limited number of tokens. A longer text is read in windows of that many, neighbours sharing a quarter of
them; a token that two windows share has its vector from the one in which it is further from the edge. Windows are kept on
disk like other vectors, by model and tokens.
"""

import hashlib
from collections.abc import Iterator, Sequence
from itertools import chain, pairwise

import numpy as np

from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.embedder import vector_store as store
from rag_chunk.embedder.embedding import embedder_of
from rag_chunk.embedder.interface import TokenizedText, TokenModel
from rag_chunk.embedder.usage import EmbeddingUsage, time_usage
from rag_chunk.embedder.vector_store import Stored
from rag_chunk.errors import SettingsError

_SHARED = 4  # a window shares one in so many of its tokens with the next one
_LARGEST = 8192  # tokens in a window, as the work for one grows with their square
_TOGETHER = 16_384  # tokens that are held at once for texts that are shorter: 25 MB in 384 dimensions
_AT_ONCE = 8192  # tokens that a model reads in one step


def token_model_of(config: RunConfig) -> TokenModel:
    """Return the model of `config` before its mean.

    Raise `InputError` where it makes its vector in another way, `SettingsError` where its backend gives no others.
    """
    load = embedder_of(config).load_token_model
    if load is None:
        raise SettingsError(f"{config.retriever} needs the vectors of tokens, and {config.embedding_model} gives none")
    return load()


def window_ranges(text: TokenizedText, limit: int | None) -> list[tuple[int, int]]:
    """Return the windows of a text, as ranges of its own tokens; none where it has no tokens.

    >>> tokens = np.arange(12)
    >>> window_ranges(TokenizedText(tokens, np.stack([tokens, tokens], axis=1), 1, 1), 6)
    [(0, 4), (3, 7), (6, 10)]
    """
    count, own = len(text.ids) - text.lead - text.tail, text.lead + text.tail
    size = max(1, min(limit or _LARGEST, _LARGEST) - own)
    firsts = [*range(0, max(0, count - size), size - size // _SHARED), max(0, count - size)]
    return [(first, min(first + size, count)) for first in firsts] if len(text.ids) else []


def windows_of(text: TokenizedText, limit: int | None) -> list[Positions]:
    """Return the tokens of each window of a text, the model's own among them."""
    lead, tail = text.ids[: text.lead], text.ids[len(text.ids) - text.tail :]
    inner = text.ids[text.lead : len(text.ids) - text.tail]
    return [np.concatenate([lead, inner[first:last], tail]) for first, last in window_ranges(text, limit)]


def window_key(model: TokenModel, window: Positions) -> bytes:
    """Return what the vectors of a window are stored under: 16 bytes."""
    described = f"{model.identity}\0tokens\0".encode() + window.astype(np.int64).tobytes()
    return hashlib.blake2b(described, digest_size=16).digest()


def embed_tokens(texts: Sequence[TokenizedText], model: TokenModel) -> Iterator[Floats]:
    """Yield the vectors of the tokens of each text: float32 [tokens, dimensions], or [0, 0] without tokens.

    Texts are read some at a time, and what was read is stored, so that work that is broken off goes on where it was.
    """
    total, done = sum(len(window_ranges(text, model.limit)) for text in texts), 0
    for some in _groups(texts):
        windows = [windows_of(text, model.limit) for text in some]
        with time_usage() as usage:
            vectors = iter(_read(list(chain.from_iterable(windows)), model, usage, done, total))
        done += sum(map(len, windows))
        for text, own in zip(some, windows, strict=True):
            yield _join(text, [next(vectors) for _ in own], model.limit)


def note_kept(texts: Sequence[TokenizedText], model: TokenModel) -> None:
    """Count texts whose vectors are still in memory as texts whose vectors are on disk."""
    with time_usage() as usage:
        count = sum(len(window_ranges(text, model.limit)) for text in texts)
        usage.texts += count
        usage.cached += count
        usage.documents += sum(len(text.ids) for text in texts)


def _groups(texts: Sequence[TokenizedText]) -> Iterator[Sequence[TokenizedText]]:
    """Yield the texts in groups of about `_TOGETHER` tokens, in order."""
    ends = np.cumsum([len(text.ids) for text in texts], dtype=np.int64) // _TOGETHER
    borders = [0, *(np.flatnonzero(np.diff(ends)) + 1).tolist(), len(texts)]
    yield from (texts[first:last] for first, last in pairwise(borders) if first < last)


def _read(
    windows: Sequence[Positions], model: TokenModel, usage: EmbeddingUsage, done: int, total: int
) -> list[Floats]:
    """Return the vectors of the windows, from the store where they are there."""
    keys = [window_key(model, window) for window in windows]
    window_of = dict(zip(keys, windows, strict=True))
    stored = store.load(list(window_of))
    missing = sorted((key for key in window_of if key not in stored), key=lambda key: len(window_of[key]))
    usage.texts += len(window_of)
    usage.cached += len(window_of) - len(missing)
    usage.documents += sum(map(len, window_of.values()))
    for some in _into_batches(missing, [len(window_of[key]) for key in missing]):
        if usage.on_progress:
            usage.on_progress(done + len(stored), total)
        made = model.read([window_of[key] for key in some])
        new = {key: Stored(vectors.ravel(), len(vectors)) for key, vectors in zip(some, made, strict=True)}
        store.save(new)
        stored |= new
    return [stored[key].vector.reshape(len(window_of[key]), -1) for key in keys]


def _into_batches(keys: Sequence[bytes], lengths: Sequence[int]) -> Iterator[Sequence[bytes]]:
    """Yield the keys in batches of about `_AT_ONCE` tokens; their lengths rise, so that little is padded."""
    first = 0
    while first < len(keys):
        last = first + 1
        while last < len(keys) and lengths[last] * (last + 1 - first) <= _AT_ONCE:
            last += 1
        yield keys[first:last]
        first = last


def _join(text: TokenizedText, windows: Sequence[Floats], limit: int | None) -> Floats:
    """Return the vectors of a text's tokens, each from the window in which it is further from the edge."""
    if not windows:
        return np.zeros((0, 0), np.float32)
    ranges = window_ranges(text, limit)
    # A token of the text at `place` is in row `place + lead - first` of the window that begins at `first`.
    middles = [(last + first) // 2 for (_, last), (first, _) in pairwise(ranges)]
    borders = pairwise([-text.lead, *middles, len(text.ids) - text.lead])
    parts = [
        window[low + text.lead - first : high + text.lead - first]
        for window, (first, _), (low, high) in zip(windows, ranges, borders, strict=True)
    ]
    return np.concatenate(parts)
