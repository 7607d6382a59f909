"""Analyses side by side, and run again: saved and tracked ones, through the library and the program's entry point."""

import json
import math
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_chunk import (
    AnalysisConfig,
    ComparisonReport,
    RunConfig,
    analyze,
    compare,
    read_corpus,
    read_questions,
    reproduce,
)
from rag_chunk.analysis import Analysis, statistics
from rag_chunk.analysis.history import (
    AskedQuestion,
    SavedAnalysis,
    compare_analyses,
    compare_metrics,
    gate_verdict,
    pair_questions,
    saved_from_analysis,
    worse,
)
from rag_chunk.analysis.report import ConfigurationResult, parse_report
from rag_chunk.config.history import ComparisonConfig
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.workflow.results import save_results
from tests.conftest import Program

WORDS = "amber basil cedar delta ember fjord grove heron inlet jetty knoll larch maple night ochre prism quartz".split()
SMALL, LARGE = (
    RunConfig(strategy="sentence", chunk_size=16, budget=40),
    RunConfig(strategy="sentence", chunk_size=48, budget=40),
)

VECTORS = SMALL.with_settings(retriever="dense", embedding_model="hashing")


def facts(number: int) -> list[str]:
    """Return the sentences of a document: each of its colours is somewhere."""
    drawn = random.Random(number)  # noqa: S311 - no secret
    return [f"The {word} of house {number} is {drawn.choice(WORDS)} and {drawn.choice(WORDS)}." for word in WORDS[:6]]


def write_documents(folder: Path, count: int = 14) -> Path:
    folder.mkdir(parents=True)
    for number in range(count):
        (folder / f"house{number:02}.txt").write_text(" ".join(facts(number)) + "\n")
    return folder


def write_questions(path: Path, count: int = 14) -> Path:
    asked = [
        {"id": f"h{number}", "question": f"Which {WORDS[number % 6]} has house {number}?",
         "relevant": [facts(number)[number % 6]]}
        for number in range(count)
    ]  # fmt: skip
    path.write_text(json.dumps(asked))
    return path


def analysed(folder: Path, *configs: RunConfig, questions: Path | None = None, **settings: Any) -> Analysis:
    """Analyse the documents in `folder`/docs with the questions beside them."""
    test_file = questions or folder / "questions.json"
    asked = AnalysisConfig(source=folder / "docs", test_file=test_file, **settings).with_absolute_paths(Path.cwd())
    corpus = read_corpus(folder / "docs")
    return analyze(corpus, configs, read_questions(test_file, corpus), settings=asked)


@pytest.fixture
def house(folder: Path) -> Path:
    """Return a working folder with documents, questions, and two results folders: small and large chunks."""
    write_documents(folder / "docs")
    write_questions(folder / "questions.json")
    save_results(analysed(folder, SMALL), folder / "small")
    save_results(analysed(folder, LARGE), folder / "large")
    return folder


# results that somebody edited


def _set(folder: Path, name: str, *place: Any, to: Any) -> None:
    """Set what stands at a place of a JSON file."""
    whole = json.loads((folder / name).read_text())
    inner = whole
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = to
    (folder / name).write_text(json.dumps(whole))


FIRST = ("configurations", 0)


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("schema_version",), 2, "has schema_version 2; this rag-chunk reads up to 1. Upgrade it"),
        (("comparison", "recommended"), "tiny", "it compares 'tiny', which is none of its configurations"),
        (("configurations",), [], "it has no configurations"),
        ((*FIRST, "name"), "../../secret", "'../../secret' is not a valid name of a configuration"),
        ((*FIRST, "name"), "a\x00", "is not a valid name of a configuration"),
        ((*FIRST, "metrics", "budget_recall"), math.inf, "metrics.budget_recall: Input should be a finite number"),
        ((*FIRST, "questions", 0, "id"), "h1", "has two questions with the same id"),
        ((*FIRST, "config", "chunk_size"), 0, "configurations.0.config.chunk_size: "),
    ],
)
def test_a_report_that_contradicts_itself_is_refused(
    house: Path, place: tuple[Any, ...], value: Any, message: str
) -> None:
    _set(house / "small", "report.json", *place, to=value)
    with pytest.raises(InputError) as raised:
        compare(house / "large", house / "small")
    assert message in str(raised.value)


