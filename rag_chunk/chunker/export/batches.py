"""The configuration that won, in a data engine: batches of documents in, batches of chunks out."""

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from rag_chunk.chunker import Chunk
from rag_chunk.chunker.export.formats import COLUMNS, arrow_table
from rag_chunk.chunker.export.splitters import resolve_config
from rag_chunk.chunker.export.written_chunks import cut_for_writing
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError

_BATCH = 1_000_000  # characters that are cut at a time where documents come one by one
_NAMES = ("name", "text")


class TableForm(NamedTuple):
    """How the columns `name` and `text` of a table are read, and chunks become a table of the same kind."""

    columns: Callable[[Any], Mapping[str, Any]]
    table: Callable[[Iterable[Chunk]], Any]


def chunk_documents(documents: Any, config: RunConfig | str | Path | None = None) -> Any:
    """Cut the documents of a batch as `config` says: a `RunConfig`, or the path of a config file.

    `documents` is a table with the columns `name` and `text`: of pandas, of pyarrow, or a dict of lists. The chunks are a
    table of the same kind, one row a chunk, with the columns of a Parquet file of chunks. Or it is an iterable of such
    tables, of `Document`s, or of dicts with a name and a text; then the chunks come one after the other, as tables or as
    the dicts that a line of `chunks.jsonl` holds. Spans are those of `chunk`, however documents are spread over batches.
    Raise `InputError` where a column is missing, a value is no text, or two documents of a batch have one name.

    >>> from rag_chunk import RunConfig, chunk_documents
    >>> config = RunConfig(strategy="fixed-size", chunk_size=2)
    >>> chunks = chunk_documents({"name": ["a.txt", "b.txt"], "text": ["one two three", "four"]}, config)
    >>> chunks["id"], chunks["text"]
    (['a.txt:0-7', 'a.txt:8-13', 'b.txt:0-4'], ['one two', 'three', 'four'])
    >>> [each["id"] for each in chunk_documents([{"name": "c.txt", "text": "five six seven"}], config)]
    ['c.txt:0-8', 'c.txt:9-14']
    """
    resolved = resolve_config(config) if config else RunConfig()
    form = _form_of(documents)
    if form:
        return _cut_table(documents, form, resolved)
    if isinstance(documents, str | bytes | Document) or not isinstance(documents, Iterable):
        raise InputError(f"documents must be a table, or an iterable of documents, not one {type(documents).__name__}")
    return _cut_stream(iter(documents), resolved)


def _cut_table(documents: Any, form: TableForm, config: RunConfig) -> Any:
    columns = form.columns(documents)
    lacks = [name for name in _NAMES if name not in columns]
    if lacks:
        raise InputError(
            f"the documents have no column {' and no column '.join(lacks)}; they have {', '.join(columns)}"
        )
    return form.table(
        cut_for_writing(Corpus(_documents(zip(*(list(columns[name]) for name in _NAMES), strict=True))), config)
    )


def _cut_stream(documents: Iterator[Any], config: RunConfig) -> Iterator[Any]:
    """Yield a table of chunks for each table, and the chunks of single documents, which are cut some at a time."""
    waiting, size = list[Document](), 0
    for each in documents:
        if form := _form_of(each):
            yield _cut_table(each, form, config)
            continue
        document = each if isinstance(each, Document) else _document_of(each)
        waiting.append(document)
        size += len(document.text)
        if size >= _BATCH:
            yield from (part.to_dict() for part in cut_for_writing(Corpus(waiting), config))
            waiting, size = [], 0
    yield from (part.to_dict() for part in cut_for_writing(Corpus(waiting), config))


def _documents(rows: Iterable[tuple[Any, Any]]) -> Iterator[Document]:
    for number, (name, text) in enumerate(rows, 1):
        if not isinstance(name, str) or not name or not isinstance(text, str):
            raise InputError(f"row {number:,} of the documents: it needs name and text, both text")
        yield Document(name, text)


def _document_of(row: Any) -> Document:
    if not isinstance(row, Mapping):
        raise InputError(f"a document must be a dict with name and text, not a {type(row).__name__}")
    return next(_documents([(row.get("name"), row.get("text"))]))


def _form_of(value: Any) -> TableForm | None:
    """Return how a table is read and made; None where the value is no table. No package is imported for it."""
    pandas, pyarrow = sys.modules.get("pandas"), sys.modules.get("pyarrow")
    if pandas and isinstance(value, pandas.DataFrame):
        return TableForm(lambda frame: frame, lambda chunks: pandas.DataFrame(_columns(chunks)))
    if pyarrow and isinstance(value, pyarrow.Table | pyarrow.RecordBatch):
        return TableForm(_arrow_columns, _batch if isinstance(value, pyarrow.RecordBatch) else arrow_table)
    if isinstance(value, Mapping) and not isinstance(value.get("text"), str):
        return TableForm(lambda columns: columns, _columns)
    return None


def _arrow_columns(table: Any) -> dict[str, Any]:
    """Return the columns of a table of pyarrow, those that are read as lists."""
    return {name: table.column(name).to_pylist() if name in _NAMES else () for name in table.schema.names}


def _batch(chunks: Iterable[Chunk]) -> Any:
    """Return the chunks as one `RecordBatch`."""
    import pyarrow

    table = arrow_table(chunks)
    return next(iter(table.combine_chunks().to_batches()), pyarrow.RecordBatch.from_pylist([], table.schema))


def _columns(chunks: Iterable[Chunk]) -> dict[str, list[Any]]:
    rows = [part.to_dict() for part in chunks]
    return {name: [row.get(name) for row in rows] for name in COLUMNS}
