"""Which configuration to take: a usual one, unless the questions show another to be surely better."""

import math
from collections.abc import Sequence

from rag_chunk.analysis import statistics
from rag_chunk.analysis.outcome import index_sizes
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.config.catalog import RETRIEVERS

USUAL_STRATEGY = "recursive-character"
USUAL_SHARE = 1 / 4  # of the budget, in a chunk: measured in benchmarks/recommendation.py
_CHARACTERS = {"characters": 1, "tokens": 4}  # in a unit of the budget, about
_FAR = 1000.0  # doublings


def usual_configuration(results: Sequence[ConfigurationResult]) -> int | None:
    """Return the configuration to take where nothing speaks against it: its place in `results`.

    On public data with lexical retrieval, recursive-character with chunks of about a quarter of the budget is hardly ever
    far from the best; of another strategy compared with itself, that size is. Nothing is known of other strategies beside
    each other, of vectors, of a retriever of the user's own, or of several retrievers.
    """
    strategies = {result.config.strategy for result in results}
    strategy = USUAL_STRATEGY if USUAL_STRATEGY in strategies else strategies.pop()
    if (strategy != USUAL_STRATEGY and strategies) or not _is_lexical({each.config.retriever for each in results}):
        return None
    distances = [_distance(result, strategy) for result in results]
    return distances.index(min(distances))


def _is_lexical(retrievers: set[str]) -> bool:
    rows = [RETRIEVERS.get(name) for name in retrievers]
    return len(rows) == 1 and rows[0] is not None and not rows[0].needs_vectors and not rows[0].is_bound


def _distance(result: ConfigurationResult, strategy: str = USUAL_STRATEGY) -> float:
    """Return how unusual a configuration is: how far the size of retrieved chunks is from the usual one, in doublings.

    Any size of the `strategy` is nearer than any of another.
    """
    config = result.config
    chunk = max(1.0, result.metrics["context_size"] / config.top_k)
    target = config.budget * _CHARACTERS[config.budget_unit] * USUAL_SHARE
    return round(abs(math.log2(chunk / target)), 6) + (_FAR if config.strategy != strategy else 0)


def recommend_for(
    results: Sequence[ConfigurationResult], leads: Sequence[float], left_out: Sequence[bool], margin: float
) -> int:
    """Return which configuration to take by how far each surely leads the usual one: its place in `results`."""
    unusual = [_distance(result) for result in results]
    chunks = [result.metrics["num_chunks"] for result in results]
    return statistics.recommend(leads, left_out, unusual, chunks, index_sizes(results), margin)
