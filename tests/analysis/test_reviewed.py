"""Where some questions are drafts, the verdict on the reviewed ones alone is beside the one on all."""

import pytest

from rag_chunk import Corpus, Document, RunConfig, analyze
from rag_chunk.analysis.report import parse_report
from rag_chunk.questions import Evidence, Question, Questions
from rag_chunk.rendering import markdown_text
from rag_chunk.rendering.html import html_text
from tests.support.evaluation import questions_of

WORDS = [f"word{number}" for number in range(600)]
CORPUS = Corpus([Document("a.txt", " ".join(WORDS))])
CONFIGS = [RunConfig(strategy="fixed-size", chunk_size=size, budget=200) for size in (20, 200)]


def asked(reviewed: int, drafts: int) -> Questions:
    """Return questions of one word each; the reviewed ones come first."""

    def question(number: int) -> Question:
        start = CORPUS.text(0, len(CORPUS)).index(f" word{number * 7} ") + 1 if number else 0
        span = start, start + len(f"word{number * 7}")
        return Question(f"q{number}", f"word{number * 7}?", (Evidence((span,)),), reviewed=number < reviewed)

    return questions_of(*map(question, range(reviewed + drafts)))


def test_the_verdict_on_the_reviewed_alone_is_that_of_an_analysis_of_them_alone():
    both = analyze(CORPUS, CONFIGS, asked(40, 20)).report.comparison
    alone = analyze(CORPUS, CONFIGS, asked(40, 0)).report
    assert both is not None
    assert both.reviewed is not None
    assert alone.comparison is not None
    assert both.reviewed.count == 40
    assert both.reviewed.leader == alone.comparison.leader
    assert both.reviewed.recommended == alone.comparison.recommended
    assert both.reviewed.not_shown_worse == alone.comparison.not_shown_worse
    for result in alone.configurations:
        assert both.reviewed.means[result.name] == pytest.approx(result.metrics["budget_recall"], abs=1e-12)
    assert both.reviewed.verdict[0].startswith("The 40 reviewed questions alone: fixed-size-20-0 is clearly better")


@pytest.mark.parametrize(("reviewed", "drafts"), [(20, 0), (0, 20)])
def test_there_is_one_verdict_where_all_or_none_are_reviewed(reviewed, drafts):
    report = analyze(CORPUS, CONFIGS, asked(reviewed, drafts)).report
    assert report.comparison is not None
    assert report.comparison.reviewed is None
    assert '"reviewed"' not in report.to_json()


def test_every_form_of_a_report_shows_it_and_says_where_the_reviewed_are_few():
    analysis = analyze(CORPUS, CONFIGS, asked(3, 20))
    assert "- The 3 reviewed questions alone: " in markdown_text(analysis.report)
    assert "3 questions are too few to show which is better: ask at least 10, better 30." in markdown_text(
        analysis.report
    )
    assert "The 3 reviewed questions alone" in html_text(analysis)
    assert parse_report(analysis.report.to_json(), "report.json") == analysis.report


def test_one_reviewed_question_and_one_configuration_have_a_sentence():
    comparison = analyze(CORPUS, CONFIGS[:1], asked(1, 5)).report.comparison
    assert comparison is not None
    assert comparison.reviewed is not None
    assert comparison.reviewed.verdict == ("The 1 reviewed question alone: fixed-size-20-0 scores 1.000.",)
