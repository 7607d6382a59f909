"""The chunks that a file holds: each with what is handed over for it as its parent, or these parents alone."""

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.chunker.handed_over import with_handed_over
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus


def cut_for_writing(corpus: Corpus, config: RunConfig, *, parents: bool = False) -> Chunking:
    """Cut `corpus` as `config` says; with `parents`, return what holds the chunks instead of them."""
    config = config.with_settings(retrieve_parents=True, window=0) if parents else config
    chunking = with_handed_over(chunk(corpus, config), config)
    return chunking.parents_or_self() if parents else chunking
