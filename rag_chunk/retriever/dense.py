"""Dense retrieval: the cosine of the question's vector and the chunk's, for every chunk.

    score(q, c) = q · c    for vectors of length 1

The product is made in float64 and kept as float32, so that it does not depend on how many chunks are multiplied at a
time. Chunks are embedded and multiplied block by block, and only the best are kept.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import NO_POSITIONS, Floats, Positions
from rag_chunk.corpus.cores import available_cores
from rag_chunk.embedder import Vectors, check_dimensions, embed, embed_spans
from rag_chunk.retriever import Ranking
from rag_chunk.retriever.indexed import index_settings, texts_to_index
from rag_chunk.retriever.order import ScoredRows, best_columns, best_first, no_rows

_AT_ONCE = 4096  # chunks embedded and multiplied together: 13 MB in 384 dimensions
_CELLS = 2**21  # scores made at once by a core: 16 MB
_TILE = 48  # questions: a multiple of what BLAS multiplies together, so that parts of them have the same products
EmbedChunks = Callable[[Chunking], Iterator[Vectors]]  # the vectors of all chunks, in order, some at a time


class Dense:
    """Chunks as vectors of one model. The vectors of the last questions are remembered."""

    def __init__(self, config: RunConfig, embed_chunks: EmbedChunks | None = None) -> None:
        """Embed nothing yet; without `embed_chunks`, what is indexed for a chunk is embedded as a text of its own."""
        self._config = config
        self._embed_chunks = embed_chunks or self._embed_texts
        self._latest: dict[tuple[str, ...], Vectors] = {}

    def rank(self, chunking: Chunking, questions: Sequence[str], depth: int) -> Ranking:
        """Return the chunks for each question, best first, ties in order: int64 [questions, depth]."""
        return self.best_of_part(chunking, questions, min(depth, len(chunking)))[0][0]

    def best_of_part(
        self, chunking: Chunking, questions: Sequence[str], depth: int, among: Positions = NO_POSITIONS
    ) -> tuple[ScoredRows, ScoredRows]:
        """Return the best chunks of a part of a corpus for each question, and those in the sorted rows `among`.

        Each with their scores; lists of all parts, merged by score and then by the order of chunks, are those of the whole.
        """
        best = no_rows(len(questions))
        others = [best[1]]
        for first, block in self._blocks(chunking, questions):
            columns, scores = best_columns(block, depth)
            best = _keep_best(best, (columns + first, scores), depth)
            others.append(block[:, among[(among >= first) & (among < first + block.shape[1])] - first])
        kept, scores = best_columns(np.hstack(others), len(among))
        return best, (among[kept], scores)

    def remember(self, questions: Sequence[str], vectors: Vectors) -> None:
        """Take the `vectors` of questions, which then need not be embedded."""
        self._latest = {tuple(questions): vectors}

    def scores(self, chunking: Chunking, questions: Sequence[str]) -> Floats:
        """Return the score of every chunk for each question: float32 [questions, chunks]."""
        blocks = [block for _, block in self._blocks(chunking, questions)]
        return np.hstack([np.zeros((len(questions), 0), np.float32), *blocks])

    def _blocks(self, chunking: Chunking, questions: Sequence[str]) -> Iterator[tuple[int, Floats]]:
        """Yield the first chunk of each block, and the block's scores: float32 [questions, block]."""
        asked = self.embed_questions(tuple(questions)).astype(np.float64)
        first = 0
        for some in self._embed_chunks(chunking) if len(asked) else ():
            vectors = some.astype(np.float64)
            check_dimensions(asked.shape[1], vectors.shape[1])
            yield first, _multiply(asked, vectors)
            first += len(vectors)

    def _embed_texts(self, chunking: Chunking) -> Iterator[Vectors]:
        if not self._config.indexes_more:
            for first in range(0, len(chunking), _AT_ONCE):
                yield embed_spans(chunking.corpus, chunking.spans[first : first + _AT_ONCE], self._config)
            return
        texts = texts_to_index(chunking, self._config)
        for first in range(0, len(texts), _AT_ONCE):
            yield embed(texts[first : first + _AT_ONCE], self._config)

    def embed_questions(self, questions: tuple[str, ...]) -> Vectors:
        """Return the vector of each question; those of the last ones are remembered."""
        if questions not in self._latest:
            self._latest = {questions: embed(questions, self._config, "query")}
        return self._latest[questions]


def _multiply(asked: Floats, vectors: Floats) -> Floats:
    """Return the products of all rows, some questions at a time on each core: float32 [questions, chunks]."""
    scores = np.empty((len(asked), len(vectors)), np.float32)
    cores = available_cores()
    step = max(1, min(_CELLS // len(vectors), len(asked) // cores) // _TILE) * _TILE

    def fill(row: int) -> None:
        scores[row : row + step] = asked[row : row + step] @ vectors.T

    rows = range(0, len(asked), step)
    if min(cores, len(rows)) == 1:
        for row in rows:
            fill(row)
    else:
        with ThreadPoolExecutor(min(cores, len(rows)), thread_name_prefix="product") as threads:
            list(threads.map(fill, rows))
    return scores


def _keep_best(known: ScoredRows, block: ScoredRows, depth: int) -> ScoredRows:
    """Return the best `depth` of two lists, best first, of which the second has later chunks."""
    rows, scores = (np.hstack(pair) for pair in zip(known, block, strict=True))
    kept = best_first(scores, depth)
    return np.take_along_axis(rows, kept, axis=1), np.take_along_axis(scores, kept, axis=1)


def dense(corpus: Corpus, config: RunConfig) -> Dense:
    """Return the index of `corpus` for the model of `config`, made once."""
    key = (config.embedding_model, config.embedding_url, *index_settings(config))
    return corpus.derive(Dense, lambda: Dense(config), *key)
