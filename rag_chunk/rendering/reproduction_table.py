"""A reproduction, as a table for the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from rag_chunk.analysis.history import ConfigurationOutcome, Difference, MetricOutcome, Reproduction
from rag_chunk.rendering.columns import format_metric
from rag_chunk.rendering.side_by_side import Column, columns_markdown, columns_table, describe_differences


def reproduction_table(found: Reproduction, _: int) -> RenderableType:
    """Return every metric of a single configuration, or of several those that differ; and what else differs."""
    parts = [part for each in found.configurations for part in _outcome(each, _outcomes_to_show(found, each))]
    return Group(*parts, "", *(Text(line) for line in reproduction_notes(found)))


def reproduction_markdown(found: Reproduction) -> str:
    """Return the same in Markdown."""
    parts = ["# rag-chunk: reproduction\n"]
    for each in found.configurations:
        parts += [
            f"{_title(each)}\n",
            *([columns_markdown(columns)] if (columns := _columns(_outcomes_to_show(found, each))) else []),
        ]
    return "\n".join([*parts, "\n".join(f"- {line.strip()}" for line in reproduction_notes(found)) + "\n"])


def _outcomes_to_show(found: Reproduction, each: ConfigurationOutcome) -> Sequence[MetricOutcome]:
    return each.metrics if len(found.configurations) == 1 else each.differing


def reproduction_notes(found: Reproduction) -> list[str]:
    """Return the sentences that go under a reproduction."""
    lines = list(_inputs("documents", found.documents))
    lines += _inputs("questions", found.questions) if found.has_questions else []
    lines += _inputs("embedding models", found.models) if found.by_vectors else []
    if found.recorded_by != found.rag_chunk:
        lines.append(f"It was recorded by rag-chunk {found.recorded_by}; this is {found.rag_chunk}.")
    return [*lines, _verdict(found)]


def _verdict(found: Reproduction) -> str:
    """Return one sentence on whether all came out as it was recorded."""
    metrics = [metric for each in found.configurations for metric in each.metrics]
    off = sum(not metric.equal for metric in metrics)
    within = f" within {found.tolerance:g}, since vectors of a model take part" if found.by_vectors else ""
    if off:
        return f"Not reproduced: {off:,} of {len(metrics):,} metrics differ{within} (times are left out)."
    equal = f"all {len(metrics):,} metrics are equal{within} (times are left out)"
    return f"Reproduced: {equal}." if found.is_equal else f"Not reproduced, though {equal}: it was made of other input."


def _inputs(kind: str, differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        yield f"The {kind} are as they were."
        return
    yield f"{kind.capitalize()} that are not as they were: {len(differences):,}"
    yield from describe_differences(differences)


def _outcome(found: ConfigurationOutcome, shown: Sequence[MetricOutcome]) -> list[RenderableType]:
    columns = _columns(shown)
    return [Text(_title(found)), *([columns_table(columns)] if columns else [])]


def _title(found: ConfigurationOutcome) -> str:
    equal = len(found.metrics) - len(found.differing)
    return f"{found.name}: {equal:,} of {len(found.metrics):,} metrics are equal"


def _columns(shown: Sequence[MetricOutcome]) -> list[Column]:
    """Return the columns of the metrics; none where there is nothing to show."""
    if not shown:
        return []
    return [
        ("", [metric.name for metric in shown]),
        ("recorded", [format_metric(metric.name, metric.recorded) for metric in shown]),
        ("now", [format_metric(metric.name, metric.now) for metric in shown]),
        ("off by", [_off(metric) for metric in shown]),
    ]


def _off(metric: MetricOutcome) -> str:
    """Return how far off a metric is, in full: what is shown of it may look the same."""
    if metric.now is None:
        return "not measured"
    return "=" if metric.equal else f"{metric.now - metric.recorded:+.4g}"
