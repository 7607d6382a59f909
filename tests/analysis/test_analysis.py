"""An analysis as a whole: what is asked of every configuration, how they are compared, and what the report says."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rag_chunk import AnalysisConfig, Corpus, Document, Questions, RunConfig, analyze, chunk, read_corpus
from rag_chunk.analysis import runner
from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.outcome import Outcome
from rag_chunk.analysis.pareto import pareto_front
from rag_chunk.analysis.ranking import rank_for_evaluation
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.analysis.statistics import compare_all
from rag_chunk.analysis.summary import between_documents, explain, limit_of_recall, summarize, where_lost
from rag_chunk.analysis.usual_choice import usual_configuration
from rag_chunk.analysis.verdicts import baseline_verdict, curve_verdict, overlap_warning, scope
from rag_chunk.cli.app import app
from rag_chunk.config import METRIC_GROUPS, RETRIEVERS, external_name
from rag_chunk.config.metric_table import metrics_of
from rag_chunk.config.run import BudgetUnit
from rag_chunk.errors import InputError, RagChunkError, SettingsError
from rag_chunk.questions import Evidence, Question, read_questions
from rag_chunk.rendering import columns_to_show, csv_text, markdown_text
from rag_chunk.rendering.columns import against_baseline, mark, notes
from rag_chunk.rendering.html import html_text
from rag_chunk.scorer import GROUPS
from rag_chunk.workflow.results import save_results
from tests.support.evaluation import questions_of

TIMES = metrics_of("time")

DECIDING = {"num_chunks", "index_ratio"}
WHOLE = RunConfig(strategy="sentence", chunk_size=16, overlap=0, budget=120, top_k=2)
CUT = RunConfig(strategy="fixed-size", chunk_size=3, budget=120, top_k=2)
WIDE = RunConfig(strategy="sentence", chunk_size=40, overlap=0, budget=120, top_k=2)
RIVALS = {"whole": WHOLE, "cut": CUT, "wide": WIDE}


def fact(number: int) -> tuple[str, str, str]:
    """Return a paragraph, what it answers, and the question."""
    answer = f"The clock{number} was carried up to the room with the number {number + 100} by three porters."
    return f"A ship came in. {answer} Nobody paid for this.", answer, f"To which room was clock{number} carried?"


def library(
    questions: int = 40, documents: int = 3, tags: tuple[str, ...] = ("odd", "even")
) -> tuple[Corpus, Questions]:
    """Return documents that hold a fact for each question; questions go round the documents, and the tags."""
    facts = [fact(number) for number in range(questions)]
    texts = ["\n\n".join(paragraph for paragraph, _, _ in facts[first::documents]) for first in range(documents)]
    corpus = Corpus([Document(f"{number}.txt", text) for number, text in enumerate(texts)])
    found = []
    for number, (_, answer, question) in enumerate(facts):
        document = number % documents
        start = int(corpus.starts[document]) + texts[document].index(answer)
        item = Evidence(((start, start + len(answer)),))
        found.append(Question(f"q{number}", question, (item,), tags[number % len(tags) :][:1] if tags else ()))
    return corpus, questions_of(*found)


def analysed(
    configs: Any = None, *, questions: int = 40, data: tuple[Corpus, Questions] | None = None, **settings: Any
) -> Report:
    corpus, asked = data or library(questions)
    return analyze(corpus, configs or RIVALS, asked, settings=AnalysisConfig(**settings)).report


def timeless(metrics: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in metrics.items() if name not in TIMES}


def said(report: Report) -> str:
    return " ".join(sentence for each in report.comparisons for sentence in (*each.verdict, *each.explanation))


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a working folder with documents in docs/ and questions beside them."""
    corpus, questions = library(12, 2)
    (folder / "docs").mkdir()
    for document in corpus.documents:
        (folder / "docs" / document.name).write_text(document.text)
    items = [
        {
            "id": found.id,
            "question": found.question,
            "tags": list(found.tags),
            "relevant": [corpus.text(*item.spans[0])],
        }
        for found in questions.questions
        for item in found.evidence
    ]
    (folder / "questions.json").write_text(json.dumps(items))
    return folder


def invoked(*arguments: str) -> Any:
    usual = ["analyze", "docs", "--test-file", "questions.json", "--strategy", "sentence,fixed-size"]
    return CliRunner().invoke(app, [*usual, "--chunk-size", "16", "--overlap", "0", *arguments])


def report_of(*arguments: str) -> dict[str, Any]:
    result = invoked("--output", "json", "--budget", "120", *arguments)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(kind: type[RagChunkError], *arguments: str) -> str:
    result = invoked(*arguments)
    assert isinstance(result.exception, kind), result.output
    return str(result.exception)


# groups of metrics


def test_the_names_of_groups_and_metrics_are_those_of_the_scorer():
    assert tuple(METRIC_GROUPS) == GROUPS
    everything = analysed(metrics="all", questions=12).configurations[0].metrics
    expected = set(metrics_of(*METRIC_GROUPS))
    assert set(timeless(everything)) | {"size_for_90"} == expected
    assert set(TIMES) <= set(everything)


@pytest.mark.parametrize("group", METRIC_GROUPS)
def test_a_group_brings_its_metrics_and_the_headline_is_always_there(group):
    found = analysed(metrics=group, questions=12).configurations[0].metrics
    expected = {*metrics_of(group), *metrics_of("budget"), *DECIDING}
    assert set(timeless(found)) | {"size_for_90"} == expected | {"size_for_90"}


def test_groups_change_no_figure():
    few, all_of_them = analysed(metrics="top_k,borders"), analysed(metrics="all")
    for one, other in zip(few.configurations, all_of_them.configurations, strict=True):
        assert timeless(one.metrics).items() <= timeless(other.metrics).items()
    assert few.comparison is not None
    assert all_of_them.comparison is not None
    assert few.comparison.recommended == all_of_them.comparison.recommended


def test_groups_hold_without_questions_too():
    corpus, _ = library()
    found = analyze(corpus, RIVALS, settings=AnalysisConfig(metrics=("budget",))).report
    assert set(timeless(found.configurations[0].metrics)) == DECIDING


def test_metrics_on_request_are_shown_beside_the_headline():
    assert columns_to_show(analysed(metrics="all"))[:5] == ["budget_recall", *metrics_of("paper"), "legacy_recall"]
    assert "paper_recall" not in columns_to_show(analysed())


