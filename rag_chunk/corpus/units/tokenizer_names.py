"""The names of tokenizers that are not tiktoken's: a path, or a model of Hugging Face."""

from pathlib import PureWindowsPath

_OF_A_MODEL = ("hf:", "sentence-transformers:")


def is_tokenizer_name(model: str) -> bool:
    """Whether `model` names a tokenizer of the package tokenizers: a path, or a model of Hugging Face.

    >>> [is_tokenizer_name(each) for each in ("gpt-4o", "hf:BAAI/bge-m3", "models/tokenizer.json", "./bge")]
    [False, True, True, True]
    """
    return model.startswith(_OF_A_MODEL) or is_tokenizer_path(model)


def is_tokenizer_path(model: str) -> bool:
    """Whether `model` is the path of a `tokenizer.json`, or of a folder."""
    return model.endswith(".json") or model.startswith((".", "/", "~")) or bool(PureWindowsPath(model).drive)


def tokenizer_repository(model: str) -> str:
    """Return the path, or the repository of Hugging Face, that the name of a tokenizer or an embedding model means.

    >>> tokenizer_repository("hf:BAAI/bge-m3"), tokenizer_repository("sentence-transformers:all-MiniLM-L6-v2")
    ('BAAI/bge-m3', 'sentence-transformers/all-MiniLM-L6-v2')
    """
    backend, colon, name = model.partition(":")
    if not colon or is_tokenizer_path(model):
        return model
    is_short = backend == "sentence-transformers" and "/" not in name and not is_tokenizer_path(name)
    return f"{backend}/{name}" if is_short else name
