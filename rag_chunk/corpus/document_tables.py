"""Files that hold many documents, one a row: `.jsonl`, `.jsonl.gz`, and Parquet with columns `name` and `text`."""

import gzip
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import IO, Any, NamedTuple

from rag_chunk.corpus.document import Document
from rag_chunk.corpus.json_lines import parse_jsonl, row_document
from rag_chunk.corpus.stored_files import StoredFile, open_stored_file
from rag_chunk.errors import InputError, MissingExtra

TABLE_ENDINGS = (".jsonl", ".jsonl.gz", ".parquet")
_COMPRESSION = 4  # bytes of text in a byte of gzip, about: nobody knows before it is read
_BLOCK = 1 << 16
_ROWS = 1024  # rows of Parquet that are decoded at a time
_COLUMNS = ["name", "text"]


class TableRange(NamedTuple):
    """A table, or the rows of it from `first` to before `end`: bytes of a `.jsonl`, rows of Parquet. `size` is in bytes of text.

    Without an `end` it is the whole file.
    """

    file: StoredFile
    size: int
    first: int = 0
    end: int | None = None

    def __str__(self) -> str:
        """Return the file's name, and which part of it this is."""
        if self.end is None:
            return self.file.address
        unit = "rows" if self.file.address.lower().endswith(".parquet") else "bytes"
        return f"{self.file.address} ({unit} {self.first:,} to {self.end:,})"


def is_table(address: str) -> bool:
    """Whether a file holds documents as rows, told by its ending."""
    return address.lower().endswith(TABLE_ENDINGS)


def measure_table(file: StoredFile) -> TableRange:
    """Return a table as a whole; only the end of Parquet is read."""
    ending = file.address.lower()
    if ending.endswith(".gz"):
        return TableRange(file, file.size * _COMPRESSION)
    return TableRange(file, _parquet_size(file)[0] if ending.endswith(".parquet") else file.size)


def split_table(table: TableRange, size: int) -> Iterator[TableRange]:
    """Yield a whole table in ranges of at most `size` bytes of text, about equal ones, and of one row where that is larger.

    What is compressed by gzip is not split, since nobody can begin in its middle.
    """
    ending = table.file.address.lower()
    if table.size <= size or ending.endswith(".gz"):
        yield table
    elif ending.endswith(".parquet"):
        yield from _split_parquet(table.file, size)
    else:
        yield from _split_lines(table.file, size)


def read_table(table: TableRange) -> Iterator[Document]:
    """Yield the documents of a range; raise `InputError` with every row that is none, `MissingExtra` without pyarrow."""
    ending = table.file.address.lower()
    with open_stored_file(table.file.address) as file:
        if ending.endswith(".parquet"):
            yield from _read_parquet(file, table)
            return
        if table.end is not None:
            file.seek(table.first)
        data = file.read(-1 if table.end is None else table.end - table.first)
    yield from parse_jsonl(_decompress(data, table) if ending.endswith(".gz") else data, str(table))


def _decompress(data: bytes, table: TableRange) -> bytes:
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{table} is damaged, or not compressed by gzip: {error}") from None


def _split_lines(file: StoredFile, size: int) -> Iterator[TableRange]:
    """Yield ranges of whole lines. Only the bytes around each border are read."""
    count = -(-file.size // size)
    with open_stored_file(file.address) as opened:
        first = 0
        while first < file.size:
            next_border = file.size * (round(first * count / file.size) + 1) // count  # of ranges of equal size
            limit = min(first + size, next_border)
            end = file.size if limit >= file.size else _line_border(opened, first, limit)
            yield TableRange(file, end - first, first, end)
            first = end


def _line_border(file: IO[bytes], first: int, limit: int) -> int:
    """Return where the last line that begins at or before `limit` begins; where that is `first`, its end."""
    place = limit
    while place > first:
        start = max(first, place - _BLOCK)
        file.seek(start)
        newline = file.read(place - start).rfind(b"\n")
        if newline >= 0:
            return start + newline + 1
        place = start
    file.seek(limit)
    return limit + len(file.readline())


def _open_parquet(file: IO[bytes], address: str) -> Any:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise MissingExtra("parquet", f"reading {address}") from error
    try:
        table = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise InputError(f"{address} cannot be read as Parquet: {error}") from None
    lacks = [name for name in _COLUMNS if name not in table.schema_arrow.names]
    if lacks:
        known = ", ".join(table.schema_arrow.names)
        raise InputError(f"{address} has no column {' and no column '.join(lacks)}; it has {known}. Rename its columns")
    return table


def _parquet_size(file: StoredFile) -> tuple[int, int]:
    """Return how many bytes of text there are in Parquet, and how many rows."""
    with open_stored_file(file.address) as opened:
        metadata = _open_parquet(opened, file.address).metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    columns = [group.column(place) for group in groups for place in range(group.num_columns)]
    text = sum(column.total_uncompressed_size for column in columns if column.path_in_schema in _COLUMNS)
    return text, metadata.num_rows


def _split_parquet(file: StoredFile, size: int) -> Iterator[TableRange]:
    """Yield ranges of rows. Rows are taken to be as large as the mean of their file."""
    text, count = _parquet_size(file)
    rows = max(1, min(count * size // text, -(-count // -(-text // size))))
    for first in range(0, count, rows):
        end = min(first + rows, count)
        yield TableRange(file, text * (end - first) // count, first, end)


def _read_parquet(file: IO[bytes], table: TableRange) -> Iterator[Document]:
    """Yield the documents of a range of rows; row groups outside it are not read."""
    opened = _open_parquet(file, table.file.address)
    start, problems = 0, []
    end = opened.metadata.num_rows if table.end is None else table.end
    for group in range(opened.metadata.num_row_groups):
        rows = opened.metadata.row_group(group).num_rows
        first, last = max(table.first - start, 0), min(end - start, rows)
        wanted = islice(_parquet_rows(opened, group, table), first, last) if first < last else ()
        for number, row in enumerate(wanted, start + first + 1):
            if document := row_document(*row):
                yield document
            else:
                problems.append(f"  row {number:,}: it needs name and text, both text")
        start += rows
    if problems:
        raise InputError(f"{table.file.address} must hold one document a row:\n" + "\n".join(problems))


def _parquet_rows(opened: Any, group: int, table: TableRange) -> Iterator[tuple[Any, Any]]:
    try:
        for batch in opened.iter_batches(_ROWS, row_groups=[group], columns=_COLUMNS):
            yield from zip(*(batch.column(name).to_pylist() for name in _COLUMNS), strict=True)
    except (ValueError, OSError) as error:  # of Arrow's, whose errors are these
        raise InputError(f"{table.file.address} cannot be read as Parquet: {error}") from None
