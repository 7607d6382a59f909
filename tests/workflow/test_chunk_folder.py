"""A folder of chunks: one file a shard, written once, the same chunks as in one file."""

import errno
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from rag_chunk.chunker.export import chunk_bytes
from rag_chunk.config import sharding
from rag_chunk.corpus import shard
from rag_chunk.corpus.reader import list_documents
from rag_chunk.workflow import chunk_folder, shard_writing
from rag_chunk.workflow.shard_writing import ShardTask
from rag_chunk.workflow.sharded_inputs import list_shards
from rag_chunk.workflow.workers import Workers, open_workers
from tests.conftest import Program

TEXTS = {f"d{number}.md": f"# Part {number}\n\n" + f"word{number} " * (30 + 40 * number) for number in range(6)}
OPTIONS = ("--shard-size", "1", "--chunk-size", "50")


@pytest.fixture(autouse=True)
def _docs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write six documents, and let a megabyte be a thousand bytes."""
    monkeypatch.setattr(shard, "MEGABYTE", 1000)
    (folder / "docs").mkdir()
    for name, text in TEXTS.items():
        (folder / "docs" / name).write_text(text)


def chunks(path: str = "out") -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted(Path(path).glob("0*.jsonl")) for line in file.read_text().splitlines()]


def count_shards(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return where the numbers of the shards are gathered that are cut."""
    cut: list[int] = []
    original = shard_writing.write_shard

    def write_and_note(task: ShardTask) -> Any:
        cut.append(int(task.target.name.partition("-")[0]))
        return original(task)

    monkeypatch.setattr(chunk_folder, "write_shard", write_and_note)
    return cut


@pytest.mark.parametrize("workers", ["1", "auto"])
def test_a_folder_holds_the_chunks_of_one_file(run: Program, monkeypatch: pytest.MonkeyPatch, workers: str) -> None:
    monkeypatch.setattr(sharding, "_WORTH_A_WORKER", 1)
    monkeypatch.setattr(chunk_folder, "available_cores", lambda: 2)
    status, _, err = run("chunk", "docs", "-o", "out", "--workers", workers, *OPTIONS)
    assert status == 0, err
    expected = [json.loads(line) for line in run("chunk", "docs", "-q", "--chunk-size", "50")[1].splitlines()]
    assert chunks() == expected
    header, *lines = map(json.loads, Path("out/manifest.jsonl").read_text().splitlines())
    assert header["shard_size"] == 1
    if workers == "1":  # a megabyte is a thousand bytes in this process alone, which cuts into shards
        assert f"wrote {len(expected)} chunks" in err
    assert len(lines) == len(list(Path("out").glob("0*"))) > 2
    for line in lines:
        assert hashlib.sha256(Path("out", line["file"]).read_bytes()).hexdigest() == line["sha256"]
    assert sum(line["chunks"] for line in lines) == len(expected)
    assert sum(line["documents"] for line in lines) == len(TEXTS)


def test_the_files_are_the_same_whatever_the_number_of_cores(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "MEGABYTE", 10)  # so that shards of the usual size are some
    opened = list[int]()

    @contextmanager
    def note(count: int, _: str | None) -> Iterator[Workers]:
        opened.append(count)
        with open_workers(1) as workers:
            yield workers

    monkeypatch.setattr(chunk_folder, "open_workers", note)
    for cores in (1, 2, 8):
        monkeypatch.setattr(chunk_folder, "available_cores", lambda cores=cores: cores)
        assert run("chunk", "docs", "-o", f"out{cores}", "--chunk-size", "50")[0] == 0
    names = [sorted(file.name for file in Path(f"out{cores}").glob("0*")) for cores in (1, 2, 8)]
    assert names[0] == names[1] == names[2]
    assert len(names[0]) > 2
    assert opened == [1, 2, 2]  # each holds a shard of the usual size


