"""Where recall is lost, question by question: the causes sum to what is missing, and the evidence's rank is told."""

from pathlib import Path
from typing import Any

import pytest

from rag_chunk import Corpus, Document, RunConfig, analyze, read_corpus, read_questions
from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.scorer.losses import CAUSES
from tests.support.evaluation import public_data

EXAMPLES = Path(__file__).parents[2] / "examples"


def assert_causes_sum(result: ConfigurationResult) -> None:
    for each in result.questions:
        missing = 1 - each.scores["budget_recall"]
        assert sum(each.scores[cause] for cause in CAUSES) == pytest.approx(missing, abs=1e-9)
        assert min(each.scores[cause] for cause in CAUSES) >= -1e-12
    missing = 1 - result.metrics["budget_recall"]
    assert sum(result.metrics[cause] for cause in CAUSES) == pytest.approx(missing, abs=1e-9)


@pytest.mark.parametrize("settings", [{"chunk_size": 50}, {"overlap": 0}, {"budget": 500}, {"skip_blocks": ("code",)}])
@pytest.mark.parametrize("strategy", ["sliding-window", "markdown", "hierarchical"])
@pytest.mark.parametrize("data", ["examples", "public"])
def test_on_real_documents_the_causes_sum_to_what_is_missing(
    data: str, strategy: str, settings: dict[str, Any]
) -> None:
    corpus, file = public_data() if data == "public" else (read_corpus(EXAMPLES), EXAMPLES / "questions.json")
    questions = read_questions(file, corpus)
    report = analyze(corpus, RunConfig(strategy=strategy, **settings), questions).report
    assert_causes_sum(report.configurations[0])


def test_the_rank_is_that_of_the_first_chunk_with_the_evidence() -> None:
    corpus = Corpus([Document("a.txt", "blue blue bird. blue sky here. red sun now. green.")])
    start = corpus.documents[0].text.index("blue sky")
    asked = (
        Question("first", "blue bird?", (Evidence(((0, 14),)),)),
        Question("second", "blue bird?", (Evidence(((start, start + 13),)),)),
        Question("unranked", "blue bird?", (Evidence(((0, 50),)),)),
    )
    config = RunConfig(strategy="sentence", chunk_size=3, overlap=0, budget=15)
    result = analyze(corpus, config, Questions("q", "d", asked)).report.configurations[0]
    assert [each.rank for each in result.questions] == [1, 2, 1]
    assert [len(each.retrieved) for each in result.questions] == [1, 1, 1]


def test_evidence_that_no_chunk_holds_has_no_rank() -> None:
    corpus = Corpus([Document("a.md", "Some words.\n\n```\nrun it\n```\n")])
    start = corpus.documents[0].text.index("run")
    asked = (Question("q", "run?", (Evidence(((start, start + 6),)),)),)
    config = RunConfig(strategy="markdown", skip_blocks=("code",))
    result = analyze(corpus, config, Questions("q", "d", asked)).report.configurations[0]
    assert result.questions[0].rank is None
    assert result.questions[0].scores["lost_skipped"] == 1
    assert result.questions[0].causes == ("lost_skipped",)