def test_groups_are_chosen_on_the_command_line(docs):
    found = report_of("--metrics", "paper, top_k")
    assert {"paper_iou", "avg_recall", "budget_recall"} <= found["configurations"][0]["metrics"].keys()
    assert "intact" not in found["configurations"][0]["metrics"]
    assert found["analysis"]["metrics"] == ["top_k", "budget", "paper"]
    assert "unknown group of metrics 'papper' (did you mean 'paper'?)" in refusal(SettingsError, "--metrics", "papper")


# metrics of the user's own


def context(chunks, question):
    return sum(len(chunk.text) for chunk in chunks)


def holds(chunks, question):
    whole = [any(item.text in chunk.text for chunk in chunks) for item in question.evidence]
    return {"rag/holds": np.mean(whole), "first": chunks[0].document == question.evidence[0].places[0].document}


def fails(chunks, question):
    if question.id == "q3":
        raise KeyError("no such thing")
    return 1


def sometimes(chunks, question):
    return {"a": 1.0, "b": 2.0} if question.id == "q3" else {"a": 1.0}


def again(chunks, question):
    return {"context": 1.0}


def returning(value: Any) -> Callable[..., Any]:
    """Return a metric function that returns `value` for one question, and else 1."""

    def returns(chunks, question):
        return value if question.id == "q3" else 1.0

    return returns


@pytest.fixture
def mine(monkeypatch) -> Any:
    """Return a module of metric functions that is found by the name `mine`."""
    found: Any = ModuleType("mine")
    for function in (context, holds, fails, sometimes, again):
        setattr(found, function.__name__, function)
    monkeypatch.setitem(sys.modules, "mine", found)
    return found


def test_a_metric_of_ones_own_is_the_mean_over_the_questions(mine):
    report = analysed(custom_metrics=["mine:context", "mine:holds"])
    for found in report.configurations:
        for name in ("context", "rag/holds", "first"):
            scores = [question.scores[name] for question in found.questions]
            assert found.metrics[name] == pytest.approx(np.mean(scores))
    whole, cut = report.configuration("whole").metrics, report.configuration("cut").metrics
    assert whole["rag/holds"] > 0.9
    assert cut["rag/holds"] == 0
    assert report.analysis["custom_metrics"] == ["mine:context", "mine:holds"]
    causes = [
        [question.causes for found in each.configurations for question in found.questions]
        for each in (report, analysed())
    ]
    assert causes[0] == causes[1]
    assert any(causes[0])


def test_a_metric_of_ones_own_is_given_the_chunks_that_fill_the_budget_and_the_evidence(mine):
    given: list[tuple[list[str], str, list[str], tuple[str, ...]]] = []

    def spy(chunks, question):
        given.append(
            ([chunk.id for chunk in chunks], question.id, [item.text for item in question.evidence], question.tags)
        )
        return 0

    mine.spy = spy
    report = analysed({"whole": WHOLE}, custom_metrics="mine:spy")
    found = [
        (list(each.retrieved), each.id, [fact(int(each.id[1:]))[1]]) for each in report.configurations[0].questions
    ]
    assert [each[:3] for each in given] == found
    assert given[0][3] == ("odd",)


def test_metrics_of_ones_own_are_shown_right_after_the_headline(mine):
    report = analysed(custom_metrics=["mine:context"])
    assert columns_to_show(report)[:2] == ["budget_recall", "context"]
    assert "| budget_recall | context |" in markdown_text(report)
    assert ",context," in csv_text(report)


@pytest.mark.parametrize("value", [None, "text", float("nan"), float("inf"), {}, {"a": None}, {3: 1.0}, [1.0], 10**400])
def test_what_is_no_number_is_refused_with_the_question(mine, value):
    mine.returns = returning(value)
    with pytest.raises(
        InputError, match=r"mine:returns returned .* for question q3; a metric function returns a finite"
    ):
        analysed(custom_metrics=["mine:returns"])


@pytest.mark.parametrize("value", [True, 2, np.float32(0.5), np.bool_(True), {"returns": np.int64(3)}])
def test_every_kind_of_number_is_taken(mine, value):
    mine.returns = returning(value)
    assert analysed(custom_metrics=["mine:returns"]).configurations[0].metrics["returns"] > 0


@pytest.mark.parametrize("name", ["num_chunks", "paper_iou", "size_for_90", "processing_time", "strategy", "id"])
def test_a_name_that_is_taken_is_refused(mine, name):
    def names(chunks, question):
        return {name: 1.0}

    mine.names = names
    with pytest.raises(InputError, match=f"the name '{name}', a metric of mine:names, is taken"):
        analysed(custom_metrics=["mine:names"])


@pytest.mark.parametrize("name", ["recall@5", "", "/a", "a//b", "a/../b", "a b", "1st", "x" * 101, "a\n"])
def test_a_name_that_mlflow_would_not_take_is_refused(mine, name):
    def names(chunks, question):
        return {name: 1.0}

    mine.names = names
    with pytest.raises(InputError, match="is no name for a metric, which MLflow must take"):
        analysed(custom_metrics=["mine:names"])


def test_errors_of_a_metric_of_ones_own_name_the_question(mine):
    with pytest.raises(InputError, match=r"mine:fails raised KeyError for question q3: 'no such thing'. --debug shows"):
        analysed(custom_metrics=["mine:fails"])
    with pytest.raises(InputError, match="mine:sometimes returned 'b' for one of the questions q0 and q3 only"):
        analysed(custom_metrics=["mine:sometimes"])
    with pytest.raises(InputError, match="the name 'context', a metric of mine:again, is taken"):
        analysed(custom_metrics=["mine:context", "mine:again"])
    with pytest.raises(InputError, match="the module mine has no function contex"):
        analysed(custom_metrics=["mine:contex"])


def test_metrics_of_ones_own_are_named_on_the_command_line(docs, mine):
    found = report_of("--custom-metric", "mine:context", "--custom-metric", "mine:holds")
    assert {"context", "rag/holds", "first"} <= found["configurations"][0]["metrics"].keys()
    assert {"context", "rag/holds", "first"} <= found["configurations"][0]["questions"][0]["scores"].keys()
    assert "'context' does not name a metric function" in refusal(SettingsError, "--custom-metric", "context")
    assert "for question q3" in refusal(InputError, "--custom-metric", "mine:fails")


# the baseline


def test_every_other_configuration_is_compared_with_the_baseline():
    report = analysed(baseline="cut")
    assert report.comparison is not None
    baseline = report.comparison.baseline
    assert baseline is not None
    assert baseline.name == "cut"
    assert {other.name for other in baseline.others} == {"whole", "wide"}
    for other in baseline.others:
        pair = next(pair for pair in report.comparison.pairs if {pair.a, pair.b} == {"cut", other.name})
        sign = 1 if pair.b == "cut" else -1
        assert other.difference == pytest.approx(sign * pair.difference)
        assert sorted([sign * pair.low, sign * pair.high]) == pytest.approx([other.low, other.high])
        assert other.p_adjusted == pair.p_adjusted
        means = report.configuration(other.name).metrics, report.configuration("cut").metrics
        assert other.difference == pytest.approx(means[0]["budget_recall"] - means[1]["budget_recall"])


