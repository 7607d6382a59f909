"""Shards: whole documents of a source, the same ones however it is cut."""

import gzip
import io
import json
import os
import pickle
from collections.abc import Iterator
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, Document, read_corpus, shard
from rag_chunk.corpus.converters import write_converted_folder
from rag_chunk.corpus.document_tables import measure_table, split_table
from rag_chunk.corpus.shard import ShardList, cut_into_shards
from rag_chunk.corpus.stored_files import local_file
from rag_chunk.errors import InputError

TEXTS = {f"d{number:02}.md": f"# Part {number}\n\n" + "word " * (40 * number) for number in range(12)}


@pytest.fixture(autouse=True)
def _small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a megabyte be a thousand bytes."""
    monkeypatch.setattr(shard, "MEGABYTE", 1000)


@pytest.fixture
def memory() -> Iterator[fsspec.AbstractFileSystem]:
    system = fsspec.filesystem("memory")
    yield system
    system.store.clear()


def lines(texts: dict[str, str]) -> bytes:
    return "".join(json.dumps({"name": name, "text": text}) + "\n" for name, text in texts.items()).encode()


def parquet(texts: dict[str, str], rows: int = 5) -> bytes:
    written = io.BytesIO()
    pq.write_table(pa.table({"name": list(texts), "text": list(texts.values())}), written, row_group_size=rows)
    return written.getvalue()


def documents(listed: ShardList) -> list[Document]:
    return [document for each in listed.shards for document in each.read().documents]


def as_texts(read: list[Document]) -> dict[str, str]:
    return {document.name: document.text for document in read}


def refused(source: str | Path) -> str:
    with pytest.raises(InputError) as raised:
        documents(cut_into_shards(source, 2))
    return str(raised.value)


def write_source(folder: Path, kind: str) -> str:
    """Write the texts as a source of this kind, and return how it is named."""
    halves = [dict(list(TEXTS.items())[part::2]) for part in range(2)]
    (folder / "docs").mkdir()
    if kind == "folder":
        for name, text in TEXTS.items():
            (folder / "docs" / name).write_text(text)
        return "docs"
    if kind == "converted":
        write_converted_folder([Document(name, text) for name, text in TEXTS.items()], folder / "docs")
        return "docs"
    made = {"jsonl": lines, "jsonl.gz": lambda half: gzip.compress(lines(half)), "parquet": parquet}[kind]
    for number, half in enumerate(halves):
        (folder / f"docs/{number}.{kind}").write_bytes(made(half))
    (folder / "docs/questions.txt").write_text("no table")
    return f"docs/*.{kind}"


@pytest.mark.parametrize("kind", ["folder", "converted", "jsonl", "jsonl.gz", "parquet"])
def test_every_source_has_the_same_documents_in_shards_and_in_one_corpus(folder: Path, kind: str) -> None:
    source = write_source(folder, kind)
    listed = cut_into_shards(source, 3)
    assert len(listed.shards) > 1 or kind == "jsonl.gz"  # which nobody can split
    read = documents(pickle.loads(pickle.dumps(listed)))  # noqa: S301 - a worker gets them so
    assert len(read) == len(TEXTS)
    assert as_texts(read) == TEXTS == as_texts(list(read_corpus(source).documents))
    if kind in {"folder", "converted"}:
        assert [document.name for document in read] == sorted(TEXTS)
        assert all(len(each.items) == 1 or each.size <= 3000 for each in listed.shards)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=12), st.integers(20, 400))
def test_a_jsonl_is_cut_at_the_ends_of_lines_only(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], size: int
) -> None:
    path = tmp_path_factory.mktemp("lines") / "d.jsonl"
    path.write_bytes(lines({str(number): text for number, text in enumerate(texts)}))
    ranges = list(split_table(measure_table(local_file(path)), size))
    content, ends = path.read_bytes(), [part.end or path.stat().st_size for part in ranges]
    pieces = [content[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    assert b"".join(pieces) == content
    assert all(piece.endswith(b"\n") for piece in pieces)
    assert all(len(piece) <= size or piece.count(b"\n") == 1 for piece in pieces)


def test_the_rows_of_one_large_group_of_parquet_are_shards_of_their_own(folder: Path) -> None:
    (folder / "d.parquet").write_bytes(parquet(TEXTS, rows=100))
    listed = cut_into_shards("d.parquet", 3)
    assert len(listed.shards) > 2
    assert as_texts(documents(listed)) == TEXTS
    assert str(listed.shards[0]).startswith("d.parquet (rows 0 to ")


def test_a_document_larger_than_a_shard_is_a_shard_of_its_own(folder: Path) -> None:
    texts = {"a.md": "small", "b.md": "large " * 1000, "c.md": "small"}
    for name, text in texts.items():
        (folder / name).write_text(text)
    (folder / "d.jsonl").write_bytes(lines(texts))
    for source in (".", "d.jsonl"):
        listed = cut_into_shards(source, 2)
        assert [[each.name for each in part.read().documents] for part in listed.shards] == [
            ["a.md"],
            ["b.md"],
            ["c.md"],
        ]
        assert listed.find_oversized(2) == [listed.shards[1]]


def test_a_stored_folder_is_read_as_one_of_this_machine(folder: Path, memory: fsspec.AbstractFileSystem) -> None:
    for name, text in TEXTS.items():
        (folder / "docs" / "deep").mkdir(parents=True, exist_ok=True)
        (folder / "docs" / "deep" / name).write_text(text)
        memory.pipe(f"/bucket/docs/deep/{name}", text.encode())
    memory.pipe("/bucket/docs/picture.png", b"\x89PNG")
    stored, local = read_corpus("memory://bucket/docs"), read_corpus("docs")
    assert stored.digest == local.digest
    assert [tuple(each) for each in stored.skipped] == [("1 .png", "skipped: unsupported file type")]
    listed = cut_into_shards(Path("memory://bucket/docs"), 3)  # a path has lost a slash
    assert as_texts(documents(listed)) == as_texts(list(local.documents))
    assert [each.name for each in read_corpus("memory://bucket/docs/deep", include=["d01*"]).documents] == ["d01.md"]


@pytest.mark.parametrize("kind", ["jsonl", "jsonl.gz", "parquet"])
def test_stored_tables_are_read_by_a_pattern(folder: Path, memory: fsspec.AbstractFileSystem, kind: str) -> None:
    write_source(folder, kind)
    for path in Path("docs").iterdir():
        memory.pipe(f"/b/{path.name}", path.read_bytes())
    assert as_texts(documents(cut_into_shards(f"memory://b/*.{kind}", 3))) == TEXTS


def test_a_fingerprint_changes_with_the_file_alone(folder: Path) -> None:
    write_source(folder, "folder")
    before = [each.fingerprint for each in cut_into_shards("docs", 3).shards]
    assert before == [each.fingerprint for each in cut_into_shards("docs", 3).shards]
    assert len(set(before)) == len(before)
    os.utime("docs/d11.md", (1, 1))
    after = [each.fingerprint for each in cut_into_shards("docs", 3).shards]
    assert (after[:-1], after[-1] != before[-1]) == (before[:-1], True)


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("nowhere/*.jsonl", "there is no file nowhere/*.jsonl"),
        ("nowhere.parquet", "there is no file or folder nowhere.parquet"),
        ("memory://nowhere/docs", "there is no file or folder memory://nowhere/docs"),
        ("nostore://bucket/docs", "nostore://bucket/docs cannot be read: Protocol not known: nostore"),
        ("s3://ann:s3cret@bucket/docs", "an address must hold no user, password or query"),
        ("https://host/d.jsonl?token=s3cret", "an address must hold no user, password or query"),
        ("damaged.jsonl.gz", "damaged.jsonl.gz is damaged, or not compressed by gzip"),
        ("damaged.parquet", "damaged.parquet cannot be read as Parquet"),
        ("columns.parquet", "columns.parquet has no column name; it has id, text. Rename its columns"),
        ("nulls.parquet", "row 2: it needs name and text, both text"),
        ("cut.jsonl", "must hold one {"),
        ("docs/*.md", "docs/*.md names files of .md; a pattern names tables: .jsonl, .jsonl.gz, .parquet"),
    ],
)
def test_what_cannot_be_read_is_a_sentence_without_a_secret(folder: Path, source: str, sentence: str) -> None:
    (folder / "docs").mkdir()
    (folder / "docs/a.md").write_text("words")
    (folder / "damaged.jsonl.gz").write_bytes(gzip.compress(lines(TEXTS))[:-20])
    (folder / "damaged.parquet").write_bytes(b"PAR1 nothing")
    pq.write_table(pa.table({"id": ["a"], "text": ["b"]}), "columns.parquet")
    pq.write_table(pa.table({"name": ["a", "b"], "text": ["b", None]}), "nulls.parquet")
    (folder / "cut.jsonl").write_bytes(lines(TEXTS)[:-9])
    said = refused(source)
    assert sentence in said
    assert "s3cret" not in said


def test_an_unreadable_document_is_named_or_left_out(folder: Path, memory: fsspec.AbstractFileSystem) -> None:
    memory.pipe("/b/a.md", b"caf\xe9")
    memory.pipe("/b/b.md", b"good")
    (folder / "a.md").write_bytes(b"caf\xe9")
    (folder / "b.md").write_text("good")
    for source in (".", "memory://b"):
        assert "a.md is not UTF-8 at byte 3" in refused(source)
        (part,) = cut_into_shards(source, 2, skip_unreadable=True).shards
        corpus: Corpus = part.read()
        assert [each.name for each in corpus.documents] == ["b.md"]
        assert [each.name for each in corpus.skipped] == ["a.md"]
