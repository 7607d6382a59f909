"""Which documents of a shard may hold the evidence of questions: these alone are needed to locate it in all shards.

Evidence is located as in one corpus, by `check_questions`, on an outline of all documents that holds the texts of these.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag_chunk.corpus import Corpus, DocumentIndex
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.questions.check import parse_questions
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.parsing import Wording
from rag_chunk.questions.search import LONGEST_FUZZY, SHORTEST_SIMILAR, Span, excerpt, places_of

_Key = tuple[int, int]  # a question, and an item of it
_FEW = 3  # phrases, of which a message shows the nearest text


@dataclass(frozen=True, slots=True)
class WantedEvidence:
    """What is looked for: the items of evidence, each with its wordings."""

    items: tuple[tuple[_Key, tuple[Wording, ...]], ...]

    def without(self, located: Iterable[_Key]) -> "WantedEvidence":
        """Return those items that have a phrase, and of which none was located."""
        known = set(located)
        left = (each for each in self.items if each[0] not in known and any(_phrases(each[1])))
        return WantedEvidence(tuple(left))

    @property
    def phrases(self) -> list[str]:
        """The phrases that may be in any document."""
        return [phrase for _, wordings in self.items for phrase in _phrases(wordings)]

    def describe(self) -> str:
        """Say that no document holds these phrases word for word, and what is done about it."""
        phrases = self.phrases
        shown = ", ".join(excerpt(phrase) for phrase in phrases[:_FEW]) + (", …" if len(phrases) > _FEW else "")
        count = "1 phrase is" if len(phrases) == 1 else f"{len(phrases):,} phrases are"
        return f"{count} nowhere word for word; looking for other spellings and similar text: {shown}"


@dataclass(frozen=True, slots=True)
class EvidenceDocuments:
    """The names of documents that may hold evidence, and the items of which a phrase is in one of them."""

    names: frozenset[str]
    located: frozenset[_Key] = frozenset()


def read_wanted(path: str | Path) -> WantedEvidence:
    """Return what the questions at `path` need; what is wrong with the file is told when the evidence is located."""
    asked = [question for question in parse_questions(Path(path), Diagnostics()) if not question.is_rejected]
    items = [((row, place), item) for row, question in enumerate(asked) for place, item in enumerate(question.items)]
    return WantedEvidence(tuple(items))


def find_exact_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that are named as evidence, or hold a phrase of it word for word."""
    index, everywhere = DocumentIndex(corpus), range(len(corpus.documents))
    rows, located = set[int](), set[_Key]()
    if len(everywhere) == 1:  # what has a place, and names no document, is in the only one
        rows.add(0)
    for wording in (wording for _, wordings in wanted.items for wording in wordings if wording.doc):
        rows.update(index.find(str(wording.doc)))
    pairs = [(key, phrase) for key, wordings in wanted.items for phrase in _phrases(wordings)]
    places = places_of(corpus).find_exact([phrase for _, phrase in pairs], everywhere)
    for (key, _), spans in zip(pairs, places, strict=True):
        if spans:
            rows.update(_documents_at(corpus, spans))
            located.add(key)
    return EvidenceDocuments(_names(corpus, rows), frozenset(located))


def find_folded_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that hold a phrase in other letters, or inside longer words."""
    search, everywhere = places_of(corpus), range(len(corpus.documents))
    rows, located = set[int](), set[_Key]()
    search.prepare_places((phrase, everywhere) for phrase in wanted.phrases)
    for key, wordings in wanted.items:
        for phrase in _phrases(wordings):
            if match := search.find(phrase, everywhere):
                rows.update(_documents_at(corpus, match.spans))
                located.add(key)
    return EvidenceDocuments(_names(corpus, rows), frozenset(located))


def find_folded_or_alike_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that hold a phrase in other letters, and where none does, those that have most pieces of it."""
    folded = find_folded_documents(corpus, wanted)
    search, everywhere = places_of(corpus), range(len(corpus.documents))
    phrases = [phrase for phrase in wanted.without(folded.located).phrases if len(phrase) >= SHORTEST_SIMILAR]
    search.prepare_likeness((phrase, everywhere) for phrase in phrases)
    rows = {row for phrase in phrases for row in search.documents_to_align(phrase, everywhere)}
    return EvidenceDocuments(folded.names | _names(corpus, rows), folded.located)


def list_aligned(corpus: Corpus, wanted: WantedEvidence) -> frozenset[_Key]:
    """Return the items whose phrases can all be aligned in `corpus`, which holds the documents with most pieces of them."""
    search, everywhere = places_of(corpus), range(len(corpus.documents))
    search.prepare_likeness((phrase, everywhere) for phrase in wanted.phrases)
    return frozenset(
        key
        for key, wordings in wanted.items
        if all(search.can_align(phrase, everywhere) for phrase in _phrases(wordings))
    )


def find_similar_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that hold text like the phrases; of a few phrases, also what is nearest, for the message."""
    search, everywhere, phrases = places_of(corpus), range(len(corpus.documents)), wanted.phrases
    compared = [phrase for phrase in phrases if SHORTEST_SIMILAR <= len(phrase) <= LONGEST_FUZZY]
    rows = {row for phrase in compared for row in search.most_similar_documents(phrase, everywhere)}
    if len(phrases) <= _FEW:
        rows.update(row for phrase in phrases for row in search.nearest_documents(phrase))
    return EvidenceDocuments(_names(corpus, rows))


class Way(NamedTuple):
    """A way to look for evidence in a shard, and what it is good for, to whom waits for it."""

    purpose: str
    find: Callable[[Corpus, WantedEvidence], EvidenceDocuments]


EXACT = Way("reading the shards", find_exact_documents)
FOLDED_OR_ALIKE = Way("looking for evidence in other spellings, or alike", find_folded_or_alike_documents)
SIMILAR = Way("looking for evidence that is similar", find_similar_documents)  # in each document, which takes longest


def _phrases(wordings: Sequence[Wording]) -> Iterator[str]:
    """Yield the phrases that may be in any document."""
    return (each.text.strip() for each in wordings if each.text and each.doc is None and each.start is None)


def _documents_at(corpus: Corpus, spans: Sequence[Span]) -> list[int]:
    rows: list[int] = corpus.documents_at(as_spans(spans)[:, 0]).tolist()
    return rows


def _names(corpus: Corpus, rows: Iterable[int]) -> frozenset[str]:
    return frozenset(corpus.documents[row].name for row in rows)
