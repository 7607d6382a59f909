"""Which documents of a shard may hold the evidence of questions: these alone are needed to locate it in all shards.

Evidence is located as in one corpus, by `check_questions`, on an outline of all documents that holds the texts of these.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.corpus import Corpus, DocumentIndex
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.questions.check import parse_questions
from rag_chunk.questions.diagnostics import Diagnostics
from rag_chunk.questions.parsing import Wording
from rag_chunk.questions.search import SHORTEST_SIMILAR, Span, TextSearch

_Key = tuple[int, int]  # a question, and an item of it


@dataclass(frozen=True, slots=True)
class WantedEvidence:
    """What is looked for: the items of evidence, each with its wordings."""

    items: tuple[tuple[_Key, tuple[Wording, ...]], ...]

    def without(self, located: Iterable[_Key]) -> "WantedEvidence":
        """Return those items that have a phrase, and of which none was located."""
        known = set(located)
        left = (each for each in self.items if each[0] not in known and any(_phrases(each[1])))
        return WantedEvidence(tuple(left))


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
    places = TextSearch(corpus).find_exact([phrase for _, phrase in pairs], everywhere)
    for (key, _), spans in zip(pairs, places, strict=True):
        if spans:
            rows.update(_documents_at(corpus, spans))
            located.add(key)
    return EvidenceDocuments(_names(corpus, rows), frozenset(located))


def find_folded_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that hold a phrase in other letters, or inside longer words."""
    search, everywhere = TextSearch(corpus), range(len(corpus.documents))
    rows, located = set[int](), set[_Key]()
    search.prepare_places((phrase, everywhere) for _, wordings in wanted.items for phrase in _phrases(wordings))
    for key, wordings in wanted.items:
        for phrase in _phrases(wordings):
            if match := search.find(phrase, everywhere):
                rows.update(_documents_at(corpus, match.spans))
                located.add(key)
    return EvidenceDocuments(_names(corpus, rows), frozenset(located))


def find_similar_documents(corpus: Corpus, wanted: WantedEvidence) -> EvidenceDocuments:
    """Return the documents that hold text like the phrases."""
    search, everywhere = TextSearch(corpus), range(len(corpus.documents))
    phrases = [phrase for _, wordings in wanted.items for phrase in _phrases(wordings)]
    search.prepare_likeness((phrase, everywhere) for phrase in phrases)
    long = (phrase for phrase in phrases if len(phrase) >= SHORTEST_SIMILAR)
    rows = {row for phrase in long for row in search.documents_like(phrase, everywhere)}
    return EvidenceDocuments(_names(corpus, rows))


# The ways of looking, the surest first: what one of them finds in some shard is not looked for in a later way.
WAYS: tuple[Callable[[Corpus, WantedEvidence], EvidenceDocuments], ...] = (
    find_exact_documents,
    find_folded_documents,
    find_similar_documents,
)


def _phrases(wordings: Sequence[Wording]) -> Iterator[str]:
    """Yield the phrases that may be in any document."""
    return (each.text.strip() for each in wordings if each.text and each.doc is None and each.start is None)


def _documents_at(corpus: Corpus, spans: Sequence[Span]) -> list[int]:
    rows: list[int] = corpus.documents_at(as_spans(spans)[:, 0]).tolist()
    return rows


def _names(corpus: Corpus, rows: Iterable[int]) -> frozenset[str]:
    return frozenset(corpus.documents[row].name for row in rows)
