"""The forms in which chunks are written: JSONL, CSV, Parquet, and the JSON that LangChain and LlamaIndex load."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from rag_chunk.chunker import Chunk
from rag_chunk.chunker.export.metadata import chunk_metadata, langchain_metadata
from rag_chunk.config import did_you_mean
from rag_chunk.errors import InputError, MissingExtra, SettingsError

FORMS = {
    "jsonl": "one JSON object a line",
    "csv": "one row a chunk",
    "parquet": "a table for pandas, DuckDB and others",
    "langchain": "a JSON list of Documents",
    "llamaindex": "a JSON list of TextNodes",
}
_ENDINGS = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".parquet": "parquet"}
COLUMNS = ("id", "document", "start", "end", "lines", "pages", "units", "headings", "context", "parent", "text")
_ROWS = 10_000  # of Parquet that are written at a time
_SOURCE, _PARENT, _DOCUMENT, _TEXT = "1", "4", "4", "1"  # LlamaIndex' numbers for relations, and for kinds of node


def form_of(path: Path | None, named: str | None = None) -> str:
    """Return the form that was named, else that of the path's ending, else JSONL for stdout.

    Raise `SettingsError` where there is no such form, or the ending tells none.
    """
    if named is not None and named not in FORMS:
        raise SettingsError(f"unknown format {named!r}{did_you_mean(named, FORMS)}. There are {', '.join(FORMS)}")
    form = named or ("jsonl" if path is None else _ENDINGS.get(path.suffix.lower()))
    if form is None:
        endings = ", ".join(_ENDINGS)
        raise SettingsError(
            f"{path}: no format has this file name extension. Use one of {endings}, or give --format, as in --format jsonl"
        )
    return form


def writes_folder(path: Path | None) -> bool:
    """Whether `path` names a folder of files of chunks: one that is there, or a new name without an ending."""
    return path is not None and (path.is_dir() or not (path.suffix or path.exists()))


def write_chunks(chunks: Iterable[Chunk], path: str | Path, form: str | None = None) -> int:
    """Write `chunks` (a `Chunking`, or any of its chunks) to a file; return how many there were.

    `form` is `jsonl`, `csv`, `parquet`, `langchain` or `llamaindex`; without it, the path's ending tells.
    Raise `SettingsError` where it does not, `InputError` where the file cannot be written, and `MissingExtra` where
    Parquet is asked for and pyarrow is not installed.
    """
    target, listed = Path(path), list(chunks)
    parts = chunk_bytes(listed, form_of(target, form))
    try:
        with target.open("wb") as file:
            file.writelines(parts)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}") from error
    return len(listed)


def chunk_bytes(chunks: Iterable[Chunk], form: str) -> Iterable[bytes]:
    """Return `chunks` in one of the `FORMS`, part by part; a lone surrogate, which only JSON can carry, is escaped."""
    if form == "parquet":
        return [_parquet(chunks)]
    return (part.encode("utf-8", "backslashreplace") for part in _TEXTS[form](chunks))


def jsonl(chunks: Iterable[Chunk]) -> str:
    """Return one line of JSON a chunk."""
    return "".join(_jsonl(chunks))


def _jsonl(chunks: Iterable[Chunk]) -> Iterator[str]:
    return (json.dumps(chunk.to_dict(), ensure_ascii=False) + "\n" for chunk in chunks)


def _csv(chunks: Iterable[Chunk]) -> Iterator[str]:
    """Yield a header and a row a chunk; headings, lines and context are text, as in LangChain's metadata."""
    yield _csv_row(COLUMNS)
    for chunk in chunks:
        row = {**chunk.to_dict(), "context": "", **chunk_metadata(chunk, chunk.document.name)}
        yield _csv_row(row.get(name, "") for name in COLUMNS)


def _csv_row(cells: Iterable[Any]) -> str:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerow(cells)
    return written.getvalue()


def _parquet(chunks: Iterable[Chunk]) -> bytes:
    """Return a Parquet file of `chunks`, written some rows at a time."""
    schema, written = _arrow_schema(), io.BytesIO()
    import pyarrow.parquet as pq

    with pq.ParquetWriter(written, schema) as writer:
        rest = iter(chunks)
        while rows := list(islice(rest, _ROWS)):
            writer.write_table(_arrow_rows(rows, schema))
    return written.getvalue()


def arrow_table(chunks: Iterable[Chunk]) -> Any:
    """Return a table of pyarrow with the columns of JSONL, in their own types; `context` and `parent` may be null.

    Raise `MissingExtra` where pyarrow is not installed.
    """
    return _arrow_rows(chunks, _arrow_schema())


def _arrow_schema() -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtra("parquet", "Parquet") from error
    text = pa.string()
    context = pa.struct([("kind", text), ("text", text)])
    types = {"start": pa.int64(), "end": pa.int64(), "units": pa.int64(), "lines": pa.list_(pa.int64())}
    types |= {"pages": pa.list_(text), "headings": pa.list_(text), "context": context}
    return pa.schema([(name, types.get(name, text)) for name in COLUMNS])


def _arrow_rows(chunks: Iterable[Chunk], schema: Any) -> Any:
    import pyarrow as pa

    rows = [json.loads(line.encode("utf-8", "backslashreplace")) for line in _jsonl(chunks)]
    return pa.Table.from_pylist(rows, schema)


def _langchain(chunks: Iterable[Chunk]) -> Iterator[str]:
    """Yield a list of what `Document(**each)` of langchain-core takes."""
    return _json_list(_langchain_document(chunk) for chunk in chunks)


def _langchain_document(chunk: Chunk) -> dict[str, Any]:
    name = chunk.document.name
    metadata = langchain_metadata(chunk, chunk_metadata(chunk, name), {"source": name})
    return {"id": chunk.id, "page_content": chunk.text, "metadata": metadata, "type": "Document"}


def _llamaindex(chunks: Iterable[Chunk]) -> Iterator[str]:
    """Yield a list of what `TextNode.from_dict` of llama-index-core takes."""
    return _json_list(_llamaindex_node(chunk) for chunk in chunks)


def _llamaindex_node(chunk: Chunk) -> dict[str, Any]:
    """Return a node with its place; what is known of the chunk is kept out of what is embedded."""
    known = {name: value for name, value in chunk_metadata(chunk, chunk.document.name).items() if name != "id"}
    relations = {_SOURCE: {"node_id": chunk.document.name, "node_type": _DOCUMENT, "class_name": "RelatedNodeInfo"}}
    if chunk.parent:
        relations[_PARENT] = {"node_id": chunk.parent, "node_type": _TEXT, "class_name": "RelatedNodeInfo"}
    return {
        "id_": chunk.id,
        "text": chunk.text,
        "start_char_idx": chunk.start,
        "end_char_idx": chunk.end,
        "metadata": {"file_path": chunk.document.name, **known},
        "excluded_embed_metadata_keys": list(known),
        "relationships": relations,
        "class_name": "TextNode",
    }


def _json_list(values: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield a JSON list, one value a line."""
    between = "[\n"
    for value in values:
        yield between + json.dumps(value, ensure_ascii=False)
        between = ",\n"
    yield "\n]\n" if between == ",\n" else "[]\n"


_TEXTS: dict[str, Callable[[Iterable[Chunk]], Iterator[str]]] = {
    "jsonl": _jsonl,
    "csv": _csv,
    "langchain": _langchain,
    "llamaindex": _llamaindex,
}
