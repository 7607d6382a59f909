"""Scores one configuration: how much of the evidence its chunks bring back, and for how many characters."""

from rag_chunk.scorer.bounds import ORACLE, ranked
from rag_chunk.scorer.score import GROUPS, SHAPE, Scores, score
from rag_chunk.scorer.shape import shape_metrics
from rag_chunk.scorer.walk import CURVE, LADDER, budgets_of, depth_needed

__all__ = [
    "CURVE",
    "GROUPS",
    "LADDER",
    "ORACLE",
    "SHAPE",
    "Scores",
    "budgets_of",
    "depth_needed",
    "ranked",
    "score",
    "shape_metrics",
]
