"""Chunk sizes that are counted by another tokenizer than that of the model which embeds the chunks."""

from collections.abc import Iterable
from pathlib import Path

from rag_chunk.config import RunConfig
from rag_chunk.corpus.units import encoding_name
from rag_chunk.corpus.units.tokenizer_names import is_tokenizer_name, is_tokenizer_path, tokenizer_repository
from rag_chunk.errors import SettingsError

_WITHOUT_TOKENS = ("hashing",)


def find_other_tokenizers(configs: Iterable[RunConfig]) -> tuple[tuple[str, str], ...]:
    """Return a sentence for each tokenizer of chunk sizes that surely is not that of its embedding model."""
    pairs = dict.fromkeys(
        (config.model, embedding)
        for config in configs
        if config.unit == "tokens" and config.needs_vectors and (embedding := config.embedding_model)
    )
    return tuple(
        (f"model {model}", f"{embedding} has other tokens{_remedy(embedding)}")
        for model, embedding in pairs
        if _differ(model, embedding)
    )


def _remedy(embedding: str) -> str:
    backend, _, name = embedding.partition(":")
    own = {"openai": name, "sentence-transformers": embedding}.get(backend, f"hf:{name}")
    return f"; --model {own} sizes chunks in its own"


def _differ(model: str, embedding: str) -> bool:
    """Whether a tokenizer is surely another than an embedding model's; what is behind an address may have any."""
    backend, _, name = embedding.partition(":")
    if backend in _WITHOUT_TOKENS:
        return False
    if backend == "openai":
        return not is_tokenizer_name(model) and _differ_for_tiktoken(model, name)
    if not is_tokenizer_name(model):
        return True
    one, other = tokenizer_repository(model), tokenizer_repository(embedding)
    are_paths = [is_tokenizer_path(each) or Path(each).is_dir() for each in (one, other)]
    if not any(are_paths):
        return one != other
    return all(are_paths) and Path(other).resolve() not in (Path(one).resolve(), *Path(one).resolve().parents)


def _differ_for_tiktoken(model: str, name: str) -> bool:
    try:
        return encoding_name(model) != encoding_name(name)
    except SettingsError:
        return False
