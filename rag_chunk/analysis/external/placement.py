"""Texts that an application retrieved, placed in the documents that they are of."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag_chunk.chunker import Chunking
from rag_chunk.chunker.adapters.alignment import letters_of, locate
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, DocumentIndex
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import units_of
from rag_chunk.errors import InputError

_REMEMBERED = 20_000  # texts: an application retrieves the same ones again and again


@dataclass(frozen=True, slots=True)
class RetrievedText:
    """A text as an application retrieved it, with what it says of the document and of the place there."""

    text: str
    document: str | None = None
    span: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """A text in a document of the corpus, by index, with its span there in characters."""

    document: int
    start: int
    end: int


class TextPlacement:
    """Finds the place of retrieved texts in a corpus; nothing but white space may differ."""

    def __init__(self, corpus: Corpus) -> None:
        """Search in the documents of `corpus`."""
        self.corpus = corpus
        self._names = DocumentIndex(corpus)
        self.find = lru_cache(_REMEMBERED)(self._find)

    def _find(self, retrieved: RetrievedText) -> Placed | None:
        """Return where a text is: where it says, else in its document, else in any; the first place of several."""
        named = list(self._names.find(retrieved.document)) if retrieved.document else []
        for index in named:
            if retrieved.span and self._is_at(retrieved, index):
                return Placed(index, *retrieved.span)
        letters = letters_of(retrieved.text)
        if not letters:
            return None
        others = [index for index in range(len(self.corpus.documents)) if index not in named]
        for index in [*named, *others]:
            if letters in self._letters[index]:
                return Placed(index, *self._span(index, retrieved.text))
        return None

    def _is_at(self, retrieved: RetrievedText, index: int) -> bool:
        start, end = retrieved.span or (0, 0)
        text = self.corpus.documents[index].text
        return 0 <= start < end <= len(text) and letters_of(text[start:end]) == letters_of(retrieved.text)

    def _span(self, index: int, text: str) -> tuple[int, int]:
        whole = self.corpus.documents[index].text
        first = whole.find(text)
        return (first, first + len(text)) if first >= 0 else locate(whole, [text])[0]

    @cached_property
    def _letters(self) -> list[str]:
        """Every document without its white space."""
        return [letters_of(document.text) for document in self.corpus.documents]

    def chunking(self, places: Sequence[Placed], config: RunConfig) -> tuple[Chunking, dict[Placed, int]]:
        """Return the places as chunks, and the row of each. Raise `InputError` where there are none."""
        if not places:
            raise InputError("no text that was retrieved is in the documents; are these the ones that are searched?")
        ordered = sorted(set(places), key=lambda place: (place.document, place.start, place.end))
        starts = self.corpus.starts
        spans = as_spans([(int(starts[each.document]) + each.start, int(starts[each.document]) + each.end) for each in ordered])  # fmt: skip
        units = units_of(self.corpus, config.unit, config.model)
        return Chunking(self.corpus, spans, units), {place: row for row, place in enumerate(ordered)}
