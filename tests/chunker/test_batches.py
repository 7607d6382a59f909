"""`chunk_documents`: the same chunks as `chunk`, whatever the batches are and however the documents lie in them."""

import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, chunk, chunk_documents
from rag_chunk.chunker.export.formats import COLUMNS
from rag_chunk.errors import InputError

CONFIG = RunConfig(strategy="hierarchical", chunk_size=8)
TEXTS = {
    "guide.md": "# Keys\n\nTurn left to lock.\n\n```python\n" + "lock(the, door)\n" * 9 + "\n```\n\nPull.",
    "notes.txt": "One two three. Four five six seven eight nine ten eleven twelve.",
    "empty.md": "",
}
ROWS = [{"name": name, "text": text} for name, text in TEXTS.items()]
EXPECTED = {
    each.id: each.to_dict() for each in chunk(Corpus([Document(name, text) for name, text in TEXTS.items()]), CONFIG)
}


def by_id(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {row["id"]: {name: value for name, value in row.items() if value is not None} for row in rows}


def test_the_rows_here_have_all_that_a_chunk_may_have() -> None:
    assert {name for row in EXPECTED.values() for name in row} == {*COLUMNS} - {"pages"}


@pytest.mark.parametrize("kind", [pa.Table, pa.RecordBatch])
def test_a_table_of_arrow_becomes_one_of_its_kind(kind: type) -> None:
    chunks = chunk_documents(kind.from_pylist(ROWS), CONFIG)  # type: ignore[attr-defined]
    assert isinstance(chunks, kind)
    assert by_id(chunks.to_pylist()) == EXPECTED  # type: ignore[attr-defined]
    empty = kind.from_pylist([], pa.schema([("name", pa.string()), ("text", pa.string())]))  # type: ignore[attr-defined]
    assert chunk_documents(empty, CONFIG).schema == chunks.schema  # type: ignore[attr-defined]


def test_a_frame_of_pandas_and_a_dict_of_lists_become_what_they_are() -> None:
    pandas = pytest.importorskip("pandas")
    frame = chunk_documents(pandas.DataFrame(ROWS), CONFIG)
    assert list(frame.columns) == list(COLUMNS)
    rows = frame.astype(object).where(frame.notna(), None).to_dict("records")
    assert by_id(rows) == EXPECTED
    columns = chunk_documents({"name": list(TEXTS), "text": list(TEXTS.values())}, CONFIG)
    assert by_id([dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]) == EXPECTED


@given(st.lists(st.integers(0, 2), max_size=4), st.sampled_from([1, 30, 10**6]))
def test_an_iterator_may_mix_documents_and_batches(borders: list[int], most: int) -> None:
    from rag_chunk.chunker.export import batches

    parts = [
        {"name": [row["name"]], "text": [row["text"]]} if number in borders else row for number, row in enumerate(ROWS)
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "_BATCH", most)
        made = list(chunk_documents(iter([*parts, Document("last.txt", "The end.")]), CONFIG))
    tables = [each for each in made if isinstance(each["id"], list)]
    rows = [row for row in made if row not in tables and row["document"] != "last.txt"]
    rows += [dict(zip(each, row, strict=True)) for each in tables for row in zip(*each.values(), strict=True)]
    assert by_id(rows) == EXPECTED
    assert len(tables) == len(set(borders))


def test_documents_are_taken_from_an_iterator_as_they_are_cut() -> None:
    taken = []

    def rows(count: int) -> Any:
        for number in range(count):
            taken.append(number)
            yield {"name": f"{number}.txt", "text": "word " * 100_000}

    next(chunk_documents(rows(10)))
    assert len(taken) < 5


@pytest.mark.parametrize(
    ("documents", "sentence"),
    [
        (lambda: {"id": ["a"], "text": ["b"]}, "the documents have no column name; they have id, text"),
        (lambda: pa.table({"title": ["a"]}), "the documents have no column name and no column text; they have title"),
        (
            lambda: {"name": ["a", "b"], "text": ["b", None]},
            "row 2 of the documents: it needs name and text, both text",
        ),
        (lambda: {"name": ["a", "a"], "text": ["b", "c"]}, "two documents are named 'a'"),
        (lambda: ["a text"], "a document must be a dict with name and text, not a str"),
        (lambda: "a text", "documents must be a table, or an iterable of documents, not one str"),
        (lambda: 7, "documents must be a table, or an iterable of documents, not one int"),
    ],
)
def test_what_is_no_batch_is_a_sentence(documents: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        list(chunk_documents(documents()))


def test_the_config_may_be_a_file(folder: Any) -> None:
    (folder / "chunking.yaml").write_text(json.dumps({"strategy": "hierarchical", "chunk_size": 8}))
    assert by_id(list(chunk_documents(ROWS, "chunking.yaml"))) == EXPECTED
