"""`header`, `markdown` and `hierarchical`: strategies that follow the structure of Markdown."""

import numpy as np

from rag_chunk.arrays import Positions, Spans, starts_of
from rag_chunk.chunker.chunking import Family
from rag_chunk.chunker.divisible import Divisible
from rag_chunk.chunker.measured import measured
from rag_chunk.chunker.packing import pack, pack_rows, skipped_spans
from rag_chunk.chunker.pieces import Borders, Level, pieces_at
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.structure import LAST, Block, Structure, structure_of
from rag_chunk.units import units_of

_VERBATIM = frozenset({"fence", "code", "html", "front_matter", "table"})


def header(corpus: Corpus, config: RunConfig) -> Spans:
    """Make each section a chunk, heading included; one over the limit is cut as recursive-character does."""
    return pack(corpus, config, "header", _sections)


def markdown(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole blocks of one section; a block over the limit is cut between its items, rows, lines, sentences."""
    return pack(corpus, config, "markdown", _blocks, Level.BLOCK)


def hierarchical(corpus: Corpus, config: RunConfig) -> Family:
    """Cut parents of `parent_ratio` times the `chunk_size` as markdown does, and chunks inside each of them."""
    larger = config.with_settings(chunk_size=config.chunk_size * config.parent_ratio)
    parents = markdown(corpus, larger)
    borders = [*_blocks(corpus), (Level.GROUP, starts_of(parents))]
    pieces = pieces_at(corpus, borders, skipped_spans(corpus, config))
    units = units_of(corpus, config)
    rows = Divisible(measured(pieces, units), corpus, units).rows(config.chunk_size)
    return Family(pack_rows(rows, corpus, config), parents)


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
    placed = structure.placed_blocks
    places = [(start + block.start, _before(before, block)) for (start, block), before in _with_previous(placed)]
    places += [(start + place, _part(depth)) for start, block in placed for place, depth in block.parts]
    positions, levels = np.array(places, np.int64).reshape(-1, 2).T
    return [
        (Level.GROUP, structure.section_starts),
        *((level, positions[levels == level]) for level in np.unique(levels).tolist()),
        (Level.BLOCK, _plain_stanzas(structure)),
        (Level.SENTENCE, _outside(structure)),
    ]


def _with_previous(placed: tuple[tuple[int, Block], ...]) -> list[tuple[tuple[int, Block], Block | None]]:
    """Pair each block with the one before it in its document."""
    before = [None, *placed][:-1]
    return [
        (here, earlier[1] if earlier and earlier[0] == here[0] else None)
        for here, earlier in zip(placed, before, strict=True)
    ]


def _before(earlier: Block | None, block: Block) -> int:
    """Return how coarse the border before a block is: after a heading, cut only to keep the block whole."""
    if earlier is None or earlier.kind != "heading":
        return Level.BLOCK
    return Level.GRAPHEME if block.kind == "paragraph" else Level.AFTER_HEADING


def _part(depth: int) -> int:
    return Level.LINE if depth == LAST else max(Level.PART - depth, Level.PARAGRAPH + 1)


def _plain_stanzas(structure: Structure) -> Positions:
    """Return where the paragraphs of the documents that are not Markdown start."""
    return structure.outside_markdown(structure.stanza_starts)


def _outside(structure: Structure) -> Positions:
    """Return where sentences start, apart from code, HTML, front matter and tables, which have none."""
    return structure.outside_blocks(structure.sentence_starts, _VERBATIM)
