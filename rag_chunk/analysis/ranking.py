"""Rankings that know more of a question than its text: `oracle` and `random`, the ceiling and the floor."""

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking, rank
from rag_chunk.scorer.budget import LADDER
from rag_chunk.scorer.oracle import oracle_ranking
from rag_chunk.scorer.retrieval import Retrieval
from rag_chunk.scorer.shuffles import one_shuffle

ORACLE = "oracle"


def rank_for_evaluation(chunking: Chunking, questions: Questions, config: RunConfig, depth: int) -> Ranking:
    """Rank the chunks for each question as `config` says: int64 [questions, at most depth].

    Most retrievers are given the questions' texts alone.
    """
    depth = min(depth, len(chunking))
    if config.retriever == ORACLE:
        return _oracle(chunking, questions, config, depth)
    if config.retriever == "random":
        return one_shuffle(questions, len(chunking), config.seed, depth)
    return rank(chunking, questions.texts, config, depth)


def _oracle(chunking: Chunking, questions: Questions, config: RunConfig, depth: int) -> Ranking:
    """Take what brings new evidence first, up to the largest budget, then the other chunks in order."""
    nothing = np.zeros((len(questions), 0), np.int64)
    met = Retrieval(chunking, nothing, questions, config)
    best = oracle_ranking(met.overlaps, met.costs, max(config.budget, *LADDER))
    rows = [_fill_up(row[row >= 0], len(chunking), depth) for row in best]
    return np.array(rows, np.int64).reshape(len(questions), depth)


def _fill_up(first: Positions, chunks: int, depth: int) -> Positions:
    others = np.setdiff1d(np.arange(min(chunks, depth + len(first))), first)
    return np.concatenate([first, others])[:depth]
