"""The old rag-chunk's ranking: the cosine of sets of words, |q ∩ c| / sqrt(|q| |c|). White space parts the words."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import NO_POSITIONS, Floats, Positions
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.order import ScoredRows, best_columns, best_first


class Legacy:
    """Compares words when asked; nothing is indexed."""

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first, ties in order: int64 [questions, depth]."""
        return best_first(_scores(chunking, questions), min(depth, len(chunking)))

    def best_of_part(
        self, chunking: Chunking, questions: Sequence[str], depth: int, among: Positions
    ) -> tuple[ScoredRows, ScoredRows]:
        """Return the best chunks of a part of a corpus for each question, and those in the sorted rows `among`."""
        scores = _scores(chunking, questions)
        kept, of_kept = best_columns(scores[:, among], len(among))
        return best_columns(scores, depth), (among[kept], of_kept)


def _scores(chunking: Chunking, questions: Sequence[str]) -> Floats:
    asked = [_words(question) for question in questions]
    chunks = [_words(text) for text in chunking.corpus.texts(chunking.spans)]
    holders = _holders(chunks, frozenset().union(*asked))
    shared = np.zeros((len(asked), len(chunks)))
    for number, words in enumerate(asked):
        rows = [holders[word] for word in words if word in holders]
        shared[number] = np.bincount(np.concatenate([NO_POSITIONS, *rows]), minlength=len(chunks))
    sizes = np.outer([len(words) for words in asked], [len(words) for words in chunks])
    scores: Floats = shared / np.sqrt(np.maximum(sizes, 1))
    return scores


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
