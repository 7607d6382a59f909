"""The recall of what was retrieved for one question, at an equal budget: the headline metric of a live application."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from rag_chunk.analysis.external.placement import Placed, RetrievedText, TextPlacement
from rag_chunk.analysis.scoring import HEADLINE
from rag_chunk.config import RunConfig
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.scorer import score


class SingleRecall(NamedTuple):
    """A question's recall, from 0 to 1, and how many texts and items of evidence are in none of the documents."""

    recall: float
    unplaced_texts: int
    unplaced_evidence: int


def recall_of(
    placement: TextPlacement,
    retrieved: Iterable[RetrievedText],
    evidence: Sequence[Sequence[RetrievedText]],
    config: RunConfig,
) -> SingleRecall | None:
    """Return the share of the evidence within the first `config.budget` characters of what was retrieved.

    Of each item of evidence any one of its alternatives is enough. Texts that are in none of the documents are left
    out, and counted. None where no evidence is in the documents.
    """
    items = [list(filter(None, map(placement.find, alternatives))) for alternatives in evidence]
    placed = [placement.find(each) for each in retrieved]
    ranked = list(dict.fromkeys(filter(None, placed)))
    known = [item for item in items if item]
    if not known:
        return None
    missing = SingleRecall(0.0, placed.count(None), len(items) - len(known))
    if not ranked:
        return missing
    chunking, rows = placement.chunking(ranked, config)
    ranking = np.array([[rows[place] for place in ranked]], np.int64)
    question = Question("q", "", tuple(Evidence(tuple(_on_line(placement, place) for place in item)) for item in known))
    scores = score(chunking, ranking, Questions("", "", (question,)), config, ["budget"])
    return missing._replace(recall=float(scores.per_question[HEADLINE][0]))


def _on_line(placement: TextPlacement, place: Placed) -> tuple[int, int]:
    start = int(placement.corpus.starts[place.document])
    return start + place.start, start + place.end
