"""Scores one configuration on the questions that report, and on those that choose."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, TypeVar

import numpy as np

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.question_results import QuestionResults, write_with_scores
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Floats, Positions, distinct
from rag_chunk.questions import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer import SHAPE, Scores, score
from rag_chunk.scorer.losses import LostItem
from rag_chunk.scorer.shape import metrics_of_shape

HEADLINE = "budget_recall"
LEGACY = "legacy"
T = TypeVar("T")
DECIDING = ("num_chunks", "index_ratio")  # of the group shape: the recommendation is made by them too


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A configuration's result, and its headline scores: of the questions that report, and of those that choose.

    Without a holdout the same questions do both; without questions there are none.
    """

    result: ConfigurationResult
    reporting: Floats | None = None
    choosing: Floats | None = None


def measure_chunks(chunked: ChunkedCorpus, name: str, groups: tuple[str, ...]) -> Scored:
    """Return the metrics of the chunks alone."""
    metrics = metrics_of_shape(chunked.measure_shape(), chunked.config)
    kept = metrics if SHAPE in groups else {metric: metrics[metric] for metric in DECIDING}
    return Scored(ConfigurationResult(name=name, config=chunked.config, metrics=kept))


def score_chunks(measured: Scored, handed: ChunkedCorpus, ranking: Ranking, asked: EvaluationSet) -> Scored:
    """Add the metrics of the `ranking` of the chunks `handed` over, for all questions."""
    chunking, config, part = handed.chunking, handed.config, asked.reporting
    rows = ranking[part.rows]
    groups = [group for group in asked.groups if group != SHAPE]
    by_shared_words = _legacy_texts(handed, part.questions) if LEGACY in groups else None
    scores = score(chunking, rows, part.questions, config, groups, by_shared_words)
    if asked.users.names:
        read = [row[:count] for row, count in zip(rows, scores.filled.tolist(), strict=True)]
        retrieved = _for_rows(handed.chunks, read)
        scores = asked.users.add_to(scores, chunking.corpus, retrieved, part.questions)
    headline = scores.per_question[HEADLINE]
    update = {
        "metrics": {**measured.result.metrics, **scores.metrics},
        "by_tag": {name: float(headline[members].mean()) for name, members in asked.by_tag.items()},
        "by_document": {name: float(headline[members].mean()) for name, members in asked.by_document.items()},
        "questions": _question_results(scores, rows, chunking, asked),
    }
    choosing = headline if asked.choosing is None else _choosing(chunking, ranking, config, asked)
    return Scored(measured.result.model_copy(update=update), headline, choosing)


def _for_rows(read: Callable[[Positions], Sequence[T]], lists: Sequence[Positions]) -> list[list[T]]:
    """Return what `read` returns of chunks for the rows in each list; each chunk is read once."""
    rows = np.unique(np.concatenate(lists))
    value_of = dict(zip(rows.tolist(), read(rows), strict=True))
    return [[value_of[row] for row in each.tolist()] for each in lists]


def _legacy_texts(handed: ChunkedCorpus, questions: Questions) -> list[list[str]]:
    """Return the first `top_k` chunks as the old rag-chunk ranked, whatever the retriever: `legacy_recall` compares with it."""
    depth = min(handed.config.top_k, len(handed.chunking))
    return _for_rows(handed.texts, list(handed.rank_by_shared_words(questions.texts, depth)))


def _choosing(handed: Chunking, ranking: Ranking, config: RunConfig, asked: EvaluationSet) -> Floats:
    part = asked.choosing or asked.reporting
    return score(handed, ranking[part.rows], part.questions, config, ["budget"]).per_question[HEADLINE]


def _lost_item(item: LostItem) -> dict[str, Any]:
    return {"number": item.number, "missing": item.missing, "causes": item.causes}


def _ids_of(chunking: Chunking, rows: Positions) -> list[str]:
    """Return the id of the chunk in each row; those of all chunks are not made."""
    some = distinct(rows)
    ids = Chunking(chunking.corpus, chunking.spans[some], chunking.units).ids
    return [ids[place] for place in np.searchsorted(some, rows).tolist()]


def _question_results(scores: Scores, ranking: Ranking, handed: Chunking, asked: EvaluationSet) -> QuestionResults:
    is_read = np.arange(ranking.shape[1]) < scores.filled[:, None]
    retrieved = tuple(_ids_of(handed, ranking[is_read]))
    ends = np.cumsum(scores.filled).tolist()
    depth = ranking.shape[1]
    ranks = [{"rank": rank + 1} if rank < depth else {} for rank in scores.first.tolist()]
    causes = scores.causes or [()] * len(ranks)
    asked_here = asked.reporting.questions.questions
    items = scores.lost_items or [()] * len(ranks)
    rows = zip(asked_here, pairwise([0, *ends]), ranks, causes, items, strict=True)
    fields = [
        {
            "id": question.id,
            "question": question.question,
            "scores": {},
            "retrieved": retrieved[first:end],
            **rank,
            "causes": of_question,
            **({"lost_items": list(map(_lost_item, lost))} if lost else {}),
        }
        for question, (first, end), rank, of_question, lost in rows
    ]
    return QuestionResults(write_with_scores(fields, scores.per_question))
