"""`DocumentTexts`: the documents in the forms in which phrases are looked for in them."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import accumulate, chain
from typing import Literal

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.characters import BLOCK
from rag_chunk.questions.common_blocks import seeds
from rag_chunk.questions.folding import (
    SEPARATOR,
    Folded,
    core,
    fold,
    fold_text,
    fold_texts,
    fold_to_core,
    letters,
    letters_of_texts,
)
from rag_chunk.questions.phrase_matcher import PhraseMatcher

Form = Literal["exact", "core", "folded", "letters"]
Documents = range | tuple[int, ...]  # indexes in order: small to keep, and quick to tell what is among them
Place = tuple[int, int, int]  # a document's index, and where in its text a phrase starts and ends

_KEPT = 4_000_000  # characters of folded documents that are kept with the place of each character
_PIECES = 16  # of a passage that tell which documents are like it
_SAMPLE = 300, 3_000  # documents, and characters of each, that tell which characters are rare

_SHORTEST_CORE = 4  # characters, of a phrase: less is in most documents

_FORM_OF: dict[Form, Callable[[str], str]] = {
    "exact": str,
    "folded": fold_text,
    "letters": lambda phrase: letters(fold(phrase)).text,
}
_MADE_OF: dict[Form, tuple[Form, Callable[[Sequence[str]], list[str]]]] = {
    "core": ("exact", lambda texts: [*map(fold_to_core, texts)]),
    "folded": ("exact", fold_texts),
    "letters": ("folded", letters_of_texts),
}


class DocumentTexts:
    """The documents as they are, folded, and as letters and digits only; each is folded when it is first needed.

    The texts are kept, which is about two bytes for each character; the places in the original of the latest only.
    """

    def __init__(self, corpus: Corpus) -> None:
        """Remember the `corpus`."""
        self._documents = corpus.documents
        self._texts: dict[tuple[Form, int], str] = {}
        longest = max((len(document.text) for document in corpus.documents), default=0)
        latest = lru_cache(maxsize=max(_KEPT // max(longest, 1), 1))
        self.folded: Callable[[int], Folded] = latest(lambda index: fold(self._documents[index].text))
        self.letters: Callable[[int], Folded] = latest(lambda index: letters(self.folded(index)))

    def text(self, form: Form, index: int) -> str:
        """Return the text of a document in a form."""
        if form == "exact":
            return self._documents[index].text
        if (form, index) not in self._texts:
            self.add_texts(form, [index])
        return self._texts[form, index]

    def add_texts(self, form: Form, indexes: Iterable[int]) -> None:
        """Keep the texts of documents in a form, if they are not kept yet: sooner made together than one by one."""
        missing = [index for index in indexes if form != "exact" and (form, index) not in self._texts]
        if not missing:
            return
        before, change = _MADE_OF[form]
        self.add_texts(before, missing)
        for block in self._blocks(before, missing):
            texts = change([self.text(before, index) for index in block])
            self._texts.update(((form, index), text) for index, text in zip(block, texts, strict=True))

    def _blocks(self, form: Form, indexes: Sequence[int]) -> Iterator[list[int]]:
        """Yield neighbours together whose texts are about as long as a block, or a single one that is longer."""
        block, length = list[int](), 0
        for index in indexes:
            block.append(index)
            length += len(self.text(form, index))
            if length > BLOCK:
                yield block
                block, length = [], 0
        if block:
            yield block

    def _fold(self, form: Form, index: int) -> Folded:
        return self.folded(index) if form == "folded" else self.letters(index)

    def _place(self, form: Form, index: int, start: int, end: int) -> Place | None:
        """Return where a phrase is in the original; None where only a part of a character with its marks is in it."""
        if form == "exact":
            return index, start, end
        folded = self._fold(form, index)
        return (index, *folded.span(start, end)) if folded.is_whole(start, end) else None

    def find(self, form: Form, wanted: Sequence[tuple[str, Documents]]) -> list[list[Place]]:
        """Return every place of each phrase in its documents, in order, where both are compared in `form`."""
        rows = defaultdict[str, list[int]](list)
        for row, (phrase, _) in enumerate(wanted):
            rows[_FORM_OF[form](phrase)].append(row)
        places: list[list[Place]] = [[] for _ in wanted]
        patterns = [pattern for pattern in rows if pattern]
        for index, pattern, start in self._scan(form, patterns, [documents for _, documents in wanted]):
            wanting = [row for row in rows[patterns[pattern]] if index in wanted[row][1]]
            place = self._place(form, index, start, start + len(patterns[pattern])) if wanting else None
            if place:
                for row in wanting:
                    places[row].append(place)
        return places

    def _scan(
        self, form: Form, patterns: Sequence[str], documents: Sequence[Documents]
    ) -> Iterator[tuple[int, int, int]]:
        """Yield the document, the pattern and the start of each place of a pattern in any of the documents.

        The places of one pattern are in order.
        """
        indexes: Sequence[int] = sorted(set(chain.from_iterable(set(documents)))) if patterns else []
        if form in {"folded", "letters"}:
            indexes = self._narrow(patterns, indexes)
        self.add_texts(form, indexes)
        matcher = PhraseMatcher(patterns, partial(self._sample, form, indexes))
        for block in self._blocks(form, indexes):
            texts = [self.text(form, index) for index in block]
            starts = list(accumulate((len(text) + len(SEPARATOR) for text in texts), initial=0))
            for pattern, start in matcher.places(SEPARATOR.join(texts)):
                row = bisect_right(starts, start) - 1
                if start + len(patterns[pattern]) < starts[row + 1]:  # else it has the separator in it
                    yield block[row], pattern, start - starts[row]

    def _narrow(self, patterns: Sequence[str], indexes: Sequence[int]) -> Sequence[int]:
        """Return the documents in which a pattern of another form may be, as their cores tell: the others are not folded."""
        cores = list(dict.fromkeys(map(core, patterns)))
        if min(map(len, cores), default=0) < _SHORTEST_CORE:
            return indexes
        return sorted({index for index, _, _ in self._scan("core", cores, [tuple(indexes)])})

    def _sample(self, form: Form, indexes: Sequence[int]) -> str:
        most, characters = _SAMPLE
        return "\n".join(self.text(form, index)[:characters] for index in indexes[:: max(len(indexes) // most, 1)])

    def most_like(self, wanted: Sequence[tuple[str, Documents]], most: int) -> list[list[int]]:
        """Return for each passage, given by its letters, the documents with most pieces of it, the best first."""
        pieces = [Counter(piece for _, piece in seeds(pattern, _PIECES)) for pattern, _ in wanted]
        holders = defaultdict[str, list[int]](list)
        for row, counted in enumerate(pieces):
            for piece in counted:
                holders[piece].append(row)
        patterns, counts = list(holders), [Counter[int]() for _ in wanted]
        scanned = self._scan("letters", patterns, [documents for _, documents in wanted])
        for index, pattern in dict.fromkeys((index, pattern) for index, pattern, _ in scanned):
            for row in holders[patterns[pattern]]:
                if index in wanted[row][1]:
                    counts[row][index] += pieces[row][patterns[pattern]]
        return [sorted(counted, key=lambda index: (-counted[index], index))[:most] for counted in counts]
