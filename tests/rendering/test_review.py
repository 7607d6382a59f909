"""The review page's server: whom it answers, what it tells of a question, and what a change does to the file."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.document import Page
from rag_chunk.questions import read_questions
from rag_chunk.rendering.review import stable_address as address
from rag_chunk.rendering.review.difference_meter import ScoreTable, measure_scores
from rag_chunk.rendering.review.document_view import WINDOW, view_document
from rag_chunk.rendering.review.place_search import search_places
from tests.conftest import Program
from tests.support.review_server import TOKEN, ReviewClient, running_review

pytest.importorskip("starlette", reason="the extra review is not installed")
pytest.importorskip("ruamel.yaml", reason="the extra review is not installed")

HOSTILE = '</script><img src=x onerror=alert(1)> & "quoted" {{ 7 * 7 }} <!--'
GUIDE = "# Doors\n\nTurn the key left to lock. The door locks itself at 22:00.\n\n| door | opens |\n| --- | --- |\n| south | 08:30 |\n"
OTHER = f"# {HOSTILE}\n\nThe gate is never locked. \U0001f511 Turn the key right to open the gate.\n\n```sh\n{HOSTILE}\n```\n"
CORPUS = Corpus([Document("doors.md", GUIDE), Document("gate.md", OTHER)])
QUESTIONS = f"""\
# The questions of the doors.
- id: lock
  question: How do I lock a door?   # often asked
  reviewed: false
  relevant: [Turn the key left to lock.]
- id: again
  question: How do I lock the door?
  reviewed: false
  relevant: [Turn the key left to lock.]
- id: hostile
  question: {json.dumps(HOSTILE)}
  tags: [{json.dumps(HOSTILE)}]
  reviewed: false
  evidence:
    - {{doc: gate.md, start: {OTHER.index("Turn")}, end: {OTHER.index("to open")}}}
- id: lost
  question: What is lost?
  reviewed: false
  relevant: [nothing of this is in any document at all]
  drafted: {{model: m, when: today}}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "q.yaml").write_text(QUESTIONS)
    return tmp_path / "q.yaml"


@pytest.fixture
def client(path: Path) -> Iterator[ReviewClient]:
    with running_review(path, CORPUS) as running:
        yield running


def test_only_who_knows_the_address_is_answered(client: ReviewClient) -> None:
    for wrong in ("/", "/favicon.ico", f"/{TOKEN[:-1]}/", f"/{TOKEN}x/overview", "//", "/%C3%A9"):
        assert client.send("GET", wrong)[0] == 404
    assert client.send("GET", f"/{TOKEN}/")[0] == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_name_that_was_bent_to_this_machine_is_refused(client: ReviewClient, host: str) -> None:
    assert client.send("GET", f"/{TOKEN}/overview", Host=host)[0] == 403
    assert client.send("GET", f"/{TOKEN}/overview", Host=f"localhost:{client.port}")[0] == 200


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "https://{host}", "http://{host}.evil.example"]
)
def test_no_other_page_can_change_anything(client: ReviewClient, path: Path, origin: str | None) -> None:
    headers = {"Content-Type": "application/json"} | ({"Origin": origin.format(host=client.host)} if origin else {})
    body = {"id": "lock", "version": client.question("lock")["version"], "operation": {"do": "review", "review": True}}
    assert client.send("POST", f"/{TOKEN}/change", json.dumps(body), **headers)[0] == 403
    assert client.send("POST", f"/{TOKEN}/undo", "{}", **headers)[0] == 403
    assert path.read_text() == QUESTIONS


