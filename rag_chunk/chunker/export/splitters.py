"""The configuration that won, in a pipeline: LangChain and LlamaIndex objects that cut as rag-chunk does.

Both packages are optional, so the classes are made when they are first asked for. They are importable by name
from here all the same, which is how pickled objects find them again.
"""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag_chunk.chunker import Chunk, chunk_text
from rag_chunk.chunker.export.metadata import chunk_metadata, langchain_metadata
from rag_chunk.chunker.rules import config_for
from rag_chunk.config import RunConfig, read_config
from rag_chunk.corpus import ENDINGS
from rag_chunk.corpus.source_files import SOURCE_ENDINGS
from rag_chunk.errors import MissingExtra

if TYPE_CHECKING:
    from langchain_text_splitters import TextSplitter
    from llama_index.core.node_parser import NodeParser

_UNNAMED = "text.md"


def langchain_splitter(config: RunConfig | str | Path) -> "TextSplitter":
    """Return a LangChain `TextSplitter` that cuts as `config` says: a `RunConfig`, or the path of a config file.

    `split_text` returns the texts of `chunk_text(text, config)`. `split_documents` and `create_documents` keep the
    documents' own metadata and add to it, as plain values that every vector store takes,

    - `start_index` and `end_index`: the offsets of the chunk in the document's text;
    - `headings`: the titles above it, as in `Guide > Locks`; `lines`: its first and last line, as in `3-9`;
    - `id`: its document's `source` and the offsets, unless the document's metadata has an `id` of its own;
    - `context` and `parent`, where the chunk has them.

    Rules by document (`strategies`) go by the `source`, as they went by the names of documents.
    Documents whose `source` ends as a text file's does are Markdown or not by that ending; all others are Markdown.
    Raise `MissingExtra` where langchain-text-splitters is not installed.
    """
    splitter: TextSplitter = _splitter_class()(resolve_config(config))
    return splitter


def llama_node_parser(config: RunConfig | str | Path) -> "NodeParser":
    """Return a LlamaIndex `NodeParser` that cuts as `config` says: a `RunConfig`, or the path of a config file.

    Its nodes are the chunks of `chunk_text(text, config)`, with their exact `start_char_idx` and `end_char_idx`.
    Their metadata have `headings`, `lines`, `context` and `parent` as in `langchain_splitter`; these are kept out of
    what is embedded, as they were when the configuration was measured. The document's name is its `file_path`, by which rules
    (`strategies`) go too.

    Raise `MissingExtra` where llama-index-core is not installed.
    """
    parser: NodeParser = _parser_class()(config=resolve_config(config))
    return parser


def resolve_config(config: RunConfig | str | Path) -> RunConfig:
    """Return a configuration, or the one that a config file holds."""
    return config if isinstance(config, RunConfig) else read_config(Path(config)).config()


def _chunks(text: str, config: RunConfig, source: object) -> list[tuple[Chunk, dict[str, Any]]]:
    """Cut a text of a pipeline, and return the chunks with what is known of each as flat metadata.

    What was extracted from a file that is no text
    file, or a page of the web, is taken for Markdown.
    """
    name = source if isinstance(source, str) and source else _UNNAMED
    judged = name if name.lower().endswith((*ENDINGS, *SOURCE_ENDINGS)) else _UNNAMED
    chunks = chunk_text(text, config_for(config, name), name=judged)
    return [(chunk, chunk_metadata(chunk, name)) for chunk in chunks]


@cache
def _splitter_class() -> Any:
    try:
        from langchain_core.documents import Document
        from langchain_text_splitters import TextSplitter
    except ImportError as error:
        raise MissingExtra("langchain", "a text splitter for LangChain") from error
    base: Any = TextSplitter

    class RagChunkTextSplitter(base):  # type: ignore[misc]
        """Cuts as a configuration of rag-chunk says."""

        __qualname__ = "RagChunkTextSplitter"

        def __init__(self, config: RunConfig) -> None:
            super().__init__(chunk_size=config.chunk_size, chunk_overlap=config.overlap, add_start_index=True)
            self.config = config

        def split_text(self, text: str) -> list[str]:
            """Return the texts of the chunks."""
            return [chunk.text for chunk in chunk_text(text, self.config)]

        def create_documents(self, texts: list[str], metadatas: list[dict[Any, Any]] | None = None) -> list[Document]:
            """Return the chunks of all `texts`, each with its text's metadata and its own."""
            return [
                Document(page_content=chunk.text, metadata=langchain_metadata(chunk, known, own))
                for text, own in zip(texts, metadatas or [{}] * len(texts), strict=True)
                for chunk, known in _chunks(text, self.config, own.get("source"))
            ]

    return RagChunkTextSplitter


@cache
def _parser_class() -> Any:
    try:
        from llama_index.core.node_parser import NodeParser
        from llama_index.core.node_parser.node_utils import build_nodes_from_splits
        from llama_index.core.utils import get_tqdm_iterable
    except ImportError as error:
        raise MissingExtra("llama-index", "a node parser for LlamaIndex") from error
    base: Any = NodeParser

    class RagChunkNodeParser(base):  # type: ignore[misc]
        """Cuts as a configuration of rag-chunk says."""

        __qualname__ = "RagChunkNodeParser"
        config: RunConfig

        @classmethod
        def class_name(cls) -> str:
            """Return the name under which LlamaIndex keeps the parser."""
            return "RagChunkNodeParser"

        def _parse_nodes(self, nodes: Sequence[Any], show_progress: bool = False, **_: Any) -> list[Any]:  # noqa: FBT001, FBT002
            return [
                made
                for node in get_tqdm_iterable(nodes, show_progress, "Parsing nodes")
                for made in self._cut_node(node)
            ]

        def _cut_node(self, node: Any) -> list[Any]:
            chunks = _chunks(node.get_content(), self.config, node.metadata.get("file_path"))
            texts = [chunk.text for chunk, _ in chunks]
            made: list[Any] = build_nodes_from_splits(texts, node, id_func=self.id_func)
            for one, (chunk, known) in zip(made, chunks, strict=True):
                _place(one, chunk, known if self.include_metadata else {})
            return made

        def _postprocess_parsed_nodes(self, nodes: list[Any], parent_doc_map: Any) -> list[Any]:
            """Keep the offsets: the base class searches for each text again, and goes wrong where one repeats."""
            offsets = [(node.start_char_idx, node.end_char_idx) for node in nodes]
            super()._postprocess_parsed_nodes(nodes, parent_doc_map)
            for node, (start, end) in zip(nodes, offsets, strict=True):
                node.start_char_idx, node.end_char_idx = start, end
            return nodes

    return RagChunkNodeParser


def _place(node: Any, chunk: Chunk, known: dict[str, Any]) -> None:
    """Give a node of LlamaIndex the offsets of its chunk, and what is known of it but the id: nodes have their own."""
    node.start_char_idx, node.end_char_idx = chunk.start, chunk.end
    shown = {name: value for name, value in known.items() if name != "id"}
    node.metadata = {**node.metadata, **shown}
    node.excluded_embed_metadata_keys = [*node.excluded_embed_metadata_keys, *shown]


_CLASSES: dict[str, Callable[[], Any]] = {
    "RagChunkTextSplitter": _splitter_class,
    "RagChunkNodeParser": _parser_class,
}


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return _CLASSES[name]()
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)
