"""`fastembed:NAME`: an ONNX model that fastembed knows, or a folder with one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.embedder.huggingface import import_backend, load_model, quiet, revision
from rag_chunk.embedder.interface import Embedder, Role, Vectors, unit

_FILES = ("model.onnx", "onnx/model.onnx", "model_optimized.onnx")


def fastembed(name: str, url: str | None) -> Embedder:
    """Load the model. How a folder's model pools its tokens is read as sentence-transformers writes it."""
    del url
    package = import_backend("fastembed", "fastembed", f"fastembed:{name}")
    model = load_model(
        name, lambda: _of_folder(package, Path(name)) if Path(name).is_dir() else package.TextEmbedding(name)
    )
    folder = str(model.model._model_dir)  # noqa: SLF001 - nothing public tells where it lies
    tokenizer, limit = _tokenizer(Path(folder))

    def embed(texts: Sequence[str], role: Role) -> Vectors:
        encode = model.query_embed if role == "query" else model.passage_embed
        with quiet():
            return unit(np.array(list(encode(list(texts)))))

    def count(texts: Sequence[str]) -> Positions:
        return np.array([len(encoding.ids) for encoding in tokenizer.encode_batch(list(texts))], np.int64)

    return Embedder(f"fastembed:{name}@{revision(folder)}", embed, count, limit)


def _of_folder(package: Any, folder: Path) -> Any:
    from fastembed.common.model_description import ModelSource, PoolingType

    files = [file for file in _FILES if (folder / file).is_file()]
    if not files:
        raise ValueError(f"there is none of {', '.join(_FILES)} in it.")
    if not any(known["model"] == str(folder) for known in package.TextEmbedding.list_supported_models()):
        package.TextEmbedding.add_custom_model(
            model=str(folder),
            pooling=PoolingType.CLS if _reads_first_token(folder) else PoolingType.MEAN,
            normalization=True,
            sources=ModelSource(hf=folder.name),
            dim=0,
            model_file=files[0],
        )
    return package.TextEmbedding(str(folder), specific_model_path=str(folder))


def _reads_first_token(folder: Path) -> bool:
    pooling = folder / "1_Pooling" / "config.json"
    return pooling.is_file() and bool(json.loads(pooling.read_text(encoding="utf-8")).get("pooling_mode_cls_token"))


def _tokenizer(folder: Path) -> tuple[Any, int | None]:
    """Return the tokenizer, reading all of a text, and how many tokens the model reads."""
    from fastembed.common.preprocessor_utils import load_tokenizer
    from tokenizers import Tokenizer

    cut = load_tokenizer(model_dir=folder)[0].truncation
    whole = Tokenizer.from_file(str(folder / "tokenizer.json"))
    whole.no_truncation()
    whole.no_padding()
    return whole, cut["max_length"] if cut else None