def test_a_baseline_is_beaten_beats_or_is_not_shown_to_differ():
    beaten = analysed(baseline="cut")
    assert "whole beats the baseline cut by" in said(beaten)
    assert against_baseline(beaten, beaten.configuration("whole"), interval=False).endswith("better")
    assert against_baseline(beaten, beaten.configuration("cut"), interval=False) == "baseline"
    assert against_baseline(beaten, beaten.configuration("whole"), interval=True).count("(+") == 1
    best = analysed(baseline="whole")
    assert "The baseline whole beats cut: -" in said(best)
    same = analysed({"one": WHOLE, "two": WHOLE.with_settings(merge_overlaps=True)}, baseline="one")
    assert "No difference shown between two and the baseline one: 0.0 points" in said(same)


def test_a_baseline_among_many_is_summed_up():
    sizes = {f"size-{size}": CUT.with_settings(chunk_size=size) for size in range(3, 12)}
    report = analysed({**sizes, "whole": WHOLE}, baseline="whole")
    assert "Against the baseline whole: 0 of the 9 others beat it; it beats 9; no difference is shown for 0." in said(
        report
    )
    other_way = said(analysed({**sizes, "whole": WHOLE}, baseline="size-3"))
    assert "of the 9 others beat it, most of all whole, by" in other_way


def test_a_baseline_that_was_run_under_another_name_is_found():
    report = analysed({"first": WHOLE, "again": WHOLE, "cut": CUT}, baseline="again")
    assert report.comparison is not None
    assert report.comparison.baseline is not None
    assert report.comparison.baseline.name == "first"


def test_too_few_questions_show_nothing_against_the_baseline():
    report = analysed(questions=8, baseline="cut")
    assert "Against the baseline cut, 8 questions are too few to show a difference (10 at least)." in said(report)
    assert report.comparison is not None
    assert report.comparison.not_shown_worse == tuple(found.name for found in report.configurations)
    assert {mark(report, found) for found in report.configurations} <= {"*", "="}
    assert not {other.shown for other in report.comparison.baseline.others} & {"better", "worse"}  # type: ignore[union-attr]


def test_an_unknown_baseline_is_refused_before_any_work():
    with pytest.raises(
        SettingsError,
        match=r"--baseline: no configuration has the name or strategy 'whoel' \(did you mean 'whole'\?\)\. Choose one of",
    ):
        analysed(baseline="whoel")


def test_a_strategy_names_the_baseline_where_one_configuration_has_it(docs):
    comparison = report_of("--baseline", "fixed-size")["comparison"]
    assert comparison["baseline"]["name"] == "fixed-size-16-0"


def test_a_strategy_of_several_configurations_is_refused_as_the_baseline():
    corpus, questions = library()
    sizes = [RunConfig(strategy="sentence", chunk_size=size) for size in (4, 8)]
    with pytest.raises(SettingsError, match="the strategy of 2; name one of them: sentence-4-1, sentence-8-2"):
        analyze(corpus, sizes, questions, settings=AnalysisConfig(baseline="sentence"))


@pytest.mark.parametrize("settings", [{"baseline": "cut"}, {"holdout": 0.5}, {"custom_metrics": ("json:dumps",)}])
def test_what_compares_by_questions_needs_questions(settings):
    corpus, _ = library()
    with pytest.raises(SettingsError, match="needs questions: give --test-file"):
        analyze(corpus, RIVALS, settings=AnalysisConfig(**settings))


def test_the_baseline_stands_in_every_output(docs):
    arguments = ("--baseline", "fixed-size-16-0")
    assert report_of(*arguments)["comparison"]["baseline"]["others"][0]["name"] == "sentence-16-0"
    table, page = invoked(*arguments).stdout, invoked("--output", "markdown", *arguments).stdout
    assert "against" in table
    assert "baseline" in table
    assert "| against baseline |" in page
    assert "no configuration has the name or strategy 'fixed-size-16'" in refusal(
        SettingsError, "--baseline", "fixed-size-16"
    )


# holding questions out


@pytest.mark.parametrize(("share", "reporting"), [(0.5, 20), (0.3, 12), (0.01, 1), (0.99, 39)])
def test_every_question_chooses_or_reports(share, reporting):
    report = analysed(holdout=share)
    assert report.comparison is not None
    held = report.comparison.holdout
    assert held is not None
    assert len(held.reporting) == reporting
    assert sorted([*held.reporting, *held.choosing]) == sorted(f"q{number}" for number in range(40))
    assert [found.id for found in report.configurations[0].questions] == list(held.reporting)


def part(data: tuple[Corpus, Questions], ids: tuple[str, ...]) -> tuple[Corpus, Questions]:
    return data[0], questions_of(*(found for found in data[1].questions if found.id in ids))


def test_one_part_chooses_and_all_figures_are_of_the_other():
    data = library()
    report = analysed(data=data, holdout=0.5)
    assert report.comparison is not None
    held = report.comparison.holdout
    assert held is not None
    chose, reports = (analysed(data=part(data, ids)) for ids in (held.choosing, held.reporting))
    assert chose.comparison is not None
    assert reports.comparison is not None
    assert (report.comparison.leader, report.comparison.recommended) == (
        chose.comparison.leader,
        chose.comparison.recommended,
    )
    assert held.means == pytest.approx({found.name: found.metrics["budget_recall"] for found in chose.configurations})
    assert report.comparison.pairs == reports.comparison.pairs
    for found in report.configurations:
        alone = reports.configuration(found.name)
        assert timeless(found.metrics) == pytest.approx(timeless(alone.metrics))
        assert (found.intervals, found.by_tag, found.by_document) == (alone.intervals, alone.by_tag, alone.by_document)


def test_the_report_says_how_many_chose_and_how_many_report():
    report = analysed(holdout=0.5)
    verdict = said(report)
    assert "Held out: 20 questions chose, and all figures are of the other 20." in verdict
    assert "Recommended by the 20 that chose: " in verdict
    assert "points on the 20 questions held out (95 % interval" in verdict
    assert "Held out: 20 questions chose" in markdown_text(report)


