"""`sentence`, `paragraph` and `recursive-character`: strategies for text of any kind."""

from rag_chunk.arrays import Spans
from rag_chunk.chunker.packing import pack
from rag_chunk.chunker.pieces import Level, Pieces, pieces_at
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.structure import structure_of


def sentence(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole sentences up to `chunk_size`."""
    return pack(corpus, config, "sentence pieces", _sentences)


def paragraph(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each paragraph a chunk; one over the limit is cut at its sentences."""
    return pack(corpus, config, "paragraph pieces", _paragraphs)


def recursive_character(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack what fits, cutting at a paragraph where one ends within reach, else a line, a sentence, a word."""
    return pack(corpus, config, "recursive pieces", _recursive)


def _sentences(corpus: Corpus) -> Pieces:
    return pieces_at(corpus, {Level.SENTENCE: structure_of(corpus).sentence_starts})


def _paragraphs(corpus: Corpus) -> Pieces:
    structure = structure_of(corpus)
    return pieces_at(corpus, {Level.GROUP: structure.paragraph_starts, Level.SENTENCE: structure.sentence_starts})


def _recursive(corpus: Corpus) -> Pieces:
    structure = structure_of(corpus)
    return pieces_at(
        corpus,
        {
            Level.PARAGRAPH: structure.stanza_starts,
            Level.LINE: structure.line_starts,
            Level.SENTENCE: structure.sentence_starts,
        },
    )
