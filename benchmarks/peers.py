"""The other chunkers, each as it is used by its own guide, and the texts: shared by chunking.py and correctness.py.

No script by itself. The peers are not among rag-chunk's own requirements:

    pip install bpe-openai langchain-text-splitters semchunk chonkie semantic-text-splitter llama-index-core
"""

import random
import re
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from sys import intern
from typing import Any, NamedTuple

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.config import STRATEGIES
from rag_chunk.corpus.units import load_encoding

ROOT = Path(__file__).resolve().parent.parent
ENCODING = "cl100k_base"
MODEL = "gpt-4"  # counts in the same encoding
VARIED = 0.2  # the share of a text's different words that change places in a variation
PACKAGES = ("langchain-text-splitters", "chonkie", "semchunk", "semantic-text-splitter", "llama-index-core", "tiktoken")


class Piece(NamedTuple):
    """A chunk as a splitter returns it: its text, and where it says that this starts, if it does."""

    text: str
    start: int | None


class Splitter(NamedTuple):
    """One splitter with its settings: the plain call, and the call that is asked for offsets as well."""

    texts: Callable[[str], list[str]]
    pieces: Callable[[str], list[Piece]]


class Peer(NamedTuple):
    """A splitter by name: `kind` is what it is compared with, `make` takes the size and the overlap."""

    name: str
    kind: str
    make: Callable[[int, int], Splitter]
    overlaps: bool = True


def _without_offsets(texts: Callable[[str], list[str]]) -> Splitter:
    return Splitter(texts, lambda text: [Piece(found, None) for found in texts(text)])


def _langchain(name: str, size: int, overlap: int) -> Splitter:
    splitter = getattr(import_module("langchain_text_splitters"), name)
    settings: dict[str, Any] = {"encoding_name": ENCODING, "chunk_size": size, "chunk_overlap": overlap}
    build = splitter if name == "TokenTextSplitter" else splitter.from_tiktoken_encoder
    plain, placed = build(**settings), build(**settings, add_start_index=True)

    def pieces(text: str) -> list[Piece]:
        return [Piece(found.page_content, found.metadata["start_index"]) for found in placed.create_documents([text])]

    return Splitter(plain.split_text, pieces)


def _langchain_markdown(size: int, overlap: int) -> Splitter:
    module = import_module("langchain_text_splitters")
    header = module.MarkdownHeaderTextSplitter(
        [("#" * level, f"h{level}") for level in range(1, 7)], strip_headers=False
    )
    within = module.RecursiveCharacterTextSplitter.from_tiktoken_encoder(
        encoding_name=ENCODING, chunk_size=size, chunk_overlap=overlap
    )
    return _without_offsets(
        lambda text: [found.page_content for found in within.split_documents(header.split_text(text))]
    )


def _chonkie(name: str, size: int, overlap: int) -> Splitter:
    settings = {} if name == "RecursiveChunker" else {"chunk_overlap": overlap}
    splitter = getattr(import_module("chonkie"), name)(load_encoding(ENCODING), chunk_size=size, **settings)
    return Splitter(
        lambda text: [found.text for found in splitter.chunk(text)],
        lambda text: [Piece(found.text, found.start_index) for found in splitter.chunk(text)],
    )


def _semchunk(size: int, overlap: int) -> Splitter:
    splitter = import_module("semchunk").chunkerify(load_encoding(ENCODING), size)

    def pieces(text: str) -> list[Piece]:
        texts, offsets = splitter(text, overlap=overlap or None, offsets=True)
        return [Piece(found, start) for found, (start, _) in zip(texts, offsets, strict=True)]

    return Splitter(lambda text: list(splitter(text, overlap=overlap or None)), pieces)


def _semantic(name: str, size: int, overlap: int) -> Splitter:
    build = getattr(import_module("semantic_text_splitter"), name).from_tiktoken_model
    splitter = build(MODEL, size, overlap=overlap, trim=False)
    return Splitter(
        splitter.chunks, lambda text: [Piece(found, start) for start, found in splitter.chunk_indices(text)]
    )


def _llama(name: str, size: int, overlap: int) -> Splitter:
    core = import_module("llama_index.core")
    settings: dict[str, Any] = {"chunk_size": size, "chunk_overlap": overlap}
    settings["tokenizer"] = load_encoding(ENCODING).encode_ordinary
    build = getattr(import_module("llama_index.core.node_parser"), name)
    splitter = build() if name == "MarkdownNodeParser" else build(**settings)

    def pieces(text: str) -> list[Piece]:
        nodes = splitter.get_nodes_from_documents([core.Document(text=text)])
        return [Piece(node.text, node.start_char_idx) for node in nodes]

    return Splitter(lambda text: [found.text for found in pieces(text)], pieces)