def test_every_answer_forbids_foreign_scripts_and_frames(client: ReviewClient) -> None:
    for answer in (client.send("GET", f"/{TOKEN}/"), client.send("GET", "/"), client.send("GET", f"/{TOKEN}/question")):
        policy = answer[2]["content-security-policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer[2]["referrer-policy"] == "no-referrer"
        assert answer[2]["cache-control"] == "no-store"


def test_the_page_has_no_script_and_no_style_of_its_own(client: ReviewClient) -> None:
    _, page = client.get("")
    assert re.findall(r"<script[^>]*>[^<]", page) == []
    assert not re.search(r"\son\w+=|style=|<style|https?:", page)
    _, script = client.get("review.js")
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(", script)


def test_names_of_documents_are_text_in_the_page(path: Path) -> None:
    with running_review(path, Corpus([*CORPUS.documents, Document(f"{HOSTILE}.md", "a")])) as client:
        assert "<img" not in client.get("")[1]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"{", b"{}", b'{"id": "lock"}', b"[" * 100_000, b'{"id": "lock", "version": "x", "operation": {"do": "?"}}',
        b'{"id": "lock", "version": "x", "operation": 3}', b'{"id": [], "version": "x", "operation": {"do": "review"}}',
    ],
)  # fmt: skip
def test_a_request_that_the_page_does_not_make_is_refused(client: ReviewClient, path: Path, body: bytes) -> None:
    headers = {"Content-Type": "application/json", "Origin": f"http://{client.host}"}
    assert client.send("POST", f"/{TOKEN}/change", body, **headers)[0] in {400, 409}
    assert client.send("POST", f"/{TOKEN}/change", b" " * 1_000_001, **headers)[0] == 400
    assert client.send("POST", f"/{TOKEN}/change", b"{}", Origin=f"http://{client.host}")[0] == 400
    assert client.get("document", index="x")[0] == 400
    assert client.get("document", index=7)[0] == 422
    assert client.get("document", index=-1)[0] == 422
    assert path.read_text() == QUESTIONS


def test_a_question_is_told_with_its_places_and_what_is_like_it(client: ReviewClient) -> None:
    lock = client.question("lock")
    ((wording,),) = lock["items"]
    (place,) = wording["places"]
    assert GUIDE[place["start"] : place["end"]] == "Turn the key left to lock."
    assert (place["document"], place["where"]) == (0, "doors.md, line 3")
    assert [twin["id"] for twin in lock["twins"]] == ["again"]
    assert lock["twins"][0]["evidence"] == ["Turn the key left to lock."]
    lost = client.question("lost")
    assert lost["items"][0][0]["places"] == []
    assert any("nothing of this is in any document at all" in note for note in lost["notes"])
    assert lost["other"] == {"drafted": "model: m, when: today"}
    assert client.question("hostile")["tags"] == [HOSTILE]
    twins = {each["id"] for each in client.get("overview")[1]["questions"] if each["twin"]}
    assert twins == {"lock", "again"}


def test_the_blocks_of_a_document_are_its_text(client: ReviewClient) -> None:
    for index, document in enumerate(CORPUS.documents):
        shown = client.get("document", index=index)[1]
        for block in shown["blocks"]:
            assert document.text[block["start"] : block["start"] + len(block["text"])] == block["text"]
        left = document.text
        for block in reversed(shown["blocks"]):
            left = left[: block["start"]] + left[block["start"] + len(block["text"]) :]
        assert not left.strip()
    kinds = [(block["kind"], block["level"]) for block in client.get("document", index=0)[1]["blocks"]]
    assert kinds == [("heading", 1), ("paragraph", 0), ("table", 0)]


@pytest.mark.parametrize("name", ["long.md", "long.txt"])
def test_of_a_long_document_a_window_is_shown(name: str) -> None:
    text = "".join(f"Line {number} of a paragraph that never ends.\n" for number in range(9000)) + "x" * 9000
    corpus = Corpus([Document(name, text, (Page(0, "i"), Page(text.index("Line 4000"), "2")))])
    shown = view_document(corpus, 0, text.index("Line 4000"))
    assert WINDOW < shown["end"] - shown["start"] < 2 * WINDOW + 9000
    assert 0 < shown["start"] < text.index("Line 4000") < shown["end"] < len(text)
    assert all(text[block["start"] :].startswith(block["text"]) for block in shown["blocks"])
    assert [block["page"] for block in shown["blocks"] if block["page"]] == ["2"]
    last = view_document(corpus, 0, len(text))
    assert last["end"] == len(text)
    assert last["start"] >= len(text) - WINDOW - 9000


