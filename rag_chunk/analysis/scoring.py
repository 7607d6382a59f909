"""Scores one configuration on the questions that report, and on those that choose."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from rag_chunk.analysis.holdout import EvaluationSet
from rag_chunk.analysis.joined_chunking import JoinedChunking, ShardedChunking
from rag_chunk.analysis.question_results import QuestionResults, write_json
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.chunker import Chunk, Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Floats, Positions, distinct
from rag_chunk.questions import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.legacy import legacy
from rag_chunk.scorer import SHAPE, Scores, score, shape_metrics
from rag_chunk.scorer.losses import LostItem
from rag_chunk.scorer.shape import metrics_of_shape

HEADLINE = "budget_recall"
LEGACY = "legacy"
DECIDING = ("num_chunks", "index_ratio")  # of the group shape: the recommendation is made by them too


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """A configuration's result, and its headline scores: of the questions that report, and of those that choose.

    Without a holdout the same questions do both; without questions there are none.
    """

    result: ConfigurationResult
    reporting: Floats | None = None
    choosing: Floats | None = None


def measure_chunks(chunking: Chunking, name: str, config: RunConfig, groups: tuple[str, ...]) -> Scored:
    """Return the metrics of the chunks alone."""
    if isinstance(chunking, JoinedChunking):
        metrics = metrics_of_shape(chunking.shape, config)
    else:
        metrics = shape_metrics(chunking, config)
    kept = metrics if SHAPE in groups else {metric: metrics[metric] for metric in DECIDING}
    return Scored(ConfigurationResult(name=name, config=config, metrics=kept))


def score_chunks(measured: Scored, handed: Chunking, ranking: Ranking, asked: EvaluationSet) -> Scored:
    """Add the metrics of the `ranking` of the chunks `handed` over, for all questions."""
    config, part = measured.result.config, asked.reporting
    rows = ranking[part.rows]
    groups = [group for group in asked.groups if group != SHAPE]
    by_shared_words = _legacy_texts(handed, part.questions, config) if LEGACY in groups else None
    scores = score(handed, rows, part.questions, config, groups, by_shared_words)
    if asked.users.names:
        read = [row[:count] for row, count in zip(rows, scores.filled.tolist(), strict=True)]
        scores = asked.users.add_to(scores, handed.corpus, _take_chunks(handed, read), part.questions)
    headline = scores.per_question[HEADLINE]
    update = {
        "metrics": {**measured.result.metrics, **scores.metrics},
        "by_tag": {name: float(headline[members].mean()) for name, members in asked.by_tag.items()},
        "by_document": {name: float(headline[members].mean()) for name, members in asked.by_document.items()},
        "questions": _question_results(scores, rows, handed, asked),
    }
    choosing = headline if asked.choosing is None else _choosing(handed, ranking, config, asked)
    return Scored(measured.result.model_copy(update=update), headline, choosing)


def _take_chunks(handed: Chunking, lists: Sequence[Positions]) -> list[list[Chunk]]:
    """Return the chunks in the rows of each list."""
    rows = np.unique(np.concatenate(lists))
    if isinstance(handed, ShardedChunking):
        chunk_of = dict(zip(rows.tolist(), handed.take(rows), strict=True))
    else:
        chunk_of = dict(enumerate(handed))
    return [[chunk_of[row] for row in each.tolist()] for each in lists]


def _legacy_texts(handed: Chunking, questions: Questions, config: RunConfig) -> list[list[str]]:
    """Return the first `top_k` chunks as the old rag-chunk ranked, whatever the retriever: `legacy_recall` compares with it."""
    depth = min(config.top_k, len(handed))
    if isinstance(handed, ShardedChunking):
        ranking = handed.best_by_scores(LEGACY, questions.texts, depth)[0][0]
        return [[chunk.text for chunk in chunks] for chunks in _take_chunks(handed, list(ranking))]
    ranking = legacy(handed.corpus, config).rank(handed, questions.texts, depth)
    return [handed.corpus.texts(handed.spans[rows]) for rows in ranking]


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
    names, columns = list(scores.per_question), [values.tolist() for values in scores.per_question.values()]
    is_read = np.arange(ranking.shape[1]) < scores.filled[:, None]
    retrieved = tuple(_ids_of(handed, ranking[is_read]))
    ends = np.cumsum(scores.filled).tolist()
    depth = ranking.shape[1]
    ranks = [{"rank": rank + 1} if rank < depth else {} for rank in scores.first.tolist()]
    causes = scores.causes or [()] * len(ranks)
    asked_here = asked.reporting.questions.questions
    items = scores.lost_items or [()] * len(ranks)
    rows = zip(asked_here, zip(*columns, strict=True), pairwise([0, *ends]), ranks, causes, items, strict=True)
    fields = [
        {
            "id": question.id,
            "question": question.question,
            "scores": dict(zip(names, row, strict=True)),
            "retrieved": retrieved[first:end],
            **rank,
            "causes": of_question,
            **({"lost_items": list(map(_lost_item, lost))} if lost else {}),
        }
        for question, row, (first, end), rank, of_question, lost in rows
    ]
    return QuestionResults(write_json(fields))
