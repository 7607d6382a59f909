"""`model2vec:NAME`: a static model of Hugging Face, or a folder with one. It reads texts of any length."""

from collections.abc import Sequence

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.embedder.huggingface import import_backend, load_model, quiet, revision
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit


def model2vec(name: str, url: str | None) -> Embedder:
    """Load the model."""
    del url
    package = import_backend("model2vec", "model2vec", f"model2vec:{name}")
    model = load_model(name, lambda: package.StaticModel.from_pretrained(name, force_download=False))

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        with quiet():
            return unit(model.encode(list(texts), max_length=None, use_multiprocessing=False))

    def count(texts: Sequence[str]) -> Positions:
        return np.array([len(tokens) for tokens in model.tokenize(list(texts))], np.int64)

    return Embedder(f"model2vec:{name}@{revision(name)}", embed, count, batch=4096, is_cheap=True)
