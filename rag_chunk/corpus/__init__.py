"""Documents, and the line on which they lie."""

from rag_chunk.corpus.document import Document, Location, Skipped
from rag_chunk.corpus.document_folder import MARKER
from rag_chunk.corpus.document_index import DocumentIndex
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.reader import is_broken, read_corpus
from rag_chunk.corpus.selected_files import ENDINGS, NOT_READ

__all__ = [
    "ENDINGS",
    "MARKER",
    "NOT_READ",
    "Corpus",
    "Document",
    "DocumentIndex",
    "Location",
    "Skipped",
    "is_broken",
    "read_corpus",
]
