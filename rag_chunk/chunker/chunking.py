"""`Chunk` and `Chunking`: what a strategy makes of a corpus."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from rag_chunk.chunker.outline import Outline
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Positions, Spans, as_spans
from rag_chunk.corpus.structure import Context, structure_of
from rag_chunk.corpus.units import Units


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: a stretch of a document, with offsets in characters from the document's start.

    `lines` are its first and last line, from 1; `units` is its size in the configuration's unit;
    `headings` are the titles of the Markdown headings above its start, outermost first; those of the definitions that
    hold it, where code was cut at these. `context` is what a part
    of a cut fence or table does not show: its language, its header rows. `parent` is the id of the larger chunk
    that it is a part of, where the strategy makes such.
    """

    document: Document
    start: int
    end: int
    lines: tuple[int, int]
    units: int
    headings: tuple[str, ...]
    context: Context | None = None
    parent: str | None = None

    @property
    def pages(self) -> tuple[str, ...]:
        """The labels of the pages that it is on; none where its document has no pages."""
        return self.document.page_labels(self.start, self.end)

    @property
    def text(self) -> str:
        """The chunk's text, exactly as in the document."""
        return self.document.text[self.start : self.end]

    @property
    def id(self) -> str:
        """The document's name and the offsets: `guide.md:0-812`."""
        return f"{self.document.name}:{self.start}-{self.end}"

    def to_dict(self) -> dict[str, Any]:
        """Return the chunk as one line of `chunks.jsonl` holds it."""
        return {
            "id": self.id,
            "document": self.document.name,
            "start": self.start,
            "end": self.end,
            "lines": list(self.lines),
            **({"pages": list(self.pages)} if self.document.pages else {}),
            "units": self.units,
            "headings": list(self.headings),
            **({"context": self.context._asdict()} if self.context else {}),
            **({"parent": self.parent} if self.parent else {}),
            "text": self.text,
        }


class ChildrenAndParents(NamedTuple):
    """Chunks and the larger chunks that hold them: spans [chunks, 2] and [parents, 2], both in order."""

    chunks: Spans
    parents: Spans


@dataclass(frozen=True, eq=False)
class Chunking:
    """The chunks of a corpus under one configuration: one row of `spans` a chunk, in order.

    `spans` is int64 [chunks, 2], on the corpus' line; so is `parents`, where chunks have them: sorted, and each chunk
    inside the one whose row is in `parent_rows` [chunks], or where that is None, inside the only one that holds it.
    `extent` is the stretch of the line that was chunked, where that
    is not all of it. `outline` has the definitions of source code that was cut at these. Iterating gives `Chunk` values.
    """

    corpus: Corpus
    spans: Spans
    units: Units
    parents: Spans | None = None
    extent: tuple[int, int] | None = None
    parent_rows: Positions | None = None
    outline: Outline | None = None

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.spans)

    @cached_property
    def sizes(self) -> Positions:
        """The size of each chunk, in units: [chunks]."""
        return self.units.count(self.spans).sizes

    @cached_property
    def non_whitespace(self) -> Spans:
        """The chunks counted without white space: [chunks, 2]."""
        return as_spans(self.corpus.non_whitespace_before(self.spans.ravel()))

    @property
    def share_of_corpus(self) -> float:
        """How much of the line was chunked."""
        start, end = self.extent or (0, len(self.corpus))
        return (end - start) / max(1, len(self.corpus))

    @cached_property
    def ids(self) -> list[str]:
        """The id of each chunk, as `Chunk.id` has it."""
        return _ids(self.corpus, self.spans)

    def rows_of_parents(self) -> Positions:
        """Return the row of each chunk's parent: [chunks]; without parents, each chunk's own."""
        if self.parents is None:
            return np.arange(len(self))
        if self.parent_rows is not None:
            return self.parent_rows
        return np.searchsorted(self.parents[:, 0], self.spans[:, 0], side="right") - 1

    def parents_or_self(self) -> "Chunking":
        """Return the parents as a chunking; without parents, this one."""
        if self.parents is None:
            return self
        return Chunking(self.corpus, self.parents, self.units, extent=self.extent, outline=self.outline)

    def within(self, start: int, end: int) -> "Chunking":
        """Return the chunks of the documents that fill the stretch [start, end) of the line, as if there were no other."""
        parents = None if self.parents is None else _within(self.parents, start, end)
        spans = _within(self.spans, start, end)
        return Chunking(self.corpus, spans, self.units, parents, (start, end), outline=self.outline)

    def of_rows(self, rows: Positions) -> "Chunking":
        """Return the chunks in these rows alone."""
        return Chunking(self.corpus, self.spans[rows], self.units, extent=self.extent, outline=self.outline)

    def heading_paths(self) -> list[tuple[str, ...]]:
        """Return for each chunk the titles of what it is in, outermost first: of headings, or of definitions of code."""
        paths = structure_of(self.corpus).heading_paths(self.spans[:, 0])
        if self.outline is None:
            return paths
        return [own or path for own, path in zip(self.outline.paths(self.spans), paths, strict=True)]

    def __iter__(self) -> Iterator[Chunk]:
        """Yield each chunk with all that is known about it."""
        structure = structure_of(self.corpus)
        first = structure.line_numbers(self.spans[:, 0]).tolist()
        last = structure.line_numbers(self.spans[:, 1] - 1).tolist()
        paths = self.heading_paths()
        contexts = structure.contexts(self.spans[:, 0])
        parents = self._parent_ids()
        rows = zip(self.spans.tolist(), first, last, self.sizes.tolist(), paths, contexts, parents, strict=True)
        for (start, end), line, to_line, size, path, context, parent in rows:
            place = self.corpus.place(start, end)
            yield Chunk(place.document, place.start, place.end, (line, to_line), size, path, context, parent)

    def json_lines(self) -> Iterator[str]:
        """Yield the line of `chunks.jsonl` for each chunk."""
        return (json.dumps(chunk.to_dict(), ensure_ascii=False) + "\n" for chunk in self)

    def _parent_ids(self) -> "list[str] | list[None]":
        if self.parents is None:
            return [None] * len(self)
        ids = _ids(self.corpus, self.parents)
        return [ids[row] for row in self.rows_of_parents().tolist()]


def _within(spans: Spans, start: int, end: int) -> Spans:
    """Return those of the sorted `spans` that start in [start, end)."""
    first, last = np.searchsorted(spans[:, 0], [start, end]).tolist()
    return spans[first:last]


def _ids(corpus: Corpus, spans: Spans) -> list[str]:
    names = [document.name for document in corpus.documents]
    index = corpus.documents_at(spans[:, 0])
    inner = (spans - corpus.starts[index][:, None]).tolist()
    return [f"{names[number]}:{start}-{end}" for number, (start, end) in zip(index.tolist(), inner, strict=True)]
