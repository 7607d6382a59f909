"""Two gates over a comparison: is any side worse than the first by more than the margin?

The gate for CI (`compare --fail-if-worse`) goes by the means alone: a person looks at what it stops, and with few
questions a gate that waited for proof would let everything pass. The gate for an alias (`promote --if-better`) goes by the
paired test: somebody has chosen the new config already, and only a drop that the questions show keeps it out. Both say
what the questions cannot rule out.
"""

from rag_chunk.analysis import verdicts
from rag_chunk.analysis.history.outcomes import ComparisonReport
from rag_chunk.analysis.report import AgainstBaseline

_TOLERANCE = 1e-9


def worse(report: ComparisonReport, margin: float, *, only_shown: bool = False) -> tuple[AgainstBaseline, ...]:
    """Return the sides whose mean is more than `margin` below the first's; `only_shown`: where the paired test shows it."""
    lower = (each for each in report.against if each.difference < -margin - _TOLERANCE)
    return tuple(each for each in lower if each.shown == "worse" or not only_shown)


def gate_verdict(report: ComparisonReport, margin: float, *, only_shown: bool = False) -> tuple[str, ...]:
    """Return one sentence a side on whether it is worse than the first, as `worse` decides."""
    first, lower, failed = report.sides[0].label, worse(report, margin), worse(report, margin, only_shown=only_shown)
    return tuple(
        verdicts.unshown_drop(each, first, margin)
        if each in lower and each not in failed
        else verdicts.gate_verdict(each, first, margin, worse=each in failed)
        for each in report.against
    )
