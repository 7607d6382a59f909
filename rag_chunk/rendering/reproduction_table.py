"""A reproduction, as a table for the terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from rag_chunk.analysis.history import ConfigurationOutcome, Difference, MetricOutcome, Reproduction
from rag_chunk.rendering.columns import format_metric
from rag_chunk.rendering.side_by_side import Column, columns_markdown, columns_table, describe_differences


def reproduction_table(reproduction: Reproduction, _: int) -> RenderableType:
    """Return every metric of a single configuration, or of several those that differ; and what else differs."""
    parts = [
        part for each in reproduction.configurations for part in _outcome(each, _outcomes_to_show(reproduction, each))
    ]
    return Group(*parts, "", *(Text(line) for line in reproduction_notes(reproduction)))


def reproduction_markdown(reproduction: Reproduction) -> str:
    """Return the same in Markdown."""
    parts = ["# rag-chunk: reproduction\n"]
    for each in reproduction.configurations:
        parts += [
            f"{_title(each)}\n",
            *([columns_markdown(columns)] if (columns := _columns(_outcomes_to_show(reproduction, each))) else []),
        ]
    return "\n".join([*parts, "\n".join(f"- {line.strip()}" for line in reproduction_notes(reproduction)) + "\n"])


def _outcomes_to_show(reproduction: Reproduction, each: ConfigurationOutcome) -> Sequence[MetricOutcome]:
    return each.metrics if len(reproduction.configurations) == 1 else each.differing


def reproduction_notes(reproduction: Reproduction) -> list[str]:
    """Return the sentences that go under a reproduction."""
    lines = (
        ["Converted in another way:", *describe_differences(reproduction.converters)] if reproduction.converters else []
    )
    lines += _inputs("documents", reproduction.documents)
    lines += _inputs("questions", reproduction.questions) if reproduction.has_questions else []
    lines += _inputs("embedding models", reproduction.models) if reproduction.by_vectors else []
    if reproduction.recorded_by != reproduction.rag_chunk:
        lines.append(f"It was recorded by rag-chunk {reproduction.recorded_by}; this is {reproduction.rag_chunk}.")
    return [*lines, _verdict(reproduction)]


def _verdict(reproduction: Reproduction) -> str:
    """Return one sentence on whether all came out as it was recorded."""
    metrics = [metric for each in reproduction.configurations for metric in each.metrics]
    off = sum(not metric.equal for metric in metrics)
    within = (
        f" within {reproduction.tolerance:g}, since vectors of a model take part" if reproduction.by_vectors else ""
    )
    if off:
        return f"Not reproduced: {off:,} of {len(metrics):,} metrics differ{within} (times are left out)."
    equal = f"all {len(metrics):,} metrics are equal{within} (times are left out)"
    return (
        f"Reproduced: {equal}."
        if reproduction.is_equal
        else f"Not reproduced, though {equal}: it was made of other input."
    )


def _inputs(kind: str, differences: Sequence[Difference]) -> Iterator[str]:
    if not differences:
        yield f"The {kind} are as they were."
        return
    yield f"{kind.capitalize()} that are not as they were: {len(differences):,}"
    yield from describe_differences(differences)


def _outcome(outcome: ConfigurationOutcome, shown: Sequence[MetricOutcome]) -> list[RenderableType]:
    columns = _columns(shown)
    return [Text(_title(outcome)), *([columns_table(columns)] if columns else [])]


def _title(outcome: ConfigurationOutcome) -> str:
    equal = len(outcome.metrics) - len(outcome.differing)
    return f"{outcome.name}: {equal:,} of {len(outcome.metrics):,} metrics are equal"


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
