"""`ShardChunks`: the chunks of one shard under one configuration, and all that an analysis needs of their text at once."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag_chunk.analysis.stage import time_stage
from rag_chunk.chunker import Chunking, chunk
from rag_chunk.chunker.handed_over import with_handed_over
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans, index_in, line_type
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import EmbeddingUsage, track_usage
from rag_chunk.retriever.bm25 import bm25
from rag_chunk.retriever.bm25_candidates import CandidateCounts, RankingGuess, keep_candidates
from rag_chunk.retriever.hybrid import DEPTH
from rag_chunk.retriever.term_counts import CollectionStatistics, TermCounts
from rag_chunk.scorer.budget import usual_depth
from rag_chunk.scorer.outlined_chunking import count_tokens_of_documents
from rag_chunk.scorer.pricing import count_touched
from rag_chunk.scorer.shape import Shape, measure_shape

_KEY_BYTES = 8
_TWICE = 2
_BY_WORDS = {"bm25", "hybrid"}


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Spans of chunks, [chunks, 2] each: on a line, and counted from the start of their document in other units.

    These are characters that are no white space, and where a budget is in tokens, tokens.
    """

    spans: Spans
    non_whitespace: Spans
    tokens: Spans | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ShardChunks:
    """The chunks of a shard under one configuration, on the shard's own line.

    `keys` [chunks] are equal for equal texts. `parents` and `parent_rows` are as those of a `Chunking`. Where words rank,
    `statistics` are there, and the `counts` of all chunks or of the `candidates`, and `depth` is how many may be asked for;
    `document_tokens` [documents] where a budget is in tokens. `usage` is what was embedded to cut by
    meaning, and `seconds` how long it took to chunk.
    """

    chunks: Stretches
    shape: Shape
    keys: Positions
    usage: EmbeddingUsage
    parents: Stretches | None = None
    parent_rows: Positions | None = None
    statistics: CollectionStatistics | None = None
    counts: TermCounts | None = None
    candidates: CandidateCounts | None = None
    depth: int = 0
    document_tokens: Positions | None = None
    seconds: float = 0.0


def chunk_shard(
    corpus: Corpus, config: RunConfig, questions: Sequence[str] | None, guess: RankingGuess | None
) -> ShardChunks:
    """Chunk a shard, and count the questions' terms in its chunks where these rank; with a guess, in some of them."""
    with track_usage() as usage, time_stage(corpus) as stage:
        chunking = chunk(corpus, config)
        shape = measure_shape(chunking, config)
    family = with_handed_over(chunking, config) if config.hands_over_more else chunking
    ranks = questions is not None and config.retriever in _BY_WORDS
    counts = bm25(corpus, config).count(chunking, questions) if ranks and questions is not None else None
    in_tokens = questions is not None and config.budget_unit == "tokens"
    return ShardChunks(
        chunks=_stretches(chunking, config, in_tokens=in_tokens),
        shape=replace(shape, sizes=shape.sizes.astype(line_type(len(corpus)))),
        keys=_text_keys(chunking),
        usage=usage,
        parents=None if family.parents is None else _stretches(family.parents_or_self(), config, in_tokens=in_tokens),
        parent_rows=family.parent_rows,
        statistics=counts.statistics if counts else None,
        counts=counts.compact() if counts and not guess else None,
        candidates=keep_candidates(counts, guess) if counts and guess else None,
        depth=count_candidates(chunking, config) if counts else 0,
        document_tokens=count_tokens_of_documents(_token_starts(corpus, config), corpus.starts) if in_tokens else None,
        seconds=stage.seconds,
    )


def count_candidates(chunking: Chunking, config: RunConfig) -> int:
    """Return how many chunks may be asked for: at first, and once more where they do not fill the budgets."""
    return DEPTH if config.retriever == "hybrid" else _TWICE * usual_depth(chunking, config)


def _stretches(chunking: Chunking, config: RunConfig, *, in_tokens: bool) -> Stretches:
    """Return the spans of chunks in a form that can be moved to another line, in numbers that are no larger than they need be."""
    corpus = chunking.corpus
    small = line_type(len(corpus))
    starts = corpus.starts[corpus.documents_at(chunking.spans[:, 0])]
    non_whitespace = (chunking.non_whitespace - corpus.non_whitespace_before(starts)[:, None]).astype(small)
    spans = chunking.spans.astype(small)
    if not in_tokens:
        return Stretches(spans, non_whitespace)
    tokens = _token_starts(corpus, config)
    before = index_in(tokens, starts).astype(np.int64)
    return Stretches(spans, non_whitespace, (count_touched(tokens, chunking.spans) - before[:, None]).astype(small))


def _token_starts(corpus: Corpus, config: RunConfig) -> Positions:
    return units_of(corpus, "tokens", config.model).starts


def _text_keys(chunking: Chunking) -> Positions:
    """Return a number for the text of each chunk, which other texts all but surely do not have: uint64 [chunks]."""
    texts = (text.encode("utf-8", "surrogatepass") for text in chunking.corpus.texts(chunking.spans))
    digests = b"".join(hashlib.blake2b(text, digest_size=_KEY_BYTES).digest() for text in texts)
    return np.frombuffer(digests, np.uint64)
