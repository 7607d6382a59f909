"""The page: its parts in order, and the templates that draw them."""

import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from rag_chunk.analysis import Analysis
from rag_chunk.analysis.question_power import describe_chunk_sizes, list_undecided
from rag_chunk.analysis.report import ComparisonResult, ConfigurationResult, Report
from rag_chunk.questions.coverage import describe_coverage
from rag_chunk.rendering.columns import (
    LEGEND,
    all_scores_are_zero,
    caveats,
    columns_to_show,
    format_metric,
    groups,
    mark,
    metric_help,
    remarks,
    skipped_lines,
)
from rag_chunk.rendering.html.breakdown_charts import Breakdown, breakdowns_of
from rag_chunk.rendering.html.costs import Costs, costs_of
from rag_chunk.rendering.html.curve import Curve, curve_of
from rag_chunk.rendering.html.loss_bars import (
    LossBars,
    QuestionLosses,
    group_losses_of,
    loss_bars_of,
    question_losses_of,
)
from rag_chunk.rendering.html.pairwise import DifferencePlot, comparison_of
from rag_chunk.rendering.html.sample import MOST_COLUMNS, compact, sample_of
from rag_chunk.rendering.html.size_chart import SizeChart, size_chart_of
from rag_chunk.rendering.html.sizes import Distributions, distributions_of
from rag_chunk.rendering.html.verdict import Answer, answer_of
from rag_chunk.rendering.html.viewer import data_of

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup


@dataclass(frozen=True, slots=True)
class ReportSection:
    """The configurations of one comparison, or all of them without questions."""

    retrievers: str
    answer: Answer
    sentences: tuple[str, ...]
    explanation: tuple[str, ...]
    results: tuple[ConfigurationResult, ...]
    left: int
    sizes: SizeChart | None
    comparison: DifferencePlot | None
    curve: Curve | None
    losses: LossBars | None
    group_losses: Mapping[str, LossBars | None]
    question_losses: QuestionLosses | None
    costs: Costs | None
    breakdowns: tuple[Breakdown, ...]


def html_text(analysis: Analysis) -> str:
    """Return the report as one HTML file. It needs no other file, no network and no server."""
    report = analysis.report
    numbers = {result.name: number for number, result in enumerate(report.configurations)}
    sample, members = sample_of(analysis), _members(analysis)
    data, excerpts, left_out = data_of(analysis, sample)
    style, script = _source("style.css"), _source("script.js")
    text: str = (
        _environment()
        .get_template("page.html")
        .render(
            report=report,
            source=report.title,
            characters=report.corpus.characters,
            parts=[_part(report, comparison, result, numbers, members) for comparison, result in groups(report)],
            sizes=_sizes(analysis, numbers),
            columns=columns_to_show(report),
            numbers=numbers,
            names=_pattern(numbers),
            remarks=[*sample.notes, *left_out, *_remarks(report)],
            coverage=_coverage(analysis),
            has_questions=bool(sample.questions),
            style=style,
            script=script,
            policy=_policy(style, script),
            data=compact(data),
            texts=compact([*(each.text for each in sample.texts), *([excerpts] if excerpts else [])]),
        )
    )
    return text


def _coverage(analysis: Analysis) -> list[str]:
    """Return what the questions cover, and what they can show of these configurations."""
    if analysis.questions is None:
        return []
    sentences = describe_coverage(analysis.corpus, analysis.questions.questions)
    for comparison, results in groups(analysis.report):
        if comparison:
            chosen = [each for each in results if each.name == comparison.representative]
            sentences += [describe_chunk_sizes(chosen, analysis.chunkings), list_undecided(results)]
    return [sentence for sentence in sentences if sentence]


def _members(analysis: Analysis) -> dict[str, dict[str, list[str]]]:
    """Return the ids of the questions with each tag, and with evidence in each document."""
    tags: dict[str, list[str]] = {}
    documents: dict[str, list[str]] = {}
    for question in analysis.questions.questions if analysis.questions else ():
        for tag in question.tags:
            tags.setdefault(tag, []).append(question.id)
        for name in {analysis.corpus.place(*item.spans[0]).document.name for item in question.evidence}:
            documents.setdefault(name, []).append(question.id)
    return {kind: named for kind, named in (("tag", tags), ("document", documents)) if len(named) > 1}


