"""The old rag-chunk's ranking: the cosine of sets of words, |q ∩ c| / sqrt(|q| |c|). White space parts the words."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.order import best_first

_NONE = np.zeros(0, np.int64)


class Legacy:
    """Compares words when asked; nothing is indexed."""

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first, ties in order: int64 [questions, depth]."""
        asked = [_words(question) for question in questions]
        chunks = [_words(text) for text in chunking.corpus.texts(chunking.spans)]
        holders = _holders(chunks, frozenset().union(*asked))
        shared = np.zeros((len(asked), len(chunks)))
        for number, words in enumerate(asked):
            rows = [holders[word] for word in words if word in holders]
            shared[number] = np.bincount(np.concatenate([_NONE, *rows]), minlength=len(chunks))
        sizes = np.outer([len(words) for words in asked], [len(words) for words in chunks])
        return best_first(shared / np.sqrt(np.maximum(sizes, 1)), min(depth, len(chunks)))


def _holders(chunks: Sequence[frozenset[str]], asked: frozenset[str]) -> dict[str, Positions]:
    """Return the rows of the chunks that hold each word that is asked for."""
    rows_by_word: dict[str, list[int]] = {}
    for row, words in enumerate(chunks):
        for word in words & asked:
            rows_by_word.setdefault(word, []).append(row)
    return {word: np.array(rows, np.int64) for word, rows in rows_by_word.items()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.lower().split())


def legacy(corpus: Corpus, config: RunConfig) -> Legacy:
    """Return the ranking; it needs nothing of `corpus` and `config`."""
    del corpus, config
    return Legacy()
