"""`analyze` goes through the shards of a large corpus one by one, on workers too, and shows what it shows of one shard."""

import json
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest

from rag_chunk import reproduce
from rag_chunk.corpus import shard
from rag_chunk.workflow import inputs
from rag_chunk.workflow.workers import Workers, open_workers
from tests.conftest import Program

OPTIONS = ("--test-file", "q.json", "--strategy", "recursive-character,sentence", "--chunk-size", "20")
SHARDS = ("--shard-size", "1")
TEXTS = {
    f"d{number}.md": f"# Part {number}\n\n"
    + " ".join(f"The clock {number}-{place} was carried up to room {place * number} by porters." for place in range(12))
    for number in range(6)
}
MURDEROUS = """
import os, signal
from pathlib import Path

def cut(text, config):
    mark = Path("died")
    if {condition}:
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return [(0, len(text) // 2), (len(text) // 2, len(text))]
"""
FIRST_CHUNKS = """
def first(corpus, config):
    return First()

class First:
    def rank(self, chunking, questions, depth):
        return [list(range(depth))] * len(questions)
"""


@pytest.fixture(autouse=True)
def _docs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write six documents of about a thousand bytes, and let a megabyte be a thousand bytes."""
    monkeypatch.setattr(shard, "MEGABYTE", 1000)
    monkeypatch.setattr(inputs, "MEGABYTE", 1000)
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text)
    asked = [
        {
            "question": f"Where was the clock {number}-{place} carried?",
            "relevant": [f"clock {number}-{place} was carried up"],
        }
        for number in range(6)
        for place in (1, 5)
    ]
    (folder / "q.json").write_text(json.dumps({"questions": asked}))


def figures(text: str) -> dict[str, Any]:
    report: dict[str, Any] = json.loads(text)
    for each in report["configurations"]:
        each["metrics"] = {name: value for name, value in each["metrics"].items() if not name.endswith("_time")}
    return {name: value for name, value in report.items() if name not in {"analysis_id", "created", "timings"}}


def note_opened(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let there be two cores; return a list that gets how many processes are opened, each time that some are."""
    opened = list[int]()

    def note(count: int, scheduler: str | None) -> AbstractContextManager[Workers]:
        opened.append(count)
        return open_workers(count, scheduler)

    monkeypatch.setattr("rag_chunk.workflow.workers.open_workers", note)
    use_two_cores(monkeypatch)
    return opened


@pytest.mark.parametrize(("options", "processes"), [((*SHARDS, "--workers", "1"), 1), ((), 2)])
def test_the_report_is_that_of_one_shard(
    run: Program, monkeypatch: pytest.MonkeyPatch, options: tuple[str, ...], processes: int
) -> None:
    whole = run("analyze", "docs", *OPTIONS, "--output", "json")
    opened = note_opened(monkeypatch)
    status, out, err = run("analyze", "docs", *OPTIONS, "--output", "json", *options)
    assert (status, err) == (0, whole[2])
    assert figures(out) == figures(whole[1])
    assert opened == [processes]


