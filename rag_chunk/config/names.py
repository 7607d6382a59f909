"""The names of what is built in, with a line of help each.

They stand here, apart from the code that they name, so that help, completion and validation import
nothing heavy.
"""

import hashlib
import re

STRATEGIES = {
    "fixed-size": "windows of chunk_size units, end to end",
    "sliding-window": "windows of chunk_size units, neighbours sharing overlap units",
    "sentence": "whole sentences, packed up to chunk_size",
    "paragraph": "one paragraph a chunk, a heading with the paragraph after it",
    "recursive-character": "paragraphs, else lines, sentences, words: the coarsest that fit, packed",
    "header": "one Markdown section a chunk, its heading included",
    "markdown": "whole Markdown blocks of one section, packed; fences, tables, items and quotes kept whole",
    "hierarchical": "as markdown, twice: small chunks are retrieved, each inside a larger parent",
    "semantic": "sentences of one topic: cut where the meaning changes most; needs an embedding model",
}
OVERLAPPING = frozenset({"sliding-window", "sentence", "recursive-character", "header", "markdown"})
SKIPPABLE = {
    "front_matter": "the YAML at the start of a document",
    "html_comments": "<!-- comments -->",
    "mdx_imports": "import and export lines of .mdx files",
    "images": "paragraphs that hold nothing but images",
    "code": "fences and indented code",
}
RETRIEVERS = {
    "bm25": "lexical ranking, exact and offline (Lucene's variant, k1 = 1.5, b = 0.75)",
    "dense": "the cosine of vectors, exact; needs an embedding model",
    "hybrid": "bm25 and dense together, by reciprocal rank fusion (k = 60, the first 50 of each)",
    "legacy": "the old rag-chunk's: the cosine of sets of words",
    "oracle": "a ceiling: it knows the evidence, and takes the chunk with the most new evidence for each character",
    "random": "a floor: one seeded shuffle for each question",
}
EXTRAS = {  # what is optional: the package that brings it, and what for
    "embeddings": ("sentence_transformers", "embedding models of sentence-transformers"),
    "fastembed": ("fastembed", "embedding models as ONNX"),
    "langchain": ("langchain_text_splitters", "a configuration as a text splitter of LangChain"),
    "llama-index": ("llama_index", "a configuration as a node parser of LlamaIndex"),
    "mlflow": ("mlflow", "tracking, and configs out of runs"),
    "model2vec": ("model2vec", "static embedding models, fast on any processor"),
    "openai": ("openai", "embedding models behind an OpenAI-compatible address"),
    "offline": ("bpe_openai", "the tokenizers of OpenAI's models, without a download"),
    "parquet": ("pyarrow", "chunks as a Parquet file"),
}
NEEDS: dict[str, str] = {}  # the extra that a strategy or a retriever needs, by its name
RETRIEVAL = {  # what a verdict holds for, in words
    "bm25": "lexical retrieval",
    "dense": "dense retrieval",
    "hybrid": "hybrid retrieval",
    "legacy": "retrieval by shared words",
    "oracle": "the best possible ranking",
    "random": "a random ranking",
}
VECTOR_RETRIEVERS = frozenset({"dense", "hybrid"})
VECTOR_STRATEGIES = frozenset({"semantic"})
WITH_HEADINGS = frozenset({"bm25", "dense", "hybrid"})  # retrievers that can index headings with a chunk
EMBEDDERS = {
    "hashing": "built in: hashed words and parts of words; lexical, it knows no meaning",
    "sentence-transformers": "a model of Hugging Face, or a folder with one",
    "model2vec": "a static model of Hugging Face, or a folder with one: fast on any processor",
    "fastembed": "an ONNX model by its name, or a folder with one",
    "openai": "a model behind an OpenAI-compatible address",
}
METRIC_GROUPS = {
    "shape": "the chunks themselves",
    "top_k": "avg_*, hit_rate and mrr, at top_k",
    "budget": "recall at equal budgets, and what top_k chunks cost, always there",
    "oracle": "the ceiling",
    "random": "the floor",
    "borders": "what cuts do to the evidence",
    "overlap": "words that questions share with their evidence",
    "paper": "as the paper's code has them",
    "legacy": "the old rag-chunk's recall",
}
METRICS = {
    "shape": (
        "num_chunks",
        "chunk_size_p5",
        "chunk_size_p50",
        "chunk_size_p95",
        "chunk_size_max",
        "share_tiny",
        "share_over_limit",
        "coverage",
        "duplicates",
        "index_ratio",
    ),
    "top_k": ("avg_recall", "avg_precision", "avg_f1", "hit_rate", "mrr"),
    "budget": (
        "budget_recall",
        "budget_recall_1000",
        "budget_recall_2000",
        "budget_recall_4000",
        "budget_recall_8000",
        "budget_recall_16000",
        "budget_complete",
        "size_for_90",
        "context_size",
    ),
    "oracle": ("oracle_recall",),
    "random": ("random_recall",),
    "borders": ("intact", "precision_omega"),
    "overlap": ("question_overlap",),
    "paper": ("paper_recall", "paper_precision", "paper_iou"),
    "legacy": ("legacy_recall",),
}
TIMES = ("processing_time", "chunk_time")
EMBEDDING = ("embedding_time", "share_cached", "share_unread")  # where vectors take part
ON_REQUEST = ("paper", "legacy")
DEFAULT_GROUPS = tuple(group for group in METRIC_GROUPS if group not in ON_REQUEST)


_GIVEN = re.compile(r"given-[0-9a-f]{12}")


def external_name(text: str) -> str:
    """Return the strategy or retriever that stands for chunks or rankings of somebody else's, of this content."""
    return f"given-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def is_external(name: str) -> bool:
    """Whether `name` stands for chunks or rankings that were read from a file, and cannot be made anew."""
    return bool(_GIVEN.fullmatch(name))


def is_embedder_name(name: str) -> bool:
    """Whether `name` has the form `backend:name` with a known backend; `hashing` stands alone."""
    backend, _, model = name.partition(":")
    return name == "hashing" or (backend in EMBEDDERS and backend != "hashing" and bool(model.strip()))


def is_function_name(name: str) -> bool:
    """Whether `name` has the form `package.module:function`."""
    module, colon, function = name.partition(":")
    parts = [*module.split("."), function]
    return bool(colon) and all(part.isidentifier() for part in parts)