def test_accepting_rejecting_and_asking_change_the_file_and_keep_its_comments(client: ReviewClient, path: Path) -> None:
    assert client.change("lock", do="review", review=True)[0] == 200
    assert client.change("again", do="review", review="rejected")[0] == 200
    assert client.change("lock", do="ask", text="How is a door\nlocked?  ")[0] == 200
    assert client.change("lock", do="tag", tags=["fact", " ", "fact", "door"])[0] == 200
    assert path.read_text().startswith('# The questions of the doors.\n- id: lock\n  question: "How is a door locked?"')
    records = {record["id"]: record for record in yaml_text.load(path.read_text())}
    assert [records[name]["reviewed"] for name in ("lock", "again", "lost")] == [True, "rejected", False]
    assert records["lock"]["tags"] == ["fact", "door"]
    overview = client.get("overview")[1]
    assert overview["counts"] == {"accepted": 1, "draft": 2, "rejected": 1}
    assert overview["undo"]


def test_evidence_is_added_changed_and_removed_by_its_place(client: ReviewClient, path: Path) -> None:
    south: dict[str, Any] = {"document": 0, "start": GUIDE.index("| south"), "end": len(GUIDE)}
    right: dict[str, Any] = {"document": 1, "start": OTHER.index("Turn") - 1, "end": OTHER.index(" to open")}
    assert client.change("lock", do="add", **south)[0] == 200
    assert client.change("lock", do="alternative", item=1, **right)[0] == 200
    question = client.change("lock", do="replace", item=0, wording=0, **right)[1]["question"]
    texts = [[wording["text"] for wording in item] for item in question["items"]]
    assert texts == [["| south | 08:30 |", "Turn the key right"], ["Turn the key right"]]
    assert client.change("lock", do="remove", item=0, wording=1)[0] == 200
    assert client.change("lock", do="remove", item=5, wording=0)[0] == 422
    assert client.change("lock", do="add", document=0, start=7, end=8)[0] == 422  # white space
    assert client.change("lock", do="add", document=9, start=0, end=3)[0] == 422
    client.change("lost", do="review", review="rejected")
    asked = read_questions(path, CORPUS).questions[0]
    assert [CORPUS.text(*item.spans[0]) for item in asked.evidence] == ["| south | 08:30 |", "Turn the key right"]
    assert {item.step for item in asked.evidence} == {"span"}


def test_two_windows_do_not_overwrite_each_other(client: ReviewClient, path: Path) -> None:
    version = client.question("lock")["version"]
    assert client.change("lock", version, do="ask", text="Mine?")[0] == 200
    status, answer = client.change("lock", version, do="ask", text="Yours?")
    assert status == 409
    assert "was changed elsewhere" in answer["error"]
    assert "Mine?" in path.read_text()
    assert client.change("again", do="review", review=True)[0] == 200


def test_what_an_editor_writes_meanwhile_is_kept_and_shown(client: ReviewClient, path: Path) -> None:
    version = client.question("lock")["version"]
    path.write_text("# new\n" + path.read_text().replace("What is lost?", "What was lost?"))
    assert client.change("lock", version, do="review", review=True)[0] == 200
    assert path.read_text().startswith("# new\n")
    assert client.question("lost")["question"] == "What was lost?"
    path.write_text("- id: [")
    status, answer = client.change("lock", "x", do="review", review=True)
    assert status == 422
    assert "cannot be read" in answer["error"]


def test_undo_takes_changes_back_one_by_one(client: ReviewClient, path: Path) -> None:
    client.change("lock", do="ask", text="Mine?")
    client.change("again", do="remove", item=0, wording=0)
    assert client.post("undo")[1]["question"]["id"] == "again"
    assert client.post("undo")[1]["question"]["question"] == "How do I lock a door?"
    assert yaml_text.load(path.read_text()) == yaml_text.load(QUESTIONS)
    assert client.post("undo")[0] == 422
    client.change("lock", do="ask", text="Mine?")
    path.write_text(path.read_text().replace("Mine?", "Hers?"))
    assert client.post("undo")[0] == 409
    assert "Hers?" in path.read_text()


def test_a_search_finds_phrases_first_then_paragraphs_with_the_words(client: ReviewClient) -> None:
    _, places = client.get("search", text="turn the KEY left")
    assert places[0]["text"] == "Turn the key left"
    _, places = client.get("search", text="How is the gate opened with a key?")
    assert places[0]["where"] == "gate.md, line 1"
    assert client.get("search", text="zebra")[1] == []
    assert client.get("search", text=" ")[1] == []
    assert search_places(Corpus([]), "anything") == []


