"""Splitters of the user's own and of other libraries, made into strategies without a change to them."""

from rag_chunk.chunker.adapters.alignment import locate
from rag_chunk.chunker.adapters.libraries import (
    adapted,
    from_chonkie,
    from_langchain,
    from_llama_index,
    from_semantic_text_splitter,
)
from rag_chunk.chunker.adapters.texts import SpanFunction, from_texts

__all__ = [
    "SpanFunction",
    "adapted",
    "from_chonkie",
    "from_langchain",
    "from_llama_index",
    "from_semantic_text_splitter",
    "from_texts",
    "locate",
]