def test_the_split_depends_on_the_seed_and_the_ids_alone():
    corpus, questions = library()
    turned = questions_of(*reversed(questions.questions))
    reseeded = {name: config.with_settings(seed=1) for name, config in RIVALS.items()}
    first, second, other = (
        analysed(configs, data=data, holdout=0.5)
        for configs, data in (
            (RIVALS, (corpus, questions)),
            (RIVALS, (corpus, turned)),
            (reseeded, (corpus, questions)),
        )
    )
    parts = [set(report.comparison.holdout.reporting) for report in (first, second, other)]  # type: ignore[union-attr]
    assert parts[0] == parts[1] != parts[2]


def test_under_10_questions_in_a_part_are_said_to_be_too_few():
    few = said(analysed(questions=20, holdout=0.7))
    assert "6 questions are too few to choose by (10 at least)." in few
    assert "too few to show" not in few


def test_too_few_questions_that_report_are_warned_of_once():
    for count, warning in (
        (20, "6 questions are too few to show which is better"),
        (60, "18 questions show only large"),
    ):
        assert said(analysed(questions=count, holdout=0.3)).count(warning) == 1
        assert said(analysed({"whole": WHOLE}, questions=count, holdout=0.3)).count(warning) == 1


def test_a_single_question_cannot_be_held_out():
    with pytest.raises(InputError, match="--holdout needs two questions at least"):
        analysed(questions=1, holdout=0.5)


def test_shares_of_everything_and_of_nothing_are_refused(docs):
    assert "holdout must be more than 0, not 0" in refusal(SettingsError, "--holdout", "0")
    assert "holdout must be less than 1, not 1" in refusal(SettingsError, "--holdout", "1")
    assert report_of("--holdout", "0.5")["comparison"]["holdout"]["share"] == 0.5


# budgets and retrievers


def test_the_verdict_says_who_leads_at_the_other_budgets():
    report = analysed()
    assert report.comparison is not None
    for metric, leader in report.comparison.leaders.items():
        best = max(found.metrics[metric] for found in report.configurations)
        assert report.configuration(leader).metrics[metric] == pytest.approx(best)
    assert list(report.comparison.leaders) == [f"budget_recall_{size}" for size in (1000, 2000, 4000, 8000, 16000)]


@pytest.mark.parametrize(
    ("leaders", "sentence"),
    [
        ({1000: [0], 4000: [0], 8000: [0]}, "Highest at 1,000 and 8,000 characters: a."),
        ({1000: [0], 4000: [0], 8000: [1]}, "Highest at 1,000 characters: a. Highest at 8,000 characters: b."),
        (
            {1000: [0], 2000: [1, 2], 4000: [0], 8000: [0, 1]},
            "Highest at 1,000 characters: a. Highest at 2,000 characters: b and c. Highest at 8,000 characters: a and b.",
        ),
        ({1000: [0, 2], 4000: [0]}, "Highest at 1,000 characters: a and c."),
        (
            {1000: [1], 2000: [1], 4000: [0], 8000: [2]},
            "Highest at 1,000 and 2,000 characters: b. Highest at 8,000 characters: c.",
        ),
        ({4000: [0]}, ""),
    ],
)
def test_budgets_in_words(leaders, sentence):
    assert curve_verdict(["a", "b", "c"], leaders, [4000]) == sentence
    assert curve_verdict(["a"], {1000: [0]}, [4000]) == ""


def test_a_budget_that_holds_all_the_documents_is_warned_of():
    assert "Chunks in random order bring back all of the evidence too" in said(
        analysed(CUT.with_settings(budget=1_000_000))
    )
    assert "random order" not in said(analysed())


def test_the_verdict_names_the_retrieval_that_it_holds_for():
    assert "This holds for lexical retrieval (bm25) and 120 characters of context." in said(analysed())
    assert (
        scope(["mine:dense"], ["4,000 characters"])
        == "This holds for retrieval by mine:dense and 4,000 characters of context."
    )
    assert all(row.phrase for row in RETRIEVERS.values())


def test_a_budget_in_tokens_changes_the_headline_and_leaves_the_curve_in_characters():
    in_characters, in_tokens = (
        analysed(CUT.with_settings(budget=9, budget_unit=unit)) for unit in get_args(BudgetUnit)
    )
    assert "This holds for lexical retrieval (bm25) and 9 tokens of context." in said(in_tokens)
    one, other = (each.configurations[0].metrics for each in (in_characters, in_tokens))
    assert one["budget_recall"] < other["budget_recall"]
    curve = [name for name in one if name.startswith("budget_recall_")]
    assert {name: one[name] for name in [*curve, "context_size"]} == {
        name: other[name] for name in [*curve, "context_size"]
    }
    assert in_tokens.configurations[0].config.params()["model"] == "text-embedding-3-small"


def test_configurations_are_compared_within_their_retriever():
    configs = [config.with_settings(retriever=name) for config in (CUT, WHOLE) for name in ("legacy", "bm25", "random")]
    report = analysed(configs)
    assert report.comparison is not None
    assert [comparison.retrievers for comparison in report.comparisons] == [("legacy",), ("bm25",), ("random",)]
    for comparison in report.comparisons:
        alone = analysed([config for config in configs if config.retriever in comparison.retrievers])
        theirs = [found for found in report.configurations if found.config.retriever in comparison.retrievers]
        assert [found.config for found in theirs] == [found.config for found in alone.configurations]
        assert len(comparison.pairs) == 1
        assert alone.comparison is not None
        assert comparison.pairs[0].difference == alone.comparison.pairs[0].difference
    assert report.best.config.retriever == "legacy"
    assert [line for line in notes(report) if line.startswith("Retriever")] == [
        "Retriever legacy:", "Retriever bm25:", "Retriever random:",
    ]  # fmt: skip
    assert {mark(report, found) for found in report.configurations[:2]} >= {"*"}


def test_rivals_that_share_no_retriever_are_compared_all_the_same():
    report = analysed({"old": CUT.with_settings(retriever="legacy"), "new": WHOLE})
    assert report.comparison is not None
    assert not report.other_comparisons
    assert len(report.comparison.pairs) == 1
    assert "retrieval by shared words (legacy)" in said(report)
    assert "lexical retrieval (bm25)" in said(report)


def test_a_baseline_is_compared_within_its_retriever():
    configs = {
        f"{name}-{each}": RIVALS[name].with_settings(retriever=each) for name in RIVALS for each in ("bm25", "legacy")
    }
    report = analysed(configs, baseline="cut-legacy")
    assert [comparison.baseline is not None for comparison in report.comparisons] == [False, True]
    assert against_baseline(report, report.configuration("cut-bm25"), interval=False) == ""


