"""Locates the evidence of questions in a corpus, and keeps an account of what was found how, and what was not."""

from collections.abc import Sequence

from rag_chunk.config import did_you_mean
from rag_chunk.corpus import Corpus, DocumentIndex
from rag_chunk.questions.diagnostics import Diagnostics, Kind
from rag_chunk.questions.kept_matches import Wanted, key_of_matches, load_matches, store_matches
from rag_chunk.questions.parsing import ParsedQuestion, Wording
from rag_chunk.questions.question import STEPS, Evidence
from rag_chunk.questions.search import Match, Span, TextSearch, distinct_pairs, excerpt, line_of, places_of

MOST_PLACES = 5
SHORTEST_PHRASE = 12
LONGEST_KEYWORD = 40
WHOLE = 0.95  # of a passage's letters; below it a warning tells the share


class Locator:
    """Looks for the evidence of one question after the other."""

    def __init__(self, corpus: Corpus, account: Diagnostics) -> None:
        """Look in `corpus`, and write to `account`."""
        self._corpus = corpus
        self._places: TextSearch = places_of(corpus)
        self._account = account
        self._all = range(len(corpus.documents))
        self._names = DocumentIndex(corpus)
        self._wanted: list[Wanted] = []
        self._key: str | None = None  # of the cache, where what is located is still to be kept

    def prepare(self, questions: Sequence[ParsedQuestion]) -> None:
        """Look for all phrases of `questions` at once, so that `items` has them; the cache may have all their places."""
        wordings = (wording for asked in questions for item in asked.items for wording in item)
        self._wanted = distinct_pairs(
            (wording.text.strip(), documents)
            for wording in wordings
            if wording.text and wording.start is None and (documents := self._places_to_look(wording))
        )
        self._key = key_of_matches(self._corpus, self._wanted)
        if self._key and load_matches(self._key, self._wanted, self._places):
            self._key = None
        else:
            self._places.prepare(self._wanted)

    def keep(self) -> None:
        """Keep the places of all phrases that were prepared, where the cache has not got them."""
        if self._key:
            store_matches(self._key, self._wanted, self._places)

    def _places_to_look(self, wording: Wording) -> Sequence[int]:
        named = self._all if wording.doc is None else self._names.find(wording.doc)
        return named if wording.doc is None or len(named) == 1 else ()

    def items(self, asked: ParsedQuestion) -> tuple[Evidence | None, ...]:
        """Return the evidence for each item of a question; None where it is not found."""
        items = tuple(self._item(asked, item) for item in asked.items)
        self._account.matched.update(item.step for item in items if item)
        return items

    def _item(self, asked: ParsedQuestion, wordings: Sequence[Wording]) -> Evidence | None:
        """Return one item; it is missing only if none of its wordings is found."""
        known = [(wording, documents) for wording in wordings if (documents := self._documents(asked, wording))]
        before = self._account.errors
        matches = [place for wording, documents in known if (place := self._wording(asked, wording, documents))]
        if not matches:
            matches = [place for wording, documents in known if (place := self._similar(asked, wording, documents))]
        if not matches:
            if known and self._account.errors == before:
                self._miss(asked, [wording for wording, _ in known])
            return None
        spans = dict.fromkeys(span for place in matches for span in place.spans)
        surest = min(matches, key=lambda place: STEPS.index(place.step))
        return Evidence(tuple(spans), surest.step, surest.share, surest.parts)

    def _miss(self, asked: ParsedQuestion, wordings: list[Wording]) -> None:
        nearest = self._places.nearest(wordings[0].text or "")
        named = " / ".join(excerpt(wording.text or "") for wording in wordings)
        documents = list(dict.fromkeys(wording.doc or "" for wording in wordings))
        where = "in no document" if "" in documents else f"not in {' or '.join(documents)}"
        said = f"{'is' if len(wordings) == 1 else 'are'} {where}"
        text = f"{said}; {nearest}".removesuffix("; ")
        self._account.add("error", "missing", f"{asked.label}: {named}", text, asked.number)

    def _refuse(self, asked: ParsedQuestion, problem: str) -> None:
        self._account.add("error", "form", f"{asked.label}:", problem, asked.number)

    def _warn(self, asked: ParsedQuestion, kind: Kind, said: str) -> None:
        self._account.add("warning", kind, f"{asked.label}:", said, asked.number)

    def _documents(self, asked: ParsedQuestion, wording: Wording) -> Sequence[int]:
        """Return the documents to look in; none where the one that is named is not in the corpus."""
        if wording.doc is None:
            if wording.start is None or len(self._all) == 1:
                return self._all
            self._refuse(asked, "evidence with start and end needs doc, the document's name")
            return ()
        named = self._names.find(wording.doc)
        if len(named) > 1:
            listed = ", ".join(self._corpus.documents[index].name for index in named)
            self._refuse(asked, f"{wording.doc!r} could be {listed}; give the whole name")
            return ()
        if not named:
            self._account.unknown.setdefault(wording.doc, []).append(asked.label)
        return named

    def _wording(self, asked: ParsedQuestion, wording: Wording, documents: Sequence[int]) -> Match | None:
        if wording.start is None and wording.text is None:
            return self._bare(asked, 0, len(self._corpus.documents[documents[0]].text), documents[0])
        if wording.start is None or wording.end is None:
            text = (wording.text or "").strip()
            match = self._places.find(text, documents)
            match = match and self._places.narrow(match, wording.page)
            self._flag(asked, text, match)
            return match
        if wording.text is None:
            return self._bare(asked, wording.start, wording.end, documents[0])
        if self._places.same(documents[0], wording.start, wording.end, wording.text):
            return self._bare(asked, wording.start, wording.end, documents[0])
        return self._nearest_match(asked, wording, self._places.find(wording.text.strip(), documents))

    def _similar(self, asked: ParsedQuestion, wording: Wording, documents: Sequence[int]) -> Match | None:
        if wording.text is None:
            return None
        match = self._places.find_similar(wording.text.strip(), documents, wording.page)
        if match is None or wording.start is not None:
            return self._nearest_match(asked, wording, match)
        document, start, _ = self._corpus.place(*match.spans[0])
        taken = f"{excerpt(self._corpus.text(*match.spans[0]))} in {document.name}, {line_of(document, start)}"
        said = f"{excerpt(wording.text)} has no exact match; using {taken} instead"
        if match.share < WHOLE:
            self._warn(asked, "similar", f"{said}: only {100 * match.share:.0f} % of it is there")
        else:
            self._account.add("note", "similar", f"{asked.label}:", said, asked.number)
        return match

    def _bare(self, asked: ParsedQuestion, start: int, end: int, index: int) -> Match | None:
        """Return a span that is evidence without a text, without the white space at its edges."""
        document, offset = self._corpus.documents[index], int(self._corpus.starts[index])
        if not 0 <= start < end <= len(document.text):
            said = f"{start} to {end} is not a span of {document.name}, which has {len(document.text)} characters"
            self._refuse(asked, said)
            return None
        text = document.text[start:end]
        if not text.strip():
            self._refuse(asked, f"{start} to {end} of {document.name} is blank")
            return None
        first, last = start + len(text) - len(text.lstrip()), end - len(text) + len(text.rstrip())
        return Match(((offset + first, offset + last),), "span")

    def _nearest_match(self, asked: ParsedQuestion, wording: Wording, match: Match | None) -> Match | None:
        """Return the place that is nearest to where the text was said to be, with a warning."""
        if match is None or wording.start is None:
            return None
        document, start, _ = self._corpus.place(*match.spans[0])
        offset = match.spans[0][0] - start
        nearest: Span = min(match.spans, key=lambda span: abs(span[0] - offset - (wording.start or 0)))
        said = f"{excerpt(wording.text or '', 40)} is not at {wording.start} to {wording.end} of {document.name}"
        taken = f"but at {nearest[0] - offset} to {nearest[1] - offset}; using that place"
        self._warn(asked, "moved", f"{said} {taken}")
        return Match((nearest,), "moved")

    def _flag(self, asked: ParsedQuestion, text: str, match: Match | None) -> None:
        """Warn of a phrase that is a keyword: hits are then nearly free."""
        if match is None:
            return
        if match.inside_words:
            start, end = match.spans[0]
            longer = excerpt(self._places.in_whole_words(start, end), 40)
            self._warn(asked, "keyword", f"{excerpt(text, 40)} occurs only inside longer words: {longer}")
        reasons = (
            [f"has only {len(text)} character{'' if len(text) == 1 else 's'}"] if len(text) < SHORTEST_PHRASE else []
        )
        reasons += [f"occurs in {len(match.spans)} places"] if len(match.spans) > MOST_PLACES else []
        if reasons:
            what = "almost any search finds such a keyword"
            if len(text) > LONGEST_KEYWORD:
                what = "a search that finds any of them counts; name the document of the one that you mean"
            self._warn(asked, "keyword", f"{excerpt(text, 40)} {' and '.join(reasons)}; {what}")


def note_unknown_documents(account: Diagnostics, corpus: Corpus) -> None:
    """Say of each document that the corpus lacks which questions want it."""
    names = [document.name for document in corpus.documents]
    for name, labels in account.unknown.items():
        wanting = list(dict.fromkeys(labels))
        listed = ", ".join(wanting) if len(wanting) <= MOST_PLACES else f"{wanting[0]} to {wanting[-1]}"
        count = f"{len(wanting)} questions need it" if len(wanting) > 1 else "1 question needs it"
        said = f"is not in the corpus{did_you_mean(name, names)}; {count}: {listed}"
        account.add("error", "missing", f"the document {name!r}", said)
