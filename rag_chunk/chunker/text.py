"""`sentence`, `paragraph` and `recursive-character`: strategies for text of any kind."""

from rag_chunk.arrays import Spans
from rag_chunk.chunker.packing import pack
from rag_chunk.chunker.pieces import Level, Pieces, pieces_at
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.structure import structure_of
from rag_chunk.units import units_of


def sentence(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole sentences up to `chunk_size`."""
    return _packed(corpus, config, corpus.derived("sentence pieces", lambda: _sentences(corpus)))


def paragraph(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each paragraph a chunk; one over the limit is cut at its sentences."""
    return _packed(corpus, config, corpus.derived("paragraph pieces", lambda: _paragraphs(corpus)))


def recursive_character(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack what fits, cutting at a paragraph where one ends within reach, else a line, a sentence, a word."""
    return _packed(corpus, config, corpus.derived("recursive pieces", lambda: _recursive(corpus)))


def _packed(corpus: Corpus, config: RunConfig, pieces: Pieces) -> Spans:
    return pack(pieces, corpus, units_of(corpus, config), config.chunk_size, config.overlap)


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
