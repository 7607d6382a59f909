"""What late chunking would embed: the windows in which a model reads the documents."""

from collections.abc import Sequence
from itertools import chain
from typing import TypeVar

from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.embedder.token_vectors import window_key, windows_of
from rag_chunk.retriever.late import tokenize_documents

T = TypeVar("T")
_STRETCH = 1000  # characters


def lengths_of_windows(corpus: Corpus, config: RunConfig) -> dict[bytes, int]:
    """Return the number of tokens of each window, by what its vectors are stored under."""
    documents = tokenize_documents(corpus, config)
    texts = [text for text, own in zip(documents.texts, corpus.documents, strict=True) if own.text.strip()]
    windows = chain.from_iterable(windows_of(text, documents.model.limit) for text in texts)
    return {window_key(documents.model, window): len(window) for window in windows}


def stretches(corpus: Corpus, count: int) -> list[str]:
    """Return at most `count` stretches of the documents, about as long as a window of a model."""
    texts = [document.text for document in corpus.documents]
    places = [(row, place) for row, text in enumerate(texts) for place in range(0, len(text), _STRETCH)]
    return [texts[row][place : place + _STRETCH] for row, place in evenly(places, count)]


def evenly(values: Sequence[T], count: int) -> tuple[T, ...]:
    """Return at most `count` of the values, evenly spread.

    >>> evenly(["a", "b", "c", "d"], 2)
    ('a', 'c')
    """
    count = min(count, len(values))
    return tuple(values[number * len(values) // count] for number in range(count))
