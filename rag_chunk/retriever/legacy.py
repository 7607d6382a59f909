"""The old rag-chunk's ranking: the cosine of sets of words, |q ∩ c| / sqrt(|q| |c|)."""

from collections import Counter
from collections.abc import Sequence
from math import sqrt

import numpy as np
import regex

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.ranking import best_first


class Legacy:
    """Compares words when asked; nothing is indexed."""

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first, ties in order: int64 [questions, depth]."""
        chunks = [_words(chunking.corpus.text(start, end)) for start, end in chunking.spans.tolist()]
        holders: dict[str, list[int]] = {}
        for row, words in enumerate(chunks):
            for word in words:
                holders.setdefault(word, []).append(row)
        scores = np.zeros((len(questions), len(chunks)))
        for number, words in enumerate(map(_words, questions)):
            shared = Counter(row for word in sorted(words) for row in holders.get(word, ()))
            for row, count in shared.items():
                scores[number, row] = count / sqrt(len(words) * len(chunks[row]))
        return best_first(scores, min(depth, len(chunks)))


def _words(text: str) -> frozenset[str]:
    return frozenset(regex.findall(r"\w+", text.lower()))


def legacy(corpus: Corpus, config: RunConfig) -> Legacy:
    """Return the ranking; it needs nothing of `corpus` and `config`."""
    del corpus, config
    return Legacy()
