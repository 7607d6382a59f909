"""`check-questions`: every finding with its place, a summary, and the file with spans filled in."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from rag_chunk.cli import app
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError
from rag_chunk.questions import QuestionCheck, check_questions, read_questions
from tests.support.evaluation import corpora, stretches
from tests.support.texts import texts
from tests.support.warm_process import program_path

GUIDE = """# Keys

Turn the key to the left to lock the door. The fee was cut from $32 to $8 in 2024.

# Doors

Pull the handle towards you to open the door. The handle is made of brass.
"""
CORPUS = Corpus([Document("guide.md", GUIDE), Document("sub/notes.txt", "Straße und Fußnote.\n")])
MIXED = """[
{"id": "lock", "question": "How do I lock?", "relevant": ["Turn the key", "turn THE key to", "left, to lock!"]},
{"question": "How does it open?", "tags": ["b"], "relevant": [["Pull the handle", "Drag it"], "The fee was cutt from $32 to $8"]},
{"question": "HOW does it open?", "relevant": ["the door", "the  door", "a phrase that is nowhere"]},
{"question": "Why?"},
{"question": 3, "relevant": {"a": 1}},
{"question": "Where?", "evidence": [{"doc": "giude.md", "start": 3, "end": 5},
  {"doc": "guide", "start": 0, "end": 4, "text": "Pull the"}, {"doc": "guide.md", "start": 2, "end": 6}]}
]"""
FINDINGS = [
    "error: the document 'giude.md' is not in the corpus (did you mean 'guide.md'?); 1 question needs it: question q6 (line 7)",
    "note: question q2 (line 3): 'The fee was cutt from $32 to $8' has no exact match; using 'The fee was cut from",
    "warning: question q3 (line 4): it asks the same as question q2 (line 3); both count",
    "warning: question q3 (line 4): 'the door' is given more than once",
    "warning: question q3 (line 4): 'the door' has only 8 characters; almost any search finds such a keyword",
    "warning: question q3 (line 4): 'the door' has only 9 characters; almost any search finds such a keyword",
    "error: question q3 (line 4): 'a phrase that is nowhere' is in no document; nearest: ",
    "note: question q4 (line 5): it has no evidence, so no metric counts it",
    "error: question q5 (line 6): question must be text, not 3",
    "error: question q5 (line 6): relevant must be a list of phrases, not {'a': 1}",
    "warning: question q6 (line 7): 'Pull the' is not at 0 to 4 of guide.md but at 101 to 109; using that place",
]
SUMMARY = {
    "questions": 6,
    "items of evidence": 11,
    "found exactly": 3,
    "found ignoring case and spaces": 2,
    "found by letters and digits": 1,
    "found as similar text": 1,
    "given by their places": 1,
    "found at another place": 1,
    "missing": 2,
    "very short or frequent": 2,
    "duplicated": 2,
    "without evidence": 1,
    "not reviewed": 0,
    "rejected": 0,
}


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a working folder with documents in docs/."""
    (folder / "docs" / "sub").mkdir(parents=True)
    for document in CORPUS.documents:
        (folder / "docs" / document.name).write_text(document.text)
    return folder


def check(content: object, file: Path, corpus: Corpus = CORPUS) -> QuestionCheck:
    text = content if isinstance(content, str) else json.dumps(content)
    file.write_bytes(text.encode("utf-8", "backslashreplace"))
    return check_questions(file, corpus)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["check-questions", *arguments])


def test_every_finding_is_a_line_with_its_place_and_a_summary_follows(docs: Path) -> None:
    (docs / "q.json").write_text(MIXED)
    result = run("q.json", "docs")
    lines = result.stdout.splitlines()
    assert [line for line, expected in zip(lines, FINDINGS, strict=False) if not line.startswith(expected)] == []
    assert lines[len(FINDINGS)] == "q.json: 4 errors, 5 warnings, 2 notes"
    figures = [re.split(r"\s{2,}", line.strip()) for line in lines[len(FINDINGS) + 1 :] if line.startswith("  ")]
    assert {name: int(value) for name, value in figures} == SUMMARY
    assert result.exit_code == 3
    assert result.stderr == ""


def test_a_file_without_errors_is_done_even_with_warnings(docs: Path) -> None:
    (docs / "q.json").write_text('[{"question": "Why?"}, {"question": "How?", "relevant": ["door"]}]')
    result = run("q.json", "docs")
    assert result.exit_code == 0
    assert "q.json: 0 errors, 1 warning, 1 note\n" in result.stdout


def test_the_program_ends_with_the_status_and_the_result_on_stdout(docs: Path) -> None:
    (docs / "q.csv").write_text('question,relevant\nHow?,nowhere at all\nWhy?,"[1]"\n')
    (docs / "docs" / "a.sh").touch()
    program = [program_path("rag-chunk"), "check-questions", "q.csv", "docs"]
    done = subprocess.run(program, capture_output=True, text=True, env={**os.environ, "NO_COLOR": "1"}, check=False)
    assert done.returncode == 3
    assert done.stdout.startswith("error: question q1 (line 2): 'nowhere at all' is in no document; nearest: ")
    assert "error: question q2 (line 3): phrase 1 must be text" in done.stdout
    assert "q.csv: 2 errors" in done.stdout
    assert ".sh" in done.stderr


