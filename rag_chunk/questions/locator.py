"""Locates the evidence of questions in a corpus, and keeps an account of what was found how, and what was not."""

import posixpath
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from rag_chunk.config import did_you_mean
from rag_chunk.corpus import Corpus, Skipped
from rag_chunk.questions.asked import Asked, Wording
from rag_chunk.questions.places import Found, Places, Span, places_of, shown
from rag_chunk.questions.question import STEPS, Evidence, Question

MOST_PLACES = 5
SHORTEST_PHRASE = 12


@dataclass(slots=True)
class Account:
    """What was noticed while evidence was located.

    `problems` cannot be mended by leaving an item out, `missing` can; `unknown` names documents that the corpus
    lacks, with the questions that want them.
    """

    problems: list[str] = field(default_factory=list)
    missing: list[Skipped] = field(default_factory=list)
    unknown: dict[str, list[str]] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    matched: Counter[str] = field(default_factory=Counter)


class Locator:
    """Looks for the evidence of one question after the other."""

    def __init__(self, corpus: Corpus, account: Account) -> None:
        """Look in `corpus`, and write to `account`."""
        self._corpus = corpus
        self._places: Places = places_of(corpus)
        self._account = account
        self._all = range(len(corpus.documents))
        self._named = _names(corpus)

    def question(self, asked: Asked) -> Question:
        """Return the question with the evidence that was found."""
        evidence = [found for item in asked.items if (found := self._item(asked, item))]
        self._account.matched.update(item.step for item in evidence)
        return Question(asked.id, asked.question, tuple(evidence), asked.tags)

    def _item(self, asked: Asked, wordings: Sequence[Wording]) -> Evidence | None:
        """Return one item; it is missing only if none of its wordings is found."""
        known = [(wording, documents) for wording in wordings if (documents := self._documents(asked, wording))]
        before = len(self._account.problems)
        found = [place for wording, documents in known if (place := self._wording(asked, wording, documents))]
        if not found:
            found = [place for wording, documents in known if (place := self._similar(asked, wording, documents))]
        if not found:
            if known and len(self._account.problems) == before:
                self._miss(asked, [wording for wording, _ in known])
            return None
        spans = dict.fromkeys(span for place in found for span in place.spans)
        return Evidence(tuple(spans), min((place.step for place in found), key=STEPS.index))

    def _miss(self, asked: Asked, wordings: list[Wording]) -> None:
        nearest = self._places.nearest(wordings[0].text or "")
        named = " / ".join(shown(wording.text or "") for wording in wordings)
        documents = list(dict.fromkeys(wording.doc or "" for wording in wordings))
        where = "in no document" if "" in documents else f"nowhere in {' or '.join(documents)}"
        said = f"stand{'s' if len(wordings) == 1 else ''} {where}"
        self._account.missing.append(Skipped(f"{asked.label}: {named}", f"{said}; {nearest}".removesuffix("; ")))

    def _documents(self, asked: Asked, wording: Wording) -> Sequence[int]:
        """Return the documents to look in; none where the one that is named is not in the corpus."""
        if wording.doc is None:
            if wording.start is None or len(self._all) == 1:
                return self._all
            self._account.problems.append(f"{asked.label}: evidence with start and end needs doc, the document's name")
            return ()
        found = self._named.get(wording.doc) or self._named.get(_normal(wording.doc), [])
        if len(found) > 1:
            listed = ", ".join(self._corpus.documents[index].name for index in found)
            self._account.problems.append(f"{asked.label}: {wording.doc!r} could be {listed}; give the whole name")
            return ()
        if not found:
            self._account.unknown.setdefault(wording.doc, []).append(asked.label)
        return found

    def _wording(self, asked: Asked, wording: Wording, documents: Sequence[int]) -> Found | None:
        if wording.start is None or wording.end is None:
            text = (wording.text or "").strip()
            found = self._places.find(text, documents)
            self._flag(asked, text, found)
            return found
        if wording.text is None:
            return self._bare(asked, wording.start, wording.end, documents[0])
        if self._places.same(documents[0], wording.start, wording.end, wording.text):
            return self._bare(asked, wording.start, wording.end, documents[0])
        return self._moved(asked, wording, self._places.find(wording.text.strip(), documents))

    def _similar(self, asked: Asked, wording: Wording, documents: Sequence[int]) -> Found | None:
        if wording.text is None:
            return None
        found = self._places.find_similar(wording.text.strip(), documents)
        return self._moved(asked, wording, found) if found and wording.start is not None else found

    def _bare(self, asked: Asked, start: int, end: int, index: int) -> Found | None:
        """Return a span that stands for itself, without the white space at its edges."""
        document, offset = self._corpus.documents[index], int(self._corpus.starts[index])
        if not 0 <= start < end <= len(document.text):
            self._account.problems.append(
                f"{asked.label}: {start} to {end} is no stretch of {document.name}, "
                f"which has {len(document.text)} characters"
            )
            return None
        text = document.text[start:end]
        if not text.strip():
            self._account.problems.append(f"{asked.label}: {start} to {end} of {document.name} is blank")
            return None
        first, last = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
        return Found(((offset + first, offset + last),), "span")

    def _moved(self, asked: Asked, wording: Wording, found: Found | None) -> Found | None:
        """Return the place that is nearest to where the text was said to be, with a warning."""
        if found is None or wording.start is None:
            return None
        document, start, _ = self._corpus.place(*found.spans[0])
        offset = found.spans[0][0] - start
        nearest: Span = min(found.spans, key=lambda span: abs(span[0] - offset - (wording.start or 0)))
        self._account.warnings.append(
            f"{asked.label}: {shown(wording.text or '', 40)} is not at {wording.start} to {wording.end} of {document.name} "
            f"but at {nearest[0] - offset} to {nearest[1] - offset}; that is taken"
        )
        return Found((nearest,), "moved")

    def _flag(self, asked: Asked, text: str, found: Found | None) -> None:
        """Warn of a phrase that is a keyword: hits are then nearly free."""
        if found is None:
            return
        reasons = [f"has only {len(text)} characters"] if len(text) < SHORTEST_PHRASE else []
        reasons += [f"stands in {len(found.spans)} places"] if len(found.spans) > MOST_PLACES else []
        if reasons:
            said = " and ".join(reasons)
            self._account.warnings.append(
                f"{asked.label}: {shown(text, 40)} {said}; such keywords are found nearly for free"
            )


def _names(corpus: Corpus) -> dict[str, list[int]]:
    """Return the documents by every name that they go by: the whole name, and without its ending."""
    named: dict[str, list[int]] = {}
    for index, document in enumerate(corpus.documents):
        named.setdefault(posixpath.splitext(document.name)[0], []).append(index)
    return named | {document.name: [index] for index, document in enumerate(corpus.documents)}


def _normal(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/"))


def unknown_documents(account: Account, corpus: Corpus) -> list[Skipped]:
    """Say of each document that the corpus lacks which questions want it."""
    names = [document.name for document in corpus.documents]
    said = []
    for name, labels in account.unknown.items():
        wanting = list(dict.fromkeys(labels))
        listed = ", ".join(wanting) if len(wanting) <= MOST_PLACES else f"{wanting[0]} to {wanting[-1]}"
        count = f"{len(wanting)} question{'s' if len(wanting) > 1 else ''}"
        said.append(
            Skipped(
                f"the document {name!r}", f"is not in the corpus{did_you_mean(name, names)}; {count} need it: {listed}"
            )
        )
    return said
