"""Joins the chunks of all shards to a `ChunkedCorpus`: arrays on the line of all documents; the text is where the shards are."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from rag_chunk.analysis.chunked_corpus import ChunkedCorpus, PartTerms
from rag_chunk.analysis.shard_chunks import ShardChunks, Stretches
from rag_chunk.analysis.shard_moves import Move, join_stretches
from rag_chunk.analysis.shard_passes import ChunkedShard, with_usage
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.array_file import ArrayFile
from rag_chunk.corpus.arrays import Positions, as_spans
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.sharded_corpus import RunTasks, ShardedCorpus
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import record_usage
from rag_chunk.scorer.outlined_chunking import OutlinedChunking, TokenLine, TokenPlaces
from rag_chunk.scorer.shape import Shape


@dataclass(frozen=True, slots=True, eq=False)
class ShardPart:
    """A shard as a part of its corpus: what the survey has kept of it, and where the rest is read again.

    `known` are the terms of the analysis' questions, where words rank its chunks.
    """

    readable: ChunkedShard
    rows: Positions
    known: PartTerms | None = None
    is_in_memory: bool = False

    @property
    def has_counts(self) -> bool:
        """Whether the counts of all its chunks are kept."""
        return self.known is not None and self.known.counts is not None

    def terms(self, questions: Sequence[str]) -> PartTerms:
        """Return the counts that are kept, which are those of the questions of the analysis."""
        if self.known is None:
            raise ValueError(f"nothing was counted of {len(questions)} questions when {self.readable} was chunked")
        return self.known


def join_chunks(
    source: ShardedCorpus,
    names: Sequence[Sequence[str]],
    parts: Sequence[ShardChunks],
    config: RunConfig,
    file: ArrayFile,
) -> ChunkedCorpus:
    """Join the chunks of all shards on the line of `source`, in arrays in a `file`.

    `names` are those of each shard's documents, in order.
    """
    line, run = source.line, _with_usage(source.run)
    tokens = _join_tokens(line, names, parts, config)
    moves = [Move(line, each, tokens) for each in names]
    chunks, rows = file.move(join_stretches(moves, [part.chunks for part in parts]))
    shape = file.move(_join_shapes([part.shape for part in parts], rows, _count_duplicates(parts)))
    units = units_of(Corpus(()), config.unit, config.model)  # they are counted
    handed, parent_rows = None, None
    if any(part.parents is not None for part in parts):
        own = [part.parents for part in parts if part.parents is not None]
        stretches, rows_of_parents = file.move(join_stretches(moves, own))
        parent_rows = file.move(_join_parent_rows(parts, rows, rows_of_parents))
        parents = OutlinedChunking(line, stretches.spans, units, **_places(stretches, tokens))
        read = _readable(source, parts, config, is_handed_over=True)
        handed = ChunkedCorpus(parents, config, tuple(map(ShardPart, read, rows_of_parents)), run)
    chunking = OutlinedChunking(
        line,
        chunks.spans,
        units,
        handed.chunking.spans if handed else None,
        parent_rows=parent_rows,
        sizes=shape.sizes,
        handed=handed.chunking if handed else None,
        **_places(chunks, tokens),
    )
    of_shards = map(ShardPart, _readable(source, parts, config), rows, map(_known, parts))
    return ChunkedCorpus(chunking, config, tuple(of_shards), run, shape, handed)


def _readable(
    source: ShardedCorpus, parts: Sequence[ShardChunks], config: RunConfig, *, is_handed_over: bool = False
) -> list[ChunkedShard]:
    """Return what workers read the chunks of each shard from: with spans where it would take vectors to make them again."""
    nothing = as_spans([])
    return [
        ChunkedShard(
            shard, number, config, as_spans(part.chunks.spans) if config.cuts_by_vectors else nothing, is_handed_over
        )
        for number, (shard, part) in enumerate(zip(source.shards, parts, strict=True))
    ]


def _known(part: ShardChunks) -> PartTerms | None:
    return None if part.statistics is None else PartTerms(part.statistics, part.counts, part.candidates)


def _with_usage(run: RunTasks) -> RunTasks:
    """Return `run` so that what tasks embed is recorded here, wherever they run."""

    def run_with_usage(function: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
        for result, usage in run(partial(with_usage, function), tasks):
            record_usage(usage)
            yield result

    return run_with_usage


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


def _count_duplicates(parts: Sequence[ShardChunks]) -> int:
    """Return how many chunks have the text of one before."""
    keys = np.sort(np.concatenate([part.keys for part in parts]))
    return int((keys[1:] == keys[:-1]).sum())


def _join_shapes(shapes: Sequence[Shape], rows: Sequence[Positions], duplicates: int) -> Shape:
    sizes = np.empty(sum(map(len, rows)), np.int64)
    for shape, own in zip(shapes, rows, strict=True):
        sizes[own] = shape.sizes
    units, before, non_whitespace, held = (
        sum(getattr(shape, name) for shape in shapes) for name in ("units", "units_before", "non_whitespace", "held")
    )
    return Shape(sizes, duplicates, units, before, non_whitespace, held)
