"""What is handed over for a retrieved chunk: itself with its neighbours, or the larger part of its document that holds it.

It is the parent of a chunk, whatever the strategy: several chunks may have the same one, and those of neighbours may share
text, which is paid for once (`RunConfig.pays_once`).
"""

from dataclasses import replace

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans, as_spans, distinct
from rag_chunk.corpus.structure import structure_of


def with_handed_over(chunking: Chunking, config: RunConfig) -> Chunking:
    """Return `chunking` with what `config` hands over for each chunk as its parent; as it is where that is the chunk."""
    if chunking.parent_rows is not None:  # it has them
        return chunking
    if config.window:
        return _with_parents(chunking, _neighbourhoods(chunking, config.window))
    if config.retrieve_parents and chunking.parents is None:
        return _with_parents(chunking, _holding_parts(chunking))
    return chunking


def handed_over(chunking: Chunking, config: RunConfig) -> Chunking:
    """Return what `config` hands over, as a chunking of its own."""
    return with_handed_over(chunking, config).parents_or_self() if config.hands_over_more else chunking


def _with_parents(chunking: Chunking, spans: Spans) -> Chunking:
    """Return `chunking` with the parent of each chunk in `spans` [chunks, 2]; equal ones are one."""
    parents, rows = np.unique(spans, axis=0, return_inverse=True)
    return replace(chunking, parents=as_spans(parents), parent_rows=rows.reshape(-1))


def _neighbourhoods(chunking: Chunking, window: int) -> Spans:
    """Return the text of each chunk and of the `window` chunks before and after it, within its document: [chunks, 2]."""
    starts, ends = chunking.spans.T
    rows, documents = np.arange(len(starts)), chunking.corpus.documents_at(starts)
    first = np.maximum(rows - window, np.searchsorted(documents, documents))
    last = np.minimum(rows + window, np.searchsorted(documents, documents, side="right") - 1)
    return as_spans(np.column_stack([starts[first], np.maximum.accumulate(ends)[last]]))


def _holding_parts(chunking: Chunking) -> Spans:
    """Return the parts of documents that each chunk touches, from the start of the first to the end of the last."""
    corpus = chunking.corpus
    borders = corpus.derive(np.ndarray, lambda: _part_borders(corpus), "parts that hold chunks")
    if chunking.outline is not None:
        borders = _with_definitions(borders, chunking.outline.borders, corpus)
    first = np.searchsorted(borders, chunking.spans[:, 0], side="right") - 1
    after = np.searchsorted(borders, chunking.spans[:, 1], side="left")
    return corpus.trim(as_spans(np.column_stack([borders[first], borders[after]])))


def _with_definitions(borders: Positions, definitions: Positions, corpus: Corpus) -> Positions:
    """Return the borders of parts, in documents with definitions those of the outermost ones alone."""
    rows = np.unique(corpus.documents_at(definitions))
    inside = np.isin(corpus.documents_at(np.minimum(borders, len(corpus) - 1)), rows)
    return distinct(borders[~inside], corpus.starts, definitions).astype(np.int64)


def _part_borders(corpus: Corpus) -> Positions:
    """Return where parts of documents meet: pages, else sections, else blocks, whatever a document has first."""
    structure, starts = structure_of(corpus), corpus.starts
    pages = np.array([start + page.start for start, document in zip(starts.tolist(), corpus.documents, strict=False) for page in document.pages], np.int64)  # fmt: skip
    pages = pages[pages < len(corpus)]
    with_pages = np.array([bool(document.pages) for document in corpus.documents], bool)
    headings = np.array([heading.position for heading in structure.headings], np.int64)
    with_headings = np.bincount(corpus.documents_at(headings), minlength=len(with_pages)) > 0
    sections = headings[~with_pages[corpus.documents_at(headings)]]
    blocks = structure.paragraph_starts
    plain = ~(with_pages | with_headings)
    return distinct(starts, pages, sections, blocks[plain[corpus.documents_at(blocks)]]).astype(np.int64)
