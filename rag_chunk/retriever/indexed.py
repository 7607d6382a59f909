"""What is indexed for a chunk: its text, and with `index_headings` the titles above it."""

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, among
from rag_chunk.corpus.structure import structure_of

SEPARATOR = " > "


def titles_above(chunking: Chunking) -> list[str]:
    """Return for each chunk the titles above it, outermost first, in one line.

    The title of a heading with which the chunk itself begins is not above it.
    """
    starts = chunking.spans[:, 0]
    structure = structure_of(chunking.corpus)
    begins = among(starts, _heading_starts(chunking))
    return [
        SEPARATOR.join(path[:-1] if own else path)
        for path, own in zip(structure.heading_paths(starts), begins.tolist(), strict=True)
    ]


def _heading_starts(chunking: Chunking) -> Positions:
    return np.array([heading.position for heading in structure_of(chunking.corpus).headings], np.int64)


def texts_to_index(chunking: Chunking, config: RunConfig) -> list[str]:
    """Return what is indexed for each chunk."""
    texts = chunking.corpus.texts(chunking.spans)
    if not config.index_headings:
        return texts
    above = titles_above(chunking)
    return [f"{titles}\n\n{text}" if titles else text for titles, text in zip(above, texts, strict=True)]
