"""`Shard`: whole documents of a source, as many as one process holds at a time.

A corpus of any size is a list of shards. Cutting a source into them lists its files and reads no document; whoever gets a
shard, perhaps on another machine, reads its documents from the source.
"""

import hashlib
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rag_chunk.corpus.converters import is_converted_folder, list_converted
from rag_chunk.corpus.document import Skipped
from rag_chunk.corpus.document_tables import TableRange, measure_table, read_table, split_table
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.name_patterns import NamePatterns
from rag_chunk.corpus.reader import check_no_broken, list_documents, nothing_error, read_converted, read_files
from rag_chunk.corpus.selected_files import name_of
from rag_chunk.corpus.sharded_corpus import MEGABYTE
from rag_chunk.corpus.stored_documents import is_stored, list_stored, read_stored_texts
from rag_chunk.corpus.stored_files import StoredFile, check_source, local_file, local_files


class NamedFile(NamedTuple):
    """A file that is one document, under its name; `size` is in bytes."""

    name: str
    file: StoredFile

    @property
    def size(self) -> int:
        """The size of the file."""
        return self.file.size

    def __str__(self) -> str:
        """Return the document's name."""
        return self.name


Item = TableRange | NamedFile
SizeOf = Callable[[float], float]  # the megabytes in a shard, by those of the source


@dataclass(frozen=True, slots=True)
class Shard:
    """Whole documents of the source: in name order those of a folder, in the order of their rows those of tables.

    `items` are the files, or parts of files, that hold them.
    """

    source: str
    items: tuple[Item, ...]
    converter: tuple[str, ...] = ()
    skip_unreadable: bool = False

    def __str__(self) -> str:
        """Return the first and the last of its files.

        >>> file = StoredFile("a.jsonl", 90, "")
        >>> str(Shard("a.jsonl", (TableRange(file, 40, 10, 50),)))
        'a.jsonl (bytes 10 to 50)'
        """
        first, last = self.items[0], self.items[-1]
        return str(first) if first is last else f"{first} to {last}"

    @property
    def size(self) -> int:
        """About how many bytes of text there are."""
        return sum(item.size for item in self.items)

    @property
    def megabytes(self) -> float:
        """Its size in megabytes."""
        return self.size / MEGABYTE

    @property
    def fingerprint(self) -> str:
        """16 hexadecimal digits that change where its files or the way of reading them do; no file is read for it."""
        read_as = (self.items, self.converter, self.skip_unreadable)
        return hashlib.sha256(repr(read_as).encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def read(self) -> Corpus:
        """Read its documents; raise `InputError`, naming all files or rows concerned, where some cannot be read."""
        if not is_stored(self.source):
            return self._read_folder(Path(self.source))
        texts = [(item.name, item.file.address) for item in self.items if isinstance(item, NamedFile)]
        documents, broken = read_stored_texts(texts, skip_unreadable=self.skip_unreadable)
        for item in self.items:
            if isinstance(item, TableRange):
                documents += read_table(item)
        return Corpus(documents, broken)

    def _read_folder(self, folder: Path) -> Corpus:
        named = [item for item in self.items if isinstance(item, NamedFile)]
        if folder.is_dir() and is_converted_folder(folder):
            only = {item.name for item in named}
            return Corpus(read_converted(folder, NamePatterns((), ()), self.converter, only))
        paths = [Path(item.file.address) for item in named]
        return read_files(paths, folder, self.converter, skip_unreadable=self.skip_unreadable)


@dataclass(frozen=True, slots=True)
class ShardList:
    """The shards of a source, and what of it is not read."""

    shards: tuple[Shard, ...]
    skipped: tuple[Skipped, ...] = ()

    @property
    def megabytes(self) -> float:
        """About how many megabytes of text there are."""
        return sum(shard.megabytes for shard in self.shards)

    def find_oversized(self, size: float) -> list[Shard]:
        """Return the shards that hold more than `size` megabytes, since they are a single document or cannot be split."""
        return [shard for shard in self.shards if shard.megabytes > size]


def cut_into_shards(
    source: str | Path,
    size: float | SizeOf,
    *,
    include: Iterable[str] = (),
    exclude: Iterable[str] = (),
    skip_unreadable: bool = False,
    apart: Iterable[Path] = (),
    converter: Iterable[str] = (),
) -> ShardList:
    """Cut a source into shards of at most `size` megabytes of text; `source` and the rest are as in `read_corpus`.

    `size` may be a function that returns it when it is told how many megabytes there are. A document that is larger is a shard of its own, and so is a `.jsonl.gz`, which cannot be split. Raise `InputError` where
    there are no documents.
    """
    patterns = NamePatterns(tuple(include), tuple(exclude))
    if is_stored(source):
        whole, skipped = _stored_items(source, patterns)
    else:
        whole, skipped = _folder_items(Path(source), patterns, apart, tuple(converter), skip_unreadable=skip_unreadable)
    megabytes = size(sum(item.size for item in whole) / MEGABYTE) if callable(size) else size
    most = math.ceil(megabytes * MEGABYTE)
    items = (part for item in whole for part in (split_table(item, most) if isinstance(item, TableRange) else [item]))
    shards = (Shard(str(source), group, tuple(converter), skip_unreadable) for group in _pack(items, most))
    return ShardList(tuple(shards), tuple(skipped))


def _stored_items(source: str | Path, patterns: NamePatterns) -> tuple[list[Item], list[Skipped]]:
    listing = list_stored(source, patterns)
    texts = (NamedFile(name, file) for name, file in sorted(listing.texts))
    return [*texts, *map(measure_table, listing.tables)], listing.left_out


def _folder_items(
    path: Path, patterns: NamePatterns, apart: Iterable[Path], converter: tuple[str, ...], *, skip_unreadable: bool
) -> tuple[list[Item], list[Skipped]]:
    check_source(path)
    if path.is_dir() and is_converted_folder(path):
        named = ((name, path / file) for name, file in list_converted(path) if patterns.admit(name))
        return [NamedFile(name, local_file(file)) for name, file in sorted(named)], []
    listing = list_documents(path, patterns, apart, converter)
    check_no_broken(listing.closed, skip_unreadable=skip_unreadable)
    paths = [*listing.selected.texts, *(file for file, _ in listing.selected.conversions)]
    left_out = [*listing.closed, *listing.by_rule, *listing.selected.left_out]
    if not paths:
        raise nothing_error(listing, listing.closed, left_out)
    items = (NamedFile(name_of(path, listing.root), file) for path, file in local_files(paths))
    return sorted(items), left_out


def _pack(items: Iterable[Item], size: int) -> Iterator[tuple[Item, ...]]:
    """Yield neighbours together, at most `size` bytes of them, or a single one that is larger."""
    group, total = list[Item](), 0
    for item in items:
        if group and total + item.size > size:
            yield tuple(group)
            group, total = [], 0
        group.append(item)
        total += item.size
    if group:
        yield tuple(group)