def test_the_size_of_a_difference_that_can_be_shown_shrinks_with_the_questions() -> None:
    generator = np.random.default_rng(0)
    scores = generator.random((60, 3))
    table = ScoreTable({f"q{number}": number for number in range(60)}, scores)
    none, few, many = (table.describe([f"q{number}" for number in range(count)]) for count in (0, 9, 40))
    assert none == few
    assert re.fullmatch(r"Review at least 10 questions to compare chunkings; 10 would show about ±\d+ points\.", none)
    match = re.fullmatch(
        r"With 40 reviewed questions, a difference of ±(\d+) points can be shown; 60 would show about ±(\d+)\.", many
    )
    assert match
    assert int(match[1]) > int(match[2]) > 0
    detectable = table.detectable([f"q{number}" for number in range(40)])
    assert detectable is not None
    assert match[1] == f"{100 * detectable:.0f}"


def test_the_size_is_measured_on_the_documents_at_hand(path: Path, client: ReviewClient) -> None:
    table = measure_scores(CORPUS, path)
    assert table is not None
    assert list(table.rows) == ["lock", "again", "hostile"]
    assert len(table.scores) == 3
    for _ in range(200):
        if shows := client.get("overview")[1]["shows"]:
            break
        time.sleep(0.05)
    assert shows == "Review at least 10 questions to compare chunkings."


def test_a_file_is_reviewed_at_the_same_address_again_which_only_its_user_can_read(tmp_path: Path) -> None:
    path = tmp_path / "q.yaml"
    first = address.recall_address(path)
    address.keep_address(path, address.ReviewAddress(4711, first.token))
    assert address.recall_address(path) == address.ReviewAddress(4711, first.token)
    assert address.recall_address(tmp_path / "other.yaml").token != first.token
    kept = next(
        place for place in Path(os.environ["RAG_CHUNK_CACHE"]).glob("review-*.json") if first.token in place.read_text()
    )
    if sys.platform != "win32":
        assert kept.stat().st_mode & 0o077 == 0
    kept.write_text('{"port": 1, "token": ""}')
    assert len(address.recall_address(path).token) == len(first.token)


def start(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the program, and return it with the address that it prints."""
    command = [sys.executable, "-m", "rag_chunk", "review", "q.yaml", "docs"]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    assert process.stderr
    said = process.stderr.readline()
    match = re.search(r"open (http://127\.0\.0\.1:\d+/\S+/)", said)
    assert match, said + process.stderr.read()
    return process, match[1]


def ask(address: str, path: str, body: Any = None) -> Any:
    origin = re.match(r"http://[^/]+", address)
    assert origin
    headers = {"Content-Type": "application/json", "Origin": origin[0]}
    request = urllib.request.Request(address + path, json.dumps(body).encode() if body else None, headers)  # noqa: S310 - http
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
        return json.load(answer)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_after_a_kill_the_review_goes_on_where_it_was_and_ctrl_c_ends_it(path: Path) -> None:
    folder = path.parent
    (folder / "docs").mkdir()
    for document in CORPUS.documents:
        (folder / "docs" / document.name).write_text(document.text)
    process, place = start(folder)
    try:
        for name in ("lock", "again"):
            version = ask(place, f"question?id={name}")["version"]
            ask(place, "change", {"id": name, "version": version, "operation": {"do": "review", "review": True}})
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]
        process, again = start(folder)
        assert again == place
        assert ask(again, "overview")["counts"] == {"accepted": 2, "draft": 2, "rejected": 0}
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert "Every change is in q.yaml." in process.stderr.read()  # type: ignore[union-attr]
    finally:
        process.kill()
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]


def test_without_the_extra_one_sentence_names_it(run: Program, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "doors.md").write_text(GUIDE)
    (folder / "q.yaml").write_text(QUESTIONS)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    status, _, err = run("review", "q.yaml", "docs")
    assert status == 4
    assert "pip install 'rag-chunk[review]'" in err


def test_what_cannot_be_reviewed_is_refused_before_a_page_is_there(run: Program, folder: Path) -> None:
    (folder / "docs").mkdir()
    (folder / "docs" / "doors.md").write_text(GUIDE)
    (folder / "set.json").write_text(json.dumps({"user_input": "a", "reference_contexts": ["b"]}))
    assert run("review", "set.json", "docs")[0] == 3
    assert "the questions come first" in run("review", "docs")[2]
    assert run("review", "nothing.yaml", "docs")[0] == 3
    assert "no questions were named" in run("review")[2]
