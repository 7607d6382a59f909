"""Chunks and rankings of somebody else's retriever, read from files."""

from rag_chunk.given.chunks import GivenChunks, read_chunks
from rag_chunk.given.rankings import read_ranking
from rag_chunk.given.retrieval import GivenRetrieval, read_retrieval, read_retrievals

__all__ = ["GivenChunks", "GivenRetrieval", "read_chunks", "read_ranking", "read_retrieval", "read_retrievals"]