def _part(
    report: Report,
    comparison: ComparisonResult | None,
    results: list[ConfigurationResult],
    numbers: Mapping[str, int],
    members: Mapping[str, Mapping[str, Sequence[str]]],
) -> ReportSection:
    shown = results[:MOST_COLUMNS]
    if comparison:
        named = {comparison.representative, comparison.leader, *comparison.pareto}
        shown = [each for place, each in enumerate(results) if place < MOST_COLUMNS or each.name in named]
    scored = comparison if comparison and not all_scores_are_zero(comparison, results) else None
    return ReportSection(
        retrievers=" and ".join(comparison.retrievers) if comparison else "",
        answer=answer_of(report, comparison, results),
        sentences=_sentences(report, comparison) if comparison else (),
        explanation=comparison.explanation if comparison else (),
        results=tuple(shown),
        left=len(results) - len(shown),
        sizes=size_chart_of(scored, results, numbers) if scored else None,
        comparison=comparison_of(report, comparison, shown, numbers) if comparison else None,
        curve=curve_of(scored, shown, numbers) if scored else None,
        losses=loss_bars_of(scored, shown, numbers) if scored else None,
        group_losses={kind: group_losses_of(scored, results, ids) for kind, ids in members.items()} if scored else {},
        question_losses=question_losses_of(scored, results) if scored else None,
        costs=costs_of(scored, shown, numbers) if scored else None,
        breakdowns=tuple(breakdowns_of(report, comparison, results)) if comparison else (),
    )


def _sentences(report: Report, comparison: ComparisonResult) -> tuple[str, ...]:
    """Return the verdict; where nothing is shown, the page's title is its first sentence."""
    reviewed = comparison.reviewed.verdict if comparison.reviewed else ()
    return (*caveats(report), *comparison.verdict[1 if comparison.too_close else 0 :], *reviewed)


def _sizes(analysis: Analysis, numbers: Mapping[str, int]) -> Distributions | None:
    return distributions_of(analysis.report.configurations[:MOST_COLUMNS], analysis.chunkings, numbers)


def _remarks(report: Report) -> list[str]:
    """Return what was merged, skipped and left out."""
    documents = [f"{entry.name} {entry.reason}" for entry in report.corpus.skipped]
    if listed := report.corpus.skipped_list:
        documents = [f"{listed.count:,} files were skipped; analyze --save DIR lists them in {listed.file}"]
    phrases = [f"{entry.name}: {entry.reason}" for entry in report.questions.skipped] if report.questions else []
    return [*remarks(report), *skipped_lines(report), *documents, *phrases]


def _pattern(names: Sequence[str] | Mapping[str, int]) -> "re.Pattern[str]":
    """Return what finds configurations' names in a sentence, the longer ones first."""
    any_name = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
    return re.compile(rf"(?<![\w-])({any_name})(?![\w-])")


def _mark_up(sentence: str, names: "re.Pattern[str]") -> "Markup":
    """Return a sentence with the configurations' names in it as code."""
    from markupsafe import Markup, escape

    parts = names.split(sentence)
    wrapped = Markup("<code>{}</code>")
    return Markup().join(wrapped.format(part) if place % 2 else escape(part) for place, part in enumerate(parts))


def _broken(name: str) -> "Markup":
    """Return a metric's name that may be broken after each underscore."""
    from markupsafe import Markup

    return Markup("_<wbr>").join(name.split("_"))


def _source(name: str) -> str:
    """Return a file beside the templates as it is."""
    return files(__package__).joinpath("templates", name).read_text("utf-8")


def _policy(style: str, script: str) -> str:
    """Return the page's Content-Security-Policy: its own style and script, by their digests, and nothing else."""
    sources = {"script-src": script, "style-src": style}
    digests = {name: b64encode(sha256(text.encode()).digest()).decode() for name, text in sources.items()}
    own = "; ".join(f"{name} 'sha256-{digest}'" for name, digest in digests.items())
    return f"default-src 'none'; {own}; base-uri 'none'; form-action 'none'"


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("rag_chunk.rendering.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    tools: dict[str, Any] = {"format_metric": format_metric, "mark": mark, "LEGEND": LEGEND, "metric_help": metric_help}
    environment.globals.update(tools)
    environment.filters.update(named=_mark_up, broken=_broken, grouped="{:,}".format, at="{:.4g}%".format)
    return environment
