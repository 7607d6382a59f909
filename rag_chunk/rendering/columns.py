"""Which columns a comparison shows, and how a number is written."""

from itertools import chain

from rag_chunk.analysis.report import AgainstBaseline, ComparisonResult, ConfigurationResult, Report
from rag_chunk.config.metric_table import METRICS, ON_REQUEST, metrics_of

SCORED = tuple(row.name for row in sorted(METRICS.values(), key=lambda row: row.column) if row.column)
STRUCTURAL = tuple(row.name for row in sorted(METRICS.values(), key=lambda row: row.plain_column) if row.plain_column)
LEGEND = {"*": "recommended", "=": "not shown worse than the leader", "-": "shown worse"}
_MOST_NAMED = 10
_SHOWN = 0.005  # a share that is 1 % when it is rounded


def columns_to_show(report: Report) -> list[str]:
    """Return the metrics that a comparison shows, most important first: only those that the report has.

    What was asked for by name (the user's own, and those on request) comes right after the first.
    """
    there = dict.fromkeys(chain.from_iterable(found.metrics for found in report.configurations))
    if not report.questions:
        return [name for name in STRUCTURAL if name in there]
    asked = [name for name in there if name not in METRICS]
    asked += metrics_of(*ON_REQUEST)
    return [name for name in (SCORED[0], *asked, *SCORED[1:]) if name in there]


def all_columns(report: Report) -> list[str]:
    """Return every metric that the report has, those that a comparison shows first."""
    names = dict.fromkeys(columns_to_show(report))
    for found in report.configurations:
        names.update(dict.fromkeys(sorted(found.metrics)))
    return list(names)


def format_metric(name: str, value: float | None) -> str:
    """Return a metric's value as it is shown: whole numbers grouped, times in seconds, others to three places."""
    if value is None:
        return ""
    row = METRICS.get(name)
    form = row.format if row else "seconds" if name.endswith("_time") else "decimal"
    return {"whole": f"{value:,.0f}", "seconds": f"{value:.2f}s", "decimal": f"{value:.3f}"}[form]


def groups(report: Report) -> list[tuple[ComparisonResult | None, list[ConfigurationResult]]]:
    """Return the configurations that were compared with each other, with their comparison; without one, all."""
    found: dict[int, tuple[ComparisonResult | None, list[ConfigurationResult]]] = {}
    for each in report.configurations:
        comparison = report.comparison_of(each)
        found.setdefault(id(comparison), (comparison, []))[1].append(each)
    return list(found.values())


def mark(report: Report, found: ConfigurationResult) -> str:
    """Return the mark of a configuration: see `LEGEND`; nothing where no comparison was made."""
    comparison = report.comparison_of(found)
    rivals = [each for each in report.configurations if report.comparison_of(each) is comparison]
    if comparison is None or len(rivals) == 1 or all_scores_are_zero(comparison, rivals):
        return ""
    if found.name == comparison.recommended:
        return "*"
    return "=" if found.name in comparison.not_shown_worse else "-"


def all_scores_are_zero(comparison: ComparisonResult, found: list[ConfigurationResult]) -> bool:
    """Whether every score is 0, so that no configuration is to be recommended."""
    chose = comparison.holdout.means.values() if comparison.holdout else ()
    return not any((*(each.metrics[comparison.metric] for each in found), *chose))


def has_baseline(report: Report) -> bool:
    """Whether some configurations were compared with a baseline."""
    return any(comparison.baseline for comparison in report.comparisons)


def against_baseline(report: Report, found: ConfigurationResult, *, interval: bool) -> str:
    """Return how a configuration stands to the baseline, in points; nothing where they were not compared."""
    comparison = report.comparison_of(found)
    if comparison is None or comparison.baseline is None:
        return ""
    if found.name == comparison.baseline.name:
        return "baseline"
    others = {other.name: other for other in comparison.baseline.others}
    return _stands(others[found.name], interval=interval) if found.name in others else ""


def _stands(other: AgainstBaseline, *, interval: bool) -> str:
    shown = {"no difference": "not shown"}.get(other.shown, other.shown)
    ends = f" ({100 * other.low:+.1f} to {100 * other.high:+.1f})" if interval else ""
    return f"{100 * other.difference:+.1f}{ends} {shown}"


def legend(report: Report) -> str:
    """Return what the marks mean, of those that occur."""
    seen = {mark(report, found) for found in report.configurations}
    return "   ".join(f"{sign} {meaning}" for sign, meaning in LEGEND.items() if sign in seen)


def notes(report: Report) -> list[str]:
    """Return the sentences that go under a comparison: the verdict, and what was merged, skipped and left out."""
    compared = groups(report)
    verdicts = [
        sentence
        for comparison, found in compared
        for sentence in (*_head(comparison, alone=len(compared) == 1), *_verdict(comparison, found))
    ]
    return [*draft_note(report), *verdicts, *remarks(report)]


def remarks(report: Report) -> list[str]:
    """Return the sentences on what was merged, and what was skipped."""
    merged = [
        f"{found.name} has the same chunks as {', '.join(found.merged)}"
        for found in report.configurations
        if found.merged
    ]
    return [*merged, *_unread(report), *(f"{entry.name}: {entry.reason}" for entry in report.skipped)]


def _unread(report: Report) -> list[str]:
    """Return a sentence for each embedding model that does not read all of the chunks."""
    cut: dict[tuple[str, int], list[str]] = {}
    for found in report.configurations:
        share = found.metrics.get("share_unread", 0.0)
        if found.embedding and found.embedding.limit and share > 0:
            text = f"{100 * share:.0f} %" if share >= _SHOWN else "under 1 %"
            model = (str(found.config.embedding_model), found.embedding.limit)
            cut.setdefault(model, []).append(f"{text} of {found.name}")
    return [
        f"{model} reads {limit:,} tokens of a chunk; what is past them has no vector: {', '.join(shares[:_MOST_NAMED])}"
        + (f" and of {len(shares) - _MOST_NAMED} more." if len(shares) > _MOST_NAMED else ".")
        for (model, limit), shares in cut.items()
    ]


def draft_note(report: Report) -> list[str]:
    """Say that nobody has asked the questions, where that is so: no verdict on drafts is worth anything."""
    asked = report.questions
    if asked is None or not asked.unreviewed:
        return []
    drafts = f"{asked.unreviewed} of the {asked.count} questions are drafts that nobody has reviewed"
    return [f"{drafts}: this decides nothing yet."]


def _head(comparison: ComparisonResult | None, *, alone: bool) -> list[str]:
    return [] if comparison is None or alone else [f"Retriever {' and '.join(comparison.retrievers)}:"]


def _verdict(comparison: ComparisonResult | None, found: list[ConfigurationResult]) -> list[str]:
    """Return the verdict, and which configurations are the best for what they cost."""
    if comparison is None:
        return []
    if len(found) == 1 or not comparison.pareto or all_scores_are_zero(comparison, found):
        return list(comparison.verdict)
    named, more = comparison.pareto[:_MOST_NAMED], len(comparison.pareto) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    front = f"Best for their index and context size (none has as much recall for less): {', '.join(named)}{rest}."
    return [*comparison.verdict, front]
