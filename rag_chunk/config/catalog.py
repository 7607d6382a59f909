"""What is built in, one row each: strategies, retrievers, embedding backends, blocks to skip, optional packages.

A row names its function as text, `package.module:function`, so that help, completion and validation import nothing
heavy. All differences between two of a kind are in their rows.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Strategy:
    """A way to cut documents; `function` is `(corpus, config) -> spans`, or spans with their parents."""

    name: str
    help: str
    function: str
    overlaps: bool = False  # neighbours may share units
    needs_vectors: bool = False  # needs an embedding model
    cuts_at_changes: bool = False  # of meaning: split_percentile and smallest_size apply
    has_parents: bool = False  # each chunk lies in a larger one
    needs_pages: bool = False  # for documents with pages
    has_definitions: bool = False  # for source code, whose definitions are then the headings of chunks
    extra: str | None = None  # the optional package that it needs

    @property
    def is_for_any(self) -> bool:
        """Whether it is for any documents, and so part of `all`."""
        return not (self.needs_pages or self.has_definitions)


@dataclass(frozen=True, slots=True)
class Retriever:
    """A way to rank chunks; `function` is `(corpus, config) -> index`, and None where the evidence itself ranks."""

    name: str
    help: str
    function: str | None
    phrase: str  # what a verdict holds for, in words
    matches_words: bool = False  # words that a question shares with its evidence help it
    needs_vectors: bool = False
    needs_token_vectors: bool = False  # of a model that takes the mean of them
    indexes_headings: bool = False
    analyzes_words: bool = False  # as an analyzer of a language does, where one is named
    is_bound: bool = False  # knows the evidence, or nothing: no pipeline can have it
    extra: str | None = None

    @property
    def can_be_reranked(self) -> bool:
        """Whether a reranker may follow: a bound is what it is."""
        return not self.is_bound


@dataclass(frozen=True, slots=True)
class RerankerBackend:
    """A way to rank the first chunks again; `function` is `(model name) -> Reranker`."""

    name: str
    help: str
    function: str


@dataclass(frozen=True, slots=True)
class Backend:
    """A way to make vectors; `function` is `(model name, address) -> Embedder`."""

    name: str
    help: str
    function: str
    is_named_alone: bool = False  # there is no `backend:model`, only `backend`
    has_token_vectors: bool = False  # of its models that take the mean of them
    has_address: bool = False  # `embedding_url` applies


@dataclass(frozen=True, slots=True)
class Extra:
    """An optional part, installed as `rag-chunk[name]`: the package to look for, and what it brings."""

    name: str
    package: str
    help: str


STRATEGIES = {
    row.name: row
    for row in (
        Strategy("fixed-size", "windows of chunk_size units, end to end", "rag_chunk.chunker.windows:windows"),
        Strategy(
            "sliding-window",
            "windows of chunk_size units, neighbours sharing overlap units",
            "rag_chunk.chunker.windows:windows",
            overlaps=True,
        ),
        Strategy(
            "sentence", "whole sentences, packed up to chunk_size", "rag_chunk.chunker.text:sentence", overlaps=True
        ),
        Strategy(
            "paragraph",
            "one paragraph a chunk, a heading with the paragraph after it",
            "rag_chunk.chunker.text:paragraph",
        ),
        Strategy(
            "recursive-character",
            "paragraphs, else lines, sentences, words: the coarsest that fit, packed",
            "rag_chunk.chunker.text:recursive_character",
            overlaps=True,
        ),
        Strategy(
            "header",
            "one section of Markdown or reStructuredText a chunk, with its heading",
            "rag_chunk.chunker.sections:header",
            overlaps=True,
        ),
        Strategy(
            "markdown",
            "whole Markdown blocks of one section, packed; fences, tables, items and quotes kept whole",
            "rag_chunk.chunker.sections:markdown",
            overlaps=True,
        ),
        Strategy(
            "hierarchical",
            "as markdown, twice: small chunks are retrieved, each inside a larger parent",
            "rag_chunk.chunker.sections:hierarchical",
            has_parents=True,
        ),
        Strategy(
            "semantic",
            "sentences of one topic: cut where the meaning changes most; needs an embedding model",
            "rag_chunk.chunker.semantic:semantic",
            needs_vectors=True,
            cuts_at_changes=True,
        ),
        Strategy(
            "cluster-semantic",
            "sentences that are most alike altogether, up to chunk_size; needs an embedding model",
            "rag_chunk.chunker.cluster_semantic:cluster_semantic",
            needs_vectors=True,
        ),
        Strategy(
            "page",
            "one page a chunk, for documents with pages; one over the limit is cut as recursive-character does",
            "rag_chunk.chunker.text:page",
            needs_pages=True,
        ),
        Strategy(
            "code",
            "whole definitions of source code, and entries of JSON, YAML and the like, packed; needs the extra code",
            "rag_chunk.chunker.code:code",
            has_definitions=True,
            extra="code",
        ),
    )
}
RETRIEVERS = {
    row.name: row
    for row in (
        Retriever(
            "bm25",
            "lexical ranking, exact and offline (Lucene's variant, k1 = 1.5, b = 0.75)",
            "rag_chunk.retriever.bm25:bm25",
            "lexical retrieval",
            matches_words=True,
            indexes_headings=True,
            analyzes_words=True,
        ),
        Retriever(
            "dense",
            "the cosine of vectors, exact; needs an embedding model",
            "rag_chunk.retriever.dense:dense",
            "dense retrieval",
            needs_vectors=True,
            indexes_headings=True,
        ),
        Retriever(
            "hybrid",
            "bm25 and dense together, by reciprocal rank fusion (k = 60, the first 50 of each)",
            "rag_chunk.retriever.hybrid:hybrid",
            "hybrid retrieval",
            matches_words=True,
            needs_vectors=True,
            indexes_headings=True,
            analyzes_words=True,
        ),
        Retriever(
            "late",
            "late chunking: whole documents are embedded, and a chunk is the mean of its tokens' vectors; needs a local "
            "embedding model that takes the mean of its tokens",
            "rag_chunk.retriever.late:late",
            "dense retrieval by late chunking",
            needs_vectors=True,
            needs_token_vectors=True,
        ),
        Retriever(
            "legacy",
            "the old rag-chunk's: the cosine of sets of words",
            "rag_chunk.retriever.legacy:legacy",
            "retrieval by shared words",
            matches_words=True,
        ),
        Retriever(
            "oracle",
            "a ceiling: it knows the evidence, and always takes the chunk with the most new evidence per character",
            None,
            "the best possible ranking",
            is_bound=True,
        ),
        Retriever("random", "a floor: one seeded shuffle for each question", None, "a random ranking", is_bound=True),
    )
}
BACKENDS = {
    row.name: row
    for row in (
        Backend(
            "hashing",
            "built in: hashed words and parts of words; it compares words, not meanings",
            "rag_chunk.embedder.hashing:hashing",
            is_named_alone=True,
        ),
        Backend(
            "sentence-transformers",
            "a model of Hugging Face, or a folder with one",
            "rag_chunk.embedder.sentence_transformers:sentence_transformers",
            has_token_vectors=True,
        ),
        Backend(
            "model2vec",
            "a static model of Hugging Face, or a folder with one: fast on any processor",
            "rag_chunk.embedder.model2vec:model2vec",
        ),
        Backend(
            "fastembed", "an ONNX model by its name, or a folder with one", "rag_chunk.embedder.fastembed:fastembed"
        ),
        Backend(
            "openai",
            "a model of OpenAI, or of another server with its API",
            "rag_chunk.embedder.openai:openai",
            has_address=True,
        ),
    )
}
RERANKERS = {
    row.name: row
    for row in (
        RerankerBackend(
            "sentence-transformers",
            "a cross-encoder of Hugging Face, or a folder with one",
            "rag_chunk.retriever.cross_encoders:sentence_transformers",
        ),
        RerankerBackend(
            "fastembed",
            "an ONNX cross-encoder that fastembed knows",
            "rag_chunk.retriever.cross_encoders:fastembed",
        ),
    )
}
EXTRAS = {
    row.name: row
    for row in (
        Extra("cluster", "distributed", "documents in stores such as S3, and the workers of a Dask cluster"),
        Extra("analyzers", "Stemmer", "stems and stop words of a language for lexical retrieval, with --analyzer"),
        Extra("code", "tree_sitter_language_pack", "the strategy code: grammars of source code and of data"),
        Extra("documents", "xberg", "all documents that are not text: pdf, pdf-markdown, html and office"),
        Extra("embeddings", "sentence_transformers", "embedding models of sentence-transformers"),
        Extra("fastembed", "fastembed", "embedding models as ONNX"),
        Extra("html", "html_to_markdown", "HTML as documents"),
        Extra("langchain", "langchain_text_splitters", "a configuration as a text splitter of LangChain"),
        Extra("llama-index", "llama_index", "a configuration as a node parser of LlamaIndex"),
        Extra("mlflow", "mlflow", "tracking in MLflow, and exporting configs from its runs"),
        Extra("model2vec", "model2vec", "static embedding models, fast on any processor"),
        Extra("office", "xberg", "DOCX, PPTX, XLSX, ODT, RTF, EPUB and notebooks as documents"),
        Extra("openai", "openai", "embedding and chat models of OpenAI, or of another server with its API"),
        Extra("offline", "bpe_openai", "the tokenizers of OpenAI's models, without a download"),
        Extra("parquet", "pyarrow", "Parquet: documents out of it, and chunks into it"),
        Extra("review", "starlette", "a page to review questions in a browser"),
        Extra("tokenizers", "tokenizers", "tokens of any tokenizer of Hugging Face, with --model hf:NAME"),
        Extra("pdf", "pypdfium2", "PDF as documents, with pages"),
        Extra("pdf-markdown", "liteparse", "PDF as documents in Markdown, with --converter liteparse"),
        Extra("plot", "plotext", "recall against the chunk size as a chart in the terminal, with --plot"),
    )
}
CONVERTERS = {
    "pypdfium2": "PDF to text, the default",
    "liteparse": "PDF to Markdown",
    "html-to-markdown": "HTML to Markdown",
    "xberg": "Office files, EPUB and notebooks to Markdown",
}
SKIPPABLE = {
    "front_matter": "the YAML at the start of a document",
    "html_comments": "<!-- comments -->",
    "mdx_imports": "import and export lines of .mdx files",
    "images": "paragraphs that hold nothing but images",
    "code": "fences and indented code",
    "page_furniture": "running heads and page numbers, which come again page after page",
}


def load_built_in(function: str) -> Any:
    """Return the function that a row names as `package.module:function`."""
    module, _, name = function.partition(":")
    return getattr(import_module(module), name)


def needs_vectors(retriever: str | None, *strategies: str | None) -> list[str]:
    """Return which of these rank or cut by vectors, the retriever first; the user's own do not say."""
    rows = (RETRIEVERS.get(retriever or ""), *(STRATEGIES.get(strategy or "") for strategy in strategies))
    return [row.name for row in rows if row and row.needs_vectors]


def needs_token_vectors(retriever: str) -> bool:
    """Whether a retriever ranks by the vectors of tokens; the user's own do not say."""
    row = RETRIEVERS.get(retriever)
    return row is not None and row.needs_token_vectors


def is_bound(retriever: str) -> bool:
    """Whether a retriever is a bound, such as the ceiling and the floor, which no pipeline can have."""
    row = RETRIEVERS.get(retriever)
    return row is not None and row.is_bound


def help_of(rows: "dict[str, Any]") -> dict[str, str]:
    """Return the line of help of each row, by name."""
    return {name: row.help for name, row in rows.items()}
