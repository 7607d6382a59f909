"""Where the words of texts are, runs of letters, digits and `_`, and where those of a corpus are on its line."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions, Spans, line_type, ranges
from rag_chunk.corpus.characters import classify_characters, mask_characters
from rag_chunk.embedder.vocabulary import Vocabulary

_LONGEST = 2**24  # characters of a line whose words are kept: of more words there would be too many features to keep
_IN_CONTEXT = (
    "\u0130",
    "\u03a3",
)  # the first is two characters in lower case, and the second another one at the end of a word


def split_words(texts: Sequence[str]) -> list[str]:
    """Return the words of all texts, one text after the other."""
    joined = "\n".join(texts)
    return mask_characters(joined, ~_are_in_words(joined)).split()


def count_words(texts: Sequence[str]) -> Positions:
    """Return the number of words in each text: a word begins at a letter, digit or `_` that follows none."""
    is_word = _are_in_words("\n".join(texts))
    begins = is_word.copy()
    begins[1:] &= ~is_word[:-1]
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(begins)])
    lengths = np.array([len(text) for text in texts], np.int64)
    ends = np.cumsum(lengths + 1) - 1
    counts: Positions = before[ends] - before[ends - lengths]
    return counts


def _are_in_words(text: str) -> Bools:
    are_in_words: Bools = classify_characters(text, _is_word) != 0
    return are_in_words


def _is_word(character: str) -> int:
    return character.isalnum() or character == "_"


def has_line_words(corpus: Corpus) -> bool:
    """Whether the words of each stretch of the line are those of `LineWords`, which are not too many."""
    if len(corpus) > _LONGEST or len(corpus.rows_in_memory) < len(corpus.documents):
        return False
    return not any(character in document.text for document in corpus.documents for character in _IN_CONTEXT)


class LineWords:
    """The lower-cased words of a corpus by their numbers in a vocabulary, so that chunks that share them share the work."""

    def __init__(self, corpus: Corpus) -> None:
        """Find and number the words of a corpus that `has_line_words`."""
        self.vocabulary = Vocabulary()
        self._corpus = corpus
        numbers, spans = [np.zeros(0, np.int32)], [np.zeros((0, 2), line_type(len(corpus)))]
        for document, start in zip(corpus.documents, corpus.starts.tolist(), strict=False):
            lowered = document.text.lower()
            borders = np.diff(_are_in_words(lowered).view(np.int8), prepend=0, append=0)
            spans.append((np.flatnonzero(borders).reshape(-1, 2) + start).astype(spans[0].dtype))
            numbers.append(self.vocabulary.number(split_words([lowered])).astype(np.int32))
        self._numbers = np.concatenate(numbers)
        self._starts, self._ends = np.ascontiguousarray(np.concatenate(spans).T)

    def inside(self, spans: Spans) -> tuple[Positions, Positions]:
        """Return the numbers of the words of each stretch, one after the other, and how many words each has.

        Where a border cuts a word, what lies inside is a word of its own.
        """
        starts, ends = spans.astype(self._starts.dtype).T
        first = np.searchsorted(self._ends, starts, side="right")
        last = np.maximum(np.searchsorted(self._starts, ends, side="left"), first) - 1
        counts = last - first + 1
        counts[starts == ends] = 0
        numbers = self._numbers[ranges(first, first + counts)].astype(np.int64)
        places = np.cumsum(counts) - counts
        is_cut = np.zeros(len(spans), bool)
        some = np.flatnonzero(counts)
        is_cut[some] = self._starts[first[some]] < starts[some]
        self._renumber(numbers, places[is_cut], self._cut(spans[is_cut], first[is_cut]))
        is_cut[some] = self._ends[last[some]] > ends[some]
        self._renumber(numbers, (places + counts - 1)[is_cut], self._cut(spans[is_cut], last[is_cut]))
        return numbers, counts

    def _cut(self, spans: Spans, words: Positions) -> Spans:
        """Return what of each word lies inside its stretch: [words, 2]."""
        starts, ends = np.maximum(spans[:, 0], self._starts[words]), np.minimum(spans[:, 1], self._ends[words])
        return np.column_stack([starts, ends]).astype(np.int64)

    def _renumber(self, numbers: Positions, places: Positions, cut: Spans) -> None:
        numbers[places] = self.vocabulary.number([text.lower() for text in self._corpus.texts(cut)])
