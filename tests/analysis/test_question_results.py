"""The results of questions stay JSON until somebody looks at them, and a report is the same as if they were objects."""

from dataclasses import replace

from rag_chunk import Corpus, Document, Questions, RunConfig, analyze
from rag_chunk.analysis.question_results import QuestionResult
from rag_chunk.analysis.report import Report
from rag_chunk.questions import Evidence, Question

TEXT = "The key is under the mat. The café opens at nine. Nobody has the other key.\n\n" * 3
CONFIGS = [RunConfig(strategy="sentence", chunk_size=size, overlap=0, budget=60) for size in (4, 8, 12)]


def report() -> Report:
    """Return a report of questions with one item of evidence, several, and none that is found."""
    corpus = Corpus([Document("a.txt", TEXT)])
    mat, opens = (Evidence(((TEXT.index(text), TEXT.index(text) + len(text)),)) for text in ("under the mat", "café"))
    asked = [Question("1", "Where is the key?", (mat,)), Question("2", "What about the café\u2028\n?", (mat, opens))]
    lost = replace(asked[1], id="3", question="zzz")
    return analyze(corpus, CONFIGS, Questions("q", "d", (*asked, lost))).report


def test_a_report_is_written_as_if_the_results_of_questions_were_objects() -> None:
    made = report()
    assert any(question.lost_items for question in made.configurations[0].questions)
    assert made.to_json() == made.model_dump_json(indent=1, exclude_none=True)
    read = Report.model_validate_json(made.to_json())
    assert read == made
    assert read.to_json() == made.to_json()


def test_a_report_that_names_questions_elsewhere_is_written_the_same() -> None:
    made = report()
    odd = made.model_copy(update={"analysis": {"a": {"questions": [], "z": 1}}})
    assert odd.to_json() == odd.model_dump_json(indent=1, exclude_none=True)


def test_results_of_questions_are_a_sequence_of_values() -> None:
    results = report().configurations[0].questions
    first, *others = results
    assert isinstance(first, QuestionResult)
    assert (len(results), results[0], [*results[1:]]) == (1 + len(others), first, others)
    assert first.scores["budget_recall"] >= 0
