"""Which columns a comparison shows, and how a number is written."""

from collections.abc import Sequence
from itertools import chain

from rag_chunk.analysis.report import AgainstBaseline, ComparisonResult, ConfigurationResult, Report
from rag_chunk.config.metric_table import METRICS, ON_REQUEST, metrics_of
from rag_chunk.questions.diagnostics import warn_of_drafts

SCORED = tuple(row.name for row in sorted(METRICS.values(), key=lambda row: row.column) if row.column)
STRUCTURAL = tuple(row.name for row in sorted(METRICS.values(), key=lambda row: row.plain_column) if row.plain_column)
LEGEND = {"*": "recommended", "=": "may be as good as the highest", "-": "clearly worse"}
_MOST_NAMED = 10
_AVERAGES = "avg_"
_SHOWN = 0.005  # a share that is 1 % when it is rounded


def columns_to_show(report: Report) -> list[str]:
    """Return the metrics that a comparison shows, most important first: only those that the report has.

    What was asked for by name (the user's own, and those on request) comes right after the first.
    """
    there = dict.fromkeys(chain.from_iterable(result.metrics for result in report.configurations))
    if not report.questions:
        return [name for name in (STRUCTURAL[0], *metrics_of("costs"), *STRUCTURAL[1:]) if name in there]
    asked = [name for name in there if name not in METRICS]
    asked += metrics_of(*ON_REQUEST, "costs")
    return [name for name in (SCORED[0], *asked, *SCORED[1:]) if name in there]


def all_columns(report: Report) -> list[str]:
    """Return every metric that the report has, those that a comparison shows first."""
    names = dict.fromkeys(columns_to_show(report))
    for result in report.configurations:
        names.update(dict.fromkeys(sorted(result.metrics)))
    return list(names)


def format_metric(name: str, value: float | None) -> str:
    """Return a metric's value as it is shown: whole numbers grouped, times in seconds, others to three places."""
    if value is None:
        return ""
    row = METRICS.get(name)
    form = row.format if row else "seconds" if name.endswith("_time") else "decimal"
    return {"whole": f"{value:,.0f}", "seconds": f"{value:.2f}s", "decimal": f"{value:.3f}", "price": f"{value:.4g}"}[
        form
    ]


def groups(report: Report) -> list[tuple[ComparisonResult | None, list[ConfigurationResult]]]:
    """Return the configurations that were compared with each other, with their comparison; without one, all."""
    by_comparison: dict[int, tuple[ComparisonResult | None, list[ConfigurationResult]]] = {}
    for each in report.configurations:
        comparison = report.comparison_of(each)
        by_comparison.setdefault(id(comparison), (comparison, []))[1].append(each)
    return list(by_comparison.values())


def mark(report: Report, result: ConfigurationResult) -> str:
    """Return the mark of a configuration: see `LEGEND`; nothing where no comparison was made."""
    comparison = report.comparison_of(result)
    rivals = [each for each in report.configurations if report.comparison_of(each) is comparison]
    if comparison is None or len(rivals) == 1 or all_scores_are_zero(comparison, rivals):
        return ""
    if result.name == comparison.recommended:
        return "*"
    return "=" if result.name in comparison.not_shown_worse else "-"


def all_scores_are_zero(comparison: ComparisonResult, results: list[ConfigurationResult]) -> bool:
    """Whether every score is 0, so that no configuration is to be recommended."""
    chose = comparison.holdout.means.values() if comparison.holdout else ()
    return not any((*(each.metrics[comparison.metric] for each in results), *chose))


def has_baseline(report: Report) -> bool:
    """Whether some configurations were compared with a baseline."""
    return any(comparison.baseline for comparison in report.comparisons)


def against_baseline(report: Report, result: ConfigurationResult, *, interval: bool) -> str:
    """Return how far a configuration is from the baseline, in points; nothing where they were not compared."""
    comparison = report.comparison_of(result)
    if comparison is None or comparison.baseline is None:
        return ""
    if result.name == comparison.baseline.name:
        return "baseline"
    others = {other.name: other for other in comparison.baseline.others}
    return _stands(others[result.name], interval=interval) if result.name in others else ""


def _stands(other: AgainstBaseline, *, interval: bool) -> str:
    shown = {"no difference": "not shown"}.get(other.shown, other.shown)
    ends = f" ({100 * other.low:+.1f} to {100 * other.high:+.1f})" if interval else ""
    return f"{100 * other.difference:+.1f}{ends} {shown}"


def legend(report: Report) -> str:
    """Return what the marks mean, of those that occur."""
    seen = {mark(report, result) for result in report.configurations}
    return "   ".join(f"{sign}: {meaning}" for sign, meaning in LEGEND.items() if sign in seen)


