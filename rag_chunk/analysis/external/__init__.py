"""Chunks and rankings of somebody else's retriever, read from files."""

from rag_chunk.analysis.external.chunks import ExternalChunks, read_chunks
from rag_chunk.analysis.external.external_run import ExternalRun, read_retrieval, read_retrievals
from rag_chunk.analysis.external.rankings import read_ranking

__all__ = ["ExternalChunks", "ExternalRun", "read_chunks", "read_ranking", "read_retrieval", "read_retrievals"]
