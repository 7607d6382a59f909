"""Splitters of LangChain, LlamaIndex, chonkie and semantic-text-splitter as strategies.

None of these packages is imported before a splitter of it is used: what is known of them is the names of methods.
Offsets that a library states are taken where they hold for every chunk of a text; else the chunks are located.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from rag_chunk.chunker.adapters.alignment import letters_of, locate
from rag_chunk.chunker.adapters.texts import from_texts
from rag_chunk.config import RunConfig
from rag_chunk.errors import MissingExtra

Cut = Callable[[str, RunConfig], list[tuple[int, int]]]
_ROOT = ""


class _Stated(NamedTuple):
    """A chunk with the offsets that its library states."""

    start: int
    end: int
    text: str


def from_langchain(splitter: Any) -> Cut:
    """Make a strategy of a LangChain splitter: anything whose `split_text` returns strings or Documents."""
    return from_texts(lambda text: [getattr(part, "page_content", part) for part in splitter.split_text(text)])


def from_llama_index(parser: Any) -> Cut:
    """Make a strategy of a LlamaIndex node parser. Of nodes in a hierarchy the leaves are the chunks.

    Nodes are located by their texts, children inside their parents. What a parser states as `start_char_idx` was
    found in the same way, but less exactly where a text repeats, and counts from the parent's start.
    """

    def cut(text: str, config: RunConfig) -> list[tuple[int, int]]:
        nodes = parser.get_nodes_from_documents([_llama_document(text)])
        known = {node.node_id for node in nodes}
        families = defaultdict[str, list[Any]](list)
        for node in nodes:
            parent = node.parent_node.node_id if node.parent_node else _ROOT
            families[parent if parent in known else _ROOT].append(node)
        return sorted(_leaves(text, families, _ROOT, 0))

    return cut


def _leaves(text: str, families: dict[str, list[Any]], parent: str, start: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of the leaves under `parent`, whose `text` begins at `start` of the document."""
    children = [node for node in families[parent] if letters_of(node.get_content())]
    spans = locate(text, [node.get_content() for node in children])
    for node, (first, last) in zip(children, spans, strict=True):
        if node.node_id in families:
            yield from _leaves(text[first:last], families, node.node_id, start + first)
        else:
            yield start + first, start + last


def _llama_document(text: str) -> Any:
    try:
        from llama_index.core import Document
    except ImportError as error:
        raise MissingExtra("llama-index", "a node parser of LlamaIndex") from error
    return Document(text=text)


def from_chonkie(chunker: Any) -> Cut:
    """Make a strategy of a chonkie chunker."""

    def cut(text: str, config: RunConfig) -> list[tuple[int, int]]:
        chunks = chunker.chunk(text)
        return _stated_or_located(text, (_Stated(chunk.start_index, chunk.end_index, chunk.text) for chunk in chunks))

    return cut


def from_semantic_text_splitter(splitter: Any) -> Cut:
    """Make a strategy of a splitter of semantic-text-splitter: text, Markdown or code."""

    def cut(text: str, config: RunConfig) -> list[tuple[int, int]]:
        chunks = splitter.chunk_indices(text)
        return _stated_or_located(text, (_Stated(start, start + len(chunk), chunk) for start, chunk in chunks))

    return cut


def _stated_or_located(text: str, chunks: Iterable[_Stated]) -> list[tuple[int, int]]:
    """Return the spans of `chunks` as stated, if they hold for each and are in order; else locate them."""
    stated = [chunk for chunk in chunks if letters_of(chunk.text)]
    right = all(chunk.start >= 0 and text[chunk.start : chunk.end] == chunk.text for chunk in stated)
    if right and all(one[:2] < other[:2] for one, other in pairwise(stated)):
        return [(chunk.start, chunk.end) for chunk in stated]
    return locate(text, [chunk.text for chunk in stated])


def adapt(splitter: Any) -> Any:
    """Return `splitter` as a strategy if it is an object of one of the libraries, else as it is."""
    packages = {base.__module__.partition(".")[0] for base in type(splitter).__mro__}
    if hasattr(splitter, "chunk_indices"):
        return from_semantic_text_splitter(splitter)
    if hasattr(splitter, "get_nodes_from_documents"):
        return from_llama_index(splitter)
    if hasattr(splitter, "split_text"):
        return from_langchain(splitter)
    if "chonkie" in packages:
        return from_chonkie(splitter)
    return from_texts(splitter) if "semchunk" in packages else splitter
