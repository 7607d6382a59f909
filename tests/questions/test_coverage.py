"""What a question set covers, and how its evidence is followed into newer documents."""

import json
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from rag_chunk.cli import app
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError
from rag_chunk.questions import Evidence, Question, read_questions
from rag_chunk.questions.coverage import describe_coverage
from rag_chunk.questions.follow import follow_questions

GUIDE = "# Keys\n\nTurn the key to the left.\n\n# Doors\n\nPull the handle towards you.\n\n# Brass\n\nPolish it.\n"
CORPUS = Corpus([Document("guide.md", GUIDE), Document("notes.txt", "Nobody asks about this.\n")])


def asked(*texts: str, phrase: str = "Turn the key to the left") -> list[Question]:
    start = GUIDE.index(phrase)
    evidence = (Evidence(((start, start + len(phrase)),)),)
    return [Question(f"q{number}", text, evidence) for number, text in enumerate(texts, 1)]


def test_questions_that_ask_nearly_the_same_are_named() -> None:
    text = " ".join(
        describe_coverage(
            CORPUS,
            asked("How do I turn the key in the front door?", "How do I turn a key in the front door?", "Why brass?"),
        )
    )
    assert "Nearly the same is asked by q1 and q2: each pair counts twice." in text
    assert "Nearly the same" not in " ".join(describe_coverage(CORPUS, asked("Where is the key?", "Why is it brass?")))


def test_words_that_questions_share_with_their_evidence_are_told_and_doubted() -> None:
    assert any(line.startswith("On average 0 % of") for line in describe_coverage(CORPUS, asked("Wie geht das?")))
    flattered = next(line for line in describe_coverage(CORPUS, asked("turn the key")) if line.startswith("On average"))
    assert "100 % of a question's words are in its evidence, which flatters lexical retrieval" in flattered


def test_documents_and_sections_without_a_question_are_named() -> None:
    lines = describe_coverage(CORPUS, asked("How?"))
    assert "1 of 2 documents have no question: notes.txt." in lines
    assert "3 of 4 sections have no question, so the analysis does not measure them." in lines


def test_the_size_of_the_evidence_is_told() -> None:
    line = next(line for line in describe_coverage(CORPUS, asked("How?")) if line.startswith("Half of the evidence"))
    assert line.startswith("Half of the evidence has 24 characters or fewer, and 5 % of it has more than 24;")


def test_without_evidence_nothing_is_told() -> None:
    assert describe_coverage(CORPUS, [Question("q", "Why?")]) == []


def written(folder: Path, questions: Sequence[object]) -> Path:
    path = folder / "q.json"
    path.write_text(json.dumps({"questions": questions}))
    return path


def span(phrase: str, **more: object) -> dict[str, object]:
    start = GUIDE.index(phrase)
    return {"doc": "guide.md", "start": start, "end": start + len(phrase), **more}


def test_evidence_moves_with_its_text_and_what_is_gone_is_stale(folder: Path) -> None:
    new = Corpus([Document("guide.md", "A new start.\n\n" + GUIDE.replace("Polish it.", "Rub gently with a cloth."))])
    path = written(
        folder,
        [
            {"id": "key", "question": "How?", "evidence": [span("Turn the key to the left")]},
            {"id": "brass", "question": "Shine?", "evidence": [span("Polish it.")], "note": "kept"},
        ],
    )
    check = follow_questions(path, CORPUS, new)
    assert check.summary["found at another place"] == 1
    assert check.summary["stale"] == 1
    fixed = {each["id"]: each for each in json.loads(check.to_json_with_spans())["questions"]}
    assert fixed["key"]["evidence"][0]["start"] == GUIDE.index("Turn the key") + len("A new start.\n\n")
    assert "stale" not in fixed["key"]
    assert fixed["brass"]["stale"] is True
    assert fixed["brass"]["note"] == "kept"
    assert fixed["brass"]["evidence"][0]["text"] == "Polish it."


def test_evidence_is_followed_into_a_document_of_another_name(folder: Path) -> None:
    path = written(folder, [{"question": "How?", "evidence": [span("Pull the handle towards you")]}])
    check = follow_questions(path, CORPUS, Corpus([Document("moved/doors.md", GUIDE)]))
    assert check.summary["stale"] == 0
    assert json.loads(check.to_json_with_spans())["questions"][0]["evidence"][0]["doc"] == "moved/doors.md"


def test_questions_that_do_not_fit_the_old_documents_are_refused(folder: Path) -> None:
    path = written(folder, [{"question": "How?", "relevant": ["nowhere at all to be seen"]}])
    with pytest.raises(InputError, match="does not fit the old documents: question q1"):
        follow_questions(path, CORPUS, CORPUS)


@given(st.text("ab \n", max_size=40), st.text("ab \n", max_size=40))
def test_text_that_is_still_there_is_always_found_again(tmp_path_factory, before: str, after: str) -> None:
    folder = tmp_path_factory.mktemp("follow")
    phrase = "The one true sentence."
    old = Corpus([Document("a.txt", f"Begin {phrase} end")])
    new = Corpus([Document("a.txt", f"{before} {phrase} {after}")])
    path = written(folder, [{"question": "Which?", "evidence": [{"doc": "a.txt", "start": 6, "end": 6 + len(phrase)}]}])
    (folder / "new.json").write_text(follow_questions(path, old, new).to_json_with_spans())
    start, end = read_questions(folder / "new.json", new).questions[0].evidence[0].spans[0]
    assert new.text(start, end) == phrase


def test_the_command_follows_evidence_and_writes_the_questions_anew(folder: Path) -> None:
    for name, text in (("old", GUIDE), ("new", "More.\n\n" + GUIDE.replace("Polish it.", ""))):
        (folder / name).mkdir()
        (folder / name / "guide.md").write_text(text)
    written(
        folder,
        [
            {"id": "a", "question": "How?", "evidence": [span("Turn the key to the left")]},
            {"id": "b", "question": "Shine?", "evidence": [span("Polish it.")]},
        ],
    )
    result = CliRunner().invoke(app, ["check-questions", "q.json", "new", "--against", "old", "--fix", "now.json"])
    assert result.exit_code == 3  # one question is stale
    assert re.search(r"^  stale +1$", result.stdout, re.MULTILINE)
    assert [each.get("stale") for each in json.loads((folder / "now.json").read_text())["questions"]] == [None, True]
    refused = CliRunner().invoke(app, ["check-questions", "q.json", "new", "--against", "old", "--workers", "2"])
    assert "--workers has no effect with --against" in str(refused.exception)
