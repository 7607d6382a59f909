"""tiktoken's encodings, without a network where that can be had, and never waiting for ever."""

import gzip
import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.errors import InputError, SettingsError

if TYPE_CHECKING:
    import tiktoken

ADDRESS = "https://openaipublic.blob.core.windows.net/encodings/"
ADDRESSES = {
    "o200k_base": (ADDRESS + "o200k_base.tiktoken",),
    "o200k_harmony": (ADDRESS + "o200k_base.tiktoken",),
    "cl100k_base": (ADDRESS + "cl100k_base.tiktoken",),
    "p50k_base": (ADDRESS + "p50k_base.tiktoken",),
    "p50k_edit": (ADDRESS + "p50k_base.tiktoken",),
    "r50k_base": (ADDRESS + "r50k_base.tiktoken",),
    "gpt2": (
        "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/vocab.bpe",
        "https://openaipublic.blob.core.windows.net/gpt-2/encodings/main/encoder.json",
    ),
}
SECONDS = 20


@lru_cache
def encoding_name(model: str) -> str:
    """Return the name of the encoding of `model`: a model that tiktoken knows, or an encoding itself.

    Raise `SettingsError` for any other name. Nothing is downloaded.

    >>> encoding_name("gpt-4"), encoding_name("o200k_base")
    ('cl100k_base', 'o200k_base')
    """
    import tiktoken

    if model in tiktoken.list_encoding_names():
        return model
    try:
        return tiktoken.encoding_name_for_model(model)
    except KeyError:
        names = ", ".join(tiktoken.list_encoding_names())
        raise SettingsError(
            f"tiktoken knows no model or encoding {model!r}. Give --model one of its encodings ({names}), a model "
            "such as gpt-4o or text-embedding-3-small, or another tokenizer: hf:NAME or the path of a tokenizer.json"
        ) from None


def prepare_encoding(name: str) -> None:
    """See to it that tiktoken finds the rank file of the encoding `name` on this machine.

    It is there if tiktoken's cache has it already; else it is unpacked from the package
    `bpe-openai` (extra `offline`), else downloaded, with a time limit. Raise `InputError` with the
    remedies where neither succeeds.
    """
    for address in ADDRESSES.get(name, ()):
        target = _target(address)
        if not target.exists():
            _store(target, _unpack(address) or _download(name, address))


def rank_file(name: str) -> Path:
    """Return the rank file of the encoding `name`, prepared; raise `InputError` as `prepare_encoding` does."""
    prepare_encoding(name)
    return _target(ADDRESSES[name][0])


def _target(address: str) -> Path:
    return _cache_folder() / hashlib.sha1(address.encode(), usedforsecurity=False).hexdigest()


def load_encoding(model: str) -> "tiktoken.Encoding":
    """Return the encoding of `model`, prepared so that loading it needs no network."""
    import tiktoken

    name = encoding_name(model)
    prepare_encoding(name)
    return tiktoken.get_encoding(name)


def _cache_folder() -> Path:
    """Return the folder where tiktoken looks for rank files, by its own rules."""
    named = os.environ.get("TIKTOKEN_CACHE_DIR") or os.environ.get("DATA_GYM_CACHE_DIR")
    return Path(named) if named else Path(tempfile.gettempdir(), "data-gym-cache")


def _unpack(address: str) -> bytes | None:
    """Return the rank file as `bpe-openai` carries it, if that package is installed and has it."""
    from importlib.util import find_spec

    package = find_spec("bpe_openai")  # looked at, not imported: importing it would load every encoding it has
    for folder in (package and package.submodule_search_locations) or ():
        packed = Path(folder, "data", f"{address.rpartition('/')[2]}.gz")
        if packed.exists():
            return gzip.decompress(packed.read_bytes())
    return None


def _download(name: str, address: str) -> bytes:
    """Return the rank file from the network, within `SECONDS`."""
    import requests

    try:
        with requests.get(address, timeout=SECONDS, stream=True) as response:
            response.raise_for_status()
            return _body(response)
    except (requests.RequestException, TimeoutError) as error:
        raise InputError(
            f"the tokenizer {name} is not on this machine, and its rank file could not be downloaded from {address} "
            f"({type(error).__name__}). Install it: pip install 'rag-chunk[offline]'; or set TIKTOKEN_CACHE_DIR to a "
            "folder that has it; or count in words, with --unit words."
        ) from None


def _body(response: object) -> bytes:
    """Read the answer piece by piece, so that a server that drips cannot hold us either."""
    import time

    import requests

    assert isinstance(response, requests.Response)  # noqa: S101 - for the type checker; requests is imported late
    ends = time.monotonic() + 3 * SECONDS
    parts = []
    for part in response.iter_content(1 << 16):
        parts.append(part)
        if time.monotonic() > ends:
            raise TimeoutError
    return b"".join(parts)


def _store(target: Path, content: bytes) -> None:
    """Write the file in one step, so that another process never sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as part:
        part.write(content)
    Path(part.name).replace(target)
