"""Where recall is lost, by tag and by document, as a table for MLflow's pages."""

import json
from pathlib import Path

import pytest

from rag_chunk import AnalysisConfig, Corpus, Document, RunConfig, analyze
from rag_chunk.analysis import Analysis
from rag_chunk.mlflow_tracker.loss_table import loss_table
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.scorer.losses import CAUSES
from rag_chunk.workflow.results import save_results

CORPUS = Corpus([Document("a.txt", "Turn the key. Pull the bolt. "), Document("b.txt", "Feed the cat. Wash the dog. ")])
ASKED = [
    Question("key", "key?", (Evidence(((0, 12),)),), ("door",)),
    Question("bolt", "bolt?", (Evidence(((14, 27),)),), ("door", "iron")),
    Question("cat", "who is hungry?", (Evidence(((29, 41),)),)),
]


def analysed(**settings: object) -> Analysis:
    configs = [RunConfig(strategy="sentence", chunk_size=size, budget=12) for size in (3, 6)]
    return analyze(CORPUS, configs, Questions("q", "", tuple(ASKED)), settings=AnalysisConfig.model_validate(settings))


def table_of(analysis: Analysis, folder: Path) -> dict[tuple[str, str, str], dict[str, float]]:
    save_results(analysis, folder / "results")
    text = loss_table(analysis.report, (folder / "results" / "questions.json").read_text("utf-8"))
    assert text is not None
    made = json.loads(text)
    return {tuple(row[:3]): dict(zip(made["columns"][3:], row[3:], strict=True)) for row in made["data"]}


def test_each_group_has_the_means_of_its_questions_and_its_causes_sum_to_what_is_missing(tmp_path: Path) -> None:
    analysis = analysed()
    table, best = table_of(analysis, tmp_path), analysis.report.configurations[0]
    counts = {(by, group): row["questions"] for (name, by, group), row in table.items() if name == best.name}
    assert counts == {
        ("all", ""): 3,
        ("document", "a.txt"): 2,
        ("document", "b.txt"): 1,
        ("tag", "door"): 2,
        ("tag", "iron"): 1,
    }
    for row in table.values():
        assert sum(row[cause] for cause in CAUSES) == pytest.approx(1 - row["budget_recall"])
    assert table[best.name, "all", ""]["budget_recall"] == pytest.approx(best.metrics["budget_recall"])
    assert table[best.name, "document", "b.txt"]["lost_never_retrieved"] == 1


def test_there_is_no_table_where_the_causes_were_not_measured() -> None:
    assert loss_table(analysed(metrics=("budget",)).report, "[]") is None
