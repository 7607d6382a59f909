"""`header`: strategies that follow a Markdown document's sections."""

from rag_chunk.arrays import Spans
from rag_chunk.chunker.packing import pack
from rag_chunk.chunker.pieces import Level, Pieces, pieces_at
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.structure import structure_of


def header(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each section a chunk, heading included; one over the limit is cut as recursive-character does."""
    return pack(corpus, config, "header pieces", _pieces)


def _pieces(corpus: Corpus) -> Pieces:
    structure = structure_of(corpus)
    return pieces_at(
        corpus,
        {
            Level.GROUP: structure.section_starts,
            Level.PARAGRAPH: structure.paragraph_starts,
            Level.LINE: structure.line_starts,
            Level.SENTENCE: structure.sentence_starts,
        },
    )
