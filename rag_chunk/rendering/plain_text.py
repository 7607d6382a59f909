"""The comparison as CSV and as Markdown."""

import csv
import io

from rag_chunk.analysis.phrases import count_questions
from rag_chunk.analysis.report import Report, last_part
from rag_chunk.config import RunConfig
from rag_chunk.rendering.breakdown import breakdowns
from rag_chunk.rendering.columns import (
    against_baseline,
    all_columns,
    columns_to_show,
    format_metric,
    has_baseline,
    legend,
    mark,
    notes,
    skipped_lines,
)


def csv_text(report: Report) -> str:
    """Return one row a configuration: its name, every setting, every metric."""
    metrics = all_columns(report)
    settings = list(RunConfig.model_fields)
    written = io.StringIO()
    rows = csv.writer(written, lineterminator="\n")
    rows.writerow(["configuration", *settings, *metrics])
    for result in report.configurations:
        values = result.config.model_dump()
        rows.writerow(
            [result.name, *(values[name] for name in settings), *(result.metrics.get(name, "") for name in metrics)]
        )
    return written.getvalue()


def markdown_table(report: Report) -> str:
    """Return the comparison as a Markdown table."""
    columns, baseline = columns_to_show(report), ["against baseline"] if has_baseline(report) else []
    heads = [*columns[:1], *baseline, *columns[1:]]
    lines = ["| | configuration | " + " | ".join(heads) + " |", "|---|---|" + "---:|" * len(heads)]
    for result in report.configurations:
        cells = [format_metric(name, result.metrics.get(name)) for name in columns]
        cells[1:1] = [against_baseline(report, result, interval=True) for _ in baseline]
        lines.append(f"| {mark(report, result)} | `{result.name}` | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def markdown_text(report: Report) -> str:
    """Return the report in Markdown: what was analysed, the comparison, the verdict."""
    corpus, questions = report.corpus, report.questions
    asked = f", {count_questions(questions.count)} from `{last_part(questions.source)}`" if questions else ""
    documents = f"{corpus.num_documents:,} {'document' if corpus.num_documents == 1 else 'documents'}"
    parts = [
        f"# rag-chunk: {report.title}\n",
        f"{documents} of {corpus.characters:,} characters{asked}.\n",
        markdown_table(report),
        f"{legend(report)}\n",
        "\n".join(f"- {note}" for note in [*notes(report), *skipped_lines(report)]) + "\n",
        *breakdowns(report),
    ]
    return "\n".join(part for part in parts if part.strip())
