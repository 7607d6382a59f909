"""`JoinedChunking`: the chunks of all shards of a corpus, as arrays; the text is where the shards are."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans, as_spans
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.units import units_of
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.bm25 import TermCounts, best_of_part
from rag_chunk.scorer.shape import Shape

_KEY_BYTES = 8


@dataclass(frozen=True, slots=True, eq=False)
class Stretches:
    """Spans of chunks, [chunks, 2] each: on a line, and counted without white space from the start of their document."""

    spans: Spans
    non_whitespace: Spans


@dataclass(frozen=True, slots=True, eq=False)
class ShardChunks:
    """The chunks of a shard under one configuration, on the shard's own line, and all that an analysis needs of their text.

    `keys` [chunks] are equal for equal texts. `parents` and `parent_rows` are as those of a `Chunking`; `counts` are there
    where bm25 ranks. `seconds` is how long it took to chunk.
    """

    chunks: Stretches
    shape: Shape
    keys: Positions
    parents: Stretches | None = None
    parent_rows: Positions | None = None
    counts: TermCounts | None = None
    seconds: float = 0.0


def text_keys(chunking: Chunking) -> Positions:
    """Return a number for the text of each chunk, which other texts all but surely do not have: uint64 [chunks]."""
    texts = (text.encode("utf-8", "surrogatepass") for text in chunking.corpus.texts(chunking.spans))
    digests = b"".join(hashlib.blake2b(text, digest_size=_KEY_BYTES).digest() for text in texts)
    return np.frombuffer(digests, np.uint64)


def stretches_of(chunking: Chunking) -> Stretches:
    """Return the spans of chunks in a form that can be moved to another line."""
    corpus = chunking.corpus
    starts = corpus.starts[corpus.documents_at(chunking.spans[:, 0])]
    return Stretches(chunking.spans, chunking.non_whitespace - corpus.non_whitespace_before(starts)[:, None])


@dataclass(frozen=True, eq=False)
class OutlinedChunking(Chunking):
    """Chunks on a `PartialCorpus`, whose places without white space were counted where the text was."""

    placed: Spans = field(kw_only=True)

    @cached_property
    def non_whitespace(self) -> Spans:
        """The chunks counted without white space: [chunks, 2]."""
        return self.placed

    def of_rows(self, rows: Positions) -> Chunking:
        """Return the chunks in these rows alone, with their texts: on the line of the documents that are held."""
        if not isinstance(self.corpus, PartialCorpus):
            return super().of_rows(rows)
        return Chunking(self.corpus.held, self.corpus.spans_in_held(self.spans[rows]), self.units)


@dataclass(frozen=True, eq=False)
class JoinedChunking(OutlinedChunking):
    """The chunks of all shards in order, and what ranks them. `rows` are those of each shard's chunks among all."""

    shape: Shape = field(kw_only=True)
    parts: Sequence[ShardChunks] = field(kw_only=True)
    rows: Sequence[Positions] = field(kw_only=True)
    placed_parents: Spans | None = field(kw_only=True)

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
        if self.parents is None or self.placed_parents is None:
            return self
        return OutlinedChunking(self.corpus, self.parents, self.units, placed=self.placed_parents)

    def lines_without_text(self) -> Iterator[str]:
        """Yield a line of JSON for each chunk: where it is, and its size in units."""
        documents = self.corpus.documents_at(self.spans[:, 0])
        inner = (self.spans - self.corpus.starts[documents][:, None]).tolist()
        for document, (start, end), size in zip(documents.tolist(), inner, self.sizes.tolist(), strict=True):
            name = self.corpus.documents[document].name
            place = {"id": f"{name}:{start}-{end}", "document": name, "start": start, "end": end, "units": size}
            yield json.dumps(place, ensure_ascii=False) + "\n"

    def rank(self, depth: int) -> Ranking:
        """Rank the chunks for each question by bm25, as if the corpus were one shard: int64 [questions, depth]."""
        counts = [part.counts for part in self.parts if part.counts is not None]
        statistics = sum((each.statistics for each in counts[1:]), counts[0].statistics)
        best = [best_of_part(each, statistics, depth) for each in counts]
        return merge_best([(rows[own], scores) for rows, (own, scores) in zip(self.rows, best, strict=True)], depth)


