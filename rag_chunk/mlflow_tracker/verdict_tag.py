"""What an analysis says of each configuration, as the tag `rag_chunk.verdict`, by which runs are searched."""

from typing import Literal

from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.config.catalog import is_bound

VERDICT = "rag_chunk.verdict"
RECOMMENDED: Literal["recommended"] = "recommended"
Verdict = Literal["recommended", "tied", "worse"]


def verdict_of(report: Report, result: ConfigurationResult) -> Verdict | None:
    """Return whether a configuration is recommended for its retriever, shown worse than the leader, or neither.

    Without questions there is no verdict, nor of a bound, which no pipeline can have. Where every score is 0, nothing
    is recommended.
    """
    comparison = report.comparison_of(result)
    if comparison is None or is_bound(result.config.retriever):
        return None
    rivals = [each for each in report.configurations if report.comparison_of(each) is comparison]
    if result.name == comparison.recommended and any(each.metrics.get(comparison.metric) for each in rivals):
        return RECOMMENDED
    return "tied" if result.name in comparison.not_shown_worse else "worse"


def recommended_of(report: Report) -> ConfigurationResult | None:
    """Return the configuration to take; none without questions, or where there are only bounds."""
    chosen = report.best
    return None if report.comparison is None or is_bound(chosen.config.retriever) else chosen
