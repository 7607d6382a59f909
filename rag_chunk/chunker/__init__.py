"""Strategies: each a function `(corpus, config) -> spans` on the corpus' line, with their parents where there are."""

from collections.abc import Callable

import numpy as np

from rag_chunk.chunker.chunking import ChildrenAndParents, Chunk, Chunking
from rag_chunk.chunker.handed_over import with_handed_over
from rag_chunk.chunker.outline import outline_of
from rag_chunk.chunker.rules import config_for, documents_by_config, part_of
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.config.catalog import load_built_in
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Spans, as_spans
from rag_chunk.corpus.units import units_of

__all__ = ["Chunk", "Chunker", "Chunking", "chunk", "chunk_text", "chunker_of"]

Chunker = Callable[[Corpus, RunConfig], Spans | ChildrenAndParents]

_USERS_OWN = "rag_chunk.chunker.custom_strategy:users_own"


def chunker_of(config: RunConfig) -> Chunker:
    """Return the function of the strategy that `config` names."""
    row = STRATEGIES.get(config.strategy)
    chunker: Chunker = load_built_in(row.function if row else _USERS_OWN)
    return chunker


def chunk(corpus: Corpus, config: RunConfig) -> Chunking:
    r"""Cut every document of `corpus` as `config` says.

    >>> from rag_chunk import Corpus, Document, RunConfig, chunk
    >>> corpus = Corpus([Document("guide.md", "# Keys\n\nTurn left to lock.\n\n# Doors\n\nPull.")])
    >>> [(each.id, each.headings, each.text) for each in chunk(corpus, RunConfig(strategy="header"))]
    [('guide.md:0-26', ('Keys',), '# Keys\n\nTurn left to lock.'), ('guide.md:28-42', ('Doors',), '# Doors\n\nPull.')]
    """
    units = units_of(corpus, config.unit, config.model)
    spans = _cut_by_rules(corpus, config) if config.strategies else chunker_of(config)(corpus, config)
    if isinstance(spans, ChildrenAndParents):
        return Chunking(corpus, spans.chunks, units, spans.parents)
    return Chunking(corpus, spans, units, outline=outline_of(corpus, config))


def _cut_by_rules(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut each document by its rule."""
    parts = [np.zeros((0, 2), np.int64)]
    for own, rows in documents_by_config(corpus, config):
        part = part_of(corpus, rows)
        cut = chunker_of(own)(part, own)
        spans = cut.chunks if isinstance(cut, ChildrenAndParents) else cut
        moved = corpus.starts[rows] - part.starts[:-1]
        parts.append(spans + moved[part.documents_at(spans[:, 0])][:, None])
    together = np.concatenate(parts)
    return as_spans(together[np.argsort(together[:, 0], kind="stable")])


def chunk_text(text: str, config: RunConfig | None = None, *, name: str = "text.md") -> list[Chunk]:
    """Cut one text. Markdown rules hold where `name` ends as a Markdown file's does.

    Where `config` hands over more than a chunk, its `parent` tells what.

    >>> from rag_chunk import RunConfig, chunk_text
    >>> config = RunConfig(strategy="fixed-size", chunk_size=2)
    >>> [(each.start, each.end, each.text) for each in chunk_text("one two three", config)]
    [(0, 7, 'one two'), (8, 13, 'three')]
    """
    config = config_for(config or RunConfig(), name)
    return list(with_handed_over(chunk(Corpus([Document(name, text)]), config), config))
