"""Which columns a comparison shows, and how a number is written."""

from rag_chunk.report import ConfigurationResult, Report

SCORED = (
    "budget_recall",
    "avg_recall",
    "avg_precision",
    "avg_f1",
    "context_size",
    "intact",
    "num_chunks",
    "precision_omega",
    "chunk_size_p50",
    "processing_time",
)
STRUCTURAL = (
    "num_chunks",
    "chunk_size_p5",
    "chunk_size_p50",
    "chunk_size_p95",
    "chunk_size_max",
    "share_tiny",
    "coverage",
    "index_ratio",
    "processing_time",
)
_WHOLE = ("num_chunks", "context_size", "chunk_size")
LEGEND = {"*": "recommended", "=": "not shown worse than the leader", "-": "shown worse"}


def shown_columns(report: Report) -> list[str]:
    """Return the metrics that a comparison shows, most important first: only those that the report has."""
    wanted = SCORED if report.questions else STRUCTURAL
    return [name for name in wanted if any(name in found.metrics for found in report.configurations)]


def all_columns(report: Report) -> list[str]:
    """Return every metric that the report has, those that a comparison shows first."""
    names = dict.fromkeys(shown_columns(report))
    for found in report.configurations:
        names.update(dict.fromkeys(sorted(found.metrics)))
    return list(names)


def formatted(name: str, value: float | None) -> str:
    """Return a metric's value as it is shown: whole numbers grouped, times in seconds, others to three places."""
    if value is None:
        return ""
    if name.startswith(_WHOLE):
        return f"{value:,.0f}"
    return f"{value:.2f}s" if name.endswith("_time") else f"{value:.3f}"


def mark(report: Report, found: ConfigurationResult) -> str:
    """Return the mark of a configuration: see `LEGEND`; nothing where no comparison was made."""
    if report.comparison is None or len(report.configurations) == 1:
        return ""
    if found.name == report.comparison.recommended:
        return "*"
    return "=" if found.name in report.comparison.not_shown_worse else "-"


def legend(report: Report) -> str:
    """Return what the marks mean, of those that occur."""
    seen = {mark(report, found) for found in report.configurations}
    return "   ".join(f"{sign} {meaning}" for sign, meaning in LEGEND.items() if sign in seen)


def notes(report: Report) -> list[str]:
    """Return the sentences that go under a comparison: what was merged, skipped and left out, and the verdict."""
    merged = [
        f"{found.name} has the same chunks as {', '.join(found.merged)}"
        for found in report.configurations
        if found.merged
    ]
    skipped = [f"{entry.name}: {entry.reason}" for entry in report.skipped]
    verdict = list(report.comparison.verdict) if report.comparison else []
    return [*verdict, *merged, *skipped]
