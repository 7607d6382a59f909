"""`JoinedChunking`: the chunks of all shards of a corpus, as arrays; the text is where the shards are."""

import json
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from rag_chunk.analysis.shard_chunks import ShardChunks, Stretches, drop_places
from rag_chunk.analysis.shard_moves import Move, join_stretches
from rag_chunk.analysis.shard_passes import (
    ChunkedShard,
    RankingTask,
    RowsTask,
    rank_shard,
    read_chunks,
    read_indexed_texts,
    select_rows,
)
from rag_chunk.chunker import Chunk, Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import NO_POSITIONS, Positions
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.sharded_corpus import ShardedCorpus
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import record_usage
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.bm25 import best_of_part
from rag_chunk.retriever.dense import dense
from rag_chunk.retriever.hybrid import DEPTH, fuse
from rag_chunk.retriever.order import ScoredRows, merge_best, no_rows
from rag_chunk.retriever.term_counts import CollectionStatistics
from rag_chunk.scorer.outlined_chunking import OutlinedChunking, TokenLine, TokenPlaces
from rag_chunk.scorer.shape import Shape


@dataclass(frozen=True, eq=False)
class ShardedChunking(OutlinedChunking):
    """Chunks of all shards in order. `rows` are those of each shard's chunks among all.

    What needs their text goes over the shards again.
    """

    config: RunConfig = field(kw_only=True)
    source: ShardedCorpus = field(kw_only=True)
    parts: Sequence[ShardChunks] = field(kw_only=True)
    rows: Sequence[Positions] = field(kw_only=True)
    is_handed_over: bool = field(kw_only=True, default=False)

    def best_by_scores(
        self,
        retriever: str,
        questions: Sequence[str],
        depth: int,
        among: Positions = NO_POSITIONS,
        numbers: Container[int] | None = None,
    ) -> tuple[ScoredRows, ScoredRows]:
        """Rank by `bm25`, `dense` or `legacy`: the best `depth` chunks, and the order of those in the rows `among`.

        With `numbers`, only the chunks of the shards of these numbers are ranked.
        """
        by_vectors, by_words = retriever == "dense", retriever == "bm25"
        vectors = dense(self.corpus, self.config).embed_questions(tuple(questions)) if by_vectors else None
        statistics = self.statistics if by_words else None
        best, others = no_rows(len(questions)), no_rows(len(questions))
        own = [select_rows(rows, among) for rows in self.rows]
        tasks = [
            RankingTask(each, tuple(questions), vectors, statistics, depth, rows)
            for each, rows in zip(self._chunked, own, strict=True)
            if (depth or len(rows)) and (numbers is None or each.number in numbers)
        ]
        for result in self.source.run(rank_shard, tasks):
            record_usage(result.usage)
            rows = self.rows[result.number]
            best = merge_best([best, (rows[result.best[0]], result.best[1])], depth)
            others = merge_best([others, (rows[result.among[0]], result.among[1])], len(among))
        return best, others

    @property
    def statistics(self) -> CollectionStatistics:
        """What bm25's scores depend on besides a chunk, of all shards."""
        first, *others = (part.statistics for part in self.parts if part.statistics is not None)
        return sum(others, first)

    def indexed_texts(self, rows: Positions) -> list[str]:
        """Return what is indexed for the chunks in these rows."""
        return self._collect(read_indexed_texts, rows)

    def take(self, rows: Positions) -> list[Chunk]:
        """Return the chunks in these rows, with their documents."""
        return self._collect(read_chunks, rows)

    @property
    def _chunked(self) -> list[ChunkedShard]:
        return [
            ChunkedShard(shard, number, self.config, part.chunks.spans, self.is_handed_over)
            for number, (shard, part) in enumerate(zip(self.source.shards, self.parts, strict=True))
        ]

    def _collect(self, read: Callable[[RowsTask], tuple[int, Sequence[Any]]], wanted: Positions) -> list[Any]:
        """Return what is read of the chunks in the rows `wanted`, from those shards alone that have some."""
        own = [select_rows(rows, wanted) for rows in self.rows]
        tasks = [RowsTask(each, rows) for each, rows in zip(self._chunked, own, strict=True) if len(rows)]
        value_of: dict[int, Any] = {}
        for number, values in self.source.run(read, tasks):
            value_of |= dict(zip(self.rows[number][own[number]].tolist(), values, strict=True))
        return [value_of[row] for row in wanted.tolist()]


