"""A search for places in the documents that may answer a question too."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rag_chunk.chunker import chunk
from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.questions.folding import fold
from rag_chunk.questions.search import line_of, places_of
from rag_chunk.retriever import rank

_MOST = 12
_PASSAGES = RunConfig(strategy="paragraph")


def search_places(corpus: Corpus, text: str) -> list[dict[str, Any]]:
    """Return the places of a phrase, word for word or nearly so, then the paragraphs that share most of its words."""
    wanted = text.strip()
    if not wanted:
        return []
    spans = dict.fromkeys([*_phrases(corpus, wanted), *_paragraphs(corpus, wanted)])
    return [_view(corpus, start, end) for start, end in list(spans)[:_MOST]]


def _phrases(corpus: Corpus, text: str) -> list[tuple[int, int]]:
    match = places_of(corpus).find(text, range(len(corpus.documents)))
    return list(match.spans[: _MOST // 2]) if match else []


def _paragraphs(corpus: Corpus, text: str) -> Iterator[tuple[int, int]]:
    """Yield paragraphs by BM25; those without any of the words are no answer."""
    chunking = corpus.derive(Chunking, lambda: chunk(corpus, _PASSAGES), "paragraphs to search")
    if not len(chunking):
        return
    words = set(fold(text).text.split())
    for row in np.ravel(rank(chunking, [text], _PASSAGES, _MOST)).tolist():
        start, end = chunking.spans[row].tolist()
        passage = fold(corpus.text(start, end)).text
        if any(word in passage for word in words):
            yield start, end


def _view(corpus: Corpus, start: int, end: int) -> dict[str, Any]:
    document, first, last = corpus.place(start, end)
    index = int(corpus.documents_at(np.array([start]))[0])
    where = f"{document.name}, {line_of(document, first)}"
    return {"document": index, "start": first, "end": last, "where": where, "text": document.text[first:last]}
