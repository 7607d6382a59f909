"""`sentence`, `paragraph` and `recursive-character`: strategies for text of any kind."""

import numpy as np

from rag_chunk.chunker.packing import pack
from rag_chunk.chunker.segments import Borders, Level
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Spans, distinct
from rag_chunk.corpus.structure import structure_of


def sentence(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole sentences up to `chunk_size`."""
    return pack(corpus, config, "sentence", _sentences)


def paragraph(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each paragraph a chunk; one over the limit is cut at its sentences."""
    return pack(corpus, config, "paragraph", _paragraphs)


def recursive_character(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack what fits, cutting at a paragraph where one ends within reach, else a line, a sentence, a word."""
    return pack(corpus, config, "recursive", recursive_borders)


def page(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each page a chunk; one over the limit is cut as recursive-character does. No pages: the document is one."""
    return pack(corpus, config, "page", _pages)


def _pages(corpus: Corpus) -> Borders:
    starts = [
        start + page.start
        for start, document in zip(corpus.starts.tolist(), corpus.documents, strict=False)
        for page in document.pages
    ]
    inside = distinct(np.array([start for start in starts if start < len(corpus)], np.int64))
    return [(Level.GROUP, inside), *recursive_borders(corpus)]


def _sentences(corpus: Corpus) -> Borders:
    return [(Level.SENTENCE, structure_of(corpus).sentence_starts)]


def _paragraphs(corpus: Corpus) -> Borders:
    structure = structure_of(corpus)
    return [(Level.GROUP, structure.paragraph_starts), (Level.SENTENCE, structure.sentence_starts)]


def recursive_borders(corpus: Corpus) -> Borders:
    """Return the borders of paragraphs, lines and sentences."""
    structure = structure_of(corpus)
    return [
        (Level.PARAGRAPH, structure.stanza_starts),
        (Level.LINE, structure.line_starts),
        (Level.SENTENCE, structure.sentence_starts),
    ]