@pytest.mark.parametrize("value", [5, None, {"text": "Why?"}])
def test_recorded_questions_are_texts(house: Path, value: object) -> None:
    _set(house / "small", "questions.json", 0, "question", to=value)
    with pytest.raises(InputError, match="does not hold questions as rag-chunk records them"):
        compare(house / "large", house / "small")


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"tags": 5}', '{"tags": {"a": 5}}', '{"log_chunks": "some"}', '{"run_name": ["a"]}']
)
def test_recorded_options_have_their_types(house: Path, text: str) -> None:
    (house / "small" / "tracking.json").write_text(text)
    with pytest.raises(InputError, match=r"tracking\.json"):
        compare(house / "large", house / "small")


def test_a_link_out_of_a_results_folder_is_refused(house: Path) -> None:
    page = house / "small" / "report.html"
    page.unlink()
    page.symlink_to(house / "questions.json")
    with pytest.raises(InputError, match=r"report\.html leads out of the results folder"):
        compare(house / "large", house / "small")


def test_a_name_that_can_be_no_path_is_neither_a_folder_nor_a_run(house: Path) -> None:
    for name in ("x" * 5000, "a\x00b"):
        with pytest.raises(InputError, match="there is no results folder"):
            compare(house / "large", name)
    _set(house / "small", "report.json", "analysis", "source", to="x" * 5000)
    with pytest.raises(InputError, match="are not at xxx"):
        reproduce(house / "small")


# which questions are paired


def asked(*questions: tuple[str, str, str]) -> list[AskedQuestion]:
    return [AskedQuestion(name, question, ((text,),)) for name, question, text in questions]


def test_questions_are_paired_by_what_they_ask_and_by_their_evidence() -> None:
    before = asked(("q1", "Why?", "because"), ("q2", "Who?", "he"), ("q3", "When?", "now"), ("q4", "What?", "that"))
    after = asked(("q1", "Who?", "he"), ("q2", "When?", "then"), ("q3", "Why?", "because"), ("q4", "Which?", "that"))
    found = pair_questions({"old": before, "new": after})
    assert found.ids == (("q1", "q3"), ("q2", "q1"))
    assert {(each.name, each.what) for each in found.left_out} == {
        ("q3 (When?)", "its evidence differs"),
        ("q2 (When?)", "its evidence differs"),
        ("q4 (What?)", "it is asked in other words"),
        ("q4 (Which?)", "it is asked in other words"),
    }


def test_a_question_that_is_asked_twice_is_paired_as_often_as_both_sides_ask_it() -> None:
    twice, once = asked(("a", "Why?", "x"), ("b", "Why?", "x")), asked(("c", "Why?", "x"))
    found = pair_questions({"old": twice, "new": once, "newest": twice})
    assert found.ids == (("a", "c", "a"),)
    assert [(each.name, each.what) for each in found.left_out] == [("b (Why?)", "not in new")]


# what is compared


def test_the_test_is_the_librarys_own_over_the_common_questions(house: Path) -> None:
    report = compare(house / "small", house / "large")
    sides = [analysed(house, config).report.best for config in (SMALL, LARGE)]
    table = np.array([[found.scores["budget_recall"] for found in side.questions] for side in sides]).T
    (pair,) = statistics.compare_all(table, seed=0).pairs
    (found,) = report.pairs
    names = [side.label for side in report.sides]
    assert (found.a, found.b) == (names[pair.a], names[pair.b])
    assert (found.difference, found.p_adjusted) == (pair.difference, pair.p_adjusted)
    assert (found.low, found.high) == (pair.low, pair.high)
    assert found.difference > 0
    assert report.settings == {"chunk_size": (16, 48), "overlap": (4, 12)}
    assert report.against[0].difference == pytest.approx(table[:, 1].mean() - table[:, 0].mean())
    for side, made in zip(report.sides, sides, strict=True):
        assert side.metrics.items() >= {n: v for n, v in made.metrics.items() if not n.endswith("_time")}.items()


