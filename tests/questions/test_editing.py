"""A question file that is changed in place: one question at a time, and nothing else of it."""

import csv
import io
import json
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError
from rag_chunk.questions import check_questions, read_questions
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.editable_file import EditableFile, StaleChange
from rag_chunk.questions.file_formats import parse_records
from rag_chunk.questions.record_edits import (
    add_alternative,
    add_evidence,
    remove_wording,
    replace_wording,
    set_question,
    set_review,
    set_tags,
)
from rag_chunk.questions.record_layout import layout_of, rewrite_record

YAML = """\
# Questions of the doors.
questions:
  # the lock
  - id: lock   # its name
    question: How do I lock a door?
    reviewed: no
    # where it is said
    relevant:
      - "Turn the key left to lock."   # exact
      - |
        # no comment
        at 22:00

  # a remark on the alarm
  - question: >
      What are the ways
      to end an alarm?
    id: "alarm"
    relevant: [[call 555 0199, phone 555 0199], type the code]
-   # an odd one
    {id: flow, question: 'In flow?', relevant: here}
# the end
owner: me
""".replace("-   # an odd one\n    {", "  -   # an odd one\n    {")
JSON = json.dumps(yaml_text.load(YAML), indent=2)
FILES = {
    "YAML": YAML,
    "YAML without indentation": "- id: lock\n  question: a\n  relevant:\n  - x\n# more\n- id: flow\n  question: b\n",
    "YAML in flow style": "questions: [{id: lock, question: a}, {id: flow, question: 'b', relevant: [x]}]\nowner: me\n",
    "YAML of Windows": YAML.replace("\n", "\r\n"),
    "JSON": JSON,
    "JSON on a line": json.dumps(yaml_text.load(YAML)),
    "JSON, a question a line": '[\n {"id": "lock", "question": "a"},\n {"id": "flow", "question": "b"}\n]\n',
    "JSONL": '\n{"id": "lock", "question": "a"}\n\n  {"id": "flow", "question": "b", "relevant": "x"}  \n',
    "CSV": 'id,Question,relevant\nlock,a,"x ""y""\nz"\n\nflow,b,x\n',
    "CSV of Excel": "sep=;\r\nid;question;tags\r\nlock;a;one, two\r\nflow;b;\r\n",
}


def records_of(text: str) -> list[dict[str, Any]]:
    account = Diagnostics()
    records = [record.fields for record in parse_records(text, account)]
    assert not account.findings
    in_words = {"true": True, "false": False}  # as a CSV has it
    return [record | {"reviewed": in_words.get(record["reviewed"], record["reviewed"])} if "reviewed" in record else record for record in records]  # fmt: skip


SPAN = {"doc": "a.md", "start": 3, "end": 9, "text": "no: # x\n- y"}
EDITS = {
    "accept": lambda fields: set_review(fields, True),
    "reject": lambda fields: set_review(fields, "rejected"),
    "ask": lambda fields: set_question(fields, 'Why "so", 12:30 # or?'),
    "tag": lambda fields: set_tags(fields, ["no", "010"]),
    "evidence": lambda fields: add_evidence(fields, SPAN),
    "alternative": lambda fields: add_alternative(add_evidence(fields, SPAN), 0, SPAN),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_one_question_changes_and_every_other_reads_as_before(text: str, edit: Any) -> None:
    before = records_of(text)
    for number in range(len(before)):
        wanted = edit(before[number])
        after = records_of(rewrite_record(text, layout_of(text), number, wanted))
        assert after[number] == wanted
        assert [*after[:number], *after[number + 1 :]] == [*before[:number], *before[number + 1 :]]


@given(st.text(max_size=40), st.lists(st.text(max_size=10), max_size=3), st.sampled_from(list(FILES)))
def test_whatever_is_written_reads_back(question: str, tags: list[str], name: str) -> None:
    text = FILES[name]
    wanted = records_of(text)[0] | {"question": f"{question}?", "tags": [f"{tag}!" for tag in tags]}
    after = rewrite_record(text, layout_of(text), 0, wanted)
    if name.startswith("CSV"):
        row = next(csv.DictReader(io.StringIO(after.removeprefix("sep=;\r\n"), newline=""), delimiter=";" if ";" in after[:8] else ","))  # fmt: skip
        assert f"{question}?" in row.values()
    else:
        assert records_of(after)[0] == wanted


def test_comments_quotes_and_order_of_yaml_stay() -> None:
    after = rewrite_record(YAML, layout_of(YAML), 0, set_review(records_of(YAML)[0], True))
    assert after == YAML.replace("reviewed: no", "reviewed: true")
    after = rewrite_record(YAML, layout_of(YAML), 0, remove_wording(records_of(YAML)[0], 1, 0))
    assert after == YAML.replace("      - |\n        # no comment\n        at 22:00\n", "")
    after = rewrite_record(YAML, layout_of(YAML), 1, set_question(records_of(YAML)[1], "Why?"))
    assert after == YAML.replace(">\n      What are the ways\n      to end an alarm?", '"Why?"')


def test_outside_of_the_question_no_byte_changes() -> None:
    for text in FILES.values():
        for number, (start, end) in enumerate(layout_of(text).spans):
            after = rewrite_record(text, layout_of(text), number, set_review(records_of(text)[number], True))
            assert after.endswith(text[end:])
            if layout_of(text).form != "csv":  # whose header gets the column
                assert after.startswith(text[:start])


RECORD = {"question": "a", "relevant": ["one", ["two", "too"]], "evidence": {"doc": "d", "start": 1, "end": 2}}
ITEM = {"doc": "d", "start": 3, "end": 4, "text": "x"}


@pytest.mark.parametrize(
    ("after", "relevant", "evidence"),
    [
        (add_evidence(RECORD, ITEM), RECORD["relevant"], [RECORD["evidence"], ITEM]),
        (add_alternative(RECORD, 0, ITEM), [["two", "too"]], [RECORD["evidence"], [{"text": "one"}, ITEM]]),
        (add_alternative(RECORD, 2, ITEM), RECORD["relevant"], [[RECORD["evidence"], ITEM]]),
        (replace_wording(RECORD, 1, 1, ITEM), ["one"], [RECORD["evidence"], [{"text": "two"}, ITEM]]),
        (replace_wording(RECORD, 2, 0, ITEM), RECORD["relevant"], [ITEM]),
        (remove_wording(RECORD, 0, 0), [["two", "too"]], [RECORD["evidence"]]),
        (remove_wording(RECORD, 1, 0), ["one", "too"], [RECORD["evidence"]]),
        (remove_wording(RECORD, 2, 0), RECORD["relevant"], None),
        (remove_wording({"question": "a", "relevant": "one"}, 0, 0), None, None),
    ],
)
def test_evidence_changes_by_the_number_of_its_item(after: dict[str, Any], relevant: Any, evidence: Any) -> None:
    assert after["question"] == "a"
    assert after.get("relevant") == relevant
    assert after.get("evidence") == evidence


@pytest.mark.parametrize("place", [(3, 0), (-1, 0), (0, 1), (1, 2)])
def test_evidence_that_is_gone_is_an_error(place: tuple[int, int]) -> None:
    with pytest.raises(InputError, match="changed elsewhere"):
        remove_wording(RECORD, *place)
    with pytest.raises(InputError, match="changed elsewhere"):
        replace_wording(RECORD, *place, ITEM)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "q.yaml").write_text(YAML)
    return tmp_path / "q.yaml"