@dataclass(frozen=True, eq=False)
class JoinedChunking(ShardedChunking):
    """The chunks of all shards under one configuration, and what ranks them."""

    shape: Shape = field(kw_only=True)
    handed: ShardedChunking | None = field(kw_only=True)

    @cached_property
    def sizes(self) -> Positions:
        """The size of each chunk, in units: [chunks]."""
        return self.shape.sizes

    @property
    def seconds(self) -> float:
        """How long it took to chunk all shards."""
        return sum(part.seconds for part in self.parts)

    def parents_or_self(self) -> Chunking:
        """Return the parents as a chunking; without parents, this one."""
        return self.handed or self

    def lines_without_text(self) -> Iterator[str]:
        """Yield a line of JSON for each chunk: where it is, and its size in units."""
        documents = self.corpus.documents_at(self.spans[:, 0])
        inner = (self.spans - self.corpus.starts[documents][:, None]).tolist()
        for document, (start, end), size in zip(documents.tolist(), inner, self.sizes.tolist(), strict=True):
            name = self.corpus.documents[document].name
            place = {"id": f"{name}:{start}-{end}", "document": name, "start": start, "end": end, "units": size}
            yield json.dumps(place, ensure_ascii=False) + "\n"

    def rank(self, questions: Sequence[str], depth: int) -> Ranking:
        """Rank the chunks for each question, as if the corpus were one shard: int64 [questions, depth]."""
        if self.config.retriever == "bm25":
            return self._best_by_words(questions, depth)[0]
        if self.config.retriever == "hybrid":
            (semantic, _), _ = self.best_by_scores("dense", questions, max(depth, DEPTH))
            return fuse(self._matches(questions), semantic, depth)
        return self.best_by_scores(self.config.retriever, questions, depth)[0][0]

    def rank_among(self, questions: Sequence[str], rows: Positions) -> Ranking:
        """Rank at least the chunks in some sorted `rows`, in their order among all: int64 [questions, n], -1 for none."""
        if self.config.retriever == "bm25":
            return self._best_by_words(questions, len(rows), rows)[0]
        if self.config.retriever != "hybrid":
            return self.best_by_scores(self.config.retriever, questions, 0, rows)[1][0]
        if len(self) <= DEPTH:
            return self.rank(questions, len(self))
        (head, _), (rest, _) = self.best_by_scores("dense", questions, DEPTH, rows)
        is_new = ~np.array([np.isin(*pair) for pair in zip(rest, head, strict=True)], bool).reshape(rest.shape)
        semantic = np.hstack([head, np.where(is_new, rest, -1)])
        return fuse(self._matches(questions), semantic, DEPTH + semantic.shape[1])

    def _matches(self, questions: Sequence[str]) -> Ranking:
        """Return the best chunks that have a term of each question: int64 [questions, at most 50], -1 where there are fewer."""
        rows, scores = self._best_by_words(questions, DEPTH)
        return np.where(scores > 0, rows, -1)

    @property
    def has_counts(self) -> bool:
        """Whether the questions' terms in all chunks are in memory, so that bm25 never goes over the shards."""
        return all(part.counts is not None for part in self.parts)

    def _best_by_words(self, questions: Sequence[str], depth: int, among: Positions | None = None) -> ScoredRows:
        """Rank by bm25 all chunks, or those in the rows `among`: the best `depth`, and their scores."""
        if not self.has_counts:
            if among is None:
                return self._best_of_candidates(questions, depth)
            return self.best_by_scores("bm25", questions, 0, among)[1]
        counts, statistics = [part.counts for part in self.parts if part.counts], self.statistics
        lists = list[ScoredRows]()
        for each, rows in zip(counts, self.rows, strict=True):
            own = None if among is None else select_rows(rows, among)
            of_part, scores = best_of_part(each, statistics, depth, own)
            lists.append((rows[of_part], scores))
        return merge_best(lists, depth)

    def _best_of_candidates(self, questions: Sequence[str], depth: int) -> ScoredRows:
        """Rank by bm25 the candidates of all shards; go over those shards again whose other chunks may be among the best."""
        statistics = self.statistics
        lists = [
            (rows[own], scores)
            for part, rows in zip(self.parts, self.rows, strict=True)
            for own, scores in [_best_of_shard(part, statistics, depth)]
        ]
        best = merge_best(lists, depth)
        lacking = {
            number
            for number, part in enumerate(self.parts)
            if part.candidates and not part.candidates.are_enough(statistics, depth, best[1])
        }
        if not lacking:
            return best
        again, _ = self.best_by_scores("bm25", questions, depth, numbers=lacking)
        return merge_best([again, *(each for number, each in enumerate(lists) if number not in lacking)], depth)