def test_several_retrievers_on_the_command_line(docs):
    found = report_of("--retriever", "bm25,random")
    assert found["comparison"]["retrievers"] == ["bm25"]
    assert [each["retrievers"] for each in found["other_comparisons"]] == [["random"]]
    table = invoked("--retriever", "bm25,random", "--budget", "120").stdout
    assert "Retriever random:" in table
    assert "This holds for a random ranking (random) and 120 characters" in " ".join(table.split())


@pytest.mark.parametrize("retriever", [row.name for row in RETRIEVERS.values() if not row.needs_token_vectors])
def test_every_retriever_gives_every_chunk_one_place(retriever):
    corpus, questions = library()
    config = WHOLE.with_settings(retriever=retriever, embedding_model="hashing")
    chunking = chunk(corpus, config)
    chunked = chunked_in_memory(chunking, config)
    found = rank_for_evaluation(chunked, questions, len(chunking))
    assert (np.sort(found, axis=1) == np.arange(len(chunking))).all()
    for depth in (0, 1, 7, len(chunking) + 1):
        assert (rank_for_evaluation(chunked, questions, depth) == found[:, :depth]).all()


def test_the_oracle_reaches_the_ceiling_and_chance_is_near_the_floor():
    for config in (WHOLE, CUT, WIDE):
        bm25, oracle, chance = (
            analysed([config.with_settings(retriever=name)]).configurations[0].metrics
            for name in ("bm25", "oracle", "random")
        )
        assert oracle["budget_recall"] == oracle["oracle_recall"] == pytest.approx(bm25["oracle_recall"])
        assert chance["budget_recall"] == pytest.approx(bm25["random_recall"], abs=0.1)


def test_the_oracle_chooses_among_what_is_handed_over():
    config = RunConfig(strategy="hierarchical", chunk_size=6, parent_ratio=6, retrieve_parents=True, budget=200)
    found = analysed([config.with_settings(retriever="oracle")]).configurations[0].metrics
    assert found["budget_recall"] == found["oracle_recall"] > 0.9


def test_chance_depends_on_the_seed_and_the_question_alone():
    corpus, questions = library()
    config = WHOLE.with_settings(retriever="random")
    chunking = chunk(corpus, config)
    turned = questions_of(*reversed(questions.questions))
    chunked = chunked_in_memory(chunking, config)
    first = rank_for_evaluation(chunked, questions, 5)
    assert (rank_for_evaluation(chunked, turned, 5)[::-1] == first).all()
    other = chunked_in_memory(chunking, config.with_settings(seed=1))
    assert (rank_for_evaluation(other, questions, 5) != first).any()


# what is best for its cost


@given(st.lists(st.tuples(*[st.integers(0, 4)] * 3), min_size=1, max_size=12))
def test_the_front_is_what_nothing_dominates(rows):
    def dominates(one: tuple[int, int, int], other: tuple[int, int, int]) -> bool:
        return one[0] >= other[0] and one[1] <= other[1] and one[2] <= other[2] and one != other

    expected = [place for place, row in enumerate(rows) if not any(dominates(other, row) for other in rows)]
    table = np.array(rows, float)
    assert pareto_front(table[:, 0], table[:, 1:]) == expected


def test_the_best_for_their_cost_stand_under_the_table():
    report = analysed()
    assert report.comparison is not None
    assert report.comparison.leader in report.comparison.pareto
    line = f"Best for their index and context size (none has as much recall for less): {', '.join(report.comparison.pareto)}."
    assert line in notes(report)
    assert line in markdown_text(report)
    assert any(note.startswith("Best for their index") for note in notes(analysed(metrics="shape")))
    assert not any(note.startswith("Best for") for note in notes(analysed({"only": WHOLE})))


def test_a_long_front_is_cut_short_under_the_table():
    report = analysed()
    assert report.comparison is not None
    many = report.comparison.model_copy(update={"pareto": tuple(f"c{number}" for number in range(12))})
    shown = notes(report.model_copy(update={"comparison": many}))
    assert any(note.endswith("c8, c9 and 2 more.") for note in shown)


def result_of(strategy: str, context: float, retriever: str = "bm25", **settings: Any) -> ConfigurationResult:
    """Return a configuration whose first five chunks are `context` characters."""
    model = {"embedding_model": "hashing"} if retriever in {"dense", "hybrid"} else {}
    config = RunConfig(strategy=strategy, retriever=retriever, **model, **settings)
    return ConfigurationResult(name=f"{strategy}-{context}", config=config, metrics={"context_size": context})


def test_the_usual_configuration_is_recursive_character_with_a_quarter_of_the_budget_in_a_chunk() -> None:
    sizes = [result_of("recursive-character", size) for size in (1_000, 4_500, 20_000)]
    assert usual_configuration([result_of("sentence", 5_000), *sizes]) == 2
    in_tokens = [result_of("recursive-character", size, budget=4_000, budget_unit="tokens") for size in (4_500, 18_000)]
    assert usual_configuration(in_tokens) == 1


def test_of_one_other_strategy_the_size_alone_is_usual_and_of_several_nothing() -> None:
    headers = [result_of("header", size) for size in (20_000, 6_000)]
    assert usual_configuration(headers) == 1
    assert usual_configuration([*headers, result_of("sentence", 5_000)]) is None


@pytest.mark.parametrize("retriever", ["dense", "oracle", "my.module:retriever"])
def test_for_vectors_bounds_and_retrievers_of_ones_own_nothing_is_usual(retriever: str) -> None:
    assert usual_configuration([result_of("recursive-character", 5_000, retriever)]) is None


def test_several_retrievers_have_nothing_usual() -> None:
    rivals = [result_of("recursive-character", 5_000, name) for name in ("bm25", "legacy")]
    assert usual_configuration(rivals) is None


def test_the_verdict_says_why_a_usual_configuration_is_taken_and_how_much_is_known() -> None:
    outcome = outcome_of(alike())
    usual = next(place for place in range(5) if place != outcome.leader)
    taken = replace(outcome, recommended=usual, usual=usual, leads=[0.0] * 5, loss=0.021)
    line = summarize(taken, None, held_out=False)[3]
    assert line.startswith(
        f"If you need one now, take c{usual}: it is the usual choice for this budget, and your questions do not show that "
        f"another one is better. The lead of c{outcome.leader} ("
    )
    assert line.endswith(" On average, a choice by 60 questions is about 2 points below the truly best one.")
    vectors = {"retriever": "dense", "embedding_model": "hashing"}
    dense = [result.model_copy(update={"config": WHOLE.with_settings(**vectors)}) for result in outcome.results]
    line = summarize(replace(taken, results=dense, usual=None), None, held_out=False)[3]
    assert line.endswith(" is about 2 points or more below the truly best one.")
    surest = replace(
        outcome, recommended=usual, usual=outcome.leader, leads=[float(place == usual) for place in range(5)]
    )
    assert (
        f"of all, it has the clearest lead over c{outcome.leader}, the usual choice for this budget; "
        in summarize(surest, None, held_out=False)[3]
    )
    assert "truly best" not in summarize(surest, None, held_out=False)[3]


