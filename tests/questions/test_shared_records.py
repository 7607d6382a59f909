"""Questions merged with an evaluation dataset that others edit too."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.questions.imported import import_shared
from rag_chunk.questions.shared_records import plan_merge, questions_of


def span(text: str, doc: str = "a.md", start: int = 0) -> dict[str, Any]:
    return {"doc": doc, "start": start, "end": start + len(text), "text": text}


QUESTIONS: list[dict[str, Any]] = [
    {"id": "q1", "question": "How is it locked?", "evidence": [span("Turn left"), span("Pull", start=12)]},
    {"id": "q2", "question": "What glows?", "tags": ["lamp"], "evidence": [[span("The lamp"), span("A lamp", "b.md")]]},
]


def merged(questions: list[dict[str, Any]] = QUESTIONS) -> list[dict[str, Any]]:
    """Return a dataset that has just these questions."""
    return copy.deepcopy(list(plan_merge(questions, []).records))


def edited(questions: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Return the questions with another evidence for the first."""
    return [{**questions[0], "evidence": [span(text)]}, *questions[1:]]


def test_records_hold_what_mlflows_scorers_expect() -> None:
    first, second = merged()
    assert first["inputs"] == {"question": "How is it locked?"}
    context = first["expectations"]["expected_retrieved_context"]
    assert context == [{"doc_uri": "a.md", "content": "Turn left"}, {"doc_uri": "a.md", "content": "Pull"}]
    assert second["expectations"]["expected_retrieved_context"] == [{"doc_uri": "a.md", "content": "The lamp"}]
    assert second["tags"] == {"id": "q2"}


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
def test_what_was_merged_comes_back_as_it_was(names: list[str]) -> None:
    questions = [{**QUESTIONS[1], "id": name, "question": f"{name}?"} for name in names]
    assert questions_of(merged(questions)) == (questions, [])
    assert plan_merge(questions, merged(questions)).records == ()


def test_what_was_edited_here_is_sent() -> None:
    plan = plan_merge(edited(QUESTIONS, "Turn right"), merged())
    assert [record["tags"]["id"] for record in plan.records] == ["q1"]
    assert (plan.edited_there, plan.conflicts) == ((), ())
    moved = [{**QUESTIONS[0], "evidence": [span("Turn left", start=5), span("Pull", start=17)]}]
    assert len(plan_merge(moved, merged()).records) == 1


def test_what_was_edited_there_is_left_and_comes_back_by_its_text() -> None:
    there = merged()
    there[0]["expectations"]["expected_retrieved_context"][1]["content"] = "Push"
    plan = plan_merge(QUESTIONS, there)
    assert (plan.records, plan.edited_there, plan.conflicts) == ((), ("q1",), ())
    imported = import_shared(there)
    assert imported.questions[0]["evidence"] == [span("Turn left"), {"doc": "a.md", "text": "Push"}]
    assert imported.notices == ("edited in the dataset, so their evidence is searched by its text: q1",)


def test_what_was_edited_on_both_sides_is_a_conflict_unless_it_is_the_same() -> None:
    there = merged()
    there[0]["expectations"]["expected_retrieved_context"] = [{"doc_uri": "a.md", "content": "Push"}]
    plan = plan_merge(edited(QUESTIONS, "Turn right"), there)
    assert (plan.records, plan.conflicts) == ((), ("q1",))
    same = plan_merge(edited(QUESTIONS, "Push"), there)
    assert ([record["tags"]["id"] for record in same.records], same.conflicts) == (["q1"], ())


def test_a_question_that_is_asked_twice_is_named() -> None:
    assert plan_merge([*QUESTIONS, {**QUESTIONS[0], "id": "q3"}], []).repeated == ("q3",)


def test_records_that_somebody_else_made_are_read() -> None:
    record = {
        "dataset_record_id": "dr-1",
        "inputs": {"query": "What glows?"},
        "expectations": {"expected_retrieved_context": [{"doc_uri": "a.md", "content": "The lamp"}, {"doc_uri": "b"}]},
    }
    (question,) = import_shared([record, {"inputs": {"x": 1}, "expectations": {"rag_chunk": 3}}]).questions
    assert question == {"id": "dr-1", "question": "What glows?", "evidence": [{"text": "The lamp", "doc": "a.md"}]}
    damaged = {**record, "expectations": {**record["expectations"], "rag_chunk": {"evidence": [{"doc": 1}]}}}  # type: ignore[dict-item]
    assert import_shared([damaged]).questions == [question]