def test_documents_may_change_around_the_evidence(house: Path) -> None:
    docs = house / "docs"
    (docs / "house00.txt").write_text("A new roof.\n\n" + "\n".join(facts(0)))  # moved and wrapped, the same words
    (docs / "house01.txt").write_text(" ".join(facts(1)).replace(facts(1)[1], "Its basil is gone."))
    (docs / "house13.txt").unlink()
    (docs / "zoo.txt").write_text("A lion.")
    listed = json.loads((house / "questions.json").read_text())
    listed[1]["relevant"] = ["Its basil is gone."]
    (house / "questions.json").write_text(json.dumps([*listed[:13], {"question": "A zoo?", "relevant": ["A lion"]}]))
    saved = json.loads((house / "small" / "report.json").read_text())
    saved["configurations"][0]["metrics"]["intact"] = 0.123  # a pooled metric: it is not the mean of its questions
    (house / "small" / "report.json").write_text(json.dumps(saved))
    report = compare(house / "small", analysed(house, SMALL))
    assert [(each.name, each.what) for each in report.sides[1].documents] == [
        ("house00.txt", "changed"), ("house01.txt", "changed"), ("house13.txt", "gone"), ("zoo.txt", "new"),
    ]  # fmt: skip
    assert report.num_questions == 12
    assert [(each.name.split()[0], each.what.replace(report.sides[1].label, "new")) for each in report.left_out] == [
        ("h1", "its evidence differs"),
        ("h13", "not in new"),
        ("q14", f"not in {report.sides[0].label}"),
    ]
    old = parse_report((house / "small" / "report.json").read_text(), "").best
    kept = [each.scores["budget_recall"] for each in old.questions if each.id not in {"h1", "h13"}]
    assert report.sides[0].metrics["budget_recall"] == pytest.approx(np.mean(kept))
    assert report.sides[0].metrics["num_chunks"] == old.metrics["num_chunks"]
    assert ["intact" in side.metrics for side in report.sides] == [False, True]


def test_what_does_not_fit_together_is_refused_unless_anyway(house: Path) -> None:
    other = analysed(house, SMALL.with_settings(budget=80, top_k=1, retriever="legacy"))
    few = analysed(house, LARGE, questions=write_questions(house / "few.json", 9))
    none = analysed(house, SMALL, questions=house / "few.json")
    with pytest.raises(InputError, match=r"retriever is bm25 .* legacy .*top_k is 5 .*budget is 40 .*--anyway"):
        compare(house / "small", other)
    with pytest.raises(InputError, match=r"only 9 questions are common, and to show a difference takes 10: --anyway"):
        compare(house / "small", few)
    report = compare(house / "small", other, few, none, settings=ComparisonConfig(anyway=True))
    assert len(report.warnings) == 4
    assert report.num_questions == 9
    assert any("9 questions are too few to show which is better" in sentence for sentence in report.verdict)


def test_sides_without_common_questions_are_refused_always(house: Path) -> None:
    path = house / "other.json"
    path.write_text(json.dumps([{"question": f"{n}?", "relevant": [facts(n)[0]]} for n in range(12)]))
    with pytest.raises(InputError, match="no questions are common: there is nothing to compare by"):
        compare(house / "small", analysed(house, LARGE, questions=path), settings=ComparisonConfig(anyway=True))


@pytest.mark.parametrize(
    ("metric", "said"), [("avg_recal", "did you mean 'avg_recall'"), ("context_size", "is not a share")]
)
def test_what_cannot_be_compared_by_is_refused(metric: str, said: str, house: Path) -> None:
    with pytest.raises(InputError, match=said):
        compare(house / "small", house / "large", settings=ComparisonConfig(metric=metric))


def test_any_share_that_each_question_has_can_be_compared_by(house: Path) -> None:
    report = compare(house / "small", house / "large", settings=ComparisonConfig(metric="hit_rate"))
    means = [side.metrics["hit_rate"] for side in report.sides]
    assert report.against[0].difference == pytest.approx(means[1] - means[0])


def test_an_analysis_stands_for_its_recommended_configuration_unless_one_is_named(house: Path) -> None:
    both = analysed(house, SMALL, LARGE)
    save_results(both, house / "both")
    report = compare(both, house / "both" / "configs" / "sentence-48-12.yaml")
    assert [side.configuration for side in report.sides] == [both.report.best.name, "sentence-48-12"]
    (house / "both" / "configs" / "nothing.yaml").touch()
    with pytest.raises(InputError, match="has no configuration nothing"):
        compare(both, house / "both" / "configs" / "nothing.yaml")


def test_one_side_is_too_few_and_the_same_twice_too(house: Path) -> None:
    with pytest.raises(SettingsError, match="needs two sides"):
        compare(house / "small")
    with pytest.raises(SettingsError, match=r"sentence-16-4 \(.*small\) is named twice"):
        compare(house / "small", house / "small")


