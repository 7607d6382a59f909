"""Retrievers: each a function `(corpus, config) -> index` whose index ranks the chunks of any chunking."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RETRIEVERS, RunConfig
from rag_chunk.config.catalog import load_built_in
from rag_chunk.config.functions import load_function
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions
from rag_chunk.errors import InputError

__all__ = [
    "Index",
    "Ranking",
    "Retriever",
    "is_built_in",
    "parents_of",
    "prepare",
    "rank",
    "retriever_of",
    "share_terms",
]

Ranking = np.ndarray[tuple[int, int], np.dtype[np.int64]]  # [questions, depth]: rows of chunks, best first; -1: none


class Index(Protocol):
    """What a retriever makes of a corpus; it is kept over all configurations."""

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Any:
        """Return rows of `chunking`, best first, for each question: whole numbers [questions, depth].

        Where fewer than `depth` chunks are ranked, -1 fills the row.
        """


Retriever = Callable[[Corpus, RunConfig], Index]


def retriever_of(config: RunConfig) -> Retriever:
    """Return the retriever that `config` names: a built-in one, or the user's `package.module:function`."""
    function = _built_in(config)
    retriever: Retriever = load_built_in(function) if function else load_function(config.retriever)
    return retriever


def _built_in(config: RunConfig) -> str | None:
    row = RETRIEVERS.get(config.retriever)
    return row.function if row else None


def is_built_in(config: RunConfig) -> bool:
    """Whether the retriever of `config` is one of rag-chunk's own."""
    return config.retriever in RETRIEVERS


def prepare(corpus: Corpus, config: RunConfig) -> None:
    """Make the index of a built-in retriever, which is kept as long as the corpus."""
    if _built_in(config):
        retriever_of(config)(corpus, config)


def rank(chunking: Chunking, questions: Sequence[str], config: RunConfig, depth: int) -> Ranking:
    """Rank the chunks for each question as `config` says: int64 [questions, at most depth].

    Raise `InputError` where a retriever of the user's own raises, or returns what is no ranking.
    """
    depth = min(depth, len(chunking))
    if _built_in(config):
        ranking: Ranking = retriever_of(config)(chunking.corpus, config).rank(chunking, questions, depth)
        return ranking
    return _rank_custom(chunking, questions, config, depth)


def share_terms(
    chunking: Chunking, questions: Sequence[str], config: RunConfig, asked_rows: Positions, chunk_rows: Positions
) -> Bools | None:
    """Return whether a chunk has a word of a question, for pairs of their rows: [pairs].

    Nothing where `config` does not go by words alone, as a chunk without a common word may be retrieved then.
    """
    if config.retriever != "bm25":
        return None
    index: Any = retriever_of(config)(chunking.corpus, config)
    shared: Bools = index.share_terms(chunking, questions, asked_rows, chunk_rows)
    return shared


def _rank_custom(chunking: Chunking, questions: Sequence[str], config: RunConfig, depth: int) -> Ranking:
    retriever, name = retriever_of(config), config.retriever
    try:
        returned = retriever(chunking.corpus, config).rank(chunking, questions, depth)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{name} raised {type(error).__name__}: {error}. --debug shows where") from error
    return _validate(returned, len(questions), len(chunking), name)[:, :depth]


def _validate(returned: Any, questions: int, chunks: int, name: str) -> Ranking:
    """Return what a retriever `returned` as a ranking; raise `InputError` where it is none."""
    try:
        ranking = np.asarray(returned)
    except ValueError:
        raise InputError(
            f"{name} returned rows of different lengths; fill the shorter ones with -1 at the end"
        ) from None
    ranking = ranking if ranking.size else ranking.astype(np.int64)
    if ranking.ndim != 2 or len(ranking) != questions or ranking.dtype.kind not in "iu":  # noqa: PLR2004 - a matrix
        raise InputError(
            f"{name} returned an array of shape {ranking.shape} and type {ranking.dtype}; a ranking holds whole numbers, "
            f"one row for each of the {questions} questions"
        )
    rows: Ranking = ranking.astype(np.int64)
    if rows.size and not -1 <= rows.min() <= rows.max() < chunks:
        raise InputError(f"{name} ranked chunk {rows.max() if rows.max() >= chunks else rows.min()} of {chunks} chunks")
    ordered = np.sort(rows, axis=1)
    twice = (ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] >= 0)
    if twice.any():
        question = int(np.flatnonzero(twice.any(axis=1))[0])
        raise InputError(f"{name} ranked a chunk twice for question {question + 1}; each has one place")
    if ((rows[:, 1:] >= 0) & (rows[:, :-1] < 0)).any():
        raise InputError(f"{name} ranked a chunk after -1; -1 fills a row at its end")
    return rows


def parents_of(ranking: Ranking, chunking: Chunking) -> Ranking:
    """Return the rows of the parents of the ranked chunks, each parent at the place of its first chunk; -1 fills up."""
    width = min(len(chunking.parents_or_self()), ranking.shape[1])
    parents = np.full((len(ranking), width), -1, np.int64)
    parent_rows = np.append(chunking.rows_of_parents(), -1)  # -1 is no chunk, and has no parent
    for number, all_rows in enumerate(parent_rows[ranking]):
        rows = all_rows[all_rows >= 0]
        _, first = np.unique(rows, return_index=True)
        parents[number, : len(first)] = rows[np.sort(first)]
    return parents
