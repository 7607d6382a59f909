"""`sentence-transformers:NAME`: a model of Hugging Face, or a folder with one."""

from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from typing import Any

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.embedder.huggingface import import_backend, load_model, quiet, revision
from rag_chunk.embedder.interface import Embedder, Role, TokenModel, Vectors, unit
from rag_chunk.embedder.mean_pooling import mean_pooling_model


def sentence_transformers(name: str, url: str | None) -> Embedder:
    """Load the model; the prompts that it has for queries and documents are used."""
    del url
    _without_progress_bars()
    package = import_backend("sentence_transformers", "embeddings", f"sentence-transformers:{name}")
    model = load_model(name, lambda: package.SentenceTransformer(name))

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        encode = model.encode_query if role == "query" else model.encode_document
        with quiet():
            return unit(encode(list(texts), convert_to_numpy=True, show_progress_bar=False))

    def count(texts: Sequence[str]) -> Positions:
        return _count_tokens(model.tokenizer, texts)

    def load_token_model() -> TokenModel:
        return mean_pooling_model(model, f"sentence-transformers:{name}", known_as)

    known_as = f"sentence-transformers:{name}@{revision(name, 'sentence-transformers')}"
    return Embedder(known_as, embed, count, model.max_seq_length, load_token_model=load_token_model)


def _without_progress_bars() -> None:
    """Keep transformers from drawing a bar while it loads what is on disk already."""
    with suppress(ImportError, AttributeError):
        import_module("transformers.utils.logging").disable_progress_bar()


def _count_tokens(tokenizer: Any, texts: Sequence[str]) -> Positions:
    with quiet():
        encoded = tokenizer(list(texts), truncation=False, padding=False, return_attention_mask=False, verbose=False)
    return np.array([len(tokens) for tokens in encoded["input_ids"]], np.int64)