# the gate


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Analysis:
    folder = tmp_path_factory.mktemp("base")
    write_documents(folder / "docs")
    write_questions(folder / "questions.json")
    return analysed(folder, SMALL)


def by_hand(base: Analysis, *scores: list[float]) -> ComparisonReport:
    """Compare sides whose questions have these scores."""
    sides = []
    for number, side in enumerate(scores):
        questions = tuple(
            base.report.best.questions[0].model_copy(update={"id": f"q{n}", "scores": {"budget_recall": score}})
            for n, score in enumerate(side)
        )
        best = base.report.best.model_copy(update={"questions": questions})
        asked = {each.id: AskedQuestion(each.id, each.id, (("x",),)) for each in questions}
        report = base.report.model_copy(update={"configurations": (best,)})
        sides.append(SavedAnalysis(source=f"side {number}", report=report, questions=asked))
    return compare_analyses(sides, anyway=True)


@pytest.mark.parametrize("count", [1, 3, 12, 40])
@pytest.mark.parametrize("drop", [-0.1, 0.0, 0.01, 0.02, 0.021, 0.5])
def test_worse_is_a_mean_below_the_margin_however_few_the_questions(count: int, drop: float, base: Analysis) -> None:
    report = by_hand(base, [0.9] * count, [0.9 - drop] * count)
    assert bool(worse(report, 0.02)) == (drop > 0.02)
    (sentence,) = gate_verdict(report, 0.02)
    assert sentence.startswith("Worse: " if drop > 0.02 else "Not worse: ")
    assert ("more than chance" in sentence) == (drop > 0.02 and count < 12)


@pytest.mark.parametrize(
    ("drop", "noise"), [(0.1, 0.0), (0.1, 0.05), (0.1, 0.4), (0.03, 0.0), (0.03, 0.4), (0.01, 0.0)]
)
def test_the_gate_of_an_alias_goes_by_what_the_questions_show(drop: float, noise: float, base: Analysis) -> None:
    varied = [0.5 - drop + (-1) ** number * noise for number in range(20)]
    report = by_hand(base, [0.5] * 20, varied)
    shown = noise < 0.1
    assert (report.against[0].shown == "worse") == shown
    assert bool(worse(report, 0.02, only_shown=True)) == (shown and drop > 0.02)
    (sentence,) = gate_verdict(report, 0.02, only_shown=True)
    assert sentence.split(":")[0] == ("Not worse" if drop < 0.02 else "Worse" if shown else "Not shown to be worse")
    assert ("can be chance (95 % interval -" in sentence) == (drop > 0.02 and not shown)
    assert "though" not in sentence


def test_the_gate_says_what_the_questions_cannot_rule_out(base: Analysis) -> None:
    noisy = [0.5 + (-1) ** number * 0.3 - 0.01 for number in range(20)]
    (found,) = gate_verdict(report := by_hand(base, [0.5] * 20, noisy), 0.02)
    drop = -100 * report.against[0].low
    assert drop > 2
    assert found.endswith(f"1.0 points below {report.sides[0].label}, within the margin of 2.0; "
                          f"a drop of up to {drop:.1f} points on other such questions is not ruled out.")  # fmt: skip
    (equal,) = gate_verdict(by_hand(base, [0.5] * 20, [0.5] * 20), 0.0)
    assert equal.startswith("Not worse: ")
    assert "ruled out" not in equal


def test_the_gate_ends_the_program_with_7_and_only_where_it_is_asked_for(house: Path, run: Program) -> None:
    status, shown, said = run("compare", "small", "large", "--fail-if-worse", "--output", "json")
    gap = json.loads(shown)["against"][0]["difference"]
    assert gap < -0.02
    assert status == 7
    assert said.startswith("rag-chunk: Worse: sentence-48-12 is ")
    assert run("compare", "large", "small", "--fail-if-worse")[0] == 0
    assert run("compare", "small", "large", "--fail-if-worse", "--margin", "1")[0] == 0
    assert run("compare", "small", "large")[0] == 0
    assert run("compare", "small", "large", "--fail-if-worse", "--margin", "2")[0] == 2


# run again


