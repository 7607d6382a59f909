"""Scores one configuration: how much of the evidence its chunks bring back, and for how many characters."""

from rag_chunk.scorer.budget import CURVE, LADDER, budgets_of, fills_budgets, required_depth, usual_depth
from rag_chunk.scorer.groups import GROUPS, SHAPE, Scores, score
from rag_chunk.scorer.shape import shape_metrics

__all__ = [
    "CURVE",
    "GROUPS",
    "LADDER",
    "SHAPE",
    "Scores",
    "budgets_of",
    "fills_budgets",
    "required_depth",
    "score",
    "shape_metrics",
    "usual_depth",
]
