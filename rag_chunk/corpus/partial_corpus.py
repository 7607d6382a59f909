"""`PartialCorpus`: the line of a corpus that is not in memory as a whole, and those of its documents that are."""

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rag_chunk.corpus.arrays import Positions, Spans, as_spans
from rag_chunk.corpus.document import Conversion, Document, Skipped
from rag_chunk.corpus.line import Corpus, digest_corpus


class DocumentFacts(NamedTuple):
    """What a report says of a document: its length in characters, its number of pages, and how it was converted."""

    name: str
    digest: str
    characters: int
    pages: int = 0
    conversion: Conversion | None = None


def facts_of(document: Document) -> DocumentFacts:
    """Return what a report says of a document."""
    return DocumentFacts(document.name, document.digest, len(document.text), len(document.pages), document.conversion)


def count_non_whitespace(corpus: Corpus) -> list[int]:
    """Return how many characters of each document are not white space."""
    counts: list[int] = np.diff(corpus.non_whitespace_before(corpus.starts)).tolist()
    return counts


class PartialCorpus(Corpus):
    """A corpus of which some documents are held with their texts, and the others without: all have their places.

    Positions on the line are those of the whole corpus. What needs a text that is not held raises `KeyError`.
    """

    def __init__(
        self,
        facts: Sequence[DocumentFacts],
        non_whitespace: Sequence[int],
        held: Iterable[Document],
        skipped: Iterable[Skipped] = (),
    ) -> None:
        """Put the documents of all shards in the order of their names; raise `InputError` where two have the same one.

        `non_whitespace` is how many characters of each are not white space.
        """
        texts = {document.name: document for document in held}
        super().__init__([texts.get(each.name) or Document(each.name, "") for each in facts], skipped)
        order = sorted(range(len(facts)), key=lambda row: facts[row].name)
        object.__setattr__(self, "facts", tuple(facts[row] for row in order))
        object.__setattr__(self, "_non_whitespace", [non_whitespace[row] for row in order])
        object.__setattr__(self, "held", Corpus(texts.values()))

    facts: tuple[DocumentFacts, ...]
    held: Corpus
    _non_whitespace: list[int]

    @cached_property
    def starts(self) -> Positions:
        """Where each document begins on the line, and the line's length: int64 [documents + 1]."""
        return _sums(each.characters for each in self.facts)

    @cached_property
    def digest(self) -> str:
        """16 hexadecimal digits for all names and texts."""
        return digest_corpus((each.digest, each.name) for each in self.facts)

    @cached_property
    def _non_whitespace_starts(self) -> Positions:
        return _sums(self._non_whitespace)

    @cached_property
    def starts_in_held(self) -> Positions:
        """Where each document begins on the line of those that are held; -1 where it is not: [documents]."""
        known = {each.name: start for each, start in zip(self.held.documents, self.held.starts.tolist(), strict=False)}
        return np.array([known.get(each.name, -1) for each in self.facts], np.int64)

    @property
    def rows_in_memory(self) -> Sequence[int]:
        """Which documents are held with their texts."""
        rows: list[int] = np.flatnonzero(self.starts_in_held >= 0).tolist()
        return rows

    def to_held(self, positions: Positions) -> Positions:
        """Return where `positions` are on the line of the documents that are held."""
        row = self.documents_at(positions)
        starts = self.starts_in_held[row]
        if (starts < 0).any():
            raise KeyError(self.facts[int(row[starts < 0][0])].name)
        return starts + positions - self.starts[row]

    def spans_in_held(self, spans: Spans) -> Spans:
        """Return where `spans`, each in one document, are on the line of the documents that are held."""
        starts = self.to_held(spans[:, 0])
        return as_spans(np.column_stack([starts, starts + spans[:, 1] - spans[:, 0]]))

    @cached_property
    def _row_of(self) -> dict[str, int]:
        return {each.name: row for row, each in enumerate(self.facts)}

    def rows_of(self, names: Sequence[str]) -> Positions:
        """Return which of all documents those with these names are: [names]."""
        return np.array([self._row_of[name] for name in names], np.int64)

    def non_whitespace_before(self, positions: Positions) -> Positions:
        """Return how many characters before each position are not white space; inside documents where they are held."""
        row = self.documents_at(positions)
        counts: Positions = self._non_whitespace_starts[row]
        inside = np.flatnonzero(self.starts[row] != positions)
        if len(inside):
            places, starts = self.to_held(positions[inside]), self.starts_in_held[row[inside]]
            counts[inside] += self.held.non_whitespace_before(places) - self.held.non_whitespace_before(starts)
        return counts

    def text(self, start: int, end: int) -> str:
        """Return the text of the stretch [start, end), which lies in one document that is held."""
        return self.held.text(*map(int, self.spans_in_held(as_spans([(start, end)]))[0]))

    def texts(self, spans: Spans) -> list[str]:
        """Return the text of each span, none of which crosses a document; all lie in documents that are held."""
        return self.held.texts(self.spans_in_held(spans))


def _sums(numbers: Iterable[int]) -> Positions:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(list(numbers), dtype=np.int64)])
