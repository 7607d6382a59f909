"""Splitters of the user's own and of other libraries, made into strategies without a change to them."""

from rag_chunk.chunker.adapters.alignment import locate
from rag_chunk.chunker.adapters.libraries import (
    adapt,
    from_chonkie,
    from_langchain,
    from_llama_index,
    from_semantic_text_splitter,
)
from rag_chunk.chunker.adapters.texts import SpanFunction, from_texts

__all__ = [
    "SpanFunction",
    "adapt",
    "from_chonkie",
    "from_langchain",
    "from_llama_index",
    "from_semantic_text_splitter",
    "from_texts",
    "locate",
]
