"""A gate for CI: is any side worse than the first?

Worse means that the mean over the common questions is lower by more than the margin, whether or not the questions show
it: the margin is the drop that is put up with, and few questions are no excuse for a larger one. What lies within it
passes, also where it is shown; what the questions could not rule out is said.
"""

from rag_chunk.analysis import verdicts
from rag_chunk.analysis.history.outcomes import ComparisonReport
from rag_chunk.analysis.report import AgainstBaseline

_TOLERANCE = 1e-9


def worse(report: ComparisonReport, margin: float) -> tuple[AgainstBaseline, ...]:
    """Return the sides whose mean is more than `margin` below the first's."""
    return tuple(each for each in report.against if each.difference < -margin - _TOLERANCE)


def gate_verdict(report: ComparisonReport, margin: float) -> tuple[str, ...]:
    """Return one sentence a side on whether it is worse than the first."""
    first, failed = report.sides[0].label, worse(report, margin)
    return tuple(verdicts.gate_verdict(each, first, margin, worse=each in failed) for each in report.against)
