"""`header`, `markdown` and `hierarchical`: strategies that follow the structure of Markdown."""

import numpy as np

from rag_chunk.chunker.chunking import ChildrenAndParents
from rag_chunk.chunker.measured_segments import measure
from rag_chunk.chunker.omission import skipped_spans
from rag_chunk.chunker.packing import pack, pack_rows
from rag_chunk.chunker.segments import Borders, Level, pieces_at
from rag_chunk.chunker.splittable import SplittableSegments
from rag_chunk.config import RunConfig
from rag_chunk.config.strategy_rules import LARGEST
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bytes, Spans, occurring, starts_of
from rag_chunk.corpus.structure import LAST, VERBATIM, Blocks, structure_of
from rag_chunk.corpus.units import units_of

_AT_DEPTH = np.array(
    [Level.LINE if depth == LAST else max(Level.PART - depth, Level.PARAGRAPH + 1) for depth in range(256)], np.uint8
)  # how coarse a cut inside a block is


def header(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each section a chunk, heading included; one over the limit is cut as recursive-character does."""
    return pack(corpus, config, "header", _sections)


def markdown(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole blocks of one section; a block over the limit is cut between its items, rows, lines, sentences."""
    return pack(corpus, config, "markdown", _blocks, Level.BLOCK)


def hierarchical(corpus: Corpus, config: RunConfig) -> ChildrenAndParents:
    """Cut parents of `parent_ratio` times the `chunk_size` as markdown does, and chunks inside each of them."""
    larger = config.with_settings(chunk_size=min(config.chunk_size * config.parent_ratio, LARGEST))
    parents = markdown(corpus, larger)
    borders = [*_blocks(corpus), (Level.GROUP, starts_of(parents))]
    pieces = pieces_at(corpus, borders, skipped_spans(corpus, config))
    units = units_of(corpus, config.unit, config.model)
    rows = SplittableSegments(measure(pieces, units), corpus, units).rows(config.chunk_size)
    return ChildrenAndParents(pack_rows(rows, corpus, config), parents)


def _sections(corpus: Corpus) -> Borders:
    structure = structure_of(corpus)
    return [
        (Level.GROUP, structure.section_starts),
        (Level.PARAGRAPH, structure.paragraph_starts),
        (Level.LINE, structure.line_starts),
        (Level.SENTENCE, structure.sentence_starts),
    ]


def _blocks(corpus: Corpus) -> Borders:
    """Return the borders of blocks and of their parts. Text that is not Markdown is a section of paragraphs."""
    structure = structure_of(corpus)
    blocks = structure.blocks
    positions = np.concatenate([blocks.starts, blocks.cuts])
    levels = np.concatenate([_before(blocks, corpus), _AT_DEPTH[blocks.depths]])
    return [
        (Level.GROUP, structure.section_starts),
        *((level, positions[levels == level]) for level in occurring(levels).tolist()),
        (Level.BLOCK, structure.plain_stanza_starts),
        (Level.SENTENCE, structure.outside_blocks(structure.sentence_starts, *VERBATIM)),
    ]


def _before(blocks: Blocks, corpus: Corpus) -> Bytes:
    """Return how coarse the border before each block is: after a heading, cut only to keep the block whole."""
    document, headed = corpus.documents_at(blocks.starts), blocks.of("heading")
    after_heading = np.append(False, headed[:-1] & (document[1:] == document[:-1]))[: len(headed)]
    within = np.where(blocks.of("paragraph"), np.uint8(Level.GRAPHEME), np.uint8(Level.AFTER_HEADING))
    return np.where(after_heading, within, np.uint8(Level.BLOCK))
