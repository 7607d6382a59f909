"""Analyses that were tracked or saved, side by side, and an analysis beside its own reproduction."""

from rag_chunk.analysis.history.gate import gate_verdict, worse
from rag_chunk.analysis.history.metric_check import reproduced
from rag_chunk.analysis.history.outcomes import (
    ComparedSide,
    ComparisonReport,
    ConfigurationOutcome,
    Difference,
    MetricOutcome,
    Reproduction,
)
from rag_chunk.analysis.history.paired_comparison import compare_recorded
from rag_chunk.analysis.history.pairing import document_differences, paired
from rag_chunk.analysis.history.saved_analysis import AskedQuestion, Recorded, parse_questions, recorded_analysis

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