def test_configurations_that_tie_are_said_to_tie():
    report = analysed({"one": WHOLE, "same": WHOLE.with_settings(budget=119), "cut": CUT})
    assert report.comparison is not None
    assert "it shares the highest budget_recall with same" in said(report)
    assert "Highest at 1,000, 2,000 and 4,000 characters: one and same." in said(report)


def test_where_nothing_is_found_nothing_is_recommended_and_what_to_look_at_is_said():
    corpus, questions = library(12)
    foreign = [Question(each.id, "Wer?", each.evidence, each.tags) for each in questions.questions]
    rivals = {name: config.with_settings(budget=8) for name, config in RIVALS.items()}
    analysis = analyze(corpus, rivals, questions_of(*foreign))
    report, page = analysis.report, html_text(analysis)
    assert "Every score is 0: none of the 3 configurations brings back any of the evidence" in said(report)
    assert "Recommended" not in said(report)
    assert [mark(report, found) for found in report.configurations] == [""] * 3
    assert not any(note.startswith("Best for") for note in notes(report))
    assert "Every score is 0" in page
    assert "What the index costs" not in page


# blocks that are skipped


def test_evidence_in_skipped_blocks_is_counted_and_said(docs, run):
    text = "# Locks\n\nTurn it left.\n\n```\nopen --now\n```\n\nTurn it right.\n"
    (docs / "docs" / "lock.md").write_text(text)
    (docs / "questions.json").write_text(
        json.dumps(
            [
                {"question": "Wholly?", "relevant": ["open --now", "open --now"]},
                {
                    "question": "Partly?",
                    "evidence": [{"doc": "lock.md", "start": text.index("left"), "end": text.index("```\n\n")}],
                },
                {"question": "Elsewhere too?", "relevant": [["open --now", "Turn it right."]]},
                {"question": "Not at all?", "relevant": ["Turn it left."]},
            ]
        )
    )
    told = (
        "skip_blocks code: of 5 pieces of evidence, 2 lie wholly and 1 in part in what is left out, in 2 of 4 questions"
    )
    arguments = ("analyze", "docs", "--test-file", "questions.json", "--strategy", "header,sentence")
    status, shown, said = run(*arguments, "--skip-blocks", "code", "--output", "markdown")
    assert status == 0
    assert told in said
    assert told in shown
    assert "skip_blocks" not in "".join(map(str, run(*arguments, "--skip-blocks", "images")))


# tags and documents


def test_recall_by_tag_and_by_document_are_means_over_their_questions():
    data = library()
    report = analysed(data=data)
    assert report.questions is not None
    assert report.questions.by_tag == {"even": 20, "odd": 20}
    assert report.questions.by_document == {"0.txt": 14, "1.txt": 13, "2.txt": 13}
    for found in report.configurations:
        scores = [question.scores["budget_recall"] for question in found.questions]
        assert found.by_tag == pytest.approx({"odd": np.mean(scores[::2]), "even": np.mean(scores[1::2])})
        assert found.by_document == pytest.approx({f"{first}.txt": np.mean(scores[first::3]) for first in range(3)})


def test_a_question_counts_under_each_of_its_tags_and_documents():
    corpus, questions = library(12, 2)
    both = questions.questions[0].evidence + questions.questions[1].evidence
    asked = questions_of(Question("a", "Which room?", both, ("x", "y")), Question("b", "Who?", both[:1], ("y",)))
    report = analysed(data=(corpus, asked))
    assert report.questions is not None
    assert report.questions.by_tag == {"x": 1, "y": 2}
    assert report.questions.by_document == {"0.txt": 2, "1.txt": 1}


def test_one_tag_and_one_document_are_no_parts():
    report = analysed(data=library(12, 1, ("only",)))
    assert report.questions is not None
    assert not report.questions.by_tag
    assert not report.questions.by_document
    assert not report.configurations[0].by_tag
    assert "## budget_recall by" not in markdown_text(report)


def test_the_parts_stand_in_the_markdown_report(tmp_path):
    corpus, questions = library(76, 25)
    analysis = analyze(corpus, RIVALS, questions)
    assert analysis.report.questions
    save_results(analysis, tmp_path / "results")
    page = (tmp_path / "results" / "report.md").read_text()
    recommended = analysis.report.best
    assert f"| tag | questions | `{recommended.name}` | highest | by |" in page
    assert f"| odd | 38 | {recommended.by_tag['odd']:.3f} |" in page
    missed = [
        name
        for name in analysis.report.questions.by_document
        if not any(each.by_document[name] for each in analysis.report.configurations)
    ]
    assert (
        f"No configuration retrieves any evidence of {len(missed)} documents: {', '.join(missed[:8])} and {len(missed) - 8} more."
        in page
    )
    assert "| 0.000 | 0.000 |" not in page
    assert (
        page.count("No configuration retrieves")
        == (tmp_path / "results" / "report.html").read_text().count("No configuration retrieves")
        == 1
    )
    assert page.count("## budget_recall by tag, bm25") == 1


# warnings


def test_questions_in_the_words_of_their_evidence_are_warned_of():
    corpus, questions = library()
    texts = [corpus.text(*found.evidence[0].spans[0]) for found in questions.questions]
    parrots = questions_of(
        *(Question(found.id, text, found.evidence) for found, text in zip(questions.questions, texts, strict=True))
    )
    assert "On average 100 % of a question's words are in its evidence" in said(analysed(data=(corpus, parrots)))
    strangers = questions_of(*(Question(found.id, "Whither went it?", found.evidence) for found in questions.questions))
    assert "of a question's words" not in said(analysed(data=(corpus, strangers)))
    assert "of a question's words" not in said(analysed(data=(corpus, parrots), metrics="budget"))
    assert overlap_warning(0.5, "bm25")
    assert not overlap_warning(0.499, "bm25")
    assert not overlap_warning(1.0, "oracle")


# the same again