@pytest.mark.parametrize("form", ["parquet", "csv", "langchain"])
def test_a_folder_is_written_in_any_format(run: Program, form: str) -> None:
    status, _, err = run("chunk", "docs", "-o", "out", "--format", form, *OPTIONS)
    assert status == 0, err
    run("chunk", "docs", "-o", "lines", *OPTIONS)
    if form == "parquet":
        rows = [row for file in sorted(Path("out").glob("0*.parquet")) for row in pq.read_table(file).to_pylist()]
        assert [{name: value for name, value in row.items() if value is not None} for row in rows] == chunks("lines")
    else:
        assert len(list(Path("out").glob(f"0*.{'json' if form == 'langchain' else form}"))) > 2


def test_what_is_written_is_not_done_again(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    run("chunk", "docs", "-o", "out", *OPTIONS)
    whole, count = chunks(), len(list(Path("out").glob("0*")))
    cut = count_shards(monkeypatch)
    assert f"of which {count} were there" in run("chunk", "docs", "-o", "out", *OPTIONS)[2]
    assert cut == []
    names = sorted(path.name for path in Path("out").glob("0*"))
    Path("out", names[1]).unlink()
    Path("out", names[2]).write_text("cut off")
    lines = Path("out/manifest.jsonl").read_text().splitlines(keepends=True)
    Path("out/manifest.jsonl").write_text("".join([*lines[:-1], lines[-1][:30]]))  # as where the power failed
    run("chunk", "docs", "-o", "out", *OPTIONS)
    assert cut == [1, 2, count - 1]
    assert chunks() == whole


def test_a_document_that_changed_is_cut_again_and_one_that_is_gone_has_no_chunks(
    run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("chunk", "docs", "-o", "out", *OPTIONS)
    cut = count_shards(monkeypatch)
    Path("docs/d3.md").write_text("Something else.")
    Path("docs/d5.md").unlink()
    assert run("chunk", "docs", "-o", "out", *OPTIONS)[0] == 0
    assert 0 < len(cut) < 4
    expected = [json.loads(line) for line in run("chunk", "docs", "-q", "--chunk-size", "50")[1].splitlines()]
    assert chunks() == expected


def test_a_shard_that_cannot_be_read_is_named_and_costs_no_other(run: Program) -> None:
    Path("docs/d3.md").write_bytes(b"caf\xe9 " * 100)
    status, _, err = run("chunk", "docs", "-o", "out", *OPTIONS)
    assert status == 3
    assert "shards have no chunks:" in err
    assert "d3.md is not UTF-8 at byte 3" in err
    assert {row["document"] for row in chunks()} >= {"d5.md"}
    Path("docs/d3.md").write_text("mended")
    assert run("chunk", "docs", "-o", "out", *OPTIONS)[0] == 0
    assert {row["document"] for row in chunks()} == set(TEXTS)
    Path("docs/d2.md").write_bytes(b"caf\xe9 " * 100)
    status, _, err = run("chunk", "docs", "-o", "out2", "--skip-unreadable", *OPTIONS)
    assert (status, "d2.md is not UTF-8 at byte 3, and is left out" in err) == (0, True)


def test_two_documents_of_one_name_in_different_shards_are_named(run: Program) -> None:
    lines = [{"name": name, "text": text} for name, text in TEXTS.items()]
    lines.append({"name": "d0.md", "text": "The first again. " * 20})
    Path("d.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    for _ in range(2):  # also when all shards are there
        status, _, err = run("chunk", "d.jsonl", "-o", "out", *OPTIONS)
        assert status == 3
        assert "two documents are named 'd0.md': in " in err
        assert "(bytes 0 to " in err


def test_no_room_is_a_sentence_and_what_is_written_stays(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    original, calls = chunk_bytes, []

    def write_twice(chunks: Any, form: str) -> Any:
        calls.append(form)
        if len(calls) > 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return original(chunks, form)

    monkeypatch.setattr(shard_writing, "chunk_bytes", write_twice)
    status, _, err = run("chunk", "docs", "-o", "out", *OPTIONS)
    assert status == 3
    assert "cannot be written: No space left on device. What is written stays" in " ".join(err.split())
    assert len(list(Path("out").glob("0*"))) == 2
    assert not list(Path("out").glob("*.part"))


@pytest.mark.parametrize(
    ("prepare", "arguments", "sentence"),
    [
        (None, ["--chunk-size", "60"], "holds chunks that were made with another config; name another folder"),
        (None, ["--shard-size", "2", "--format", "csv"], "made with another shard-size, format;"),
        (lambda: Path("out/manifest.jsonl").unlink(), [], "is not empty, and has no manifest.jsonl"),
    ],
)
def test_a_folder_that_holds_something_else_is_refused_before_documents_are_listed(
    run: Program,
    prepare: Callable[[], None] | None,
    arguments: list[str],
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run("chunk", "docs", "-o", "out", *OPTIONS)
    if prepare:
        prepare()
    monkeypatch.setattr(chunk_folder, "list_shards", None)
    status, _, err = run("chunk", "docs", "-o", "out", *OPTIONS, *arguments)
    assert (status, sentence in err) == (3, True), err


def test_a_file_that_is_deleted_while_shards_are_written_is_called_gone_and_before_that_it_is_none(
    run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed, read = sorted(Path("docs").iterdir())[:2]

    def list_and_delete(*arguments: Any) -> Any:
        monkeypatch.setattr(shard, "list_documents", delete_after(list_documents, listed))
        return delete_after(list_shards, read)(*arguments)

    monkeypatch.setattr(chunk_folder, "list_shards", list_and_delete)
    status, _, err = run("chunk", "docs", "-o", "out", *OPTIONS)
    assert status == 3
    assert f"{read.name} is gone: it was deleted or renamed while documents were read" in err
    assert listed.name not in err


def delete_after(function: Callable[..., Any], file: Path) -> Callable[..., Any]:
    """Return a function that does the same, and then deletes a file."""

    def call(*arguments: Any) -> Any:
        result = function(*arguments)
        file.unlink()
        return result

    return call


def test_two_processes_do_not_write_to_one_folder(run: Program) -> None:
    from filelock import FileLock

    Path("out").mkdir()
    with FileLock("out/.rag-chunk.lock"):
        assert "another rag-chunk is writing to" in run("chunk", "docs", "-o", "out")[2]


@pytest.mark.parametrize("error", [OSError(errno.ENOLCK, "No locks available"), NotImplementedError("no flock")])
def test_a_file_system_without_locks_is_written_to(
    error: Exception, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    assert run("chunk", "docs", "-o", "chunks/")[0] == 0
    assert list(Path("chunks").glob("*.jsonl"))


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (2, ["-o", "c.jsonl", "--workers", "2"], "--workers has no effect on a single file: name a folder"),
        (2, ["-o", "out", "--workers", "0"], "--workers must be a whole number from 1, or auto; not '0'"),
        (2, ["-o", "out", "--workers", "2", "--scheduler", "tcp://a:1"], "--scheduler names workers of its own"),
        (2, ["-o", "out", "--scheduler", "host"], "--scheduler must be an address such as tcp://host:8786; not 'host'"),
        (2, ["-o", "out", "--shard-size", "0"], "--shard-size must be at least 1"),
        (3, ["-o", "nowhere/out"], "cannot be written: there is no folder nowhere"),
    ],
)
def test_what_cannot_be_asked_of_workers_is_said(
    run: Program, status: int, arguments: list[str], sentence: str
) -> None:
    done = run("chunk", "docs", *arguments)
    assert (done[0], sentence in " ".join(done[2].split())) == (status, True), done[2]


def test_a_large_document_is_told_of(run: Program) -> None:
    Path("docs/d2.md").write_text("large " * 1000)
    assert (
        "d2.md is larger than a shard (6 MB, not 1), and is one by itself"
        in run("chunk", "docs", "-o", "out", *OPTIONS)[2]
    )


def test_a_worker_of_another_version_is_refused(run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_writing, "__version__", "0.9")
    assert "its worker has rag-chunk 0.9, not " in run("chunk", "docs", "-o", "out")[2]
