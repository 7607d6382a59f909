"""rag-chunk finds the chunking that a retrieval pipeline should use, proves it, and keeps it.

The names below are loaded when they are first used, so that `import rag_chunk` costs next to nothing.
"""

from rag_chunk._version import __version__ as __version__

TYPE_CHECKING = False  # typing is not imported here: Ctrl-C in that moment would be a traceback
if TYPE_CHECKING:
    from typing import Any

    from rag_chunk.analysis import analyze, score_retrievals
    from rag_chunk.analysis.external import read_retrievals
    from rag_chunk.analysis.history import ComparisonReport, Reproduction
    from rag_chunk.analysis.report import Report
    from rag_chunk.chunker import Chunk, Chunking, chunk, chunk_text
    from rag_chunk.chunker.adapters import (
        from_chonkie,
        from_langchain,
        from_llama_index,
        from_semantic_text_splitter,
        from_texts,
    )
    from rag_chunk.chunker.export import chunk_documents, langchain_splitter, llama_node_parser, write_chunks
    from rag_chunk.config import AnalysisConfig, RunConfig
    from rag_chunk.corpus import Corpus, Document, read_corpus
    from rag_chunk.errors import RagChunkError
    from rag_chunk.mlflow_tracker import config_from_run
    from rag_chunk.questions import Questions, check_questions, read_questions
    from rag_chunk.workflow.lookup import compare
    from rag_chunk.workflow.reproduction import reproduce

__all__ = [
    "AnalysisConfig",
    "Chunk",
    "Chunking",
    "ComparisonReport",
    "Corpus",
    "Document",
    "Questions",
    "RagChunkError",
    "Report",
    "Reproduction",
    "RunConfig",
    "analyze",
    "check_questions",
    "chunk",
    "chunk_documents",
    "chunk_text",
    "compare",
    "config_from_run",
    "from_chonkie",
    "from_langchain",
    "from_llama_index",
    "from_semantic_text_splitter",
    "from_texts",
    "langchain_splitter",
    "llama_node_parser",
    "read_corpus",
    "read_questions",
    "read_retrievals",
    "reproduce",
    "score_retrievals",
    "write_chunks",
]

_HOMES = {
    "chunker.adapters": (
        "from_chonkie",
        "from_langchain",
        "from_llama_index",
        "from_semantic_text_splitter",
        "from_texts",
    ),
    "analysis": ("analyze", "score_retrievals"),
    "chunker": ("Chunk", "Chunking", "chunk", "chunk_text"),
    "analysis.history": ("ComparisonReport", "Reproduction"),
    "config": ("AnalysisConfig", "RunConfig"),
    "mlflow_tracker": ("config_from_run",),
    "corpus": ("Corpus", "Document", "read_corpus"),
    "errors": ("RagChunkError",),
    "chunker.export": ("chunk_documents", "langchain_splitter", "llama_node_parser", "write_chunks"),
    "analysis.external": ("read_retrievals",),
    "questions": ("Questions", "check_questions", "read_questions"),
    "workflow.lookup": ("compare",),
    "analysis.report": ("Report",),
    "workflow.reproduction": ("reproduce",),
}


def __getattr__(name: str) -> "Any":
    from importlib import import_module

    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    message = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(message)


def __dir__() -> list[str]:
    return __all__
