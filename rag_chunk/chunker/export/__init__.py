"""Chunks on their way out: files for a pipeline, and objects of LangChain and LlamaIndex that cut as rag-chunk does."""

from rag_chunk.chunker.export.batches import chunk_documents
from rag_chunk.chunker.export.formats import FORMS, chunk_bytes, form_of, jsonl, write_chunks, writes_folder
from rag_chunk.chunker.export.splitters import langchain_splitter, llama_node_parser

__all__ = [
    "FORMS",
    "chunk_bytes",
    "chunk_documents",
    "form_of",
    "jsonl",
    "langchain_splitter",
    "llama_node_parser",
    "write_chunks",
    "writes_folder",
]
