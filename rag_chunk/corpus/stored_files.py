"""Files on this machine or in a store such as S3: listed by a path, a pattern or an address, and opened.

A store is reached through fsspec, which takes its credentials from the environment.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

from rag_chunk.errors import InputError, MissingExtra, RagChunkError

# A `Path` made of an address has lost a slash: `s3:/bucket/docs`. One letter before the colon is a drive of Windows.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.+)", re.DOTALL)
_LOCAL = ("file", "local")  # schemes whose path begins with a slash, as no host is before it
_SECRET = re.compile(r"[^/]+://[^/]*@|https?://.*\?.*=", re.DOTALL)
_PATTERN = re.compile(r"[*?\[]")


class StoredFile(NamedTuple):
    """A file: its path or address, its size in bytes, and a stamp that changes when the file does."""

    address: str
    size: int
    stamp: str


def address_of(source: str | Path) -> str | None:
    """Return the address that a source names, such as `s3://bucket/docs`; None where it is a path, as in a folder `s3:`.

    >>> address_of(Path("s3://bucket/docs")), address_of("docs"), address_of("C:/docs"), address_of("file:///docs")
    ('s3://bucket/docs', None, None, 'file:///docs')
    """
    matched = _ADDRESS.fullmatch(str(source))
    if matched is None or Path(f"{matched[1]}:").is_dir():
        return None
    scheme = matched[1].lower()
    return f"{scheme}://{'/' if scheme in _LOCAL else ''}{matched[2]}"


def is_pattern(source: str | Path) -> bool:
    """Whether a source names several files by `*`, `?` or `[…]`, and not one that has such a name."""
    return bool(_PATTERN.search(str(source))) and (address_of(source) is not None or not Path(source).exists())


def list_stored_files(source: str | Path) -> list[StoredFile]:
    """Return the files that a pattern, an address or a path names, those of a stored folder at any depth, in name order.

    Raise `InputError` where there are none, or the store cannot be reached, and `MissingExtra` without fsspec.
    """
    address = address_of(source)
    if address is None:
        paths = [str(source)] if Path(source).exists() else sorted(glob.glob(str(source), recursive=True))  # noqa: PTH207 - absolute patterns too
        listed = [local_file(path) for path in map(Path, paths) if path.is_file()]
    else:
        with _reaching(address):
            listed = sorted(_list_store(address))
    if not listed:
        raise InputError(f"there is no file {address or source}")
    return listed


def check_source(path: Path) -> None:
    """Raise `InputError` where there is nothing at `path`, or nobody may look."""
    try:
        if path.is_dir():
            os.scandir(path).close()
        else:
            path.stat()
    except (FileNotFoundError, NotADirectoryError):
        raise InputError(f"there is no file or folder {path}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', error)}") from None


@contextmanager
def open_stored_file(address: str) -> Iterator[IO[bytes]]:
    """Open a path or an address to read bytes; raise `InputError` where that fails, at the opening or later."""
    with _reaching(address):
        if address_of(address) is None:
            with Path(address).open("rb") as file:
                yield file
        else:
            system, path = _store_of(address)
            with system.open(path, "rb") as file:
                yield file


def local_file(path: Path) -> StoredFile:
    """Return a file of this machine; its stamp is when it was last changed."""
    stat = path.stat()
    return StoredFile(str(path), stat.st_size, str(stat.st_mtime_ns))


def local_files(paths: Iterable[Path]) -> Iterator[tuple[Path, StoredFile]]:
    """Yield those files of this machine that are still there: while many are listed, some may be deleted."""
    for path in paths:
        with suppress(FileNotFoundError):
            yield path, local_file(path)


def _list_store(address: str) -> Iterator[StoredFile]:
    whole = address.rstrip("/")
    system, path = _store_of(whole)
    if _PATTERN.search(path):
        entries = system.glob(path, detail=True)
    elif system.isdir(path):
        entries = system.find(path, detail=True)
    else:
        entries = {path: system.info(path)}
    # A store's own names lack its scheme, and some its host: what comes before them in the address that was named.
    before = whole.removesuffix(path) if whole.endswith(path) else None
    for name, entry in entries.items():
        if entry["type"] == "file":
            named = system.unstrip_protocol(name) if before is None else before + name
            yield StoredFile(named, int(entry["size"] or 0), _stamp(entry))


def _stamp(entry: dict[str, Any]) -> str:
    """Return what a store says about the version of a file; stores name it differently."""
    names = ("ETag", "etag", "md5Hash", "mtime", "LastModified", "last_modified", "modified", "created")
    return str(next((entry[name] for name in names if entry.get(name)), ""))


def _store_of(address: str) -> tuple[Any, str]:
    """Return the file system of fsspec for an address, and the path in it."""
    if _SECRET.match(address):
        raise InputError(
            "an address must hold no user, password or query: a store takes its credentials from the environment"
        )
    try:
        import fsspec.core
    except ImportError as error:
        raise MissingExtra("cluster", "reading an address such as s3://") from error
    system, path = fsspec.core.url_to_fs(address)
    return system, str(path)


@contextmanager
def _reaching(address: str) -> Iterator[None]:
    """Turn what a file or a store raises into a sentence that names the address."""
    try:
        yield
    except RagChunkError:
        raise
    except FileNotFoundError:
        raise InputError(f"there is no file or folder {address}") from None
    except PermissionError:
        raise InputError(f"{address} cannot be read: permission denied; check the credentials") from None
    except ImportError as error:  # fsspec knows the store, and its package is missing
        raise InputError(f"{address} cannot be read: {error}") from None
    except UnicodeError:
        raise
    except Exception as error:
        if address_of(address) is None and not isinstance(error, OSError):
            raise  # no store took part: a bug, or a problem of what was read
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise InputError(f"{address} cannot be read: {reason}") from None
