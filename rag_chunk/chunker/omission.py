"""What `skip_blocks` leaves out of the chunks of the built-in strategies."""

import numpy as np

from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Spans
from rag_chunk.corpus.structure import structure_of


def skipped_spans(corpus: Corpus, config: RunConfig) -> Spans:
    """Return the stretches that `skip_blocks` leaves out."""
    if not config.skip_blocks:
        return np.zeros((0, 2), np.int64)
    return structure_of(corpus).skipped_spans(config.skip_blocks)


def describe_skipped(corpus: Corpus, config: RunConfig) -> str:
    r"""Say in one line how much of each kind `skip_blocks` leaves out; nothing where it names no kind.

    >>> from rag_chunk import Document
    >>> config = RunConfig(skip_blocks=("code", "images"))
    >>> describe_skipped(Corpus([Document("a.md", "Text.\n\n    x = 1")]), config)
    'skip_blocks leaves out 1 code (9 characters), no images'
    """
    if not config.skip_blocks or config.strategy not in STRATEGIES:
        return ""
    return f"skip_blocks leaves out {', '.join(_count(corpus, kind) for kind in config.skip_blocks)}"


def _count(corpus: Corpus, kind: str) -> str:
    spans = structure_of(corpus).skipped_spans((kind,))
    characters = int((spans[:, 1] - spans[:, 0]).sum())
    return f"{len(spans):,} {kind} ({characters:,} characters)" if len(spans) else f"no {kind}"
