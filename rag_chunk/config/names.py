"""The forms of names: the user's functions, embedding models, and what `score` read from files."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path

from rag_chunk.config.catalog import BACKENDS, RERANKERS

_UNSAFE = re.compile('[\\x00-\\x1f\\x7f-\\x9f\\ud800-\\udfff/\\\\\\\\<>:"|?*]+')
_LONGEST = 150  # bytes of a name, so that name and ending fit into what file systems allow
_ADDRESS = re.compile(r"https?://[^\s/@?#]+(/[^\s@?#]*)?")
_STORED = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+:/+")  # a `Path` made of s3://bucket has one slash; C:/ is a drive
_FILE = re.compile(r"file:/+", re.IGNORECASE)
_GIVEN = re.compile(r"given-[0-9a-f]{12}")


def external_name(text: str) -> str:
    """Return the name of the strategy or retriever for external chunks or rankings of this content."""
    return f"given-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def is_external(name: str) -> bool:
    """Whether `name` means chunks or rankings that were read from a file, and cannot be made anew."""
    return bool(_GIVEN.fullmatch(name))


def is_embedder_name(name: str) -> bool:
    """Whether `name` has the form `backend:name` with a known backend; `hashing` has no model."""
    backend, _, model = name.partition(":")
    row = BACKENDS.get(backend)
    return row is not None and (name == backend if row.is_named_alone else bool(model.strip()))


def is_reranker_name(name: str) -> bool:
    """Whether `name` is `backend:model`, an address (with `#model`), or a function of the user's own.

    >>> [is_reranker_name(each) for each in ("fastembed:a/b", "http://localhost:8080/rerank#jina", "mine:rerank", "bm25")]
    [True, True, True, False]
    """
    return is_reranker_backend(name) or is_plain_address(name.partition("#")[0]) or is_function_name(name)


def is_reranker_backend(name: str) -> bool:
    """Whether `name` is `backend:model` with a backend of rerankers."""
    backend, _, model = name.partition(":")
    return backend in RERANKERS and bool(model.strip())


def is_plain_address(url: str) -> bool:
    """Whether `url` is an address without a user, a password or a query: nothing in it is secret."""
    return bool(_ADDRESS.fullmatch(url))


def is_stored_address(path: object) -> bool:
    """Whether a path is the address of documents in a store, such as `s3://bucket/docs`.

    >>> is_stored_address("s3:/bucket/docs"), is_stored_address("C:/docs")
    (True, False)
    """
    return bool(_STORED.match(str(path)))


def local_path(source: object) -> object:
    """Return the path that a `file:` address names, and any other source as it is.

    >>> str(local_path("file:///srv/my%20docs")), str(local_path(Path("file:///srv/docs"))), local_path("s3://bucket/docs")
    ('/srv/my docs', '/srv/docs', 's3://bucket/docs')
    """
    matched = _FILE.match(str(source))
    if matched is None:
        return source
    from urllib.request import url2pathname  # few name a folder so

    return Path(url2pathname(f"/{str(source)[matched.end() :]}"))


def path_text(path: object) -> str:
    """Return a path as text, and the address of a store with both its slashes, of which a `Path` has lost one.

    >>> path_text("s3:/bucket/docs"), path_text("s3://bucket/docs"), path_text("C:/docs")
    ('s3://bucket/docs', 's3://bucket/docs', 'C:/docs')
    """
    return _STORED.sub(lambda scheme: f"{scheme[0].rstrip('/')}//", str(path), count=1)


def is_function_name(name: str) -> bool:
    """Whether `name` has the form `package.module:function`."""
    module, colon, function = name.partition(":")
    parts = [*module.split("."), function]
    return bool(colon) and all(part.isidentifier() for part in parts)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'x'?)` for the known name nearest to `name`, whole or its beginning, or nothing."""
    from rapidfuzz import fuzz, process, utils

    def likeness(typed: str, other: str, **_: object) -> float:
        return max(fuzz.ratio(typed, other), fuzz.ratio(typed, other[: len(typed) + 1]))

    nearest = process.extractOne(name, list(known), scorer=likeness, processor=utils.default_process, score_cutoff=60)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""


def safe_name(text: str) -> str:
    """Return `text` as a name that every file system takes: no separators and signs that some refuse, not too long.

    >>> safe_name("my config (2)"), safe_name("a/b"), safe_name("..")
    ('my config (2)', 'a.b', 'unnamed')
    """
    name = _UNSAFE.sub(".", unicodedata.normalize("NFC", text))
    short = name.encode()[:_LONGEST].decode(errors="ignore")
    return short.strip(" .") or "unnamed"
