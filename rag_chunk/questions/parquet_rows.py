"""The rows of Parquet files."""

from pathlib import Path
from typing import Any

from rag_chunk.errors import InputError, MissingExtra


def read_parquet(path: Path) -> list[dict[str, Any]]:
    """Return the rows; raise `MissingExtra` without the package, and `InputError` where it reads none."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise MissingExtra("parquet", "Parquet") from None
    try:
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read as Parquet: {error}") from None
    return rows
