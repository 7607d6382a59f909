"""`code`: whole definitions of source code and whole entries of data, by tree-sitter, packed up to the limit."""

import numpy as np

from rag_chunk.chunker.packing import pack
from rag_chunk.chunker.segments import Borders, Level
from rag_chunk.chunker.text import recursive_borders
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Spans, occurring
from rag_chunk.corpus.structure.syntax import syntax_of

_COARSEST = Level.GROUP - 1  # the level of borders between outermost definitions; for each depth one less


def code(corpus: Corpus, config: RunConfig) -> Spans:
    """Pack whole definitions; one over the limit is cut between its parts. Other documents: as recursive-character."""
    return pack(corpus, config, "code", _borders)


def _borders(corpus: Corpus) -> Borders:
    """Return the borders of definitions, statements and entries; inside these, those of any text."""
    places, depths = [np.zeros(0, np.int64)], [np.zeros(0, np.int64)]
    for start, syntax in zip(corpus.starts.tolist(), syntax_of(corpus), strict=False):
        if syntax is not None:
            places.append(start + syntax.places)
            depths.append(syntax.depths)
    where, levels = np.concatenate(places), _COARSEST - np.concatenate(depths)
    levels = np.maximum(levels - (levels <= Level.AFTER_HEADING), Level.PARAGRAPH + 1)
    by_level = [(level, where[levels == level]) for level in occurring(levels).tolist()]
    return [*by_level, *recursive_borders(corpus)]
