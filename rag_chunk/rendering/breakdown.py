"""Where recall is lost: the headline by the questions' tags, and by the documents of their evidence."""

from collections.abc import Callable, Mapping, Sequence

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, Report
from rag_chunk.rendering.columns import groups

_MOST_ROWS = 20
_FEWEST_IN_A_DOCUMENT = 3  # one or two questions say nothing of a document
Figures = Callable[[ConfigurationResult], Mapping[str, float]]


def breakdowns(report: Report) -> list[str]:
    """Return a Markdown table for tags and one for documents, for each comparison, where there are any."""
    if report.questions is None:
        return []
    return [
        part
        for comparison, results in groups(report)
        if comparison
        for part in (
            _table("tag", report.questions.by_tag, comparison, results, lambda each: each.by_tag),
            _table("document", report.questions.by_document, comparison, results, lambda each: each.by_document),
        )
        if part
    ]


def names_to_show(kind: str, recall: Mapping[str, float], counts: Mapping[str, int]) -> list[str]:
    """Return the tags or documents with the lowest recall first; documents only from a few questions on."""
    fewest = _FEWEST_IN_A_DOCUMENT if kind == "document" else 1
    return sorted((name for name in recall if counts.get(name, 0) >= fewest), key=lambda name: (recall[name], name))


def _table(
    kind: str,
    counts: Mapping[str, int],
    comparison: ComparisonResult,
    results: Sequence[ConfigurationResult],
    figures: Figures,
) -> str:
    """Return the recommended configuration's recall under each name, lowest first, and which has the most."""
    ours = figures(next(each for each in results if each.name == comparison.representative))
    names = names_to_show(kind, ours, counts)
    rows = [_row(name, counts.get(name, 0), ours[name], results, figures) for name in names[:_MOST_ROWS]]
    left = len(names) - len(rows)
    more = [f"\n{left} more {kind}s are in report.json."] if left > 0 else []
    title = f"## {comparison.metric} by {kind}, {' and '.join(comparison.retrievers)}\n"
    head = f"| {kind} | questions | `{comparison.representative}` | highest | by |\n|---|---:|---:|---:|---|"
    return "\n".join([title, head, *rows, *more]) + "\n" if rows else ""


def _row(name: str, count: int, recall: float, results: Sequence[ConfigurationResult], figures: Figures) -> str:
    best = max(results, key=lambda each: figures(each).get(name, 0.0))
    clean = name.replace("|", "\\|").replace("\n", " ")
    return f"| {clean} | {count} | {recall:.3f} | {figures(best).get(name, 0.0):.3f} | `{best.name}` |"
