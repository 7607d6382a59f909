"""Models of Hugging Face: loading them without noise, and knowing which revision was loaded."""

import hashlib
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from rag_chunk.errors import InputError, MissingExtra

T = TypeVar("T")
_PART_OF_THE_MODEL = {".safetensors", ".bin", ".onnx", ".onnx_data", ".json", ".txt", ".model"}


def import_backend(package: str, extra: str, model: str, kind: str = "the embedding model") -> Any:
    """Return a backend's package, for a `model` of some kind. Raise `MissingExtra` without it."""
    try:
        with quiet():
            return import_module(package)
    except ImportError as error:
        if error.name and error.name.partition(".")[0] == package:
            raise MissingExtra(extra, f"{kind} {model}") from None
        raise InputError(f"{package} cannot be imported: {error}. Reinstall it: pip install {package}") from error


def load_model(name: str, load: Callable[[], T], kind: str = "embedding model") -> T:
    """Return what `load` loads, a model of some kind. Raise `InputError` with what to do where that fails."""
    if _is_path(name) and not Path(name).is_dir():
        raise InputError(f"there is no folder {name} with {'an' if kind[0] in 'aeiou' else 'a'} {kind}")
    try:
        with quiet():
            return load()
    except Exception as error:
        said = str(error).strip().partition("\n")[0]
        raise InputError(
            f"the {kind} {name} cannot be loaded: {said} Name a folder that holds it, or a model of Hugging "
            "Face; HF_HUB_OFFLINE=1 uses only what was downloaded before"
        ) from error


def revision(name: str, organisation: str = "") -> str:
    """Return what tells a model from others of its name: the commit at Hugging Face, or a digest of a folder's files."""
    if Path(name).is_dir():
        return _digest(Path(name))
    import huggingface_hub

    full = name if "/" in name or not organisation else f"{organisation}/{name}"
    with suppress(Exception), quiet():
        return Path(huggingface_hub.snapshot_download(full, local_files_only=True)).name
    return "unknown"


@contextmanager
def quiet() -> Iterator[None]:
    """Keep the warnings of other packages about their own code to themselves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _is_path(name: str) -> bool:
    return name.startswith((".", "/", "~")) or Path(name).is_absolute()


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.suffix in _PART_OF_THE_MODEL and path.is_file()):
        digest.update(f"{path.relative_to(folder).as_posix()}\0".encode())
        with path.open("rb") as opened:
            digest.update(hashlib.file_digest(opened, "sha256").digest())
    return digest.hexdigest()[:16]