def bare(report: str) -> str:
    """Return a report's text without what differs from run to run: its id, its date, its timings."""
    loaded = json.loads(report)
    for name in ("analysis_id", "created", "timings"):
        loaded.pop(name)
    for found in loaded["configurations"]:
        for name in (*TIMES, "embedding_time"):
            found["metrics"].pop(name, None)
    return json.dumps(loaded)


def test_equal_input_gives_equal_bytes(docs):
    arguments = "analyze docs --test-file questions.json --chunk-size 8,12 --overlap 0,3 --retriever bm25,legacy,random,oracle,dense"
    more = (
        "--embedding-model hashing --metrics all --holdout 0.5 --baseline sentence-12-0-bm25 --budget 150 --output json"
    )
    command = [sys.executable, "-m", "rag_chunk", *arguments.split(), *more.split()]
    outputs = []
    for number in ("1", "2"):
        env = {**os.environ, "PYTHONHASHSEED": number, "OPENBLAS_NUM_THREADS": number, "OMP_NUM_THREADS": number}
        done = subprocess.run(command, capture_output=True, text=True, env=env, check=True)
        outputs.append(bare(done.stdout))
    assert outputs[0] == outputs[1]
    assert len(json.loads(outputs[0])["other_comparisons"]) == 4


def test_a_report_is_read_back_the_same():
    report = analysed(baseline="cut", holdout=0.5)
    assert Report.model_validate_json(report.to_json()) == report


def test_the_examples_are_analysed_with_everything():
    folder = Path(__file__).parents[2] / "examples"
    corpus = read_corpus(folder)
    questions = read_questions(folder / "questions.json", corpus)
    configs = [RunConfig(strategy=name, chunk_size=100) for name in ("header", "fixed-size")]
    report = analysed(configs, data=(corpus, questions), metrics="all", baseline="fixed-size-100-0", holdout=0.5)
    assert report.comparison is not None
    assert report.comparison.baseline is not None
    assert report.questions is not None
    assert len(report.questions.by_tag) >= 2
    assert baseline_verdict(report.comparison.baseline, 9)[0].startswith("Against the baseline")


def test_each_configuration_is_chunked_and_ranked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = {"chunk": 0, "retrieve": 0}

    def count(name: str) -> Callable[..., Any]:
        function = getattr(runner, name)

        def counted(*arguments: Any) -> Any:
            calls[name] += 1
            return function(*arguments)

        return counted

    for name in calls:
        monkeypatch.setattr(runner, name, count(name))
    analysed()
    assert calls == {"chunk": len(RIVALS), "retrieve": len(RIVALS)}


def test_what_configurations_share_is_timed_apart_from_each_of_them() -> None:
    corpus, questions = library(12)

    def prepare_slowly(text: str, config: RunConfig) -> list[tuple[int, int]]:
        corpus.derive(type(None), lambda: time.sleep(0.2))
        return [(0, len(text))] if config.chunk_size else []

    module = ModuleType("slow_chunker")
    vars(module)["cut"] = prepare_slowly
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "slow_chunker", module)
        report = analyze(corpus, RunConfig(strategy="slow_chunker:cut", overlap=0), questions).report
    assert report.timings["structure_time"] >= 0.2
    assert report.configurations[0].metrics["chunk_time"] < 0.2


def test_markdown_names_the_documents_without_their_path() -> None:
    report = analysed(source="/home/ann/work/handbook", test_file="/home/ann/work/questions.json")
    questions = (
        report.questions.model_copy(update={"source": "/home/ann/work/questions.json"}) if report.questions else 0
    )
    text = markdown_text(report.model_copy(update={"questions": questions}))
    assert text.startswith("# rag-chunk: handbook\n")
    assert "questions from `questions.json`" in text
    assert "/home/ann" not in text


def test_bounds_are_compared_last_and_never_recommended() -> None:
    configs = {f"{name}-{each}": RIVALS[name].with_settings(retriever=each) for each in ("oracle", "random", "bm25") for name in RIVALS}  # fmt: skip
    report = analysed(configs)
    assert [comparison.retrievers for comparison in report.comparisons] == [("bm25",), ("oracle",), ("random",)]
    assert report.best.config.retriever == "bm25"
    assert all(not comparison.pareto for comparison in report.other_comparisons)
    assert {mark(report, each) for each in report.configurations if each.config.retriever != "bm25"} <= {"=", "-"}
    for comparison in report.other_comparisons:
        text = " ".join((*comparison.verdict, *comparison.explanation))
        assert "Take " not in text
        assert "take " not in text
        assert "Recommended" not in text
        assert "Nothing is recommended for" in text


def test_one_retriever_beside_its_bounds_is_what_is_recommended() -> None:
    report = analysed({each: WHOLE.with_settings(retriever=each) for each in ("oracle", "random", "bm25")})
    assert report.best.name == "bm25"
    assert [comparison.retrievers for comparison in report.comparisons] == [("bm25",), ("oracle", "random")]


@pytest.mark.parametrize("order", [("header", "recursive-character"), ("recursive-character", "header")])
def test_the_plainest_of_the_strategies_with_equal_chunks_gives_the_name(order: tuple[str, ...]) -> None:
    corpus, questions = library()
    configs = {name: RunConfig(strategy=name, chunk_size=16, overlap=0) for name in order}
    report = analyze(corpus, configs, questions).report
    assert [(each.name, each.merged) for each in report.configurations] == [("recursive-character", ("header",))]


@pytest.mark.parametrize(("text", "count"), [("Plain.\n\nText.", 1), ("# A title\n\nText.", 0)])
def test_header_without_headings_to_see_is_said_once(text: str, count: int) -> None:
    configs = [RunConfig(strategy="header", chunk_size=size) for size in (5, 9)]
    report = analyze(Corpus([Document("a.md", text)]), configs).report
    assert [entry.name for entry in report.skipped] == ["header"] * count
    assert markdown_text(report).count("no document here has headings that header can see") == count


def outcome_of(table: Any, *, ceiling: float = 1.0, retriever: str = "bm25") -> Outcome:
    """Return what scores [questions, configurations] show of configurations with 10, 20, … chunks."""
    test = compare_all(table, seed=0)
    results = [
        ConfigurationResult(
            name=f"c{place}",
            config=WHOLE.with_settings(retriever=retriever),
            metrics={
                "budget_recall": mean,
                "oracle_recall": ceiling,
                "num_chunks": 10.0 + place,
                "index_ratio": 1.0,
            },
        )
        for place, mean in enumerate(test.means)
    ]
    worse = [place not in test.not_shown_worse for place in range(len(results))]
    missed = int((np.asarray(table) == 0).all(axis=1).sum())
    return Outcome(results, test, test, test.leader, test.leader, worse, missed)