def test_documents_are_chosen_as_for_an_analysis(docs: Path) -> None:
    (docs / "q.json").write_text('[{"question": "How?", "relevant": ["Turn the key to the left"]}]')
    (docs / "docs" / "latin.txt").write_bytes("Straße".encode("latin-1"))
    skipped = run("q.json", "docs", "--skip-unreadable")
    assert skipped.exit_code == 0
    assert "latin.txt" in skipped.stderr
    assert run("q.json", "docs", "--exclude", "guide.md", "--skip-unreadable", "--quiet").exit_code == 3
    (docs / "rag-chunk.yaml").write_text("strategy: header\nanalysis:\n  include: ['*.md']\n")
    assert run("q.json", "docs").exit_code == 0
    assert run("q.json", "docs", "--include", "*.txt", "--skip-unreadable").exit_code == 3
    (docs / "all.jsonl").write_text(json.dumps({"name": "a.md", "text": GUIDE}) + "\n")
    assert run("q.json", "all.jsonl").exit_code == 0


@pytest.mark.parametrize(("file", "folder_", "said"), [("no.json", "docs", "no question file"), ("q", "no", "no file or folder")])  # fmt: skip
def test_what_is_not_there_is_an_error(file: str, folder_: str, said: str, docs: Path) -> None:
    (docs / "q").write_text("[]")
    result = run(file, folder_)
    assert isinstance(result.exception, InputError)
    assert said in str(result.exception)


UNREADABLE = {
    "empty": ("", ["error: the file is empty; "]),
    "JSON": ('[{"question": "How?"\n "relevant"]', ["error: the file cannot be read as JSON: line 2, column 2: "]),
    "YAML": ("a: [", ["error: the file cannot be read as YAML: "]),
    "no list": ('{"a": 1}', ["error: the file holds no list of questions; "]),
    "no question": ("[]", ["error: the file holds no question"]),
    "no evidence": ('[{"question": "A?"}]', ["error: the file has no usable question: none of its 1 questions has evidence", "note: "]),
    "ids": (
        '[{"id": "a", "question": "A?", "relevant": ["Turn the key"]},\n{"id": "a", "question": "B?", "relevant": ["Pull the handle"]}]',
        ["error: the id 'a' occurs 2 times (line 1, line 2); ids must differ"],
    ),
    "JSONL": (
        '{"question": "A?", "relevant": ["Turn the key"]}\n\n{"question": }\n["B?"]\n{"question": "C?", "relevant": ["nowhere"]}',
        [
            "error: line 3, column 14: Expecting value",
            "error: line 4: this is not a question; ",
            "error: question q4 (line 5): 'nowhere' is in no document",
        ],
    ),
    "JSON list": (
        '[{"question": "A?", "relevant": ["Turn the key"]},\n"B?",\n{"question": "C?", "relevant": ["nowhere"]}]',
        ["error: number 2 in the list (line 2): this is not a question; ", "error: question q3 (line 3): 'nowhere' is "],
    ),
    "CSV": (
        'question,relevant\nA?,Turn the key\nB?,b,c\nC?,nowhere\nD?,"open\n',
        [
            "error: the file cannot be read as CSV: line 5: ",
            "error: line 3: it has 3 cells, and the header 2",
            "error: question q3 (line 4): 'nowhere' is ",
        ],
    ),
    "CSV with an open header": ('question,"relevant\nA?,b\n', ["error: the file cannot be read as CSV: line 1: "]),
}  # fmt: skip


