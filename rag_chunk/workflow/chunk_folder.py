"""A folder of chunks: one file a shard, and a manifest that tells which shards are written.

Whoever runs the same command again goes on where it stopped: a shard that is written is not done again.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rag_chunk._version import __version__
from rag_chunk.analysis import Progress
from rag_chunk.analysis.folder import try_lock
from rag_chunk.config import AnalysisConfig, RunConfig
from rag_chunk.config.names import path_text
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Notify
from rag_chunk.corpus.cores import available_cores
from rag_chunk.corpus.shard import Shard
from rag_chunk.errors import InputError
from rag_chunk.workflow.inputs import skipped_notices
from rag_chunk.workflow.shard_writing import UNFINISHED, ShardFile, ShardTask, hash_name, write_aside, write_shard
from rag_chunk.workflow.sharded_inputs import list_shards
from rag_chunk.workflow.workers import Failure, open_workers

MANIFEST = "manifest.jsonl"
_LOCK = ".rag-chunk.lock"
_ENDINGS = {"langchain": "json", "llamaindex": "json"}


@dataclass(frozen=True, slots=True)
class ChunkFolder:
    """The folder, and what its chunks are made by."""

    path: Path
    source: str
    config: RunConfig
    form: str
    shard_size: int
    parents: bool = False
    cache: bool = True

    @property
    def header(self) -> dict[str, Any]:
        """The first line of the manifest: files that were written under another one do not count."""
        return {
            "rag_chunk": __version__,
            "source": self.source,
            "shard_size": self.shard_size,
            "config": self.config.digest(),
            "format": self.form,
            "parents": self.parents,
        }

    def task(self, number: int, shard: Shard) -> ShardTask:
        """Return what a worker is told about a shard. Another shard of this number would have another file."""
        ending = _ENDINGS.get(self.form, self.form)
        name = f"{number:05}-{shard.fingerprint[:8]}.{ending}"
        return ShardTask(shard, self.config, self.path / name, self.form, self.parents, self.cache)


@dataclass(slots=True)
class WrittenChunks:
    """What a folder of chunks holds when all is done; `before` is how many shards were there already."""

    files: dict[str, ShardFile] = field(default_factory=dict)
    before: int = 0
    failures: dict[str, str] = field(default_factory=dict)

    @property
    def chunks(self) -> int:
        """How many chunks there are."""
        return sum(file.chunks for file in self.files.values())

    @property
    def documents(self) -> int:
        """How many documents were read."""
        return sum(file.documents for file in self.files.values())


def write_chunk_folder(
    folder: ChunkFolder, shards: Iterable[Shard], workers: WorkersConfig, on_progress: Progress
) -> WrittenChunks:
    """Write the chunks of all shards that are not written yet.

    Raise `InputError` where the folder holds something else, or some shards failed; the others are written then.
    """
    tasks = {task.target.name: task for task in (folder.task(*each) for each in enumerate(shards))}
    with _lock(folder.path):
        known = _read_manifest(folder)
        there = {name: known[name] for name in tasks if name in known}
        written = WrittenChunks(there, before=len(there))
        _remove_files(folder.path / name for name in known if name not in tasks)
        missing = [task for name, task in tasks.items() if name not in written.files]
        text = sum(task.shard.megabytes for task in missing)
        on_progress(len(written.files), len(tasks), "chunking the shards")
        with (
            _open_manifest(folder, written.files.values()) as note,
            open_workers(workers.divide(text, available_cores(), keep_size=True).workers, workers.scheduler) as pool,
            closing(pool.run(write_shard, missing)) as results,
        ):
            for task, result in results:
                if isinstance(result, Failure):
                    _note_failure(written, task, result)
                else:
                    _check_seen(task)
                    written.files[task.target.name] = result
                    note(result)
                on_progress(len(written.files) + len(written.failures), len(tasks), f"wrote {task.target.name}")
    _check_failures(written, len(tasks))
    _check_names(tasks, written.files)
    return written


def check_chunk_folder(folder: ChunkFolder) -> None:
    """Raise `InputError` where the folder holds anything else than these chunks, or is in use; a new one is not made yet."""
    if folder.path.is_dir():
        with _lock(folder.path):
            _read_header(folder)


def has_chunks(folder: Path) -> bool:
    """Return whether some shard is written in a folder: its manifest has a line for each, after the first."""
    manifest = folder / MANIFEST
    return manifest.exists() and len(manifest.read_text(encoding="utf-8").splitlines()) > 1


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Make the folder, and let nobody else write to it."""
    from filelock import FileLock

    path.mkdir(exist_ok=True)
    foreign = [file.name for file in path.iterdir() if file.name != _LOCK]
    if foreign and MANIFEST not in foreign:
        raise InputError(f"{path} is not empty, and has no {MANIFEST}; name a folder that is new or empty")
    lock = FileLock(path / _LOCK)
    if not try_lock(lock):
        raise InputError(f"another rag-chunk is writing to {path}; wait for its end, or name another folder")
    try:
        yield
    finally:  # a worker that was stopped could not do it
        _remove_files(path.glob(f"*{UNFINISHED}"))
        lock.release()


