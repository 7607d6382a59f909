"""`OutlinedChunking`: chunks of documents that are not in memory, counted where their text was."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.corpus.arrays import NO_POSITIONS, Positions, Spans, index_in
from rag_chunk.corpus.partial_corpus import PartialCorpus
from rag_chunk.corpus.units import units_of

_AT_ONCE = 2**16  # chunks whose places are numbers of Python at a time


class TokenLine:
    """The tokens of all documents of a corpus, in order. Where they are is known inside documents that are held."""

    def __init__(self, corpus: PartialCorpus, counts: Positions, model: str) -> None:
        """Put the documents' tokens side by side; `counts` [documents] are how many each has under `model`."""
        self._corpus, self._model = corpus, model
        self.starts: Positions = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])

    def starts_of(self, places: Positions) -> Positions:
        """Return where on the line the tokens at `places` begin: [n]; in documents that are not held, their start."""
        corpus, held = self._corpus, self._corpus.held
        row = np.searchsorted(self.starts, places, side="right") - 1
        starts: Positions = corpus.starts[row]
        is_held = np.isin(row, corpus.rows_in_memory)
        documents = corpus.starts_in_held[row[is_held]]
        tokens = units_of(held, "tokens", self._model).starts
        inner = places[is_held] - self.starts[row[is_held]]
        starts[is_held] += tokens[index_in(tokens, documents) + inner] - documents
        return starts


@dataclass(frozen=True, slots=True, eq=False)
class TokenPlaces:
    """Chunks counted in tokens, [chunks, 2], on the line of all tokens."""

    places: Spans
    line: TokenLine


@dataclass(frozen=True, eq=False)
class OutlinedChunking(Chunking):
    """Chunks on a `PartialCorpus`, whose places without white space, and in tokens, were counted where the text was.

    `tokens` are there where a budget is in tokens. `sizes` [chunks] are in units; those of parents, which `handed` are, nobody
    has counted.
    """

    placed: Spans = field(kw_only=True)
    tokens: TokenPlaces | None = field(kw_only=True, default=None)
    sizes: Positions = field(kw_only=True, default_factory=lambda: NO_POSITIONS)
    handed: Chunking | None = field(kw_only=True, default=None)

    @cached_property
    def non_whitespace(self) -> Spans:
        """The chunks counted without white space: [chunks, 2]."""
        return self.placed

    def parents_or_self(self) -> Chunking:
        """Return the parents as a chunking; without parents, this one."""
        return self.handed or self

    def json_lines(self) -> Iterator[str]:
        """Yield a line of JSON for each chunk: where it is, and its size in units; no text."""
        latest, name = -1, ""  # a name is put into JSON once, and a line made of parts: there may be millions
        for first in range(0, len(self), _AT_ONCE):
            spans, sizes = self.spans[first : first + _AT_ONCE], self.sizes[first : first + _AT_ONCE]
            documents = self.corpus.documents_at(spans[:, 0])
            inner = (spans - self.corpus.starts[documents][:, None]).tolist()
            for document, (start, end), size in zip(documents.tolist(), inner, sizes.tolist(), strict=True):
                if document != latest:
                    latest, name = document, json.dumps(self.corpus.documents[document].name, ensure_ascii=False)[1:-1]
                place = f'"id": "{name}:{start}-{end}", "document": "{name}", "start": {start}, "end": {end}'
                yield f'{{{place}, "units": {size}}}\n'

    def of_rows(self, rows: Positions) -> Chunking:
        """Return the chunks in these rows alone, with their texts: on the line of the documents that are held."""
        if not isinstance(self.corpus, PartialCorpus):
            return super().of_rows(rows)
        return Chunking(self.corpus.held, self.corpus.spans_in_held(self.spans[rows]), self.units)


def count_tokens_of_documents(starts: Positions, documents: Positions) -> Positions:
    """Return how many tokens each document has: [documents]; `documents` are their starts and the end of the line."""
    counts: Positions = np.diff(index_in(starts, documents))
    return counts
