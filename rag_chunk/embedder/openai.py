"""`openai:NAME`: a model behind an address that speaks OpenAI's protocol.

The key is taken from the environment alone, and stands in no message. A key for OpenAI goes to OpenAI only: another
address, which may come with somebody's config file, gets `RAG_CHUNK_EMBEDDING_KEY` or none.
"""

import os
from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.embedder.huggingface import import_backend
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit
from rag_chunk.errors import InputError, RagChunkError, SettingsError

OWN_KEY, OPENAI_KEY = "RAG_CHUNK_EMBEDDING_KEY", "OPENAI_API_KEY"
HOME = "https://api.openai.com/v1"
BATCH = 64  # texts in one request: 64 of the largest chunks are within what OpenAI takes at once
RETRIES = 6  # after as long as Retry-After says, else after up to 8 s
SECONDS = 60.0  # for an answer
_LIMIT = 8191  # tokens, of the models that we know to be OpenAI's
_KNOWN = ("text-embedding-3-small", "text-embedding-3-large", "text-embedding-ada-002")
_CHARACTERS = 4  # in a token, where the tokenizer is not known


def openai(name: str, url: str | None) -> Embedder:
    """Return the embedder; nothing is asked of the address yet. Raise `SettingsError` without a key for OpenAI."""
    package = import_backend("openai", "openai", f"openai:{name}")
    secret = os.environ.get(OWN_KEY) or ("" if url else os.environ.get(OPENAI_KEY, ""))
    if not secret and not url:
        raise SettingsError(f"openai:{name} needs a key: set {OPENAI_KEY}, or give --embedding-url for another address")
    ours = {"organization": "", "project": ""} if url else {}  # what the environment says of these is for OpenAI
    client = package.OpenAI(
        api_key=secret or "none", base_url=url or HOME, max_retries=RETRIES, timeout=SECONDS, **ours
    )
    limit = _LIMIT if name in _KNOWN and not url else None
    tokens = _tokens(name if limit else None)

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        asked = [_truncate(text, tokens, limit) for text in texts]
        return _request_vectors(package, client, name, asked, secret)

    def count(texts: Sequence[str]) -> Positions:
        return np.array([_size(text, tokens) for text in texts], np.int64)

    return Embedder(f"openai:{name}@{url or HOME}", embed, count, limit, BATCH)


def _request_vectors(package: Any, client: Any, name: str, texts: list[str], secret: str) -> Vectors:
    """Return the vectors that the address answers with, in the texts' order."""
    try:
        answer = client.embeddings.create(model=name, input=texts, encoding_format="float")
        embeddings = sorted(answer.data, key=lambda each: each.index)
        vectors = unit([each.embedding for each in embeddings]) if embeddings else np.zeros((0, 0), np.float32)
    except package.APIStatusError as error:
        said = _describe_error(f"{error.status_code}: {error.message}", secret)
        raise InputError(f"{client.base_url} did not embed with {name}; it answered {said}{_hint(error)}") from None
    except (package.OpenAIError, AttributeError, TypeError, ValueError) as error:
        said = _describe_error(str(error) or type(error).__name__, secret)
        raise InputError(
            f"{client.base_url} did not embed with {name}: {said} Is it an OpenAI-compatible address?"
        ) from None
    if len(vectors) != len(texts):
        raise InputError(f"{client.base_url} answered with {len(vectors)} vectors for {len(texts)} texts")
    return vectors


def _describe_error(text: str, secret: str) -> str:
    """Return what somebody else says in one short line, without the key."""
    line = " ".join(text.split())
    return (line.replace(secret, "[key]") if secret else line)[:300]


def _hint(error: Any) -> str:
    if error.status_code in {401, 403}:
        return f". The key is taken from {OWN_KEY}, or for OpenAI itself from {OPENAI_KEY}"
    return ". Vectors that were made are kept; run it again to go on" if error.status_code == 429 else ""  # noqa: PLR2004


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
