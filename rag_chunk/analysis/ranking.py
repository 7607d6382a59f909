"""Rankings that know more of a question than its text: `oracle` and `random`, the ceiling and the floor."""

import numpy as np

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.chunker.chunking import Chunking
from rag_chunk.chunker.handed_over import with_handed_over
from rag_chunk.config import RETRIEVERS, RunConfig
from rag_chunk.config.catalog import is_bound
from rag_chunk.corpus.arrays import Positions
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking, is_built_in, parents_of
from rag_chunk.retriever.reranking import rerank
from rag_chunk.scorer.budget import LADDER, fills_budgets, required_depth, usual_depth
from rag_chunk.scorer.metrics import in_own_documents, rows_with_evidence
from rag_chunk.scorer.oracle import oracle_ranking
from rag_chunk.scorer.retrieval import Retrieval
from rag_chunk.scorer.shuffles import one_shuffle

ORACLE = "oracle"
_SUMMED_IN_ORDER = 7  # numbers that numpy adds one after the other, so that zeros among them do not change the sum


def retrieve(chunked: ChunkedCorpus, questions: Questions) -> tuple[ChunkedCorpus, Ranking]:
    """Rank as many chunks as surely fill the largest budget, or what is handed over for them."""
    config = chunked.config
    if not config.hands_over_more:
        return chunked, rank_to_budgets(chunked, questions)
    family = with_handed_over(chunked.chunking, config)
    handed = chunked.with_parents(family)
    if config.retriever == ORACLE:
        return handed, rank_to_budgets(handed, questions)
    if family.parent_rows is None:
        return handed, parents_of(rank_for_evaluation(chunked, questions, len(family)), family)
    enough = required_depth(handed.chunking, config)
    depth = _depth_for_parents(family.parent_rows, enough) if is_built_in(config) else len(family)
    return handed, parents_of(rank_for_evaluation(chunked, questions, depth), family)[:, :enough]


def _depth_for_parents(parent_rows: Positions, enough: int) -> int:
    """Return how many ranked chunks have `enough` different parents, whichever they are: those with the most chunks."""
    counts = np.sort(np.bincount(parent_rows))
    return int(counts[len(counts) - min(enough, len(counts)) :].sum())


def rank_to_budgets(chunked: ChunkedCorpus, questions: Questions) -> Ranking:
    """Rank as many chunks as fill the largest budget for each question: int64 [questions, depth].

    Some chunks are ranked first, and more where they leave a list short of it; the metrics are the same.
    """
    chunking, config = chunked.chunking, chunked.config
    enough = required_depth(chunking, config)
    depth = usual_depth(chunking, config) if enough and _may_rank_again(questions, config) else enough
    while depth < enough:
        ranking = rank_for_evaluation(chunked, questions, depth)
        if fills_budgets(ranking, chunking, config):
            return ranking
        depth *= 2
    return rank_for_evaluation(chunked, questions, enough)


def _may_rank_again(questions: Questions, config: RunConfig) -> bool:
    """Whether ranking costs little, and what a deeper ranking brings beyond the budget changes no sum of scores."""
    if config.filter == "document" or config.reranker:  # a list of one document fills no budget; a model is slow
        return False
    row = RETRIEVERS.get(config.retriever)
    items = max((len(question.evidence) for question in questions.questions), default=0)
    return row is not None and row.function is not None and not config.needs_vectors and items <= _SUMMED_IN_ORDER


def rank_for_evaluation(chunked: ChunkedCorpus, questions: Questions, depth: int) -> Ranking:
    """Rank the chunks for each question as their configuration says: int64 [questions, at most depth].

    Most retrievers are given the questions' texts alone. With a filter, chunks of other documents are left out. What
    is left may be ranked again.
    """
    chunking, config = chunked.chunking, chunked.config
    depth = min(depth, len(chunking))
    if config.filter == "document":
        ranking = _keep_own_documents(_rank_own_documents(chunked, questions), chunking, questions)
        ranking = _fill_up_rows(ranking, depth)
    else:
        enough = max(depth, config.candidates) if config.reranker else depth
        ranking = _rank_all(chunked, questions, min(enough, len(chunking)))
    return rerank(ranking, chunked.indexed_texts, questions.texts, config)[:, :depth]


def _rank_all(chunked: ChunkedCorpus, questions: Questions, depth: int) -> Ranking:
    chunking, config = chunked.chunking, chunked.config
    if config.retriever == ORACLE:
        return _oracle(chunking, questions, config, depth)
    if config.retriever == "random":
        return one_shuffle(questions, len(chunking), config.seed, depth)
    return chunked.rank(questions.texts, depth)


def _rank_own_documents(chunked: ChunkedCorpus, questions: Questions) -> Ranking:
    """Rank at least the chunks of documents with evidence."""
    if is_bound(chunked.config.retriever):
        return _rank_all(chunked, questions, len(chunked.chunking))
    return chunked.rank_among(questions.texts, rows_with_evidence(chunked.chunking, questions))


def _oracle(chunking: Chunking, questions: Questions, config: RunConfig, depth: int) -> Ranking:
    """Take what brings new evidence first, up to the largest budget, then the other chunks in order."""
    nothing = np.zeros((len(questions), 0), np.int64)
    met = Retrieval(chunking, nothing, questions, config)
    best = oracle_ranking(met.overlaps, met.costs, max(config.budget, *LADDER))
    rows = [_fill_up(row[row >= 0], len(chunking), depth) for row in best]
    return np.array(rows, np.int64).reshape(len(questions), depth)


def _keep_own_documents(ranking: Ranking, chunking: Chunking, questions: Questions) -> Ranking:
    """Return each list without the chunks of documents that hold no evidence of its question; -1 fills up."""
    own = in_own_documents(ranking, chunking, questions)
    order = np.argsort(~own, axis=1, kind="stable")
    return np.where(np.take_along_axis(own, order, axis=1), np.take_along_axis(ranking, order, axis=1), -1)


def _fill_up_rows(ranking: Ranking, depth: int) -> Ranking:
    """Return a ranking that is at least `depth` deep; -1 fills up."""
    return np.pad(ranking, ((0, 0), (0, max(0, depth - ranking.shape[1]))), constant_values=-1)


def _fill_up(first: Positions, chunks: int, depth: int) -> Positions:
    others = np.setdiff1d(np.arange(min(chunks, depth + len(first))), first)
    return np.concatenate([first, others])[:depth]
