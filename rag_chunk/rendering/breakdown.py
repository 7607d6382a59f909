"""Where recall is lost: the headline by the questions' tags, and by the documents of their evidence."""

from collections.abc import Callable, Mapping, Sequence

from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, Report
from rag_chunk.rendering.columns import groups

_MOST_ROWS = 20
_MOST_NAMED = 8
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


def describe_missed(kind: str, names: Sequence[str]) -> str:
    """Say in one sentence under which tags or documents no configuration brings anything back; empty without any."""
    if not names:
        return ""
    more = f" and {len(names) - _MOST_NAMED:,} more" if len(names) > _MOST_NAMED else ""
    count = f"1 {kind}" if len(names) == 1 else f"{len(names):,} {kind}s"
    return f"No configuration retrieves any evidence of {count}: {', '.join(names[:_MOST_NAMED])}{more}."


def is_missed(name: str, results: Sequence[ConfigurationResult], figures: Figures) -> bool:
    """Whether no configuration brings anything back under a name: a row of zeros says no more than that."""
    return not any(figures(each).get(name, 0.0) for each in results)


def _table(
    kind: str,
    counts: Mapping[str, int],
    comparison: ComparisonResult,
    results: Sequence[ConfigurationResult],
    figures: Figures,
) -> str:
    """Return the recommended configuration's recall under each name, lowest first, and which has the most."""
    ours = figures(next(each for each in results if each.name == comparison.representative))
    listed = names_to_show(kind, ours, counts)
    missed = [name for name in listed if is_missed(name, results, figures)]
    names = [name for name in listed if name not in missed]
    rows = [_row(name, counts.get(name, 0), ours[name], results, figures) for name in names[:_MOST_ROWS]]
    left = len(names) - len(rows)
    more = [f"\n{left} more {kind}s are in report.json."] if left > 0 else []
    more += [f"\n{_clean(describe_missed(kind, missed))}"] if missed else []
    title = f"## {comparison.metric} by {kind}, {' and '.join(comparison.retrievers)}\n"
    head = f"| {kind} | questions | `{comparison.representative}` | highest | by |\n|---|---:|---:|---:|---|"
    if not rows:
        return "\n".join([title, *more]) + "\n" if missed else ""
    return "\n".join([title, head, *rows, *more]) + "\n"


def _row(name: str, count: int, recall: float, results: Sequence[ConfigurationResult], figures: Figures) -> str:
    best = max(results, key=lambda each: figures(each).get(name, 0.0))
    return f"| {_clean(name)} | {count} | {recall:.3f} | {figures(best).get(name, 0.0):.3f} | `{best.name}` |"


def _clean(name: str) -> str:
    return name.replace("|", "\\|").replace("\n", " ")
