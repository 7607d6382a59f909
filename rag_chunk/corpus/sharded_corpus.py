"""`ShardedCorpus`: a corpus as a list of shards, of which one at a time is in memory."""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Protocol

from rag_chunk.corpus.document import Document, Skipped
from rag_chunk.corpus.line import Corpus
from rag_chunk.corpus.outline import DocumentFacts, Outline, count_non_whitespace, facts_of


class ReadableShard(Protocol):
    """Whole documents that can be read, and read again."""

    def read(self) -> Corpus:
        """Read the documents; raise `InputError` where some cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class ShardedCorpus:
    """The shards of a corpus, and the line on which all their documents lie, by name."""

    line: Outline
    shards: tuple[ReadableShard, ...]


def outline_shards(
    shards: Iterable[ReadableShard], hold: Callable[[Corpus], Collection[str]], skipped: Iterable[Skipped] = ()
) -> ShardedCorpus:
    """Read the shards one by one, and keep the texts of those documents alone that `hold` names.

    Raise `InputError` where two documents have one name.
    """
    kept = tuple(shards)
    facts, non_whitespace, held, left_out = list[DocumentFacts](), list[int](), list[Document](), [*skipped]
    for shard in kept:
        corpus = shard.read()
        names = hold(corpus)
        facts += map(facts_of, corpus.documents)
        non_whitespace += count_non_whitespace(corpus)
        held += [document for document in corpus.documents if document.name in names]
        left_out += corpus.skipped
    return ShardedCorpus(Outline(facts, non_whitespace, held, left_out), kept)