def merge_best(lists: Sequence[tuple[Ranking, Floats]], depth: int) -> Ranking:
    """Merge rankings of different chunks, given as rows and scores: best first, ties in the order of rows.

    >>> one, other = (np.array([[4, 0]]), np.array([[2.0, 1.0]])), (np.array([[2, 3]]), np.array([[2.0, 0.5]]))
    >>> merge_best([one, other], 3).tolist()
    [[2, 4, 0]]
    """
    rows, scores = (np.hstack(columns) for columns in zip(*lists, strict=True))
    order = np.lexsort((rows, -scores), axis=1)[:, :depth]
    return np.take_along_axis(rows, order, axis=1)


def join_chunks(
    line: PartialCorpus, names: Sequence[Sequence[str]], parts: Sequence[ShardChunks], config: RunConfig
) -> JoinedChunking:
    """Join the chunks of all shards on the `line`; `names` are those of each shard's documents, in order."""
    moves = [_Move(line, each) for each in names]
    spans, placed, rows = _join(moves, [part.chunks for part in parts])
    parents, placed_parents, parent_rows = _join_parents(moves, parts, rows)
    keys = np.concatenate([part.keys for part in parts])
    return JoinedChunking(
        line,
        spans,
        units_of(Corpus(()), config.unit, config.model),  # they are counted
        parents,
        parent_rows=parent_rows,
        placed=placed,
        shape=_join_shapes([part.shape for part in parts], rows, len(keys) - len(np.unique(keys))),
        parts=parts,
        rows=rows,
        placed_parents=placed_parents,
    )


class _Move:
    """Moves what is on a shard's line to the line of all shards."""

    def __init__(self, line: PartialCorpus, names: Sequence[str]) -> None:
        """Look up where the documents with these names are."""
        documents = line.rows_of(names)
        lengths = np.array([line.facts[row].characters for row in documents.tolist()], np.int64)
        self._own = np.cumsum(lengths) - lengths
        self._starts = line.starts[documents]
        self._non_whitespace = line.non_whitespace_before(self._starts)

    def move(self, stretches: Stretches) -> Stretches:
        """Return stretches on the common line."""
        document = np.searchsorted(self._own, stretches.spans[:, 0], side="right") - 1
        spans = stretches.spans + (self._starts - self._own)[document][:, None]
        return Stretches(spans, stretches.non_whitespace + self._non_whitespace[document][:, None])


def _join(moves: Sequence[_Move], shards: Sequence[Stretches]) -> tuple[Spans, Spans, list[Positions]]:
    """Return all spans in order, their places without white space, and the row that each one of a shard has there."""
    moved = [move.move(each) for move, each in zip(moves, shards, strict=True)]
    spans = np.concatenate([each.spans for each in moved])
    placed = np.concatenate([each.non_whitespace for each in moved])
    order = np.lexsort((spans[:, 1], spans[:, 0]))
    row = np.empty(len(order), np.int64)
    row[order] = np.arange(len(order))
    borders = np.cumsum([len(each.spans) for each in moved])[:-1]
    return as_spans(spans[order]), as_spans(placed[order]), np.split(row, borders)


def _join_parents(
    moves: Sequence[_Move], parts: Sequence[ShardChunks], rows: Sequence[Positions]
) -> tuple[Spans | None, Spans | None, Positions | None]:
    """Return the parents in order, their places without white space, and the row of each chunk's parent."""
    stretches = [part.parents for part in parts if part.parents is not None]
    if not stretches:
        return None, None, None
    parents, placed, parent_rows = _join(moves, stretches)
    if parts[0].parent_rows is None:
        return parents, placed, None
    of_chunks = np.empty(sum(map(len, rows)), np.int64)
    for part, own, at in zip(parts, rows, parent_rows, strict=True):
        of_chunks[own] = at[part.parent_rows]
    return parents, placed, of_chunks


def _join_shapes(shapes: Sequence[Shape], rows: Sequence[Positions], duplicates: int) -> Shape:
    sizes = np.empty(sum(map(len, rows)), np.int64)
    for shape, own in zip(shapes, rows, strict=True):
        sizes[own] = shape.sizes
    units, before, non_whitespace, held = (
        sum(getattr(shape, name) for shape in shapes) for name in ("units", "units_before", "non_whitespace", "held")
    )
    return Shape(sizes, duplicates, units, before, non_whitespace, held)