def alike(questions: int = 60, configurations: int = 5) -> Any:
    """Return scores that differ by chance only; every fifth question is missed by all."""
    table = np.random.default_rng(3).uniform(0.4, 0.9, (questions, configurations))
    table[::5] = 0
    return table


def test_a_comparison_that_shows_nothing_says_that_first_then_what_limits_and_what_would_help() -> None:
    lines = summarize(outcome_of(alike()), None, held_out=False)
    assert lines[0] == "Too close to call: any of these 5 may be the best."
    assert lines[1].startswith("What limits recall: no configuration finds any evidence of 12 of 60 questions; with c")
    assert lines[1].endswith("look at the search first.")
    assert lines[2].startswith("To tell more apart, compare fewer configurations, or add roughly ")
    assert lines[3].startswith("If you need one now, take c")
    assert lines[4] == "This holds for lexical retrieval (bm25) and 120 characters of context."


@pytest.mark.parametrize(
    ("ceiling", "says"),
    [(1.0, "look at the search first"), (0.55, "look at the budget and the chunk size first")],
)
def test_what_limits_recall_is_what_loses_most_of_it(ceiling: float, says: str) -> None:
    assert says in limit_of_recall(outcome_of(alike(), ceiling=ceiling))


def test_recall_without_loss_is_limited_by_nothing() -> None:
    assert limit_of_recall(outcome_of(np.ones((20, 2)))) == ""


def test_the_recommended_one_is_said_to_need_fewer_chunks_only_where_it_does() -> None:
    same = outcome_of(np.full((20, 3), 0.5))  # of three, the last has the most chunks
    first, last = (" ".join(summarize(replace(same, recommended=place), None, held_out=False)) for place in (0, 2))
    assert "Take c0: all score the same, and it needs fewer chunks." in first
    assert "Take c2: all score the same, and its chunks are closest to the usual size." in last


def test_fewer_configurations_are_advised_only_where_there_are_more_than_two() -> None:
    pair = summarize(outcome_of(alike(configurations=2)), None, held_out=False)
    assert pair[0].startswith("Too close to call: c")
    assert "compare fewer" not in " ".join(pair)


def test_a_clear_verdict_is_three_lines_and_the_rest_is_explained_on_demand() -> None:
    report = analysed()
    comparison = report.comparison
    assert comparison is not None
    assert not comparison.too_close
    clear, take, holds = [line for line in comparison.verdict if not line.startswith("On average")]
    assert clear == "whole is clearly better than wide and cut."
    assert take.startswith(f"Take {comparison.recommended}: ")
    assert holds == "This holds for lexical retrieval (bm25) and 120 characters of context."
    assert set(comparison.verdict) <= set(notes(report, explain=False))
    assert not set(comparison.explanation) & set(notes(report, explain=False))
    assert set(comparison.explanation) <= set(notes(report))


def test_where_recall_is_lost_is_said_by_cause_the_largest_first() -> None:
    metrics = {"budget_recall": 0.6, "lost_below_budget": 0.1, "lost_never_retrieved": 0.28, "lost_at_border": 0.02}
    metrics |= {"lost_other_documents": 0.3}
    result = ConfigurationResult(name="c", config=WHOLE, metrics=metrics)
    assert where_lost(result) == (
        "c misses 40.0 points of recall: 28.0 because the evidence is never retrieved, 10.0 because the evidence is ranked "
        "below the budget and 2.0 because a border cuts the evidence and the budget does not hold all pieces."
    )
    assert (
        between_documents(result) == "Most evidence is missed because the search picks the wrong documents. "
        "To compare chunkings within the right documents, add --filter document."
    )
    known = result.model_copy(update={"metrics": {**metrics, "document_precision": 0.25}})
    assert "only 25 % of the first 2 chunks come from a document with evidence. To" in between_documents(known)
    given = known.model_copy(update={"config": WHOLE.with_settings(retriever=external_name("rankings"))})
    assert between_documents(given).endswith("come from a document with evidence.")
    large = result.model_copy(update={"metrics": {**metrics, "context_size": 2 * WHOLE.budget + 2}})
    assert between_documents(large).startswith(
        "The budget (120 characters) is smaller than most chunks: raise --budget"
    )
    assert between_documents(result.model_copy(update={"metrics": {**metrics, "lost_other_documents": 0.2}})) == ""
    assert where_lost(result.model_copy(update={"metrics": {"budget_recall": 1.0}})) == ""


def test_the_explanation_says_where_the_recommended_configuration_loses_recall() -> None:
    report = analysed({"cut": CUT, "small": CUT.with_settings(budget=60)})
    assert report.comparison is not None
    assert any(" points of recall: " in line for line in report.comparison.explanation)


def test_questions_that_tell_no_configuration_from_another_are_counted() -> None:
    outcome = replace(outcome_of(alike()), undecided=12)
    assert (
        "12 of 60 questions score the same under every configuration: they cannot tell these apart. To show a "
        "difference of 5 points, add roughly 110 questions like yours, or only 90 if all of those tell them apart."
    ) in explain(outcome, {}, held_out=False)
    assert not [line for line in explain(outcome_of(alike()), {}, held_out=False) if "cannot tell" in line]
    report = analysed({"whole": WHOLE, "same": WHOLE.with_settings(budget=119)})
    assert any(line.startswith("40 of 40 questions score the same") for line in notes(report))


@pytest.mark.parametrize("retriever", ["bm25", "legacy", "random", "oracle"])
def test_a_filter_keeps_the_order_of_the_chunks_of_a_questions_own_document_and_no_others(retriever):
    corpus, questions = library(12, 2)
    config = CUT.with_settings(retriever=retriever)
    chunking = chunk(corpus, config)
    everything = rank_for_evaluation(chunked_in_memory(chunking, config), questions, len(chunking))
    filtering = config.with_settings(filter="document")
    filtered = rank_for_evaluation(chunked_in_memory(chunking, filtering), questions, len(chunking))
    homes = corpus.documents_at(chunking.spans[:, 0]).tolist()
    for question, every, own in zip(questions.questions, everything.tolist(), filtered.tolist(), strict=True):
        wanted = {int(corpus.documents_at(np.array([span[0]]))[0]) for item in question.evidence for span in item.spans}
        kept = [row for row in every if homes[row] in wanted]
        assert len(kept) < len(every)
        assert own == kept + [-1] * (len(every) - len(kept))


def test_a_verdict_says_that_each_question_was_asked_of_its_own_document():
    report = analysed(CUT.with_settings(filter="document"))
    assert "within each question's own document" in said(report)
    assert report.configurations[0].metrics["document_precision"] == 1
