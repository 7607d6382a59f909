"""Embeds texts: each one once, from the store where it is there."""

import hashlib
import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np

from rag_chunk.config import BACKENDS, RunConfig
from rag_chunk.config.catalog import load_built_in
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Spans
from rag_chunk.embedder import vector_store as store
from rag_chunk.embedder.interface import Embedder, Role, Vectors, check_dimensions
from rag_chunk.embedder.usage import EmbeddingUsage, time_usage
from rag_chunk.embedder.vector_store import Stored
from rag_chunk.errors import InputError, SettingsError


def embedder_of(config: RunConfig) -> Embedder:
    """Return the embedder that `config` names; it is loaded once.

    Raise `MissingExtra` where its package is missing, `InputError` where it cannot be loaded.
    """
    if config.embedding_model is None:
        raise SettingsError("vectors need an embedding model: --embedding-model backend:name, or hashing")
    return _load(config.embedding_model, config.embedding_url)


@lru_cache(maxsize=4)
def _load(name: str, url: str | None) -> Embedder:
    backend, _, model = name.partition(":")
    load: Callable[[str, str | None], Embedder] = load_built_in(BACKENDS[backend].function)
    return load(model, url)


def embed(texts: Sequence[str], config: RunConfig, role: Role = "document") -> Vectors:
    """Return the vector of each text: float32 [texts, dimensions], at length 1.

    What has to be embedded is stored batch by batch, so that work that is broken off goes on where it was; of a model
    that is faster than the store nothing is.
    """
    with time_usage() as usage:
        model = embedder_of(config)
        keys = [key(model, role, text) if model.is_stored else _encode(text) for text in texts]
        text_of = dict(zip(keys, texts, strict=True))
        stored = store.load(list(text_of)) if model.is_stored else {}
        usage.texts += len(text_of)
        usage.cached += len(stored)
        missing = {each: text for each, text in text_of.items() if each not in stored}
        for some in _into_batches(missing, model.batch):
            if usage.on_progress:
                usage.on_progress(len(stored), len(text_of))
            new = dict(zip(some, _embed_new(model, [_whole(text_of[each]) for each in some], role), strict=True))
            if model.is_stored:
                store.save(new)
            stored |= new
        if role == "document":
            _count(usage, model, stored)
        return _stack([stored[each] for each in keys])


def embed_spans(corpus: Corpus, spans: Spans, config: RunConfig) -> Vectors:
    """Return the vector of each stretch of the line, as `embed` returns those of their texts."""
    model, texts = embedder_of(config), corpus.texts(spans)
    if model.embed_spans is None:
        return embed(texts, config)
    with time_usage() as usage:
        different = [*dict(zip(texts, range(len(texts)), strict=True)).values()]
        usage.texts += len(different)
        if usage.on_progress:
            usage.on_progress(0, len(different))
        vectors, counts = model.embed_spans(corpus, spans)
        usage.documents += int(counts[different].sum())
        return vectors


def key(model: Embedder, role: Role, text: str) -> bytes:
    """Return what a text's vector is stored under: 16 bytes for the model with its revision, the role, and the text."""
    described = f"{model.identity}\0{role}\0{text}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(described, digest_size=16).digest()


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _into_batches(text_of: Mapping[bytes, str], size: int) -> list[list[bytes]]:
    """Return the keys in batches of texts of similar length, since a model pads each to the longest of its batch.

    The order of the batches is random, so that the time left can be told from those that are done.
    """
    ordered = sorted(text_of, key=lambda each: len(text_of[each]))
    batches = [ordered[first : first + size] for first in range(0, len(ordered), size)]
    random.Random(0).shuffle(batches)  # noqa: S311 - nothing secret
    return batches


def _whole(text: str) -> str:
    """Return a text without lone surrogates, which only JSON can carry and no tokenizer takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _embed_new(model: Embedder, texts: Sequence[str], role: Role) -> list[Stored]:
    vectors, counts = model.embed(texts, role), model.count(texts)
    if vectors.ndim != 2 or len(vectors) != len(texts):  # noqa: PLR2004 - a matrix
        raise InputError(f"the embedding model returned {len(vectors)} vectors for {len(texts)} texts")
    return [Stored(vector, tokens) for vector, tokens in zip(vectors, counts.tolist(), strict=True)]


def _count(usage: EmbeddingUsage, model: Embedder, stored: dict[bytes, Stored]) -> None:
    tokens = np.array([each.tokens for each in stored.values()], np.int64)
    usage.documents += int(tokens.sum())
    if model.limit is not None:
        usage.unread += int(np.maximum(tokens - model.limit, 0).sum())


def _stack(stored: Sequence[Stored]) -> Vectors:
    if not stored:
        return np.zeros((0, 0), np.float32)
    check_dimensions(*(len(each.vector) for each in stored))
    vectors: Vectors = np.stack([each.vector for each in stored])
    return vectors
