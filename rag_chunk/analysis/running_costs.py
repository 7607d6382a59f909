"""What an index and a question cost: tokens, megabytes of vectors, the retriever's own time, and money."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.ranking import rank_for_evaluation
from rag_chunk.analysis.scoring import Scored
from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig, is_external
from rag_chunk.config.prices import Prices
from rag_chunk.corpus.arrays import spread
from rag_chunk.questions import Questions

CHARACTERS_PER_TOKEN = 4  # about, where tokens are not counted
_BYTES = 4  # of a number in a vector
_TIMED = 50  # questions, taken evenly from the file
_MILLION, _THOUSAND = 1_000_000, 1_000


def with_costs(
    scored: Scored,
    chunked: ChunkedCorpus,
    asked: EvaluationSet | None,
    prices: Prices | None,
    milliseconds: Sequence[float] = (),
) -> Scored:
    """Add what a configuration costs to its metrics; prices alone make money of it.

    `milliseconds` are those that an external retriever took, one a question.
    """
    chunking, config, metrics = chunked.chunking, chunked.config, dict(scored.result.metrics)
    costs = prices or Prices()
    characters = int((chunking.spans[:, 1] - chunking.spans[:, 0]).sum())
    tokens = float(chunking.sizes.sum()) if config.unit == "tokens" else characters / CHARACTERS_PER_TOKEN
    metrics["index_tokens"] = tokens
    metrics["vector_megabytes"] = len(chunking) * costs.dimensions * _BYTES / _MILLION
    if asked:
        metrics["context_tokens"] = metrics["context_size"] * tokens / max(characters, 1)
        metrics |= _percentiles(milliseconds or _times(chunked, asked.questions))
    if prices:
        written = _tokens_of_contexts(chunking, config)
        metrics["index_price"] = (tokens * prices.embedding + written * prices.context_model) / _MILLION
    if prices and asked:
        handed_over = metrics["context_tokens"] * _THOUSAND / _MILLION
        metrics["query_price"] = prices.queries + handed_over * prices.context
    return replace(scored, result=scored.result.model_copy(update={"metrics": metrics}))


def _percentiles(milliseconds: Sequence[float]) -> dict[str, float]:
    if not milliseconds:
        return {}
    middle, slow = np.percentile(milliseconds, (50, 95)).tolist()
    return {"retrieval_ms_p50": middle, "retrieval_ms_p95": slow}


def _times(chunked: ChunkedCorpus, questions: Questions) -> list[float]:
    """Return how long the retriever takes for a question alone, in milliseconds.

    Each question is ranked by itself, down to `top_k`; nothing else is in that time. They are ranked once before, as
    that makes what a server would have made when it started. Of several shards no process has the whole index: no time.
    """
    if is_external(chunked.config.retriever) or not len(chunked.chunking) or not chunked.is_in_memory:
        return []
    alone = [replace(questions, questions=(questions.questions[row],)) for row in spread(len(questions), _TIMED)]
    for question in alone:
        _milliseconds(chunked, question)
    return [_milliseconds(chunked, question) for question in alone]


def _milliseconds(chunked: ChunkedCorpus, question: Questions) -> float:
    started = time.perf_counter()
    rank_for_evaluation(chunked, question, chunked.config.top_k)
    return (time.perf_counter() - started) * 1000


def _tokens_of_contexts(chunking: Chunking, config: RunConfig) -> int:
    """Return how many tokens of a chat model the contexts took that are indexed with chunks."""
    if not config.has_written_contexts:
        return 0
    from rag_chunk.retriever.written_contexts import write_contexts

    return sum(each.tokens for each in write_contexts(chunking, config))