def _read_manifest(folder: ChunkFolder) -> dict[str, ShardFile]:
    """Return the files that the manifest names and that are there, by name; a line that was cut off counts for nothing."""
    lines = _read_header(folder)
    files = [ShardFile(**{**entry, "skipped": tuple(entry["skipped"])}) for entry in map(_parse, lines) if entry]
    return {file.file: file for file in files if _is_there(folder.path / file.file, file.bytes)}


def _read_header(folder: ChunkFolder) -> list[str]:
    """Check the first line of the manifest, and return the others; none where there is no manifest yet."""
    path = folder.path / MANIFEST
    if not path.exists():
        return []
    header, *lines = path.read_text(encoding="utf-8").splitlines() or [""]
    _check_header(_parse(header), folder)
    return lines


def _check_header(held: Mapping[str, Any], folder: ChunkFolder) -> None:
    """Raise `InputError` where the folder's chunks were made by anything else than those that are to be written."""
    others = [name for name, value in folder.header.items() if held.get(name) != value]
    if others:
        names = ", ".join(name.replace("_", "-") for name in others)
        raise InputError(f"{folder.path} holds chunks that were made with another {names}; name another folder")


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


def _parse(line: str) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


@contextmanager
def _open_manifest(folder: ChunkFolder, files: Iterable[ShardFile]) -> Iterator[Callable[[ShardFile], None]]:
    """Begin the manifest with the files that are there, and give what adds a line for another one."""
    path = folder.path / MANIFEST
    write_aside((_line(each).encode() for each in (folder.header, *map(asdict, files))), path)
    with path.open("a", encoding="utf-8") as manifest:

        def note(file: ShardFile) -> None:
            manifest.write(_line(asdict(file)))
            manifest.flush()

        yield note


def _line(value: Mapping[str, Any]) -> str:
    return json.dumps(value) + "\n"


def _remove_files(paths: Iterable[Path]) -> None:
    """Remove files of shards that the source no longer has, or that were left unfinished."""
    for path in paths:
        path.unlink(missing_ok=True)


def _note_failure(written: WrittenChunks, task: ShardTask, failure: Failure) -> None:
    """Keep why a shard has no chunks; raise `InputError` where the next ones would fail too."""
    if failure.final:
        raise InputError(f"{failure.reason}. What is written stays: run the same command again to go on")
    written.failures[str(task.shard)] = failure.reason


def _check_seen(task: ShardTask) -> None:
    """Raise `InputError` where a worker of another machine wrote to a folder that this one does not see."""
    if not task.target.exists():
        raise InputError(
            f"a worker wrote {task.target}, and it is not here; name a folder that all machines of the cluster share"
        )


def _check_failures(written: WrittenChunks, total: int) -> None:
    if not written.failures:
        return
    listed = "\n".join(f"  {shard}: {reason}" for shard, reason in sorted(written.failures.items()))
    raise InputError(
        f"{len(written.failures):,} of {total:,} shards have no chunks:\n{listed}\n"
        "All others are written. Run the same command again when this is mended: it does only what is missing."
    )


def _check_names(tasks: Mapping[str, ShardTask], files: Mapping[str, ShardFile]) -> None:
    """Raise `InputError` where documents of two shards have one name, and so their chunks the same ids."""
    hashes = {name: np.frombuffer(bytes.fromhex(file.name_hashes), ">u8") for name, file in files.items()}
    joined = np.sort(np.concatenate([np.zeros(0, ">u8"), *hashes.values()]))
    twice = np.unique(joined[1:][joined[1:] == joined[:-1]])
    holders = {name: np.isin(values, twice).any() for name, values in hashes.items()} if len(twice) else {}
    where: dict[str, Shard] = {}
    for shard in (tasks[name].shard for name, holds in sorted(holders.items()) if holds):
        for document in shard.read().documents:
            if document.name in where:
                raise InputError(
                    f"two documents are named {document.name!r}: in {where[document.name]} and in {shard}; "
                    "give each a name of its own, and run the same command again"
                )
            if int(hash_name(document.name), 16) in twice:
                where[document.name] = shard


def chunk_source(
    folder: ChunkFolder, located: AnalysisConfig, workers: WorkersConfig, notify: Notify, on_progress: Progress
) -> WrittenChunks:
    """Cut the documents of an analysis into shards, and write their chunks to a folder, one file a shard.

    Paths of the settings are absolute, since a worker may be elsewhere.
    """
    check_chunk_folder(folder)  # before all files are listed, which may take long
    listed = list_shards(located, folder.shard_size)
    for notice in [
        *skipped_notices(listed.skipped),
        *(_describe_large(each, folder) for each in listed.find_oversized(folder.shard_size)),
    ]:
        notify(notice)
    if not listed.shards:
        raise InputError(
            f"no document under {path_text(located.require_source())}: its files are of other types, or --include and "
            "--exclude leave them out"
        )
    written = write_chunk_folder(folder, listed.shards, workers, on_progress)
    for name in sorted({name for file in written.files.values() for name in file.skipped}):
        notify(f"{name}, and is left out")
    return written


def _describe_large(shard: Shard, folder: ChunkFolder) -> str:
    return (
        f"{shard} is larger than a shard ({shard.megabytes:,.0f} MB, not {folder.shard_size}), and is one by itself: "
        "it takes about 12 times its size of memory"
    )