def test_a_saved_analysis_is_reproduced_to_the_last_digit(house: Path, run: Program) -> None:
    save_results(analysed(house, SMALL, LARGE, holdout=0.5, baseline="sentence-16-4"), house / "both")
    status, shown, _ = run("reproduce", "both", "--output", "json")
    found = json.loads(shown)
    assert status == 0
    assert [each["name"] for each in found["configurations"]] == [
        result.name for result in parse_report((house / "both" / "report.json").read_text(), "").configurations
    ]
    assert all(metric["now"] == metric["recorded"] for each in found["configurations"] for metric in each["metrics"])
    alone = reproduce("both/configs/sentence-48-12.yaml")
    assert [each.name for each in alone.configurations] == ["sentence-48-12"]
    assert alone.is_equal


def test_what_differs_is_named_and_ends_with_6(house: Path, run: Program) -> None:
    (house / "docs" / "house03.txt").write_text("The roof. " + " ".join(facts(3)))
    listed = json.loads((house / "questions.json").read_text())
    listed[2]["relevant"] = [facts(2)[0]]
    (house / "questions.json").write_text(json.dumps(listed))
    status, shown, said = run("reproduce", "small")
    assert status == 6
    assert "Documents that are not as they were: 1\n  house03.txt: changed\n" in shown
    assert "  h2 (Which cedar has house 2?): its evidence differs\n" in shown
    assert "\nNot reproduced: " in shown
    assert said == "rag-chunk: small is not reproduced\n"
    found = reproduce(house / "small")
    off = {metric.name: metric for metric in found.configurations[0].differing}
    assert off["budget_recall"].now == analysed(house, SMALL).report.best.metrics["budget_recall"]
    assert "processing_time" not in {metric.name for metric in found.configurations[0].metrics}
    assert max(map(len, shown.splitlines())) <= 80


def test_a_reformatted_question_file_is_the_same(house: Path) -> None:
    (house / "questions.json").write_text(json.dumps(json.loads((house / "questions.json").read_text()), indent=9))
    assert reproduce(house / "small").is_equal


def test_documents_and_questions_may_be_elsewhere(house: Path, run: Program) -> None:
    (house / "docs").rename(house / "moved")
    (house / "questions.json").rename(house / "asked.json")
    status, _, said = run("reproduce", "small")
    assert status == 3
    assert said == f"rag-chunk: the documents of small are not at {house / 'docs'}; name them: FOLDER\n"
    assert run("reproduce", "small", "moved")[2].endswith("name them: --test-file FILE\n")
    assert run("reproduce", "small", "moved", "--test-file", "asked.json")[0] == 0
    assert run("reproduce", "small", "--folder", "moved", "--test-file", "asked.json")[0] == 0
    assert run("reproduce", "small", "moved", "--folder", "moved")[0] == 2


def test_questions_that_cannot_be_read_any_more_are_set_beside_the_documents_that_changed(
    house: Path, run: Program
) -> None:
    (house / "docs" / "house05.txt").write_text("Torn down.")
    status, shown, said = run("reproduce", "small")
    assert (status, shown) == (3, "")
    assert said.endswith("The documents are not those of small: house05.txt is changed\n")


def test_metrics_of_a_models_vectors_are_given_a_tolerance_and_what_was_cached_is_left_out(house: Path) -> None:
    by_words, by_vectors = (analysed(house, config) for config in (SMALL, VECTORS))
    save_results(by_vectors, house / "vectors")
    again = reproduce(house / "vectors")
    assert again.is_equal
    assert {"share_unread"} == {metric.name for metric in again.configurations[0].metrics if "share_un" in metric.name}
    for analysis, tolerated in ((by_words, 0.0), (by_vectors, 1e-3)):
        before = saved_from_analysis(analysis, "before")
        best = before.report.best
        for gap in (0.0, 5e-4, 5e-3):
            metrics = {**best.metrics, "budget_recall": best.metrics["budget_recall"] + gap, "share_cached": gap}
            found = compare_metrics(before, replace_result(before, best.model_copy(update={"metrics": metrics})))
            assert found.is_equal == (gap <= tolerated)
    assert best.embedding
    other = best.embedding.model_copy(update={"model": "hashing-9"})
    found = compare_metrics(before, replace_result(before, best.model_copy(update={"embedding": other})))
    assert [each.what for each in found.models] == [f"made with {best.embedding.model}, now with hashing-9"]
    assert not found.is_equal