def _peer(name: str, kind: str, make: Callable[[str, int, int], Splitter], what: str, *, overlaps: bool = True) -> Peer:
    return Peer(name, kind, lambda size, overlap: make(what, size, overlap), overlaps)


PEERS = (
    _peer("langchain Token", "fixed", _langchain, "TokenTextSplitter"),
    _peer("chonkie Token", "fixed", _chonkie, "TokenChunker"),
    _peer("llama-index Token", "fixed", _llama, "TokenTextSplitter"),
    _peer("langchain Recursive", "recursive", _langchain, "RecursiveCharacterTextSplitter"),
    _peer("chonkie Recursive", "recursive", _chonkie, "RecursiveChunker", overlaps=False),
    Peer("semchunk", "recursive", _semchunk),
    _peer("semantic-text-splitter", "recursive", _semantic, "TextSplitter"),
    _peer("chonkie Sentence", "sentence", _chonkie, "SentenceChunker"),
    _peer("llama-index Sentence", "sentence", _llama, "SentenceSplitter"),
    Peer("langchain MarkdownHeader + Recursive", "markdown", _langchain_markdown),
    _peer("semantic-text-splitter Markdown", "markdown", _semantic, "MarkdownSplitter"),
    _peer("llama-index Markdown (no limit)", "markdown", _llama, "MarkdownNodeParser", overlaps=False),
)
OWN_KINDS = {
    "fixed-size": "fixed",
    "sliding-window": "fixed",
    "recursive-character": "recursive",
    "sentence": "sentence",
    "header": "markdown",
    "markdown": "markdown",
}


def own_strategies() -> dict[str, str]:
    """Return rag-chunk's strategies that have their like among the peers, and the kind of each."""
    return {strategy: kind for strategy, kind in OWN_KINDS.items() if strategy in STRATEGIES}


def own_config(strategy: str, size: int, overlap: int) -> RunConfig:
    """Return the configuration in tokens; fixed-size leaves the overlap out."""
    overlap = 0 if strategy == "fixed-size" else overlap
    return RunConfig(strategy=strategy, chunk_size=size, overlap=overlap, unit="tokens", model=ENCODING)


def own_pieces(strategy: str, size: int, overlap: int) -> Callable[[str], list[Piece]]:
    """Return a function that cuts one Markdown text with a strategy of rag-chunk."""
    config = own_config(strategy, size, overlap)

    def pieces(text: str) -> list[Piece]:
        return [Piece(found.text, found.start) for found in chunk(Corpus([Document("text.md", text)]), config)]

    return pieces


def versions() -> str:
    """Return which releases take part."""
    return ", ".join(f"{package} {version(package)}" for package in PACKAGES)


def varied(text: str, seed: int) -> str:
    """Return `text` with some of its words in each other's places, so that no cache knows it; 0 leaves it as it is."""
    if not seed:
        return text
    rng = random.Random(seed)  # noqa: S311 - texts, not secrets
    parts, words = _parts(text)
    moved = rng.sample(words, int(len(words) * VARIED))
    others = dict(zip(moved, rng.sample(moved, len(moved)), strict=True))
    parts = parts.copy()
    parts[1::2] = [others.get(word, word) for word in parts[1::2]]
    return "".join(parts)


@cache
def _parts(text: str) -> tuple[list[str], list[str]]:
    """Return the words of `text` with what stands between them, and the different words: looked for only once."""
    parts = [intern(part) for part in re.split(r"([A-Za-z]{4,})", text)]
    return parts, sorted(set(parts[1::2]))


def texts_of_size(bases: list[str], size: int, seed: int = 0) -> Iterator[str]:
    """Yield the `bases` and variations of them until they have `size` UTF-8 bytes together; the last one is cut."""
    turn, left = 0, size
    while bases and left > 0:
        text = varied(bases[turn % len(bases)], seed + turn // len(bases))
        content = text.encode()
        yield text if len(content) <= left else content[:left].decode(errors="ignore")
        left -= len(content)
        turn += 1


def read_texts(folder: Path, endings: str = "*.md") -> list[str]:
    """Return the texts of a folder and its folders in the order of their paths; none that is blank or no UTF-8."""
    texts = []
    for path in sorted(folder.rglob(endings)):
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
    return [text for text in texts if text.strip()]