def column_help(report: Report, names: Sequence[str]) -> str:
    """Return what the columns of these metrics hold, in one line; the `avg_` ones are explained together."""
    texts = {name: metric_help(report, name) for name in names if name in METRICS}
    if any(name.startswith(_AVERAGES) for name in texts):
        texts = {f"{_AVERAGES}*" if name.startswith(_AVERAGES) else name: text for name, text in texts.items()}
        texts |= {f"{_AVERAGES}*": f"measured on the first {report.configurations[0].config.top_k} chunks"}
    return "; ".join(f"{name}: {text}" for name, text in texts.items())


def metric_help(report: Report, name: str) -> str:
    """Return what a metric is, with the budget and the number of chunks that this report has."""
    config = report.configurations[0].config
    same_budget = len({each.config.budget_text for each in report.configurations}) == 1
    row = METRICS.get(name)
    text = row.help if row else "a metric of your own"
    return text.replace("`budget`", config.budget_text if same_budget else "`budget`").replace(
        "top_k", str(config.top_k)
    )


def notes(report: Report, *, explain: bool = True) -> list[str]:
    """Return the sentences that go under a comparison: the verdict, its reasons, and what was merged."""
    compared = groups(report)
    verdicts = [
        sentence
        for comparison, results in compared
        for sentence in (
            *_head(comparison, alone=len(compared) == 1),
            *(comparison.verdict if comparison else ()),
            *(comparison.reviewed.verdict if comparison and comparison.reviewed else ()),
            *(_explanation(comparison, results) if comparison and explain else ()),
        )
    ]
    return [*caveats(report), *verdicts, *remarks(report)]


def skipped_lines(report: Report) -> list[str]:
    """Return the sentences on what was skipped; on the terminal, notices have said so before."""
    return [f"{entry.name}: {entry.reason}" for entry in report.skipped]


def remarks(report: Report) -> list[str]:
    """Return the sentences on what was merged, and on text that no model reads."""
    merged = [
        f"{result.name} has the same chunks as {', '.join(result.merged)}"
        for result in report.configurations
        if result.merged
    ]
    return [*merged, *_unread(report), *_partly_located(report)]


def _partly_located(report: Report) -> list[str]:
    """Return a sentence on the questions of whose evidence the documents have a part alone."""
    shares = (report.questions.partly_located if report.questions else None) or {}
    if not shares:
        return []
    least = sorted(shares.items(), key=lambda each: each[1])
    named = ", ".join(f"{name} ({int(100 * share)} %)" for name, share in least[:_MOST_NAMED])
    more = f" and {len(least) - _MOST_NAMED} more" if len(least) > _MOST_NAMED else ""
    return [f"Only a part of the evidence is in the documents, and only that part counts: of {named}{more}."]


def _unread(report: Report) -> list[str]:
    """Return a sentence for each embedding model that does not read all of the chunks."""
    cut: dict[tuple[str, int], list[str]] = {}
    for result in report.configurations:
        share = result.metrics.get("share_unread", 0.0)
        if result.embedding and result.embedding.limit and share > 0:
            text = f"{100 * share:.0f} %" if share >= _SHOWN else "under 1 %"
            model = (str(result.config.embedding_model), result.embedding.limit)
            cut.setdefault(model, []).append(f"{text} of {result.name}")
    return [
        f"{model} reads {limit:,} tokens of a chunk; text past them has no vector: {', '.join(shares[:_MOST_NAMED])}"
        + (f" and of {len(shares) - _MOST_NAMED} more." if len(shares) > _MOST_NAMED else ".")
        for (model, limit), shares in cut.items()
    ]


def caveats(report: Report) -> list[str]:
    """Return the warnings that come before every verdict: of drafts, and of evidence that is left out."""
    asked = report.questions
    if asked is None:
        return []
    drafts = draft_warning(report)
    return [*([drafts] if drafts else []), *([asked.left_out.sentence] if asked.left_out else [])]


def draft_warning(report: Report) -> str:
    """Return the warning that some questions are drafts; empty if all are reviewed."""
    asked = report.questions
    return warn_of_drafts(asked.unreviewed, asked.count) if asked and asked.unreviewed else ""


def _head(comparison: ComparisonResult | None, *, alone: bool) -> list[str]:
    return [] if comparison is None or alone else [f"Retriever {' and '.join(comparison.retrievers)}:"]


def _explanation(comparison: ComparisonResult, results: list[ConfigurationResult]) -> list[str]:
    """Return the reasons of the verdict, and which configurations are the best for what they cost."""
    if len(results) == 1 or not comparison.pareto or all_scores_are_zero(comparison, results):
        return list(comparison.explanation)
    named, more = comparison.pareto[:_MOST_NAMED], len(comparison.pareto) - _MOST_NAMED
    rest = f" and {more} more" if more > 0 else ""
    front = f"Best for their index and context size (none has as much recall for less): {', '.join(named)}{rest}."
    return [*comparison.explanation, front]
