"""`Chunk` and `Chunking`: what a strategy makes of a corpus."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rag_chunk.arrays import Positions, Spans
from rag_chunk.corpus import Corpus, Document
from rag_chunk.structure import structure_of
from rag_chunk.units import Units


@dataclass(frozen=True, slots=True)
class Chunk:
    """One chunk: a stretch of a document, with offsets in characters from the document's start.

    `lines` are its first and last line, from 1; `units` is its size in the configuration's unit;
    `headings` are the titles of the Markdown headings above its start, outermost first.
    """

    document: Document
    start: int
    end: int
    lines: tuple[int, int]
    units: int
    headings: tuple[str, ...]

    @property
    def text(self) -> str:
        """The chunk's text, as it stands in the document."""
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
            "units": self.units,
            "headings": list(self.headings),
            "text": self.text,
        }


@dataclass(frozen=True, eq=False)
class Chunking:
    """The chunks of a corpus under one configuration: one row of `spans` a chunk, in order.

    `spans` is int64 [chunks, 2], on the corpus' line. Iterating gives `Chunk` values.
    """

    corpus: Corpus
    spans: Spans
    units: Units

    def __len__(self) -> int:
        """Return the number of chunks."""
        return len(self.spans)

    @cached_property
    def sizes(self) -> Positions:
        """The size of each chunk, in units: [chunks]."""
        return self.units.sizes(self.spans)

    @cached_property
    def ids(self) -> list[str]:
        """The id of each chunk, as `Chunk.id` has it."""
        names = [document.name for document in self.corpus.documents]
        index = self.corpus.documents_at(self.spans[:, 0])
        inner = self.spans - self.corpus.starts[index][:, None]
        return [
            f"{names[number]}:{start}-{end}" for number, (start, end) in zip(index.tolist(), inner.tolist(), strict=True)
        ]

    def __iter__(self) -> Iterator[Chunk]:
        """Yield each chunk with all that is known about it."""
        structure = structure_of(self.corpus)
        first = structure.line_numbers(self.spans[:, 0]).tolist()
        last = structure.line_numbers(self.spans[:, 1] - 1).tolist()
        paths = structure.heading_paths(self.spans[:, 0])
        rows = zip(self.spans.tolist(), first, last, self.sizes.tolist(), paths, strict=True)
        for (start, end), line, to_line, size, path in rows:
            place = self.corpus.place(start, end)
            yield Chunk(place.document, place.start, place.end, (line, to_line), size, path)
