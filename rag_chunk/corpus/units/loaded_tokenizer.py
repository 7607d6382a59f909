"""Tokenizers of the package `tokenizers` (extra `tokenizers`): which one a name means, and what is proven of it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.corpus.units.tokenizer_names import is_tokenizer_path, tokenizer_repository
from rag_chunk.errors import InputError, MissingExtra

if TYPE_CHECKING:
    from tokenizers import Tokenizer

FILE = "tokenizer.json"
_BY_WORDS = {"WordPiece": ("BertPreTokenizer", "WhitespaceSplit")}  # model: pre-tokenizers that split at white space
_LETTER_BY_LETTER = (None, "BertNormalizer", "Lowercase", "NFC", "NFD", "StripAccents")  # normalizers


@dataclass(frozen=True, slots=True, eq=False)
class LoadedTokenizer:
    """A tokenizer: what it is recorded as, and whether words with white space between them never change each other."""

    identity: str
    splits_at_space: bool
    _tokenizer: "Tokenizer"

    def counts(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, those apart that a model puts around every text."""
        cleaned = list(map(replace_surrogates, texts))
        return [len(each) for each in self._tokenizer.encode_batch_fast(cleaned, add_special_tokens=False)]

    def starts(self, texts: Sequence[str]) -> list[Positions]:
        """Return the character with which each token of each text starts, in order: int64 [tokens] each."""
        encodings = self._tokenizer.encode_batch(list(map(replace_surrogates, texts)), add_special_tokens=False)
        first = [np.array([start for start, _ in each.offsets], np.int64) for each in encodings]
        return [np.maximum.accumulate(each) for each in first]  # an accent that became a token may come late


@lru_cache(maxsize=8)
def tokenizer_of(name: str) -> LoadedTokenizer:
    """Return the tokenizer of `name`: a path, or a model of Hugging Face. It is loaded once.

    Raise `MissingExtra` without the package, `InputError` where it cannot be loaded.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise MissingExtra("tokenizers", f"the tokenizer {name}") from None
    from importlib.metadata import version

    content = _read(name)
    try:
        tokenizer = Tokenizer.from_str(content)
    except Exception as error:
        raise InputError(f"{name} has no tokenizer that can be read: {_first_line(error)}") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    digest = hashlib.sha256(content.encode()).hexdigest()[:16]
    return LoadedTokenizer(
        f"tokenizers {version('tokenizers')} {name}@{digest}", _is_proven(json.loads(content)), tokenizer
    )


def _read(name: str) -> str:
    """Return the content of a `tokenizer.json`."""
    repository = tokenizer_repository(name)
    if is_tokenizer_path(repository) or Path(repository).is_dir():
        return _read_path(Path(repository).expanduser(), name)
    try:
        import huggingface_hub

        return Path(huggingface_hub.hf_hub_download(repository, FILE)).read_text(encoding="utf-8")
    except Exception as error:
        raise InputError(
            f"the tokenizer of {name} cannot be loaded: {_first_line(error)} Name a {FILE}, a folder that holds one, or a "
            "model of Hugging Face that has one; HF_HUB_OFFLINE=1 uses only what was downloaded before"
        ) from error


def _read_path(path: Path, name: str) -> str:
    """Return what a file holds, or the one in a folder or in a part of a model's folder."""
    nested = sorted(path.glob(f"*/{FILE}")) if path.is_dir() and not (path / FILE).is_file() else []
    file = (nested[0] if nested else path / FILE) if path.is_dir() else path
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8"
        raise InputError(
            f"--model {name} names no tokenizer: {file} cannot be read ({reason}). Name a {FILE}, or a folder that holds one"
        ) from None


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


def _is_proven(described: Mapping[str, Any]) -> bool:
    """Whether the text between two white spaces has the same tokens wherever it is, by what the tokenizer is made of.

    A WordPiece model that splits at white space after changing letters one by one is; a token with white space in it, or a
    part that is not known, may look further.
    """
    model, splitter = described["model"].get("type"), _type(described.get("pre_tokenizer"))
    added = described.get("added_tokens") or ()
    return (
        splitter in _BY_WORDS.get(model, ())
        and _type(described.get("normalizer")) in _LETTER_BY_LETTER
        and all(token["content"].split() == [token["content"]] and not token.get("lstrip") for token in added)
    )


def _type(part: Mapping[str, Any] | None) -> str | None:
    return part["type"] if part else None
