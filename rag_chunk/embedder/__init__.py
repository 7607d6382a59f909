"""Embedders: texts in, float32 unit vectors out. Vectors are kept on disk, and each text is embedded once."""

from rag_chunk.embedder.embedding import embed, embed_spans, embedder_of, key
from rag_chunk.embedder.interface import Embedder, Role, Vectors, check_dimensions
from rag_chunk.embedder.usage import EmbeddingUsage, record_usage, track_usage
from rag_chunk.embedder.vector_store import stored_keys as is_stored

__all__ = [
    "Embedder",
    "EmbeddingUsage",
    "Role",
    "Vectors",
    "check_dimensions",
    "embed",
    "embed_spans",
    "embedder_of",
    "is_stored",
    "key",
    "record_usage",
    "track_usage",
]
