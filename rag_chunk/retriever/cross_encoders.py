"""Rerankers on this machine: cross-encoders of sentence-transformers and of fastembed."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from rag_chunk.embedder.huggingface import import_backend, load_model, quiet, revision
from rag_chunk.retriever.reranking import Reranker


def sentence_transformers(name: str) -> Reranker:
    """Load a cross-encoder of Hugging Face, or one in a folder."""
    full = f"sentence-transformers:{name}"
    package = import_backend("sentence_transformers", "embeddings", full, "the reranker")
    model = load_model(name, lambda: package.CrossEncoder(name), "reranker")

    def score(question: str, texts: Sequence[str]) -> Any:
        with quiet():
            return np.asarray(model.predict([(question, text) for text in texts], show_progress_bar=False)).reshape(-1)

    return Reranker(full, f"{full}@{revision(name)}", score)


def fastembed(name: str) -> Reranker:
    """Load an ONNX cross-encoder that fastembed knows."""
    full = f"fastembed:{name}"
    import_backend("fastembed", "fastembed", full, "the reranker")
    package = import_backend("fastembed.rerank.cross_encoder", "fastembed", full, "the reranker")
    model = load_model(name, lambda: package.TextCrossEncoder(name), "reranker")

    def score(question: str, texts: Sequence[str]) -> Any:
        with quiet():
            return list(model.rerank(question, list(texts)))

    return Reranker(full, f"{full}@{revision(name)}", score)
