"""The old rag-chunk's ranking: the cosine of sets of words, |q ∩ c| / sqrt(|q| |c|)."""

from collections.abc import Sequence

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
        chunks = [_words(text) for text in chunking.corpus.texts(chunking.spans)]
        holders: dict[str, list[int]] = {}
        for row, words in enumerate(chunks):
            for word in words:
                holders.setdefault(word, []).append(row)
        rows_of = {word: np.array(rows, np.int64) for word, rows in holders.items()}
        asked = [_words(question) for question in questions]
        shared = np.zeros((len(asked), len(chunks)))
        for number, words in enumerate(asked):
            for word in words & rows_of.keys():
                shared[number, rows_of[word]] += 1
        sizes = np.outer([len(words) for words in asked], [len(words) for words in chunks])
        return best_first(shared / np.sqrt(np.maximum(sizes, 1)), min(depth, len(chunks)))


def _words(text: str) -> frozenset[str]:
    return frozenset(regex.findall(r"\w+", text.lower()))


def legacy(corpus: Corpus, config: RunConfig) -> Legacy:
    """Return the ranking; it needs nothing of `corpus` and `config`."""
    del corpus, config
    return Legacy()
