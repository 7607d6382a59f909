"""Reads the shards of a corpus for the first time: the outline of all documents, with the texts of those that hold evidence."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag_chunk.corpus import Corpus, Document, Skipped
from rag_chunk.corpus.line import count_not_normalized
from rag_chunk.corpus.partial_corpus import DocumentFacts, PartialCorpus, count_non_whitespace, facts_of
from rag_chunk.corpus.sharded_corpus import ReadableShard, RunTasks, ShardedCorpus
from rag_chunk.questions.evidence_documents import (
    EXACT,
    FOLDED_OR_ALIKE,
    SIMILAR,
    EvidenceDocuments,
    WantedEvidence,
    Way,
    list_aligned,
)


def _ignore(notice: str) -> None:
    """Ignore what is noticed."""


@dataclass(frozen=True, slots=True, eq=False)
class OutlineTask:
    """A shard, and what is looked for in it, in which way."""

    shard: ReadableShard
    wanted: WantedEvidence
    way: Way = EXACT

    @property
    def purpose(self) -> str:
        """What the way is good for, to whom waits for it."""
        return self.way.purpose


@dataclass(frozen=True, slots=True, eq=False)
class ShardEvidence:
    """The texts of a shard's documents that may hold evidence, and what of it was located."""

    held: Sequence[Document]
    evidence: EvidenceDocuments


@dataclass(frozen=True, slots=True, eq=False)
class ShardOutline:
    """What is known of a shard's documents, and which hold evidence word for word."""

    facts: Sequence[DocumentFacts]
    non_whitespace: Sequence[int]
    skipped: Sequence[Skipped]
    not_normalized: int
    exact: ShardEvidence


@dataclass(frozen=True, slots=True, eq=False)
class OutlinedCorpus:
    """The corpus, and how many of its documents are not in Unicode NFC."""

    corpus: ShardedCorpus
    not_normalized: int


def outline_shard(task: OutlineTask) -> ShardOutline:
    """Read a shard for the first time, and look for evidence in it."""
    corpus = task.shard.read()
    return ShardOutline(
        [facts_of(document) for document in corpus.documents],
        count_non_whitespace(corpus),
        corpus.skipped,
        count_not_normalized(corpus),
        _find_evidence(corpus, task),
    )


def search_shard(task: OutlineTask) -> ShardEvidence:
    """Read a shard again, and look for evidence in it."""
    return _find_evidence(task.shard.read(), task)


def _find_evidence(corpus: Corpus, task: OutlineTask) -> ShardEvidence:
    evidence = task.way.find(corpus, task.wanted)
    return ShardEvidence([document for document in corpus.documents if document.name in evidence.names], evidence)


def _search_less_surely(shards: Sequence[ReadableShard], wanted: WantedEvidence, run: RunTasks) -> dict[str, Document]:
    """Return the documents that hold what is nowhere word for word, by name.

    What can be aligned with the documents that have most pieces of it is not compared with all others.
    """
    held, wanted = _search_shards(shards, wanted, FOLDED_OR_ALIKE, run)
    wanted = wanted.without(list_aligned(Corpus(held.values()), wanted))
    return held | _search_shards(shards, wanted, SIMILAR, run)[0] if wanted.items else held


def _search_shards(
    shards: Sequence[ReadableShard], wanted: WantedEvidence, way: Way, run: RunTasks
) -> tuple[dict[str, Document], WantedEvidence]:
    """Return the documents that are found in one way, by name, and what is not located."""
    looked: list[ShardEvidence] = list(run(search_shard, [OutlineTask(shard, wanted, way) for shard in shards]))
    held = {document.name: document for each in looked for document in each.held}
    return held, wanted.without(key for each in looked for key in each.evidence.located)


def outline_shards(
    shards: Sequence[ReadableShard],
    wanted: WantedEvidence,
    run: RunTasks = map,
    skipped: Iterable[Skipped] = (),
    notify: Callable[[str], None] = _ignore,
) -> OutlinedCorpus:
    """Read all shards once; where phrases are in none of them word for word, say so, and look in less sure ways.

    Raise `InputError` where two documents have one name.
    """
    seen: list[ShardOutline] = list(run(outline_shard, [OutlineTask(shard, wanted) for shard in shards]))
    held = {document.name: document for each in seen for document in each.exact.held}
    wanted = wanted.without(key for each in seen for key in each.exact.evidence.located)
    if wanted.items:
        notify(wanted.describe())
        held |= _search_less_surely(shards, wanted, run)
    line = PartialCorpus(
        [facts for each in seen for facts in each.facts],
        [count for each in seen for count in each.non_whitespace],
        held.values(),
        dict.fromkeys([*skipped, *(entry for each in seen for entry in each.skipped)]),
    )
    return OutlinedCorpus(ShardedCorpus(line, tuple(shards), run), sum(each.not_normalized for each in seen))