@pytest.mark.parametrize(("content", "expected"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_can_be_read_is_checked_and_the_rest_is_said(content: str, expected: list[str], docs: Path) -> None:
    (docs / "q").write_text(content)
    result = run("q", "docs")
    lines = [line for line in result.stdout.splitlines() if line.startswith(("error: ", "note: "))]
    assert len(lines) == len(expected)
    assert [line for line, begin in zip(lines, expected, strict=True) if not line.startswith(begin)] == []
    assert result.exit_code == 3


def test_a_finding_is_one_line_whatever_it_is_about(tmp_path: Path) -> None:
    content = [{"id": "a\nb", "question": "How?", "relevant": ["two\nlines that are nowhere"]}]
    findings = check(content, tmp_path / "q").findings
    assert findings
    assert not any("\n" in finding.text for finding in findings)


def test_reading_refuses_what_the_check_calls_an_error_and_warns_of_what_it_warns_of(tmp_path: Path) -> None:
    found = check(MIXED, tmp_path / "q")
    with pytest.raises(InputError) as caught:
        read_questions(tmp_path / "q", CORPUS)
    assert str(caught.value).splitlines()[1:-1] == [f"  {finding.text}" for finding in found.of("error")]
    sound = [{"question": "A?", "relevant": ["the door", "the door"]}, {"question": "B?"}]
    assert not check(sound, tmp_path / "q").of("error")
    warnings = [finding.text for finding in check(sound, tmp_path / "q").of("warning")]
    assert read_questions(tmp_path / "q", CORPUS).warnings == tuple(warnings)
    assert len(warnings) == 3


DUPLICATES = {
    "phrases": ({"relevant": ["Turn the key", "Pull the handle", "turn  the Key"]}, 1),
    "wordings of one item": ({"relevant": [["Turn the key", "Turn the key"]]}, 1),
    "a phrase three times": ({"relevant": ["Turn the key"] * 3}, 1),
    "under both names": ({"relevant": "Turn the key", "evidence": [{"text": "Turn the key"}]}, 1),
    "spans": ({"evidence": [{"doc": "guide.md", "start": 8, "end": 12}] * 2}, 1),
    "different documents": ({"evidence": [{"text": "Turn the key"}, {"doc": "guide.md", "text": "Turn the key"}]}, 0),
    "different spans": ({"evidence": [{"doc": "guide.md", "start": 8, "end": end} for end in (12, 16)]}, 0),
}


@pytest.mark.parametrize(("fields", "count"), DUPLICATES.values(), ids=DUPLICATES)
def test_what_stands_twice_in_a_question_is_said_once(fields: dict[str, object], count: int, tmp_path: Path) -> None:
    found = check([{"question": "How?", **fields}], tmp_path / "q")
    assert found.summary["duplicated"] == count
    assert not found.of("error")


def test_the_fixed_file_keeps_everything_and_fills_in_the_spans(docs: Path) -> None:
    (docs / "q.json").write_text(MIXED.replace('"tags"', '"answer": "so", "tags"'))
    result = run("q.json", "docs", "--fix", "fixed.json")
    assert result.exit_code == 3
    assert result.stderr == "Wrote fixed.json; 2 of its items had no match and are unchanged\n"
    fixed = json.loads((docs / "fixed.json").read_text())["questions"]
    assert [question.get("id") for question in fixed] == ["lock", "q2", "q3", "q4", None, "q6"]
    assert fixed[1]["question"] == "How does it open?"
    assert (fixed[1]["tags"], fixed[1]["answer"]) == (["b"], "so")
    assert fixed[1]["evidence"] == [
        {"doc": "guide.md", "start": 101, "end": 116, "text": "Pull the handle"},
        {"doc": "guide.md", "start": 51, "end": 81, "text": "The fee was cut from $32 to $8"},
    ]
    assert fixed[2]["evidence"][2] == {"text": "a phrase that is nowhere"}
    assert fixed[3]["evidence"] == []
    assert fixed[4] == {"question": 3, "relevant": {"a": 1}}
    assert fixed[5]["evidence"][:2] == [
        {"doc": "giude.md", "start": 3, "end": 5},
        {"doc": "guide.md", "start": 101, "end": 109, "text": "Pull the"},
    ]
    for question in fixed:
        for item in question.get("evidence", []):
            for span in item if isinstance(item, list) else [item]:
                if {"doc", "start", "text"} <= set(span):
                    assert GUIDE[span["start"] : span["end"]] == span["text"]


def test_the_fixed_file_may_take_the_place_of_the_file(docs: Path) -> None:
    (docs / "q.json").write_text('[{"question": "How?", "relevant": ["TURN the key to the left"]}]')
    assert run("q.json", "docs", "--fix", "q.json").exit_code == 0
    again = run("q.json", "docs")
    assert "q.json: 0 errors, 0 warnings, 0 notes" in again.stdout
    assert re.search(r"given by their places +1\n", again.stdout)


def test_a_file_of_which_a_part_cannot_be_read_is_not_written_anew(docs: Path) -> None:
    (docs / "q.json").write_text('["How?", {"question": "How?", "relevant": ["Turn the key to the left"]}]')
    result = run("q.json", "docs", "--fix", "fixed.json")
    assert isinstance(result.exception, InputError)
    assert "cannot be rewritten while a part of it cannot be read" in str(result.exception)
    assert "error: number 1 in the list" in result.stdout
    assert not (docs / "fixed.json").exists()


@given(data=st.data())
def test_the_fixed_file_asks_the_same(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    corpus = data.draw(corpora())
    assume(not stretches(corpus).is_empty)
    phrases = stretches(corpus).map(lambda span: corpus.text(*span)).filter(lambda text: bool(text.strip()))
    items = st.lists(phrases | phrases.map(str.upper) | st.lists(phrases, min_size=1, max_size=2) | texts, max_size=3)
    asked = data.draw(st.lists(items, min_size=1, max_size=3))
    file = tmp_path_factory.getbasetemp() / "questions.json"
    found = check([{"question": "How?", "relevant": relevant} for relevant in asked], file, corpus)
    digest = None if found.of("error") else read_questions(file, corpus).digest
    again = check(found.to_json_with_spans(), file, corpus)
    spans = [[item and item.spans for item in question.items] for question in found.questions if question.asked.sound]
    assert [[item and item.spans for item in each.items] for each in again.questions if each.asked.sound] == spans
    if digest:
        assert read_questions(file, corpus).digest == digest
        assert set(again.matched) <= {"span"}
