"""Analyses that were tracked or saved, side by side, and an analysis beside its own reproduction."""

from rag_chunk.comparison.gate import gate_verdict, worse
from rag_chunk.comparison.pairing import document_differences, paired
from rag_chunk.comparison.recorded import AskedQuestion, Recorded, parse_questions, recorded_analysis
from rag_chunk.comparison.reproduced import reproduced
from rag_chunk.comparison.side_by_side import compare_recorded
from rag_chunk.comparison.values import (
    ComparedSide,
    ComparisonReport,
    ConfigurationOutcome,
    Difference,
    MetricOutcome,
    Reproduction,
)

__all__ = [
    "AskedQuestion",
    "ComparedSide",
    "ComparisonReport",
    "ConfigurationOutcome",
    "Difference",
    "MetricOutcome",
    "Recorded",
    "Reproduction",
    "compare_recorded",
    "document_differences",
    "gate_verdict",
    "paired",
    "parse_questions",
    "recorded_analysis",
    "reproduced",
    "worse",
]