def test_a_call_of_the_library_starts_no_processes(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    run("analyze", "docs", *OPTIONS, "--save", "results")
    opened = note_opened(monkeypatch)
    assert reproduce("results").is_equal
    assert opened == [1]


def use_two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be two cores, and text that is worth two processes: a megabyte is ten bytes."""
    monkeypatch.setattr("rag_chunk.workflow.sharded_inputs.available_cores", lambda: 2)
    for module in (inputs, shard):
        monkeypatch.setattr(module, "MEGABYTE", 10)


def test_a_model_is_loaded_in_one_process_unless_more_are_asked_for(
    run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = list[int]()

    def note(count: int, _: str | None) -> AbstractContextManager[Workers]:
        opened.append(count)
        return open_workers(1)

    monkeypatch.setattr("rag_chunk.workflow.workers.open_workers", note)
    use_two_cores(monkeypatch)
    options = ("--chunk-size", "20", "--retriever", "dense", "--embedding-model", "hashing", "--dry-run")
    for workers in ((), ("--workers", "2")):
        assert run("analyze", "docs", *options, *workers)[0] == 0
    assert opened == [1, 2]


def test_a_table_is_read_in_shards_whose_documents_are_in_no_order(run: Program) -> None:
    lines = [json.dumps({"name": name, "text": TEXTS[name]}) for name in sorted(TEXTS, reverse=True)]
    Path("docs.jsonl").write_text("\n".join(lines) + "\n")
    whole = run("analyze", "docs.jsonl", *OPTIONS, "--output", "json")
    status, out, err = run("analyze", "docs.jsonl", *OPTIONS, "--output", "json", *SHARDS)
    assert status == 0, err
    assert figures(out) == figures(whole[1])


def test_results_are_saved_with_the_places_of_chunks(run: Program) -> None:
    status, _, err = run("analyze", "docs", *OPTIONS, *SHARDS, "--save", "results")
    assert status == 0, err
    chunks = Path("results/chunks/sentence-20-5.jsonl").read_text().splitlines()
    first = json.loads(chunks[0])
    assert set(first) == {"id", "document", "start", "end", "units"}
    (config,) = Path("results/configs").glob("sentence*")
    expected = run("chunk", "docs", "--config", str(config))[1].splitlines()
    assert [json.loads(line)["id"] for line in chunks] == [json.loads(line)["id"] for line in expected]
    assert "<html" in Path("results/report.html").read_text()


def test_without_questions_the_chunks_are_measured(run: Program) -> None:
    options = ("analyze", "docs", "--strategy", "header,sentence", "--output", "json")
    whole, parts = run(*options), run(*options, *SHARDS)
    assert parts[0] == 0, parts[2]
    assert figures(parts[1]) == figures(whole[1])


def test_without_questions_the_page_has_no_documents(run: Program) -> None:
    status, out, err = run("analyze", "docs", "--strategy", "sentence", "--output", "html", *SHARDS)
    assert (status, err) == (0, "")
    assert "<html" in out


def test_an_estimate_is_made_of_all_shards(run: Program) -> None:
    options = (*OPTIONS, "--retriever", "dense", "--embedding-model", "hashing", "--dry-run")
    whole, parts = run("analyze", "docs", *options)[1], run("analyze", "docs", *options, *SHARDS)[1]
    rows = [
        [line.split()[:3] for line in text.splitlines() if line.startswith(("rec", "sen"))] for text in (whole, parts)
    ]
    assert rows[0] == rows[1] == [["recursive-character-20-5", "78", "78"], ["sentence-20-5", "72", "6"]]


def test_a_pattern_names_tables_that_are_read_in_shards(run: Program) -> None:
    for number in range(2):
        line = json.dumps({"name": f"d{number}.md", "text": TEXTS[f"d{number}.md"]})
        Path(f"docs{number}.jsonl").write_text(line + "\n")
    status, _, err = run("analyze", "docs*.jsonl", "--strategy", "sentence", *SHARDS, "--save", "results")
    assert status == 0, err
    (chunks,) = Path("results/chunks").glob("*.jsonl")
    assert "text" not in json.loads(chunks.read_text().splitlines()[0])  # as of shards alone


def test_what_needs_all_documents_at_once_gets_them_and_says_so(run: Program) -> None:
    Path("first_chunks.py").write_text(FIRST_CHUNKS)
    status, out, err = run(
        "analyze", "docs", *OPTIONS, *SHARDS, "--retriever", "first_chunks:first", "--output", "json"
    )
    assert status == 0
    assert "--retriever first_chunks:first needs all documents in memory at once, up to about 0.0 GB" in err
    assert len(json.loads(out)["configurations"]) == 2


def test_a_comparison_of_converters_says_that_it_has_all_documents_in_memory(run: Program) -> None:
    Path("mine.py").write_text("def a(data, name):\n    return 'text'\n\n\ndef b(data, name):\n    return 'text'\n")
    _, _, err = run("analyze", "docs", *OPTIONS, *SHARDS, "--converter", "mine:a,mine:b")
    assert "a comparison of converters needs all documents in memory at once, up to about 0.0 GB" in err


def test_scoring_says_that_it_has_all_documents_in_memory(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    run("chunk", "docs", "-o", "chunks.jsonl")
    Path("ranked.jsonl").write_text('{"id": "q1", "chunks": []}')
    files = ("--chunks", "chunks.jsonl", "--retrieved", "ranked.jsonl", "--test-file", "q.json")
    for module in (inputs, shard):
        monkeypatch.setattr(module, "MEGABYTE", 10)
    status, _, err = run("score", "--corpus", "docs", *files)
    assert status == 0
    assert "all documents are held in memory at once, up to about 0.0 GB; to take a part of them, add --include" in err


def test_evidence_that_is_in_no_shard_is_named_as_of_one_shard_and_before_that_while_it_is_looked_for(
    run: Program,
) -> None:
    phrase = "Thx clxck 3-5 wxs cxrrxxd xp tx rxxm"  # no piece of it is in a document
    Path("q.json").write_text(json.dumps([{"question": "Who?", "relevant": [phrase]}]))
    whole = run("analyze", "docs", *OPTIONS)
    status, _, err = run("analyze", "docs", *OPTIONS, "--shard-size", "3")  # shards of several documents
    first, _, rest = err.partition("\n")
    assert first.startswith("1 phrase is nowhere word for word; looking for other spellings and similar text: ")
    assert phrase in first
    assert (status, rest) == (whole[0], whole[2]) == (3, rest)
    assert "is in no document; nearest: " in rest


@pytest.mark.parametrize(
    "command", [("reproduce", "results"), ("diagnose", "results"), ("check-questions", "q.json", "docs")]
)
def test_other_commands_go_through_shards_with_equal_results(
    run: Program, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    run("analyze", "docs", *OPTIONS, "--save", "results")
    whole = run(*command)
    monkeypatch.setattr(inputs, "read_documents", None)  # nothing reads all at once
    assert run(*command, *SHARDS) == whole


def test_changed_documents_are_named_without_reading_all_at_once(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    run("analyze", "docs", *OPTIONS, "--save", "results")
    Path("docs/d3.md").write_text("Nothing of it is left.")
    monkeypatch.setattr(inputs, "read_documents", None)
    status, _, err = run("reproduce", "results", *SHARDS)
    assert status == 3
    assert "The documents are not those of results: d3.md is changed" in err


def test_a_malformed_question_file_is_refused_before_shards_are_read(run: Program) -> None:
    Path("docs/d2.md").write_bytes(b"\xff\xfe\xfa" * 400)  # whoever reads it says so
    Path("q.json").write_text(json.dumps([{"question": "Who?", "relevant": [7]}]))
    status, _, err = run("analyze", "docs", *OPTIONS, *SHARDS)
    assert status == 3
    assert "q.json: 1 problem with the questions" in err


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed by a signal there")
def test_a_worker_that_is_killed_costs_its_shard_alone(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    use_two_cores(monkeypatch)
    Path("kill_once.py").write_text(MURDEROUS.format(condition="not mark.exists()"))
    options = ("--strategy", "kill_once:cut", "--test-file", "q.json", "--output", "json")
    status, out, err = run("analyze", "docs", *options)
    assert Path("died").exists()
    assert status == 0, err
    assert json.loads(out)["configurations"][0]["metrics"]["num_chunks"] == 12


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed by a signal there")
def test_a_shard_that_kills_each_worker_is_named(run: Program) -> None:
    Path("kill_always.py").write_text(MURDEROUS.format(condition="'Part 3' in text"))
    status, _, err = run("analyze", "docs", "--strategy", "kill_always:cut", *SHARDS, "--workers", "2")
    assert status == 3
    assert "d3.md: its worker died" in err


def test_an_unreadable_document_is_named(run: Program) -> None:
    Path("docs/d2.md").write_bytes(b"\xff\xfe\xfa" * 400)
    status, _, err = run("analyze", "docs", *OPTIONS, *SHARDS)
    assert status == 3
    assert "d2.md" in err