def _best_of_shard(part: ShardChunks, statistics: CollectionStatistics, depth: int) -> ScoredRows:
    """Return the best chunks of a shard by what is known of its terms."""
    if part.candidates:
        return part.candidates.best(statistics, depth)
    return best_of_part(part.counts, statistics, depth) if part.counts else no_rows(0)


def join_chunks(
    source: ShardedCorpus, names: Sequence[Sequence[str]], parts: Sequence[ShardChunks], config: RunConfig
) -> JoinedChunking:
    """Join the chunks of all shards on the line of `source`; `names` are those of each shard's documents, in order."""
    line = source.line
    tokens = _join_tokens(line, names, parts, config)
    moves = [Move(line, each, tokens) for each in names]
    chunks, rows = join_stretches(moves, [part.chunks for part in parts])
    keys = np.concatenate([part.keys for part in parts])
    units = units_of(Corpus(()), config.unit, config.model)  # they are counted
    handed, parent_rows = None, None
    kept = [drop_places(part, config) for part in parts]
    common: dict[str, Any] = {"config": config, "source": source, "parts": kept}
    if any(part.parents is not None for part in parts):
        parents, rows_of_parents = join_stretches(moves, [part.parents for part in parts if part.parents is not None])
        parent_rows = _join_parent_rows(parts, rows, rows_of_parents)
        handed = ShardedChunking(
            line, parents.spans, units, **common, rows=rows_of_parents, is_handed_over=True, **_places(parents, tokens)
        )
    return JoinedChunking(
        line,
        chunks.spans,
        units,
        handed.spans if handed else None,
        parent_rows=parent_rows,
        shape=_join_shapes([part.shape for part in parts], rows, len(keys) - len(np.unique(keys))),
        rows=rows,
        handed=handed,
        **common,
        **_places(chunks, tokens),
    )


def _places(joined: Stretches, line: TokenLine | None) -> dict[str, Any]:
    tokens = TokenPlaces(joined.tokens, line) if line and joined.tokens is not None else None
    return {"placed": joined.non_whitespace, "tokens": tokens}


def _join_tokens(
    line: PartialCorpus, names: Sequence[Sequence[str]], parts: Sequence[ShardChunks], config: RunConfig
) -> TokenLine | None:
    """Return the line of all tokens, where they were counted."""
    counts = np.zeros(len(line.facts), np.int64)
    for each, part in zip(names, parts, strict=True):
        if part.document_tokens is None:
            return None
        counts[line.rows_of(each)] = part.document_tokens
    return TokenLine(line, counts, config.model)


def _join_parent_rows(
    parts: Sequence[ShardChunks], rows: Sequence[Positions], rows_of_parents: Sequence[Positions]
) -> Positions | None:
    """Return the row of each chunk's parent, where it is not the only one that holds it."""
    if parts[0].parent_rows is None:
        return None
    of_chunks = np.empty(sum(map(len, rows)), np.int64)
    for part, own, at in zip(parts, rows, rows_of_parents, strict=True):
        of_chunks[own] = at[part.parent_rows]
    return of_chunks


def _join_shapes(shapes: Sequence[Shape], rows: Sequence[Positions], duplicates: int) -> Shape:
    sizes = np.empty(sum(map(len, rows)), np.int64)
    for shape, own in zip(shapes, rows, strict=True):
        sizes[own] = shape.sizes
    units, before, non_whitespace, held = (
        sum(getattr(shape, name) for shape in shapes) for name in ("units", "units_before", "non_whitespace", "held")
    )
    return Shape(sizes, duplicates, units, before, non_whitespace, held)
