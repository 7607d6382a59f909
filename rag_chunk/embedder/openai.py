"""`openai:NAME`: a model behind an address that speaks OpenAI's protocol."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_chunk.config.setting_checks import EMBEDDING_KEY
from rag_chunk.corpus.arrays import Positions
from rag_chunk.embedder.connection import HOME, Connection, connect
from rag_chunk.embedder.huggingface import import_backend
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit
from rag_chunk.errors import InputError, RagChunkError

BATCH = 64  # texts in one request: 64 of the largest chunks are within what OpenAI takes at once
SECONDS = 60.0  # for an answer
_LIMIT = 8191  # tokens, of the models that we know to be OpenAI's
_KNOWN = ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002")
_CHARACTERS = 4  # in a token, where the tokenizer is not known


def openai(name: str, url: str | None) -> Embedder:
    """Return the embedder; nothing is asked of the address yet. Raise `SettingsError` without a key for OpenAI."""
    package = import_backend("openai", "openai", f"openai:{name}")
    connection = connect(package, f"openai:{name}", url, EMBEDDING_KEY, "--embedding-url", seconds=SECONDS)
    limit = _LIMIT if name in _KNOWN and not url else None
    tokens = _tokens(name if limit else None)

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        return _request_vectors(connection, name, [_truncate(text, tokens, limit) for text in texts])

    def count(texts: Sequence[str]) -> Positions:
        return np.array([_size(text, tokens) for text in texts], np.int64)

    return Embedder(f"openai:{name}@{url or HOME}", embed, count, limit, BATCH)


def _request_vectors(connection: Connection, name: str, texts: list[str]) -> Vectors:
    """Return the vectors that the address answers with, in the texts' order."""

    def send() -> Vectors:
        answer = connection.client.embeddings.create(model=name, input=texts, encoding_format="float")
        embeddings = sorted(answer.data, key=lambda each: each.index)
        return unit([each.embedding for each in embeddings]) if embeddings else np.zeros((0, 0), np.float32)

    vectors = connection.request(send, f"did not embed with {name}", "Vectors that were made")
    if len(vectors) != len(texts):
        raise InputError(f"{connection.address} answered with {len(vectors)} vectors for {len(texts)} texts")
    return vectors


def _tokens(name: str | None) -> Any:
    """Return the encoding of a model whose tokenizer is known and at hand, else nothing."""
    if name is None:
        return None
    from rag_chunk.corpus.units import load_encoding

    try:
        return load_encoding(name)
    except RagChunkError:
        return None


def _truncate(text: str, tokens: Any, limit: int | None) -> str:
    """Return as much of a text as the model takes: OpenAI refuses what is longer."""
    if tokens is None or limit is None or len(text) <= limit:
        return text or " "
    encoded = tokens.encode_ordinary(text)
    return str(tokens.decode(encoded[:limit], errors="ignore")) if len(encoded) > limit else text


def _size(text: str, tokens: Any) -> int:
    return -(-len(text) // _CHARACTERS) if tokens is None else len(tokens.encode_ordinary(text))
