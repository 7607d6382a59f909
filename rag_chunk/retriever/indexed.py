"""What is indexed for a chunk: its text, and before it, where that is asked for, its titles and a context of its own."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

import numpy as np

from rag_chunk.chunker.chunking import Chunk, Chunking
from rag_chunk.config import RunConfig
from rag_chunk.config.functions import load_function
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, among
from rag_chunk.corpus.structure import structure_of
from rag_chunk.errors import InputError
from rag_chunk.retriever.written_contexts import write_contexts

SEPARATOR = " > "


def titles_above(chunking: Chunking) -> list[str]:
    """Return for each chunk the titles above it, outermost first, in one line.

    The title of a heading with which the chunk itself begins is not above it.
    """
    starts = chunking.spans[:, 0]
    structure = structure_of(chunking.corpus)
    begins = among(starts, _heading_starts(chunking))
    lines = [
        SEPARATOR.join(path[:-1] if own else path)
        for path, own in zip(structure.heading_paths(starts), begins.tolist(), strict=True)
    ]
    if chunking.outline is None:
        return lines
    above = chunking.outline.paths_above(starts)
    return [SEPARATOR.join(path) or line for path, line in zip(above, lines, strict=True)]


def _heading_starts(chunking: Chunking) -> Positions:
    return np.array([heading.position for heading in structure_of(chunking.corpus).headings], np.int64)


def index_settings(config: RunConfig) -> tuple[object, ...]:
    """Return the settings that decide what is indexed before chunks' own texts."""
    own = (config.index_headings, config.index_title, config.index_context)
    return (*own, config.context_model, config.context_url, config.context_window)


def texts_before(chunking: Chunking, config: RunConfig, known: Sequence[str] | None = None) -> list[str]:
    """Return for each chunk what is indexed before its own text, in lines: its titles, and what places it in its document.

    `known` are the contexts, where they are not to be asked for.
    """
    lines: list[list[str]] = [[] for _ in range(len(chunking))]
    if config.index_headings or config.index_title:
        for own, line in zip(lines, _titles(chunking, config), strict=True):
            own.append(line)
    if config.index_context is not None:
        for own, line in zip(lines, known or contexts(chunking, config), strict=True):
            own.append(line)
    return ["\n".join(filter(None, own)) for own in lines]


def _titles(chunking: Chunking, config: RunConfig) -> list[str]:
    """Return the title of each chunk's document, or the titles above the chunk, which often begin with it, or both."""
    above = titles_above(chunking) if config.index_headings else [""] * len(chunking)
    if not config.index_title:
        return above
    titles = document_titles(chunking.corpus)
    rows = chunking.corpus.documents_at(chunking.spans[:, 0]).tolist()
    pairs = zip((titles[row] for row in rows), above, strict=True)
    return [
        line if line.split(SEPARATOR)[0] == title else SEPARATOR.join(filter(None, (title, line)))
        for title, line in pairs
    ]


def document_titles(corpus: Corpus) -> list[str]:
    """Return the title of each document: its first heading, else its name without folder and ending."""
    titles = [PurePosixPath(document.name).stem for document in corpus.documents]
    headings = structure_of(corpus).headings
    rows = corpus.documents_at(np.array([heading.position for heading in headings], np.int64)).tolist()
    for row, heading in reversed(list(zip(rows, headings, strict=True))):
        titles[row] = heading.path[-1] or titles[row]
    return titles


def contexts(chunking: Chunking, config: RunConfig) -> list[str]:
    """Return what the model or the user's function says of each chunk, in one line; each is asked about once for a corpus.

    Raise `InputError` where the model does not answer, or the function raises or returns no text.
    """
    if config.has_written_contexts:
        return [context.text for context in write_contexts(chunking, config)]
    return _contexts_by_function(chunking, str(config.index_context))


def _contexts_by_function(chunking: Chunking, name: str) -> list[str]:
    known: dict[str, str] = chunking.corpus.derive(dict, dict, "contexts", name)
    function = load_function(name)
    for chunk in chunking if any(each not in known for each in chunking.ids) else ():
        if chunk.id not in known:
            known[chunk.id] = _ask(function, chunk, name)
    return [known[each] for each in chunking.ids]


def _ask(function: Callable[[Chunk], Any], chunk: Chunk, name: str) -> str:
    try:
        context = function(chunk)
    except InputError:
        raise
    except Exception as error:
        raise InputError(f"{name} raised {type(error).__name__}: {error}. --debug shows where") from error
    if not isinstance(context, str):
        raise InputError(
            f"{name} returned {type(context).__name__} for {chunk.id}; it returns the text to index with a chunk"
        )
    return " ".join(context.split())


def texts_to_index(chunking: Chunking, config: RunConfig, known: Sequence[str] | None = None) -> list[str]:
    """Return what is indexed for each chunk; `known` are the contexts, where they are not to be asked for."""
    texts = chunking.corpus.texts(chunking.spans)
    if not config.indexes_more:
        return texts
    before = texts_before(chunking, config, known)
    return [f"{lines}\n\n{text}" if lines else text for lines, text in zip(before, texts, strict=True)]
