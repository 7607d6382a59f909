"""Documents, and the line on which they lie."""

from rag_chunk.corpus.document import Corpus, Document, Place, Skipped
from rag_chunk.corpus.reader import ENDINGS, MARKER, read_corpus

__all__ = ["ENDINGS", "MARKER", "Corpus", "Document", "Place", "Skipped", "read_corpus"]
