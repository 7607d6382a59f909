"""Passes over the parts of a corpus that is chunked: the best chunks of each for questions, and the texts of some chunks.

A corpus in memory is one part. A pass over shards reads and chunks them again, as no process has room for all texts. Each is a
pure function of a part, a configuration and a small value.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from rag_chunk.chunker import Chunk, Chunking, chunk
from rag_chunk.chunker.handed_over import handed_over
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, Spans
from rag_chunk.corpus.sharded_corpus import ReadableShard
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import EmbeddingUsage, Vectors, track_usage
from rag_chunk.retriever.bm25 import best_of_part, bm25
from rag_chunk.retriever.dense import dense
from rag_chunk.retriever.indexed import texts_to_index
from rag_chunk.retriever.late import late
from rag_chunk.retriever.legacy import legacy
from rag_chunk.retriever.order import ScoredRows
from rag_chunk.retriever.term_counts import CollectionStatistics


class ReadableChunks(Protocol):
    """The chunks of a part of a corpus, where they can be read with their texts; `number` is that of the part among all."""

    @property
    def number(self) -> int:
        """The number of the part."""

    @property
    def config(self) -> RunConfig:
        """How the part was chunked."""

    def chunk(self) -> Chunking:
        """Return the chunks, with their texts."""


@dataclass(frozen=True, slots=True, eq=False)
class ChunkedShard:
    """A shard, its number among all, and how it was chunked, with the spans of its chunks; `is_handed_over`: what is for them."""

    shard: ReadableShard
    number: int
    config: RunConfig
    spans: Spans
    is_handed_over: bool = False

    def __str__(self) -> str:
        """Return what the shard is called."""
        return str(self.shard)

    def chunk(self) -> Chunking:
        """Read and chunk the shard; what is cut by meaning is not embedded again."""
        corpus, config = self.shard.read(), self.config
        if config.cuts_by_vectors:
            chunking = Chunking(corpus, self.spans, units_of(corpus, config.unit, config.model))
        else:
            chunking = chunk(corpus, config)
        return handed_over(chunking, config) if self.is_handed_over else chunking


@dataclass(frozen=True, slots=True, eq=False)
class ChunkedTask:
    """Asks for something of the chunks of a part; `purpose` says what, to whom waits for it."""

    purpose: ClassVar[str] = "reading chunks of the shards"
    chunked: ReadableChunks

    @property
    def shard(self) -> ReadableChunks:
        """The part, by the name that an error has to give."""
        return self.chunked


@dataclass(frozen=True, slots=True, eq=False)
class RankingTask(ChunkedTask):
    """Asks for the best `depth` chunks of a part for each question, and for the order of those in the rows `among`.

    `vectors` of the questions rank as `dense` and `late` do, `statistics` of all chunks as `bm25`; without them `legacy` ranks.
    """

    purpose: ClassVar[str] = "ranking the shards"
    questions: tuple[str, ...]
    vectors: Vectors | None
    statistics: CollectionStatistics | None
    depth: int
    among: Positions


@dataclass(frozen=True, slots=True, eq=False)
class PartRanking:
    """The best chunks of the part of this number, and those that were asked about."""

    number: int
    best: ScoredRows
    among: ScoredRows


def with_usage(function: Callable[[Any], Any], task: Any) -> tuple[Any, EmbeddingUsage]:
    """Return what `function` makes of a task, and what was embedded for it."""
    with track_usage() as usage:
        return function(task), usage


def rank_part(task: RankingTask) -> PartRanking:
    """Rank the chunks of a part by scores that do not depend on which chunks other parts have."""
    return PartRanking(task.chunked.number, *_rank(task.chunked.chunk(), task))


def _rank(chunking: Chunking, task: RankingTask) -> tuple[ScoredRows, ScoredRows]:
    corpus, config, depth, among = chunking.corpus, task.chunked.config, task.depth, task.among
    if task.statistics is not None:
        counts = bm25(corpus, config).count(chunking, task.questions)
        others = best_of_part(counts, task.statistics, len(among), among)
        return best_of_part(counts, task.statistics, depth), others
    if task.vectors is None:
        return legacy(corpus, config).best_of_part(chunking, task.questions, depth, among)
    index = late(corpus, config) if config.retriever == "late" else dense(corpus, config)
    index.remember(task.questions, task.vectors)
    return index.best_of_part(chunking, task.questions, depth, among)


@dataclass(frozen=True, slots=True, eq=False)
class RowsTask(ChunkedTask):
    """Asks for some chunks of a part, by their rows in it."""

    rows: Positions


def read_indexed_texts(task: RowsTask) -> tuple[int, Sequence[str]]:
    """Return the number of a part, and what is indexed for some of its chunks."""
    chunking = task.chunked.chunk()
    return task.chunked.number, texts_to_index(chunking.of_rows(task.rows), task.chunked.config)


def read_texts(task: RowsTask) -> tuple[int, Sequence[str]]:
    """Return the number of a part, and the texts of some of its chunks."""
    chunking = task.chunked.chunk()
    return task.chunked.number, chunking.corpus.texts(chunking.spans[task.rows])


def read_chunks(task: RowsTask) -> tuple[int, Sequence[Chunk]]:
    """Return the number of a part, and some of its chunks, with their documents."""
    every = list(task.chunked.chunk())
    return task.chunked.number, [every[row] for row in task.rows.tolist()]
