"""`score`: all metrics of one configuration, from the spans of its chunks, its ranking and the evidence."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import DEFAULT_GROUPS, RunConfig
from rag_chunk.corpus.arrays import Floats, Positions
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.baselines import legacy_figures, paper_figures
from rag_chunk.scorer.losses import LostItem
from rag_chunk.scorer.metrics import (
    Figures,
    at_budgets,
    at_top_k,
    causes_of_loss,
    ceiling,
    first_relevant,
    floor,
    of_borders,
    overlap_with_questions,
)
from rag_chunk.scorer.retrieval import Retrieval
from rag_chunk.scorer.shape import shape_metrics

SHAPE = "shape"
_WITH_EVIDENCE: dict[str, Callable[[Retrieval], Figures]] = {
    "top_k": at_top_k,
    "budget": at_budgets,
    "oracle": ceiling,
    "random": floor,
    "borders": of_borders,
    "overlap": overlap_with_questions,
    "losses": causes_of_loss,
    "paper": paper_figures,
    "legacy": legacy_figures,
}
GROUPS = (SHAPE, *_WITH_EVIDENCE)


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """The scores of one configuration.

    `metrics` by name; `per_question` by name, [questions] each; `filled` [questions] is how many ranked chunks are
    read, the last perhaps in part, until the budget is spent. `first` [questions] is the rank, from 0, of the first chunk
    that covers half of an item or lies wholly inside one; the ranking's depth where none does. `causes` are those of lost recall, of each question, and `lost_items` its items of which something is missing, where
    they are measured.
    """

    metrics: dict[str, float]
    per_question: dict[str, Floats] = field(default_factory=dict)
    filled: Positions = field(default_factory=lambda: np.zeros(0, np.int64))
    first: Positions = field(default_factory=lambda: np.zeros(0, np.int64))
    causes: Sequence[tuple[str, ...]] = ()
    lost_items: Sequence[tuple[LostItem, ...]] = ()


def score(
    chunking: Chunking,
    ranking: Ranking | None,
    questions: Questions | None,
    config: RunConfig,
    groups: Collection[str] = DEFAULT_GROUPS,
    legacy_texts: Sequence[Sequence[str]] | None = None,
) -> Scores:
    """Score the `ranking` [questions, depth] of the chunks: rows, best first, -1 where there is none.

    Without questions, or without a ranking, only the metrics that need neither are there. `groups` are some of GROUPS;
    `legacy` also needs the texts of the first `top_k` chunks of each question, by the retriever of that name.
    """
    metrics = shape_metrics(chunking, config) if SHAPE in groups else {}
    if ranking is None or questions is None or not len(questions):
        return Scores(metrics)
    retrieval = Retrieval(chunking, ranking, questions, config, legacy_texts)
    per_question: dict[str, Floats] = {}
    causes: Sequence[tuple[str, ...]] = ()
    items: Sequence[tuple[LostItem, ...]] = ()
    for group, figures_of in _WITH_EVIDENCE.items():
        if group in groups:
            figures = figures_of(retrieval)
            per_question |= figures.per_question
            means = {name: float(scores.mean()) for name, scores in figures.per_question.items()}
            metrics |= means | figures.metrics
            causes, items = figures.causes or causes, figures.lost_items or items
    filled = retrieval.started_chunks
    return Scores(metrics, per_question, filled, first_relevant(retrieval), causes, items)
