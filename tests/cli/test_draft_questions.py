"""`draft-questions` with a model on loopback that is honest, slow, limited or wrong, dies, or is refused."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rag_chunk import read_corpus
from rag_chunk.config import yaml_text
from rag_chunk.config.redaction import redact
from rag_chunk.config.setting_checks import DRAFTING_KEY
from rag_chunk.embedder import chat, connection
from rag_chunk.questions import question_file
from rag_chunk.questions.drafting.drafter import AT_ONCE
from tests.support.chat_server import ChatServer, Model, breaking, chatty, paraphrasing, repeating

KEY = "sk-very-secret-0123456789"
EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = ("--count", "6")


@pytest.fixture
def server(chat_server: ChatServer) -> ChatServer:
    return chat_server


@pytest.fixture
def draft(run, server: ChatServer):
    """Return what drafts questions about the examples, and gives the status and all that is said, on one line."""

    def command(*arguments: str) -> tuple[int, str]:
        asked = ["draft-questions", str(EXAMPLES), "--skip-unreadable", "--model", "m", "--url", server.address]
        status, out, err = run(*asked, *arguments)
        return status, " ".join((out + err).split())

    return command


def questions() -> list[dict[str, Any]]:
    return list(yaml_text.load(Path("questions.yaml").read_text(encoding="utf-8"))["questions"])


def test_three_commands_lead_from_documents_to_a_verdict_on_reviewed_questions(draft, run):
    pytest.importorskip("starlette", reason="the extra review is not installed")
    pytest.importorskip("ruamel.yaml", reason="the extra review is not installed")
    from tests.support.review_server import running_review

    status, said = draft("--count", "14")
    assert status == 0
    assert re.search(r"Asked for \d+ drafts, kept 14\.", said)
    assert f"Wrote questions.yaml. Next: rag-chunk review questions.yaml {EXAMPLES}" in said
    drafted = questions()
    with running_review(Path("questions.yaml"), read_corpus(EXAMPLES, skip_unreadable=True)) as client:
        for question in drafted[:12]:
            status, answer = client.change(question["id"], do="review", review=True)
            assert status == 200, answer
    assert [question.get("reviewed", True) for question in questions()] == 12 * [True] + 2 * [False]
    assert [question["drafted"] for question in questions()] == [question["drafted"] for question in drafted]
    status, out, _ = run("analyze", str(EXAMPLES), "--test-file", "questions.yaml", "--strategy", "header,sentence")
    shown = " ".join(out.split())
    assert status == 0
    assert "2 of 14 questions are unreviewed drafts" in shown
    assert "The 12 reviewed questions alone: " in shown


def test_the_same_command_again_costs_nothing_and_writes_the_same(draft, server):
    draft(*FEW)
    first, calls = Path("questions.yaml").read_bytes(), len(server.asked)
    status, said = draft(*FEW, "--force")
    assert status == 0
    assert f"0 answers took 0 tokens; {calls} were kept from before" in said
    assert len(server.asked) == calls
    assert Path("questions.yaml").read_bytes() == first


def test_that_answers_cannot_be_kept_is_said_before_any_is_asked_for(draft, server, monkeypatch):
    Path("file").touch()
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(Path("file", "cache").absolute()))
    status, said = draft(*FEW)
    assert status == 0
    assert re.search(
        r"Answers cannot be kept in \S+/file/cache: Not a directory. If this is cut off, all is asked", said
    )
    assert len(questions()) == 6
    interrupts = iter([signal.SIGINT])  # four drafts are asked for at once, and a second one would end the tests

    def interrupt(_: Any) -> None:
        for number in interrupts:
            os.kill(os.getpid(), number)

    server.model = interrupt
    status, said = draft(*FEW, "--force")
    assert status == 130
    assert "are kept" not in said


def test_a_file_of_drafts_too_long_for_yaml_is_json_as_is_one_whose_name_says_so(draft, run, monkeypatch):
    monkeypatch.setattr(question_file, "LONGEST_YAML", 2000)
    said = draft(*FEW)[1]
    assert "Wrote questions.yaml, as JSON because YAML of this length is slow to read. Next:" in said
    assert "Wrote q.json. Next:" in draft(*FEW, "-o", "q.json")[1]
    assert len(json.loads(Path("q.json").read_text(encoding="utf-8"))["questions"]) == 6
    assert Path("q.json").read_bytes() == Path("questions.yaml").read_bytes()
    assert run("check-questions", "questions.yaml", str(EXAMPLES), "--skip-unreadable")[0] == 0


def test_a_file_that_is_there_is_not_replaced(draft, server):
    Path("questions.yaml").write_text("mine")
    assert draft(*FEW)[0] == 3
    assert server.asked == []
    assert Path("questions.yaml").read_text() == "mine"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_nothing_is_lost_where_it_is_interrupted(draft, server, number):
    def interrupt(calls: int) -> None:
        if calls == 10:
            os.kill(os.getpid(), number)

    server.before = interrupt
    status, said = draft(*FEW)
    assert status == 128 + number
    assert re.search(r"\b\d+ answers of the model are kept: the same command goes on from there", said)
    kept = len(server.asked)
    assert not Path("questions.yaml").exists()
    server.before = lambda _: None
    status, said = draft(*FEW)
    assert status == 0
    again = re.search(r"(\d+) answers took .*; (\d+) were kept from before", said)
    assert again
    assert kept - AT_ONCE <= int(again[2]) <= kept + AT_ONCE
    assert int(again[1]) > 0
    whole = Path("questions.yaml").read_bytes()
    os.environ["RAG_CHUNK_CACHE"] += "-of-its-own"
    assert draft(*FEW, "--force")[0] == 0
    assert Path("questions.yaml").read_bytes() == whole


def test_nothing_is_lost_where_the_process_is_killed(draft, server):
    asked = ["draft-questions", str(EXAMPLES), "--model", "m", "--url", server.address, *FEW]
    with subprocess.Popen([sys.executable, "-m", "rag_chunk", *asked], stderr=subprocess.DEVNULL) as process:
        server.before = lambda calls: process.kill() if calls == 8 else None
    assert process.returncode == -signal.SIGKILL
    assert re.search(r"; [4-7] were kept from before", draft(*FEW)[1])


def test_tokens_are_not_used_beyond_the_limit_and_more_goes_on(draft, server):
    status, said = draft(*FEW, "--max-tokens", "4000")
    assert status == 0
    assert "Stopped before more than --max-tokens 4,000 were used" in said
    assert 100 < 100 * len(server.asked) <= 4000
    calls, kept = len(server.asked), len(questions())
    assert draft(*FEW, "--force")[0] == 0
    assert len(questions()) == 6 > kept
    assert f"{len(server.asked) - calls} answers took" in draft(*FEW, "--force")[1] or len(server.asked) > calls


def test_where_the_server_counts_no_tokens_they_are_estimated(draft, server):
    server.counts_tokens = False
    tokens = re.search(r"answers took ([\d,]+) tokens", draft(*FEW)[1])
    assert tokens
    characters = sum(len(message["content"]) for body in server.asked for message in body["messages"])
    assert characters / 5 < int(tokens[1].replace(",", "")) < characters


def test_a_dry_run_shows_calls_and_tokens_and_sends_nothing(draft, server):
    status, said = draft(*FEW, "--dry-run")
    assert (status, server.asked) == (0, [])
    assert re.search(r"drafts 6 0 \d,\d{3}", said)
    assert re.search(r"together 24 0 \d+,\d{3}", said)
    assert "at most 120 calls" in said
    assert list(Path().glob("*.yaml")) == []
    draft(*FEW)
    assert re.search(r"drafts 6 6 0 ", draft(*FEW, "--dry-run")[1])
    shown = draft(*FEW, "--dry-run", "--without", "pointing,language,round-trip", "--max-tokens", "9000")[1]
    assert "together 6 " in shown
    assert "--max-tokens stops before more than 9,000 tokens are used" in shown


@pytest.mark.parametrize(("model", "why"), [
    (paraphrasing, "a quote that is not in the text"),
    (repeating, r"questions that the evidence does not answer, or the text around it answers too \(round-trip\)"),
    (breaking, "no answer in the form that was asked for"),
])  # fmt: skip
def test_a_model_that_is_of_no_use_is_found_out_and_leaves_no_file(draft, server, model: Model, why):
    server.model = model
    status, said = draft(*FEW)
    assert status == 0
    assert re.search(rf"dropped \d+: {why}", said)
    assert "These documents gave 0 of the 6 drafts" in said
    assert "No draft was kept, so there is no question file" in said
    assert not Path("questions.yaml").exists()


def test_json_in_text_is_read_where_the_server_knows_no_structured_output(draft, server):
    server.refuses_forms, server.model = True, chatty
    assert draft(*FEW)[0] == 0
    assert len(questions()) == 6
    tried = ["response_format" in body for body in server.asked]
    assert tried[0]
    assert sum(tried) <= AT_ONCE  # those that were under way before the first refusal
    assert not any(tried[2 * AT_ONCE :])


def test_structured_output_is_asked_for_where_the_server_has_it(draft, server):
    draft(*FEW)
    form = server.asked[0]["response_format"]
    assert form["type"] == "json_schema"
    assert form["json_schema"]["schema"]["required"] == ["question", "quotes"]
    assert form["json_schema"]["schema"]["additionalProperties"] is False


def test_every_request_has_the_form_that_the_protocol_s_own_package_gives_it(draft, server):
    """The types of the package are the protocol: every field is known, and schemas are strict."""
    from openai.types.chat.completion_create_params import CompletionCreateParamsNonStreaming
    from pydantic import ConfigDict, TypeAdapter, with_config

    strict = with_config(ConfigDict(extra="forbid"))(CompletionCreateParamsNonStreaming)
    draft(*FEW)
    for body in server.asked:
        TypeAdapter(strict).validate_python(body)
        schema = body["response_format"]["json_schema"]["schema"]
        assert schema["required"] == list(schema["properties"])
        assert {"anyOf", "default", "minLength", "$ref"}.isdisjoint(json.dumps(schema).split('"'))
    assert all(headers["authorization"] == "Bearer none" for headers in server.headers)


def test_it_waits_as_it_is_told_where_requests_are_limited(draft, server):
    server.answers += [(429, {"Retry-After": "0.01"}, {}), (503, {"Retry-After": "0.01"}, {})]
    assert draft(*FEW)[0] == 0
    assert len(questions()) == 6


def test_a_server_that_limits_for_good_is_named_and_the_answers_are_kept(draft, server, monkeypatch):
    monkeypatch.setattr(connection, "RETRIES", 0)
    usual = server.play
    numbers = count(1)  # each request is told once which one it is, though several come at the same time

    def limit(body: dict[str, Any]) -> Any:
        return (429, {}, {"error": {"message": "no more today"}}) if next(numbers) >= 8 else usual(body)

    server.play = limit
    running = set(threading.enumerate())
    status, said = draft(*FEW)
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) - running and time.monotonic() < deadline:
        time.sleep(0.01)  # an answer that comes after the refusal is kept as well
    assert status == 3
    assert "answered 429: " in said
    assert "Answers that were given are kept; run it again to go on" in said
    assert re.search(r"[4-7] answers of the model are kept", said)
    server.play = usual
    assert re.search("; [7-9] were kept from before", draft(*FEW)[1])


@pytest.mark.parametrize("ending", ["dies", "is slow"])
def test_a_model_that_dies_or_is_slow_is_named_and_the_answers_are_kept(draft, server, monkeypatch, ending):
    monkeypatch.setattr(connection, "RETRIES", 0)
    monkeypatch.setattr(chat, "SECONDS", 0.5)

    def fail(calls: int) -> None:
        if calls >= 8 and ending == "dies":
            raise ConnectionResetError
        if calls >= 8:
            done.wait(3)

    from threading import Event

    done, server.before = Event(), fail
    status, said = draft(*FEW)
    done.set()
    assert status == 3
    assert f"{server.address}/ did not answer with m: " in said
    assert re.search("[4-7] answers of the model are kept: the same command goes on from there", said)
    server.before = lambda _: None
    assert draft(*FEW)[0] == 0
    assert len(questions()) == 6


def test_a_wrong_key_is_said_without_the_key(draft, server, monkeypatch):
    monkeypatch.setenv(DRAFTING_KEY, KEY)
    server.answers.append((401, {}, {"error": {"message": f"wrong key {KEY}"}}))
    status, said = draft(*FEW)
    assert status == 3
    assert "answered 401" in said
    assert "The key is taken from RAG_CHUNK_DRAFTING_KEY, or for OpenAI itself from OPENAI_API_KEY" in said
    assert KEY not in said
    assert KEY not in redact(f"it was {KEY}")


def test_the_key_for_openai_goes_to_openai_alone_and_into_no_file(draft, server, run, monkeypatch, folder):
    monkeypatch.setenv(connection.OPENAI_KEY, KEY)
    draft(*FEW)
    assert not [headers for headers in server.headers if KEY in str(headers)]
    monkeypatch.setenv(DRAFTING_KEY, KEY)
    draft(*FEW, "--force", "--seed", "7")
    assert server.headers[-1]["authorization"] == f"Bearer {KEY}"
    assert not [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    monkeypatch.delenv(DRAFTING_KEY)
    monkeypatch.delenv(connection.OPENAI_KEY)
    status, _, err = run("draft-questions", str(EXAMPLES), "--model", "m", "-o", "other.yaml")
    assert (status, "needs a key: set OPENAI_API_KEY, or give --url for another address" in " ".join(err.split())) == (
        2,
        True,
    )


@pytest.mark.parametrize(("arguments", "said"), [
    ([], "no model was named"),
    (["--model", "m", "--kinds", "facts"], "unknown kind of question 'facts' (did you mean 'fact'?)"),
    (["--model", "m", "--kinds", "fact=0"], "the share of fact must be a number above 0"),
    (["--model", "m", "--without", "overlaps"], "did you mean 'overlap'?"),
    (["--model", "m", "--url", "http://me:pw@host/v1"], "rag-chunk reads a key from the environment: RAG_CHUNK_DRAFTING_KEY"),
    (["--model", "m", "--count", "0"], "--count must be at least 1, not 0"),
])  # fmt: skip
def test_settings_that_cannot_be_used_are_said(run, folder, arguments, said):
    status, _, err = run("draft-questions", str(EXAMPLES), *arguments)
    assert (status, said in " ".join(err.split())) == (2, True), err


def test_without_the_package_the_extra_is_named(run, folder, monkeypatch):
    monkeypatch.setitem(sys.modules, "openai", None)
    status, _, err = run("draft-questions", str(EXAMPLES), "--model", "m", "--url", "http://127.0.0.1:1/v1")
    assert (status, "the model m needs an optional package" in err) == (4, True)


def test_kinds_may_be_chosen_with_shares(draft):
    assert draft("--count", "4", "--kinds", "table=3,number")[0] == 0
    assert sorted(question["tags"][0] for question in questions()) == ["number", "table", "table", "table"]


def test_near_duplicates_by_vectors_are_looked_for_where_a_model_is_named(draft, monkeypatch):
    from rag_chunk.questions.drafting import draft_filters

    monkeypatch.setattr(draft_filters, "_SAME_MEANING", 0.0)
    said = draft(*FEW, "--embedding-model", "hashing")[1]
    assert "drafts, kept 1." in said
    assert "(duplicate)" in said


def test_a_seed_chooses_other_passages(draft):
    draft(*FEW)
    first = [question["question"] for question in questions()]
    draft(*FEW, "--force", "--seed", "1")
    assert first != [question["question"] for question in questions()]


def test_quiet_says_nothing(draft):
    assert draft(*FEW, "--quiet") == (0, "")
