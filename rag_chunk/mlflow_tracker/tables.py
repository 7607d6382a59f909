"""Results as what MLflow's pages show: tables in JSON, and Markdown."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.mlflow_tracker.verdict_tag import recommended_of

FIRST_METRICS = ("budget_recall", "avg_recall", "avg_precision", "avg_f1", "intact", "num_chunks", "processing_time")
LONGEST_DESCRIPTION = 4900  # MLflow before 2.3 takes 5,000 characters
_json = json.JSONEncoder(ensure_ascii=False).encode  # made once: `json.dumps` would make it anew for each row


def table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Return the JSON that MLflow's pages show as a table, a row a line."""
    lines = ",\n".join(_json(list(row)) for row in rows)
    return f'{{"columns": {_json(list(columns))},\n"data": [\n{lines}\n]}}\n'


def question_table(result: ConfigurationResult) -> str:
    """Return the scores of each question, with the chunks that were retrieved for it."""
    scores = headline_first({name: 0.0 for question in result.questions for name in question.scores})
    rows = (
        [
            question.id,
            question.question,
            *map(question.scores.get, scores),
            question.rank,
            ", ".join(question.causes),
            ", ".join(question.retrieved),
        ]
        for question in result.questions
    )
    return table(["id", "question", *scores, "rank", "causes", "retrieved"], rows)


def comparison_table(report: Report) -> str:
    """Return all configurations with their metrics and settings, best first."""
    settings = list(report.configurations[0].config.params())
    metrics = list(dict.fromkeys(name for result in report.configurations for name in headline_first(result.metrics)))
    rows = (
        [result.name, *(result.metrics.get(name) for name in metrics), *result.config.params().values()]
        for result in report.configurations
    )
    return table(["configuration", *metrics, *settings], rows)


def headline_first(metrics: Mapping[str, float]) -> list[str]:
    """Return the names of metrics, those that matter most first: MLflow's pages keep the order."""
    return list(dict.fromkeys([*(name for name in FIRST_METRICS if name in metrics), *metrics]))


def description(report: Report) -> str:
    """Return the comparison in Markdown, as a run's description shows it without a click."""
    shown = [name for name in FIRST_METRICS if any(name in result.metrics for result in report.configurations)]
    head = _row(["configuration", *shown]) + "\n" + "|---" + "|---:" * len(shown) + "|"
    lines = [_line(report, result, shown) for result in report.configurations]
    parts = [*_verdict(report), head]
    return _fit("\n\n".join(parts), lines)


def _verdict(report: Report) -> list[str]:
    if not report.comparison:
        return []
    verdicts = [sentence for comparison in report.comparisons for sentence in comparison.verdict]
    return [" ".join(verdicts) or f"Recommended: {report.comparison.representative}"]


def _line(report: Report, result: ConfigurationResult, metrics: Sequence[str]) -> str:
    best = result is recommended_of(report)
    name = f"**{result.name}**" if best else result.name
    return _row([name, *(figure(result.metrics.get(metric)) for metric in metrics)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |"


def figure(value: float | None) -> str:
    """Return a metric's value in few digits; a dash where there is none."""
    if value is None:
        return "-"
    return f"{value:,.0f}" if float(value).is_integer() and abs(value) > 1 else f"{value:.3f}"


def _fit(head: str, lines: Sequence[str]) -> str:
    """Return as many lines as fit into a description, and say how many do not."""
    text = head[:LONGEST_DESCRIPTION]
    for number, line in enumerate(lines):
        if len(text) + len(line) > LONGEST_DESCRIPTION:
            return f"{text}\n\n… and {len(lines) - number} more: see comparison.csv"
        text += "\n" + line
    return text


def configuration_page(report: Report, result: ConfigurationResult) -> str:
    """Return one configuration in Markdown: its settings, its metrics, the questions that found least."""
    parts = [f"# {result.name}", *_note(report, result), "## Settings", _pairs(result.config.params())]
    parts += ["## Metrics", _pairs({name: figure(value) for name, value in result.metrics.items()})]
    return "\n\n".join([*parts, *_weakest(report, result)]) + "\n"


def _note(report: Report, result: ConfigurationResult) -> list[str]:
    if not report.comparison or result is not recommended_of(report):
        return []
    return [f"The recommended configuration of {len(report.configurations)}. " + " ".join(report.comparison.verdict)]


def _pairs(values: Any) -> str:
    return "\n".join(["| name | value |", "|---|---|", *(_row([name, str(value)]) for name, value in values.items())])


def _weakest(report: Report, result: ConfigurationResult, most: int = 10) -> list[str]:
    """Return the questions that score below 1, lowest first."""
    metric = report.comparison.metric if report.comparison else FIRST_METRICS[0]
    scored = [(question.scores[metric], question) for question in result.questions if metric in question.scores]
    weak = sorted((pair for pair in scored if pair[0] < 1), key=lambda pair: pair[0])[:most]
    rows = [_row([question.id, figure(score), question.question]) for score, question in weak]
    head = [f"| id | {metric} | question |", "|---|---:|---|"]
    return [f"## Questions with the lowest {metric}", "\n".join([*head, *rows])] if rows else []