def accept(fields: Any) -> dict[str, Any]:
    return set_review(fields, True)


def test_a_change_is_on_the_disk_when_it_is_done_and_nothing_is_left_beside_it(path: Path) -> None:
    path.chmod(0o640)
    file = EditableFile(path)
    changed = file.change("lock", file.questions["lock"].version, accept)
    assert changed.fields["reviewed"] is True
    assert path.read_text() == YAML.replace("reviewed: no", "reviewed: true")
    assert [each.name for each in path.parent.iterdir()] == ["q.yaml"]
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_link_stays_one_and_a_byte_order_mark_stays(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + YAML.encode())
    link = path.parent / "link.yaml"
    link.symlink_to(path)
    file = EditableFile(link)
    file.change("lock", file.questions["lock"].version, accept)
    assert link.is_symlink()
    assert path.read_bytes() == b"\xef\xbb\xbf" + YAML.replace("reviewed: no", "reviewed: true").encode()


def test_of_two_that_change_one_question_the_second_is_told(path: Path) -> None:
    one, other = EditableFile(path), EditableFile(path)
    version = other.questions["lock"].version
    one.change("lock", one.questions["lock"].version, lambda fields: set_question(fields, "Mine?"))
    with pytest.raises(StaleChange, match="'lock' was changed elsewhere"):
        other.change("lock", version, lambda fields: set_question(fields, "Yours?"))
    assert other.questions["lock"].asked.question == "Mine?"
    other.change("alarm", other.questions["alarm"].version, accept)
    assert [record.get("reviewed") for record in records_of(path.read_text())] == [False, True, None]


def test_a_question_that_somebody_took_out_is_named(path: Path) -> None:
    file = EditableFile(path)
    path.write_text("- {id: other, question: a}\n")
    with pytest.raises(StaleChange, match="no question 'lock'"):
        file.change("lock", file.questions["lock"].version, accept)


def test_what_would_not_read_back_is_refused_and_nothing_is_written(path: Path) -> None:
    file = EditableFile(path)
    for edit in (lambda f: f | {"tags": 3}, lambda f: f | {"id": "new"}, lambda f: f | {"question": "\ud800"}):
        with pytest.raises(InputError, match=r"would break|id of a question"):
            file.change("lock", file.questions["lock"].version, edit)
    with pytest.raises(InputError, match="cannot be empty"):
        file.change("lock", file.questions["lock"].version, lambda fields: set_question(fields, " \n"))
    assert path.read_text() == YAML


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"user_input": "a", "reference_contexts": ["b"]}', "import-questions"),
        ("- id: a\n  question: b\n- id: a\n  question: c\n", "two questions with the id 'a'"),
        ("- id: a\n- 3\n", "cannot be read"),
        ("", "is empty"),
        ("question,references\na,[]\n", "import-questions"),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_refused(content: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "q").write_text(content)
    with pytest.raises(InputError, match=said):
        EditableFile(tmp_path / "q")


def test_rejected_questions_stay_in_the_file_and_are_not_asked(tmp_path: Path) -> None:
    corpus = Corpus([Document("a.md", "Turn the key left to lock.\n")])
    path = tmp_path / "q.yaml"
    path.write_text(
        "- {id: a, question: b, relevant: turn the key left}\n- {id: c, question: d, relevant: nowhere, reviewed: rejected}\n"
        "- {id: [1], question: 3, relevant: {}, tags: 4, evidence: 5, reviewed: rejected}\n"
    )
    questions = read_questions(path, corpus)
    assert questions.ids == ["a"]
    assert [tuple(entry) for entry in questions.skipped] == [("2 questions", "marked reviewed: rejected")]
    check = check_questions(path, corpus)
    assert check.summary["rejected"] == 2
    assert [each["id"] for each in json.loads(check.to_json_with_spans())["questions"]] == ["a", "c", [1]]
