"""Scores one configuration: how much of the evidence its chunks bring back, and for how many characters."""

from rag_chunk.scorer.budget import CURVE, LADDER, budgets_of, required_depth
from rag_chunk.scorer.groups import GROUPS, SHAPE, Scores, score
from rag_chunk.scorer.shape import shape_metrics

__all__ = [
    "CURVE",
    "GROUPS",
    "LADDER",
    "SHAPE",
    "Scores",
    "budgets_of",
    "required_depth",
    "score",
    "shape_metrics",
]
