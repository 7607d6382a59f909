"""Strategies of the user's own: `package.module:function`, `(text, config) -> (start, end) pairs`."""

from typing import Any

import numpy as np

from rag_chunk.chunker.adapters import SpanFunction, adapt
from rag_chunk.config import RunConfig
from rag_chunk.config.functions import load_object
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Spans, as_spans
from rag_chunk.errors import InputError, RagChunkError


def users_own(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut each document by the user's function. Range, order and non-blankness of its spans are demanded.

    Raise `InputError` where the function raises or returns anything else.
    """
    function = _function(config.strategy)
    parts = [np.zeros((0, 2), np.int64)]
    for start, document in zip(corpus.starts[:-1].tolist(), corpus.documents, strict=True):
        parts.append(_spans(function, document, config) + start)
    return as_spans(np.concatenate(parts))


def _function(name: str) -> SpanFunction:
    """Return the function that `name` means; a splitter object of a known library is made into one."""
    loaded = adapt(load_object(name))
    if not callable(loaded):
        raise InputError(
            f"{name} is of type {type(loaded).__name__}: neither a function nor a splitter that rag-chunk knows. "
            "rag_chunk.from_texts makes a strategy of any function that returns strings"
        )
    function: SpanFunction = loaded
    return function


def _spans(function: SpanFunction, document: Document, config: RunConfig) -> Spans:
    try:
        pairs = list(function(document.text, config))
    except RagChunkError as error:  # what an adapter says of its splitter
        error.args = (f"{config.strategy}, for {document.name}: {error}",)
        raise
    except Exception as error:
        raise InputError(
            f"{config.strategy} raised {type(error).__name__} for {document.name}: {error}. --debug shows where"
        ) from error
    problem = next((said for row in range(len(pairs)) if (said := _problem(pairs, row, document.text))), None)
    if problem:
        raise InputError(
            f"{config.strategy} returned {problem}, for {document.name} of {len(document.text)} characters"
        )
    return as_spans([(int(start), int(end)) for start, end in pairs])


def _problem(pairs: list[Any], row: int, text: str) -> str | None:
    """Return what is wrong with the span in `row`, if anything is."""
    try:
        start, end = (_whole(border) for border in pairs[row])
    except (TypeError, ValueError):
        said = f"{pairs[row]!r} as chunk {row + 1}, which is not a pair of whole numbers (start, end)"
        return (
            f"{said}; rag_chunk.from_texts takes a function that returns texts" if isinstance(pairs[row], str) else said
        )
    if not 0 <= start < end <= len(text):
        return f"({start}, {end}) as chunk {row + 1}, which is not a stretch of the text"
    if row and start < pairs[row - 1][0]:
        return f"({start}, {end}) as chunk {row + 1}, which starts before the chunk before it"
    return None if text[start:end].strip() else f"({start}, {end}) as chunk {row + 1}, which is blank"


def _whole(border: Any) -> int:
    if isinstance(border, bool) or int(border) != border:
        raise TypeError
    return int(border)
