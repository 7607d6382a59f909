"""`ShardedCorpus`: a corpus as a list of shards, of which a process has one at a time in memory."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol

from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.partial_corpus import PartialCorpus

MEGABYTE = 1_000_000
RunTasks = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]  # as `map`, but in any order


class ReadableShard(Protocol):
    """Whole documents that can be read, and read again."""

    def read(self) -> Corpus:
        """Read the documents; raise `InputError` where some cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class ShardedCorpus:
    """The shards of a corpus, and the line on which all their documents lie, by name.

    `run` calls a function with each of some tasks, perhaps on several workers; results come in any order.
    """

    line: PartialCorpus
    shards: tuple[ReadableShard, ...]
    run: RunTasks = field(default=map)
