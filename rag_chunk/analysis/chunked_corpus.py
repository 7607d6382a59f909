"""`ChunkedCorpus`: the chunks of a corpus under one configuration, and the parts that hold their text.

A corpus in memory is one part, a larger one a part a shard. Both are ranked in the same way: the best chunks of each part, by
scores in which other parts have no share but their statistics, are merged.
"""

from collections.abc import Callable, Collection, Container, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from rag_chunk.analysis.unsharded import RANKED_IN_PARTS
from rag_chunk.chunker import Chunk, Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import NO_POSITIONS, Positions
from rag_chunk.corpus.sharded_corpus import RunTasks
from rag_chunk.retriever import Ranking, rank
from rag_chunk.retriever.bm25 import best_of_part, bm25
from rag_chunk.retriever.order import ScoredRows, merge_best, no_rows, select_rows
from rag_chunk.retriever.term_counts import CollectionStatistics, TermCounts
from rag_chunk.scorer.shape import Shape, measure_shape

# What ranks by vectors, and what reads a part again, is imported where it is used: bm25 needs none of it.
if TYPE_CHECKING:
    from rag_chunk.analysis.shard_passes import ReadableChunks, RowsTask
    from rag_chunk.embedder import Vectors
    from rag_chunk.retriever.bm25_candidates import CandidateCounts

_BY_VECTORS = {"dense", "late"}


class PartTerms(NamedTuple):
    """How often the chunks of a part hold the questions' terms: `counts` of all its chunks, or of the `candidates`."""

    statistics: CollectionStatistics
    counts: TermCounts | None = None
    candidates: "CandidateCounts | None" = None

    def best(self, statistics: CollectionStatistics, depth: int, among: Positions | None) -> ScoredRows:
        """Return the best chunks, or the best of those in the rows `among`; `statistics` are those of all parts."""
        if self.candidates:
            return self.candidates.best(statistics, depth)
        return best_of_part(self.counts, statistics, depth, among) if self.counts else no_rows(0)


class Part(Protocol):
    """A part of a corpus, in chunks."""

    @property
    def rows(self) -> Positions:
        """The rows of its chunks among those of all parts: [chunks], in order."""

    @property
    def readable(self) -> "ReadableChunks":
        """What its chunks are read from, by a worker perhaps."""

    @property
    def is_in_memory(self) -> bool:
        """Whether its text is in memory."""

    @property
    def has_counts(self) -> bool:
        """Whether the questions' terms in all its chunks are counted without reading it again."""

    def terms(self, questions: Sequence[str]) -> PartTerms:
        """Return how often its chunks hold the questions' terms."""


@dataclass(frozen=True, slots=True, eq=False)
class PartInMemory:
    """A corpus in memory, which is the only part. What is known of it is found when it is asked for."""

    chunking: Chunking
    config: RunConfig
    number: int = 0
    is_in_memory: bool = True
    has_counts: bool = True

    @property
    def rows(self) -> Positions:
        """The rows of all chunks."""
        return np.arange(len(self.chunking))

    @property
    def readable(self) -> "ReadableChunks":
        """The part itself: nothing has to be read."""
        return self

    def chunk(self) -> Chunking:
        """Return the chunks."""
        return self.chunking

    def terms(self, questions: Sequence[str]) -> PartTerms:
        """Count the questions' terms in all chunks."""
        counts = bm25(self.chunking.corpus, self.config).count(self.chunking, questions)
        return PartTerms(counts.statistics, counts)


