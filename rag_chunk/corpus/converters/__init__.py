"""Converters: text and pages out of PDF, HTML, Office files, EPUB and notebooks."""

from rag_chunk.corpus.converters.converted_folder import (
    find_strays,
    is_converted_folder,
    list_converted,
    read_converted_folder,
    write_converted_folder,
)
from rag_chunk.corpus.converters.converter_table import (
    CONVERTED_ENDINGS,
    CONVERTERS,
    Converter,
    choose_converters,
    reads,
)

__all__ = [
    "CONVERTED_ENDINGS",
    "CONVERTERS",
    "Converter",
    "choose_converters",
    "find_strays",
    "is_converted_folder",
    "list_converted",
    "read_converted_folder",
    "reads",
    "write_converted_folder",
]
