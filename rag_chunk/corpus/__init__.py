"""Documents, and the line on which they lie."""

from rag_chunk.corpus.document import BLOCK, Corpus, Document, Place, Skipped
from rag_chunk.corpus.names import Names
from rag_chunk.corpus.reader import ENDINGS, MARKER, NOT_READ, read_corpus

__all__ = ["BLOCK", "ENDINGS", "MARKER", "NOT_READ", "Corpus", "Document", "Names", "Place", "Skipped", "read_corpus"]
