"""Analyses that were tracked or saved, side by side, and an analysis beside its own reproduction."""

from rag_chunk.analysis.history.converter_differences import converter_differences
from rag_chunk.analysis.history.gate import gate_verdict, worse
from rag_chunk.analysis.history.metric_check import compare_metrics
from rag_chunk.analysis.history.outcomes import (
    ComparedSide,
    ComparisonReport,
    ConfigurationOutcome,
    Difference,
    MetricOutcome,
    Reproduction,
)
from rag_chunk.analysis.history.paired_comparison import compare_analyses
from rag_chunk.analysis.history.pairing import document_differences, pair_questions
from rag_chunk.analysis.history.saved_analysis import AskedQuestion, SavedAnalysis, parse_questions, saved_from_analysis

__all__ = [
    "AskedQuestion",
    "ComparedSide",
    "ComparisonReport",
    "ConfigurationOutcome",
    "Difference",
    "MetricOutcome",
    "Reproduction",
    "SavedAnalysis",
    "compare_analyses",
    "compare_metrics",
    "converter_differences",
    "document_differences",
    "gate_verdict",
    "pair_questions",
    "parse_questions",
    "saved_from_analysis",
    "worse",
]
