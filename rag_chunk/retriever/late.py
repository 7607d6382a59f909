"""Late chunking (Günther et al. 2024): a model reads whole documents, and a chunk is the mean of its tokens' vectors.

    vector(c) = mean of the vectors of the tokens in c, at length 1    with sums over all tokens before each, in float64

So a chunk's vector knows the text around it, as far as a window of the model reaches. A token that a border cuts counts for
both chunks. The model's own tokens, such as [CLS] and [SEP], count for the chunks with the first and the last token: the chunk
that is a whole short document has the vector that the model gives that text. A chunk without tokens has zeros.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Spans
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.embedder import Vectors
from rag_chunk.embedder.interface import TokenizedText, TokenModel, unit
from rag_chunk.embedder.token_vectors import embed_tokens, note_kept, token_model_of
from rag_chunk.retriever.dense import Dense

# Numbers that are kept in memory for the next configuration, 1 GB; what is over it is read from disk again.
_KEPT = 2**28
_AT_ONCE = 4096  # chunks


class DocumentTokens:
    """The documents of a corpus as tokens of one model, and the vectors of their tokens as far as memory allows."""

    def __init__(self, corpus: Corpus, model: TokenModel) -> None:
        """Tokenize all documents; embed nothing yet."""
        self.model = model
        self.texts = [model.tokenize(replace_surrogates(document.text)) for document in corpus.documents]
        self._kept: dict[int, Floats] = {}

    def vectors(self, rows: Sequence[int]) -> Iterator[tuple[int, Floats]]:
        """Yield some documents in any order, each with the vectors of its tokens: float32 [tokens, dimensions]."""
        kept = [row for row in rows if row in self._kept]
        others = [row for row in rows if row not in self._kept]
        note_kept([self.texts[row] for row in kept], self.model)
        yield from ((row, self._kept[row]) for row in kept)
        made = embed_tokens([self.texts[row] for row in others], self.model)
        held = sum(each.size for each in self._kept.values())
        for row, vectors in zip(others, made, strict=True):
            if held + vectors.size <= _KEPT:
                self._kept[row] = vectors
                held += vectors.size
            yield row, vectors


def tokenize_documents(corpus: Corpus, config: RunConfig) -> DocumentTokens:
    """Return the documents as tokens of the model of `config`, made once."""
    model = token_model_of(config)
    return corpus.derive(DocumentTokens, lambda: DocumentTokens(corpus, model), model.identity)


def late(corpus: Corpus, config: RunConfig) -> Dense:
    """Return the index of `corpus` for the model of `config`, made once."""
    documents = tokenize_documents(corpus, config)
    return corpus.derive(
        Dense, lambda: Dense(config, lambda chunking: _embed(chunking, documents)), "late", config.embedding_model
    )


def _embed(chunking: Chunking, documents: DocumentTokens) -> Iterator[Vectors]:
    """Yield the vectors of all chunks, in order, some at a time."""
    starts = chunking.corpus.starts
    document_of = chunking.corpus.documents_at(chunking.spans[:, 0])
    firsts, lasts = (np.searchsorted(document_of, np.arange(len(starts)), side=side) for side in ("left", "right"))
    vectors = np.zeros((len(chunking), 0), np.float32)
    with_chunks = [row for row in np.unique(document_of).tolist() if len(documents.texts[row].ids)]
    for row, tokens in documents.vectors(with_chunks):
        chunks = slice(int(firsts[row]), int(lasts[row]))
        means = mean_of_tokens(chunking.spans[chunks] - starts[row], documents.texts[row], tokens)
        vectors = vectors if vectors.size else np.zeros((len(chunking), means.shape[1]), np.float32)
        vectors[chunks] = means
    yield from (vectors[first : first + _AT_ONCE] for first in range(0, len(vectors), _AT_ONCE))


def mean_of_tokens(spans: Spans, text: TokenizedText, vectors: Floats) -> Vectors:
    """Return the mean of the vectors of the tokens that each span of a text meets, at length 1: [spans, dimensions].

    >>> text = TokenizedText(np.arange(2), np.array([(0, 3), (4, 7)]), 0, 0)
    >>> mean_of_tokens(np.array([(0, 7), (4, 7), (3, 4)]), text, np.array([[1.0, 0.0], [0.0, 1.0]])).round(3).tolist()
    [[0.7070000171661377, 0.7070000171661377], [0.0, 1.0], [0.0, 0.0]]
    """
    sums = np.vstack([np.zeros((1, vectors.shape[1])), np.cumsum(vectors, axis=0, dtype=np.float64)])
    first = np.searchsorted(text.spans[:, 1], spans[:, 0], side="right")
    last = np.maximum(np.searchsorted(text.spans[:, 0], spans[:, 1], side="left"), first)
    return unit((sums[last] - sums[first]) / np.maximum(last - first, 1)[:, None])
