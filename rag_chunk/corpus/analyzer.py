"""Terms as an analyzer of a language has them: without its stop words, and by their stems (extra `analyzers`).

Snowball's stemmers (PyStemmer) and the lists of the package stop-words, both on folded terms. Where a term is on the line
does not change; a chunk is as long as the terms that are left.
"""

from collections.abc import Sequence
from functools import lru_cache
from threading import Lock

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans
from rag_chunk.corpus.term_folding import fold_term
from rag_chunk.corpus.terms import Terms, terms, terms_of
from rag_chunk.errors import MissingExtra

PLAIN = "plain"


class Analyzer:
    """Stems terms and drops stop words, each term once."""

    def __init__(self, language: str) -> None:
        """Load the stemmer and the stop words of a language; raise `MissingExtra` where a package is missing."""
        try:
            from Stemmer import Stemmer
            from stop_words import get_stop_words
        except ImportError:
            raise MissingExtra("analyzers", f"--analyzer {language}") from None
        self._stemmer, self._lock = Stemmer(language), Lock()
        self._stop_words = frozenset(map(fold_term, get_stop_words(language)))

    def analyze(self, words: Sequence[str]) -> list[str]:
        """Return the stem of each term, and nothing for a stop word: [terms].

        >>> Analyzer("english").analyze(["the", "locked", "doors"])
        ['', 'lock', 'door']
        """
        with self._lock:  # Snowball keeps what it is at
            stems: list[str] = self._stemmer.stemWords(list(words))
        return ["" if word in self._stop_words else stem for word, stem in zip(words, stems, strict=True)]


@lru_cache
def analyzer_of(language: str) -> Analyzer:
    """Return the analyzer of a language, loaded once."""
    return Analyzer(language)


class AnalyzedTerms:
    """The terms of a corpus that an analyzer leaves, as `Terms` has all of them."""

    def __init__(self, whole: Terms, language: str) -> None:
        """Analyze each term of the vocabulary once."""
        self._whole, self._analyzer = whole, analyzer_of(language)
        stems = self._analyzer.analyze(list(whole.vocabulary))
        self.vocabulary = {stem: number for number, stem in enumerate(dict.fromkeys(filter(None, stems)))}
        number_of = np.array([self.vocabulary.get(stem, -1) for stem in stems], np.int64).astype(whole.numbers.dtype)
        numbers = number_of[whole.numbers]
        kept = numbers >= 0
        self.starts, self.ends, self.numbers = whole.starts[kept], whole.ends[kept], numbers[kept]

    def terms_in(self, text: str) -> list[str]:
        """Return the terms of a text in order."""
        return list(filter(None, self._analyzer.analyze(terms(text))))

    def fragments(self, spans: Spans) -> tuple[Positions, list[str]]:
        """Return the terms that arise where the borders of `spans` cut a run: rows of `spans`, and the terms."""
        rows, words = self._whole.fragments(spans)
        stems = self._analyzer.analyze(words)
        kept = np.array([bool(stem) for stem in stems], bool)
        return rows[kept], list(filter(None, stems))


def analyzed_terms(corpus: Corpus, language: str) -> Terms | AnalyzedTerms:
    """Return the terms of `corpus` in a language, or as they are, kept as long as the corpus."""
    whole = terms_of(corpus)
    if language == PLAIN:
        return whole
    return corpus.derive(AnalyzedTerms, lambda: AnalyzedTerms(whole, language), language)