@dataclass(frozen=True, slots=True, eq=False)
class ChunkedCorpus:
    """The chunks of all parts in order, and what ranks them.

    `run` calls a function with tasks that read parts, perhaps on workers. Of shards, `shape` and the chunks that are `handed`
    over, where these are others, were found while their text was there.
    """

    chunking: Chunking
    config: RunConfig
    parts: Sequence[Part]
    run: RunTasks = map
    shape: Shape | None = None
    handed: "ChunkedCorpus | None" = None

    @property
    def is_in_memory(self) -> bool:
        """Whether the text of all chunks is in memory."""
        return all(part.is_in_memory for part in self.parts)

    @property
    def has_counts(self) -> bool:
        """Whether bm25 ranks without reading a part again."""
        return all(part.has_counts for part in self.parts)

    def reads_again(self, groups: Collection[str]) -> bool:
        """Whether parts may have to be read again to rank by words and to measure these groups of metrics."""
        return not self.is_in_memory and ("legacy" in (self.config.retriever, *groups) or not self.has_counts)

    def measure_shape(self) -> Shape:
        """Return what is measured of the chunks apart from any question."""
        return self.shape or measure_shape(self.chunking, self.config)

    def with_parents(self, family: Chunking) -> "ChunkedCorpus":
        """Return the parents in `family`, the chunks with what is handed over for each, or the chunks without parents."""
        if family.parents is None:
            return self
        return self.handed or chunked_in_memory(family.parents_or_self(), self.config)

    def rank(self, questions: Sequence[str], depth: int) -> Ranking:
        """Rank the chunks for each question: int64 [questions, at most depth].

        A retriever that cannot rank part by part has one part, as shards are refused then.
        """
        if self.config.retriever not in RANKED_IN_PARTS:
            return rank(self.chunking, questions, self.config, depth)
        if self.config.retriever == "bm25":
            return self._best_by_terms(questions, depth)[0]
        if self.config.retriever == "hybrid":
            from rag_chunk.retriever.hybrid import DEPTH, fuse

            (semantic, _), _ = self._best_by_vectors(questions, max(depth, DEPTH))
            return fuse(self._best_by_terms(questions, DEPTH), semantic, depth)
        if self.config.retriever in _BY_VECTORS:
            return self._best_by_vectors(questions, depth)[0][0]
        return self.rank_by_shared_words(questions, depth)

    def rank_among(self, questions: Sequence[str], rows: Positions) -> Ranking:
        """Rank at least the chunks in some sorted `rows`, in their order among all: int64 [questions, n], -1 for none."""
        from rag_chunk.retriever.hybrid import DEPTH, fuse

        retriever = self.config.retriever
        if retriever not in RANKED_IN_PARTS or (retriever == "hybrid" and len(self.chunking) <= DEPTH):
            return self.rank(questions, len(self.chunking))
        if retriever == "bm25":
            return self._best_by_terms(questions, len(rows), rows)[0]
        if retriever != "hybrid":
            best = self._best_by_vectors if retriever in _BY_VECTORS else self._best_by_reading
            return best(questions, 0, rows)[1][0]
        (head, _), (rest, _) = self._best_by_vectors(questions, DEPTH, rows)
        semantic = np.hstack([head, rest])
        return fuse(self._best_by_terms(questions, DEPTH), semantic, DEPTH + semantic.shape[1])

    def rank_by_shared_words(self, questions: Sequence[str], depth: int) -> Ranking:
        """Rank the chunks as the old rag-chunk did, whatever the retriever: int64 [questions, at most depth]."""
        return self._best_by_reading(questions, depth)[0][0]

    def indexed_texts(self, rows: Positions) -> list[str]:
        """Return what is indexed for the chunks in these rows."""
        from rag_chunk.analysis.shard_passes import read_indexed_texts

        return self._collect(read_indexed_texts, rows)

    def texts(self, rows: Positions) -> list[str]:
        """Return the text of the chunks in these rows."""
        from rag_chunk.analysis.shard_passes import read_texts

        return self._collect(read_texts, rows)

    def chunks(self, rows: Positions) -> list[Chunk]:
        """Return the chunks in these rows, with their documents."""
        from rag_chunk.analysis.shard_passes import read_chunks

        return self._collect(read_chunks, rows)

    def _best_by_terms(self, questions: Sequence[str], depth: int, among: Positions | None = None) -> ScoredRows:
        """Rank by bm25 all chunks, or those in the rows `among`: the best `depth`, and their scores.

        Parts of which candidates alone are known are read again where other chunks may be among the best.
        """
        terms = [part.terms(questions) for part in self.parts]
        statistics = reduce(add, (each.statistics for each in terms))
        if among is not None and not self.has_counts:
            return self._best_by_reading(questions, 0, among, statistics=statistics)[1]
        lists = list[ScoredRows]()
        for part, each in zip(self.parts, terms, strict=True):
            own, scores = each.best(statistics, depth, None if among is None else select_rows(part.rows, among))
            lists.append((part.rows[own], scores))
        best = merge_best(lists, depth)
        lacking = {
            number
            for number, each in enumerate(terms)
            if each.candidates and not each.candidates.are_enough(statistics, depth, best[1])
        }
        if not lacking:
            return best
        again, _ = self._best_by_reading(questions, depth, statistics=statistics, numbers=lacking)
        return merge_best([again, *(each for number, each in enumerate(lists) if number not in lacking)], depth)

    def _best_by_vectors(
        self, questions: Sequence[str], depth: int, among: Positions = NO_POSITIONS
    ) -> tuple[ScoredRows, ScoredRows]:
        """Rank by the cosine of vectors: the best `depth` chunks, and the order of those in the rows `among`."""
        from rag_chunk.retriever.dense import dense

        vectors = dense(self.chunking.corpus, self.config).embed_questions(tuple(questions))
        return self._best_by_reading(questions, depth, among, vectors=vectors)

    def _best_by_reading(
        self,
        questions: Sequence[str],
        depth: int,
        among: Positions = NO_POSITIONS,
        *,
        vectors: "Vectors | None" = None,
        statistics: CollectionStatistics | None = None,
        numbers: Container[int] | None = None,
    ) -> tuple[ScoredRows, ScoredRows]:
        """Rank by the text of all parts, or of the parts of some `numbers`, as `RankingTask` describes."""
        from rag_chunk.analysis.shard_passes import RankingTask, rank_part

        best, others = no_rows(len(questions)), no_rows(len(questions))
        own = [select_rows(part.rows, among) for part in self.parts]
        tasks = [
            RankingTask(part.readable, tuple(questions), vectors, statistics, depth, rows)
            for number, (part, rows) in enumerate(zip(self.parts, own, strict=True))
            if (depth or len(rows)) and (numbers is None or number in numbers)
        ]
        for result in self.run(rank_part, tasks):
            rows = self.parts[result.number].rows
            best = merge_best([best, (rows[result.best[0]], result.best[1])], depth)
            others = merge_best([others, (rows[result.among[0]], result.among[1])], len(among))
        return best, others

    def _collect(self, read: "Callable[[RowsTask], tuple[int, Sequence[Any]]]", wanted: Positions) -> list[Any]:
        """Return what is read of the chunks in the rows `wanted`, from those parts alone that have some."""
        from rag_chunk.analysis.shard_passes import RowsTask

        own = [select_rows(part.rows, wanted) for part in self.parts]
        tasks = [RowsTask(part.readable, rows) for part, rows in zip(self.parts, own, strict=True) if len(rows)]
        value_of: dict[int, Any] = {}
        for number, values in self.run(read, tasks):
            value_of |= dict(zip(self.parts[number].rows[own[number]].tolist(), values, strict=True))
        return [value_of[row] for row in wanted.tolist()]


def chunked_in_memory(chunking: Chunking, config: RunConfig) -> ChunkedCorpus:
    """Return the chunks of a corpus in memory, as its only part."""
    return ChunkedCorpus(chunking, config, (PartInMemory(chunking, config),))
