"""What a worker does with a shard: read it, cut it, and write its chunks to a file."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rag_chunk._version import __version__
from rag_chunk.chunker.export import chunk_bytes
from rag_chunk.chunker.export.written_chunks import cut_for_writing
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.document_tables import TableRange
from rag_chunk.corpus.shard import Shard
from rag_chunk.errors import RagChunkError
from rag_chunk.workflow.workers import Failure

UNFINISHED = ".part"
_HASH_BYTES = 8


@dataclass(frozen=True, slots=True)
class ShardTask:
    """A shard, how it is cut, and the file that its chunks are written to."""

    shard: Shard
    config: RunConfig
    target: Path
    form: str
    parents: bool = False
    cache: bool = True
    version: str = __version__


@dataclass(frozen=True, slots=True)
class ShardFile:
    """A file of chunks: its name, size and SHA-256, and what was read for it.

    `name_hashes` are 8 bytes for each document's name, in hexadecimal, where another shard may have the same name.
    """

    file: str
    bytes: int
    sha256: str
    documents: int
    chunks: int
    skipped: tuple[str, ...] = ()
    name_hashes: str = ""


def write_shard(task: ShardTask) -> ShardFile | Failure:
    """Write the chunks of a shard; return what was written, or why nothing was."""
    if task.version != __version__:
        return Failure(f"its worker has rag-chunk {__version__}, not {task.version}; install the same on all")
    try:
        with caching(enabled=task.cache):
            corpus = task.shard.read()
            written = cut_for_writing(corpus, task.config, parents=task.parents)
            size, digest = write_aside(chunk_bytes(written, task.form), task.target)
    except RagChunkError as error:
        return Failure(str(error))
    except OSError as error:  # no room, or a folder that this machine does not have
        return Failure(f"{task.target} cannot be written: {error.strerror}", final=True)
    skipped = tuple(f"{name} {reason}" for name, reason in corpus.skipped)
    hashes = _hash_names(corpus) if any(isinstance(item, TableRange) for item in task.shard.items) else ""
    return ShardFile(task.target.name, size, digest, len(corpus.documents), len(written), skipped, hashes)


def _hash_names(corpus: Corpus) -> str:
    """Return 8 bytes for the name of each document, in hexadecimal."""
    return "".join(hash_name(document.name) for document in corpus.documents)


def hash_name(name: str) -> str:
    """Return 8 bytes for a name, in hexadecimal."""
    return hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=_HASH_BYTES).hexdigest()


def write_aside(parts: Iterable[bytes], target: Path) -> tuple[int, str]:
    """Write a file aside, and move it into place when it is whole; return its size and its SHA-256."""
    digest, size, aside = hashlib.sha256(), 0, target.with_name(target.name + UNFINISHED)
    try:
        with aside.open("wb") as file:
            for part in parts:
                file.write(part)
                digest.update(part)
                size += len(part)
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    return size, digest.hexdigest()
