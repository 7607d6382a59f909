"""Finds the places of a phrase in the documents, surest way first."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions.borders import cut_at, is_component, is_whole
from rag_chunk.questions.differences import SIMILAR_ENOUGH, describe_difference
from rag_chunk.questions.document_texts import Documents, DocumentTexts, Form, Place
from rag_chunk.questions.folding import MINUS_SIGNS, fold, fold_text, has_minus, letters, numbers
from rag_chunk.questions.passage import Passage

if TYPE_CHECKING:
    from rag_chunk.questions.aligner import Alignment

SHORTEST_SIMILAR = 20
LONGEST_FUZZY = 300  # characters up to which a phrase is compared with every stretch of the documents
MOST_DOCUMENTS = 3  # that a passage is aligned with
_NEAREST_OF = 300  # characters of a phrase that the nearest text is looked for with
_EFFORT = 300_000_000  # characters of documents that nearest texts are looked for in, in all

Span = tuple[int, int]

_FORMS: tuple[Form, ...] = ("exact", "folded", "letters")  # the surest first


@dataclass(frozen=True, slots=True)
class Match:
    """The places of a phrase on the line, the step that located it, and whether that is inside longer words.

    `share` of it was located; `parts` are further stretches that hold the rest of a long one.
    """

    spans: tuple[Span, ...]
    step: str
    inside_words: bool = False
    share: float = 1.0
    parts: tuple[Span, ...] = ()


class TextSearch:
    """The documents of a corpus as phrases are looked for in them."""

    def __init__(self, corpus: Corpus) -> None:
        """Remember the `corpus`."""
        self._corpus = corpus
        self._offsets: list[int] = corpus.starts.tolist()
        self._texts = DocumentTexts(corpus)
        self.matches: dict[tuple[str, Documents], Match | None] = {}  # of phrases that were prepared
        self.similar: dict[tuple[str, Documents, int | str | None], Match | None] = {}  # that were asked for
        self._likely: dict[tuple[str, Documents], list[int]] = {}
        self._effort = _EFFORT

    def prepare(self, wanted: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Look for many phrases at once, each in its documents: the same results, in much less time."""
        pairs = distinct_pairs(wanted)
        self.prepare_places(pairs)
        self.prepare_likeness(pair for pair in pairs if self.matches[pair] is None)

    def prepare_places(self, wanted: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Look for the places of many phrases at once, and for no text that is like them."""
        pairs = distinct_pairs(wanted)
        self.matches.update(zip(pairs, self._find_all(pairs), strict=True))

    def prepare_likeness(self, wanted: Iterable[tuple[str, Sequence[int]]]) -> None:
        """Look for the documents that are most like each of many phrases, at once."""
        pairs = [pair for pair in distinct_pairs(wanted) if len(pair[0]) >= SHORTEST_SIMILAR and len(pair[1]) > 1]
        passages = [(letters(fold(phrase)).text, documents) for phrase, documents in pairs]
        self._likely.update(zip(passages, self._texts.most_like(passages, MOST_DOCUMENTS), strict=True))

    def forget(self) -> None:
        """Drop the folded texts and what was prepared; all is made again where it is needed."""
        self._texts = DocumentTexts(self._corpus)
        self.matches, self.similar, self._likely = {}, {}, {}

    def find(self, phrase: str, documents: Sequence[int]) -> Match | None:
        """Return every place of `phrase`: exact, else folded, else by letters and digits. None where there is none.

        A place neither begins nor ends inside a number. Places inside longer words are taken only where there is no
        other, as of a part of a compound.
        """
        pair = phrase, _as_documents(documents)
        return self.matches[pair] if pair in self.matches else self._find_all([pair])[0]

    def _find_all(self, wanted: Sequence[tuple[str, Documents]]) -> list[Match | None]:
        whole, inside = dict[int, Match](), dict[int, Match]()  # by row; those inside longer words count last
        for step in _FORMS:
            pending = [row for row in range(len(wanted)) if row not in whole]
            places = self._texts.find(step, [wanted[row] for row in pending])
            for row, phrase_places in zip(pending, places, strict=True):
                phrase = wanted[row][0]
                if spans := self._as_spans(phrase, step, is_whole, phrase_places):
                    whole[row] = Match(spans, step)
                elif step != "letters" and (spans := self._as_spans(phrase, step, is_component, phrase_places)):
                    inside.setdefault(row, Match(spans, step, inside_words=True))
        return [whole.get(row) or inside.get(row) for row in range(len(wanted))]

    def _as_spans(
        self, phrase: str, step: Form, is_place: Callable[[str, int, int], bool], places: Sequence[Place]
    ) -> tuple[Span, ...]:
        """Return where on the line those of `places` are that neither cut what they must not, nor differ in numbers."""
        documents = self._corpus.documents
        if step == "letters" and phrase.startswith(MINUS_SIGNS):
            places = [(index, start - has_minus(documents[index].text, start), end) for index, start, end in places]
        return tuple(
            (start + self._offsets[index], end + self._offsets[index])
            for index, start, end in places
            if is_place(documents[index].text, start, end)
            and (step != "letters" or numbers(phrase) == numbers(documents[index].text[start:end]))
        )

    def find_similar(self, phrase: str, documents: Sequence[int], page: int | str | None = None) -> Match | None:
        """Return the most similar text, if it is similar enough and has the same numbers."""
        key = phrase, _as_documents(documents), page
        if key not in self.similar:
            self.similar[key] = self._find_similar(*key)
        return self.similar[key]

    def _find_similar(self, phrase: str, documents: Documents, page: int | str | None) -> Match | None:
        if len(phrase) < SHORTEST_SIMILAR:
            return None
        if match := self._align(phrase, documents, page):
            return match
        if len(phrase) > LONGEST_FUZZY:
            return None
        best = self._most_similar(phrase, documents, SIMILAR_ENOUGH)
        if best is None or numbers(phrase) != numbers(self._corpus.text(*best[1])):
            return None
        return Match((best[1],), "similar")

    def find_exact(self, phrases: Sequence[str], documents: Sequence[int]) -> list[tuple[Span, ...]]:
        """Return the places of each phrase word for word, and not inside longer words: the surest ones that `find` has."""
        places = self._texts.find("exact", [(phrase, _as_documents(documents)) for phrase in phrases])
        return [self._as_spans(phrase, "exact", is_whole, each) for phrase, each in zip(phrases, places, strict=True)]

    def documents_to_align(self, phrase: str, documents: Sequence[int]) -> Sequence[int]:
        """Return the documents that `find_similar` first aligns a phrase with, whichever others there are."""
        return self._documents_like(letters(fold(phrase)).text, _as_documents(documents))

    def can_align(self, phrase: str, documents: Sequence[int]) -> bool:
        """Whether `find_similar` aligns a phrase with one of these documents, and looks no further."""
        return len(phrase) >= SHORTEST_SIMILAR and self._align(phrase, documents, None) is not None

    def most_similar_documents(self, phrase: str, documents: Sequence[int]) -> list[int]:
        """Return the document in which `find_similar` may find its text where it aligns a phrase with none."""
        return self._documents_of(self._most_similar(phrase, documents, SIMILAR_ENOUGH))

    def nearest_documents(self, phrase: str) -> list[int]:
        """Return the document that `nearest` finds its text in, if any."""
        return self._documents_of(self._most_similar(phrase[:_NEAREST_OF], range(len(self._corpus.documents)), 0))

    def _documents_of(self, best: tuple[float, Span] | None) -> list[int]:
        rows: list[int] = self._corpus.documents_at(np.array([best[1][0]])).tolist() if best else []
        return rows

    def narrow(self, match: Match, page: int | str | None) -> Match:
        """Return the places of a match that are on a page or a neighbour of it, or all where none is."""
        if page is None:
            return match
        near = tuple(span for span in match.spans if self._is_on_page(span, page))
        return replace(match, spans=near) if near else match

    def _is_on_page(self, span: Span, page: int | str) -> bool:
        document, start, _ = self._corpus.place(*span)
        around = pages_around(document, page)
        return around is not None and around[0] <= start < around[1]

    def _align(self, phrase: str, documents: Sequence[int], page: int | str | None) -> Match | None:
        """Return the best alignment of a passage, on its page where it is there."""
        from rag_chunk.questions.aligner import align_table  # most phrases are found word for word, without it

        pattern = letters(fold(phrase))
        best: tuple[Alignment, int] | None = None
        for index in self._documents_like(pattern.text, _as_documents(documents)):
            document = self._corpus.documents[index]
            around = pages_around(document, page) if page is not None else None
            passage, whole = Passage(phrase, pattern), Passage(document.text, self._texts.letters(index))
            starts = [each.start for each in document.pages]
            for within in [around, None] if around else [None]:
                alignment = align_table(passage, whole, starts, within)
                if alignment and (best is None or alignment.share > best[0].share):
                    best = alignment, index
                if alignment:
                    break
        if best is None:
            return None
        first, *rest = [(start + self._offsets[best[1]], end + self._offsets[best[1]]) for start, end in best[0].spans]
        return Match((first,), "similar", share=best[0].share, parts=tuple(rest))

    def _documents_like(self, pattern: str, documents: Documents) -> Sequence[int]:
        """Return the documents that hold most pieces of a passage, the best first."""
        if len(documents) == 1:
            return documents
        if (pattern, documents) not in self._likely:
            (self._likely[pattern, documents],) = self._texts.most_like([(pattern, documents)], MOST_DOCUMENTS)
        return self._likely[pattern, documents]

    def nearest(self, phrase: str) -> str:
        """Say which text is nearest to a phrase without a match, or nothing where that would take too long."""
        self._effort -= len(self._corpus)
        if self._effort < 0:
            return ""
        best = self._most_similar(phrase[:_NEAREST_OF], range(len(self._corpus.documents)), 0)
        if best is None:
            return ""
        score, span = best
        document, start, _ = self._corpus.place(*span)
        where = f"{document.name}, {line_of(document, start)}"
        text = self._corpus.text(*span)
        return f"nearest: {excerpt(text)} in {where} ({score:.0f} % similar{describe_difference(phrase[:_NEAREST_OF], text)})"

    def in_whole_words(self, start: int, end: int) -> str:
        """Return the text of a stretch, with the words that its borders cut."""
        while self._inside_word(start):
            start -= 1
        while self._inside_word(end):
            end += 1
        return self._corpus.text(start, end)

    def same(self, document: int, start: int, end: int, text: str) -> bool:
        """Whether `text` is at [start, end) of a document, apart from what folding ignores."""
        here = self._corpus.documents[document].text
        if not 0 <= start < end <= len(here):
            return False
        return here[start:end] == text or fold_text(here[start:end]) == fold_text(text)

    def _most_similar(self, phrase: str, documents: Sequence[int], at_least: float) -> tuple[float, Span] | None:
        """Return the score and the place of the text most like `phrase`, the first of equals, in whole words."""
        wanted = fold_text(phrase)
        best: tuple[float, int, int, int] | None = None
        self._texts.add_texts("folded", documents)
        for index in documents:
            score, start, end = _alignment(wanted, self._texts.text("folded", index), best[0] if best else at_least)
            if end > start and score >= at_least and (best is None or score > best[0]):
                best = (score, index, start, end)
        if best is None:
            return None
        start, end = self._texts.folded(best[1]).span(best[2], best[3])
        span = self._in_words(start + self._offsets[best[1]], end + self._offsets[best[1]])
        return (best[0], span) if span else None

    def _in_words(self, start: int, end: int) -> Span | None:
        """Move both borders to the nearest border of a word, and off white space. None where nothing is left."""
        low, high = self._word_border(start, outwards=-1), self._word_border(end, outwards=1)
        low, high = (low, high) if low < high else (start, end)
        text = self._corpus.text(low, high)
        if not text.strip():
            return None
        return low + len(text) - len(text.lstrip()), high - len(text) + len(text.rstrip())

    def _word_border(self, position: int, *, outwards: int) -> int:
        distance = 0
        while self._inside_word(position + outwards * distance) and self._inside_word(position - outwards * distance):
            distance += 1
        out = position + outwards * distance
        return position - outwards * distance if self._inside_word(out) else out

    def _inside_word(self, position: int) -> bool:
        """Whether a border here would cut a word or a number."""
        if not 0 < position < len(self._corpus):
            return False
        document, start, _ = self._corpus.place(position, position + 1)
        return cut_at(document.text, start) is not None


def pages_around(document: Document, page: int | str) -> Span | None:
    """Return the stretch of a document that a page and its neighbours fill; None where there is no such page.

    A page is named by its label, or else by its number.
    """
    pages = document.pages
    labels = [each.label for each in pages]
    number = labels.index(str(page)) if str(page) in labels else page - 1 if isinstance(page, int) else -1
    if not 0 <= number <= len(pages) or not pages:
        return None
    end = pages[number + 2].start if number + 2 < len(pages) else len(document.text)
    return pages[max(0, min(number, len(pages) - 1) - 1)].start, end


def distinct_pairs(wanted: Iterable[tuple[str, Sequence[int]]]) -> list[tuple[str, Documents]]:
    """Return each phrase with the documents to look for it in, once."""
    return list(dict.fromkeys((phrase, _as_documents(documents)) for phrase, documents in wanted))


def _as_documents(indexes: Sequence[int]) -> Documents:
    return indexes if isinstance(indexes, range) else tuple(indexes)


def _alignment(phrase: str, text: str, at_least: float) -> tuple[float, int, int]:
    """Return how like `phrase` the best stretch of `text` is, in percent, and that stretch."""
    from rapidfuzz import fuzz

    if len(text) <= len(phrase):
        return fuzz.ratio(phrase, text), 0, len(text)
    alignment = fuzz.partial_ratio_alignment(phrase, text, score_cutoff=at_least)
    return (alignment.score, alignment.dest_start, alignment.dest_end) if alignment else (0.0, 0, 0)


def excerpt(text: str, longest: int = 80) -> str:
    """Return `text` on one line, quoted, shortened where it is long."""
    line = " ".join(text.split())
    return repr(line if len(line) <= longest else line[: longest - 1].rstrip() + "…")


def line_of(document: Document, position: int) -> str:
    """Return the page of a position in a document, or its line where there are no pages, in words."""
    if pages := document.page_labels(position, position):
        return f"page {pages[0]}"
    return f"line {int(document.line_starts.searchsorted(position, side='right'))}"


def places_of(corpus: Corpus) -> TextSearch:
    """Return the documents of `corpus` for searching, kept as long as the corpus."""
    return corpus.derive(TextSearch, lambda: TextSearch(corpus))
