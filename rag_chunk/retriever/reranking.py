"""Ranks the first chunks of each list again: a reranker reads the question and each of them together.

Scores are kept on disk like vectors, by reranker, question and text, as they arrive: work that breaks off goes on where it
was. Those of the user's own function are not, as nobody knows when it changes.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from rag_chunk.config import RunConfig
from rag_chunk.config.catalog import RERANKERS, load_built_in
from rag_chunk.config.functions import load_function
from rag_chunk.config.names import is_function_name, is_reranker_backend
from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.embedder import vector_store as store
from rag_chunk.embedder.vector_store import Stored
from rag_chunk.errors import InputError, RagChunkError
from rag_chunk.retriever import Ranking

_PROTOCOL = "rag_chunk.retriever.rerank_protocol:rerank_protocol"
Scoring = Callable[[str, Sequence[str]], Any]


@dataclass(frozen=True, slots=True)
class Reranker:
    """A model that scores texts for a question: one number each, the higher the better.

    `identity` is what its scores are known by, None where they are not kept; `batch` texts are scored, and kept, at a time.
    """

    name: str
    identity: str | None
    score: Scoring
    batch: int = 64


@lru_cache(maxsize=4)
def load_reranker(name: str) -> Reranker:
    """Return the reranker of this name; it is loaded once."""
    backend, _, model = name.partition(":")
    if is_reranker_backend(name):
        built_in: Reranker = load_built_in(RERANKERS[backend].function)(model)
        return built_in
    if is_function_name(name):
        return Reranker(name, None, load_function(name), batch=10**9)
    behind_address: Reranker = load_built_in(_PROTOCOL)(name)
    return behind_address


def rerank(
    ranking: Ranking, texts_of: Callable[[Positions], Sequence[str]], questions: Sequence[str], config: RunConfig
) -> Ranking:
    """Return `ranking` with the first `candidates` of each list in the order of the reranker of `config`, ties as before.

    `texts_of` returns what is indexed for the chunks in some rows. Raise `InputError` where the reranker fails, or does not score each text.
    """
    if config.reranker is None or not ranking.size:
        return ranking
    reranker, candidates = load_reranker(config.reranker), ranking[:, : config.candidates]
    some = np.unique(candidates[candidates >= 0])
    texts = dict(zip(some.tolist(), texts_of(some), strict=True))
    reranked = ranking.copy()
    for number, question in enumerate(questions):
        rows = candidates[number][candidates[number] >= 0]
        scores = _scores(reranker, question, [texts[row] for row in rows.tolist()])
        reranked[number, : len(rows)] = rows[np.argsort(-scores, kind="stable")]
    return reranked


def _scores(reranker: Reranker, question: str, texts: Sequence[str]) -> Floats:
    """Return the score of each text, from the store where it is there: float32 [texts]."""
    keys = [_key(reranker, question, text) for text in texts]
    text_of = dict(zip(keys, texts, strict=True))
    stored = {} if reranker.identity is None else store.load(list(text_of))
    missing = [key for key in text_of if key not in stored]
    for first in range(0, len(missing), reranker.batch):
        some = missing[first : first + reranker.batch]
        made = _score_new(reranker, question, [text_of[key] for key in some])
        new = {key: Stored(made[row : row + 1], 0) for row, key in enumerate(some)}
        if reranker.identity is not None:
            store.save(new)
        stored |= new
    return np.array([stored[key].vector[0] for key in keys], np.float32)


def _key(reranker: Reranker, question: str, text: str) -> bytes:
    """Return what the score of a text is stored under: 16 bytes."""
    described = json.dumps(["rerank", reranker.identity, question, text]).encode()
    return hashlib.blake2b(described, digest_size=16).digest()


def _score_new(reranker: Reranker, question: str, texts: Sequence[str]) -> Floats:
    try:
        scores = np.asarray(reranker.score(question, texts), np.float32)
    except RagChunkError:
        raise
    except Exception as error:
        raise InputError(
            f"the reranker {reranker.name} raised {type(error).__name__}: {error}. --debug shows where"
        ) from error
    if scores.shape != (len(texts),) or not np.isfinite(scores).all():
        raise InputError(
            f"the reranker {reranker.name} returned no list of {len(texts)} finite numbers, one for each text, but "
            f"an array of shape {scores.shape}"
        )
    return scores