def replace_result(recorded: SavedAnalysis, result: ConfigurationResult) -> SavedAnalysis:
    return replace(recorded, report=recorded.report.model_copy(update={"configurations": (result,)}))


def test_what_was_scored_is_not_run_again(house: Path, run: Program) -> None:
    path = house / "small" / "report.json"
    path.write_text(path.read_text().replace('"strategy": "sentence"', '"strategy": "given-0123456789ab"'))
    status, _, said = run("reproduce", "small")
    assert status == 3
    assert "was scored, not made" in said


# errors, and looks


def test_names_that_stand_for_nothing_are_errors(house: Path, run: Program) -> None:
    (house / "empty").mkdir()
    for name, said in (
        ("smal", "there is no results folder"),
        ("empty", "is not a results folder"),
        ("../x", "there is no results folder"),
    ):
        for command in (["compare", "small", name], ["reproduce", name]):
            status, shown, error = run(*command)
            assert (status, shown) == (3, "")
            assert said in error


def test_without_questions_there_is_nothing_to_compare_by(house: Path, run: Program) -> None:
    assert run("analyze", "docs", "--strategy", "sentence", "--save", "plain", "-q")[0] == 0
    assert "has no questions to compare by" in run("compare", "small", "plain")[2]
    assert run("reproduce", "plain")[0] == 0
    assert run("reproduce", "plain", "--test-file", "questions.json")[0] == 2


def test_a_comparison_is_a_table_json_or_markdown_and_fits_its_window(house: Path, run: Program) -> None:
    for size in range(4, 12):
        save_results(analysed(house, SMALL.with_settings(chunk_size=size, overlap=1)), house / f"s{size}")
    names = [f"s{size}" for size in range(4, 12)]
    status, shown, _ = run("compare", *names)
    assert status == 0
    assert max(map(len, shown.splitlines())) <= 80
    assert shown.count("budget_recall") == 2  # eight sides do not fit beside each other
    assert all(f"\n{letter} " in shown for letter in "BCDEFGH")
    text = run("compare", *names, "--output", "markdown")[1]
    run("compare", *names, "-o", "found.md")
    assert (house / "found.md").read_text() == text
    rows = [line for line in text.splitlines() if line.startswith("| num_chunks")]
    report = compare(*names)
    assert rows == ["| num_chunks | " + " | ".join(f"{side.metrics['num_chunks']:.0f}" for side in report.sides) + " |"]
    assert ComparisonReport.model_validate_json(run("compare", *names, "--output", "json")[1]) == report


def test_markdown_is_a_comment_with_the_verdict_first_and_the_table_folded(house: Path, run: Program) -> None:
    asked = json.loads((house / "questions.json").read_text())
    asked[0]["question"] += " @team </details>"
    (house / "other.json").write_text(json.dumps(asked))
    save_results(analysed(house, LARGE, questions=house / "other.json"), house / "other")
    status, text, _ = run("compare", "small", "other", "--fail-if-worse", "--output", "markdown")
    lines = text.splitlines()
    assert (status, lines[0]) == (7, "### rag-chunk compare")
    assert lines[2].startswith("**Worse: sentence-48-12 is ")
    assert lines[4].startswith("- sentence-16-4 beats sentence-48-12")
    folded = text[text.index("<details>") : text.index("</details>")]
    assert "| budget_recall |" in folded
    assert "| budget_recall |" not in text.replace(folded, "")
    fenced = text.split("~" * 20)[1]  # where GitHub reads neither mentions nor markup
    assert "@team </details>" in fenced
    assert text.count("@team") == fenced.count("@team")
    plain = run("compare", "small", "large", "--output", "markdown")[1]
    assert plain.splitlines()[2].startswith("**sentence-16-4 beats")
    assert "Compared over 14 common questions, which are all." in plain


def test_names_and_questions_are_shown_as_they_are_and_command_no_terminal(house: Path, run: Program) -> None:
    listed = json.loads((house / "questions.json").read_text())
    listed[0]["question"] += "\x1b]0;title\x07 [bold]"
    (house / "questions.json").write_text(json.dumps(listed))
    save_results(analysed(house, LARGE), house / "a[red]b")
    _, shown, _ = run("compare", "small", "a[red]b")
    assert " a[red]b " in shown
    assert "[bold]" in shown
    assert "\x1b" not in shown
