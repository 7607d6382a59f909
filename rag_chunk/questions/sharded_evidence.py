"""Reads the shards of a corpus for the first time: the outline of all documents, with the texts of those that hold evidence."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag_chunk.corpus import Document, Skipped
from rag_chunk.corpus.line import count_not_normalized
from rag_chunk.corpus.partial_corpus import DocumentFacts, PartialCorpus, count_non_whitespace, facts_of
from rag_chunk.corpus.sharded_corpus import ReadableShard, RunTasks, ShardedCorpus
from rag_chunk.questions.evidence_documents import WAYS, EvidenceDocuments, WantedEvidence

# Of the ways to look for evidence.
_PURPOSES = (
    "reading the shards",
    "looking for evidence in other spellings",
    "looking for evidence that is alike",
)


@dataclass(frozen=True, slots=True, eq=False)
class OutlineTask:
    """A shard, and what is looked for in it, in the way of this number."""

    shard: ReadableShard
    wanted: WantedEvidence
    way: int = 0

    @property
    def purpose(self) -> str:
        """What the way is good for, to whom waits for it."""
        return _PURPOSES[self.way]


@dataclass(frozen=True, slots=True, eq=False)
class ShardOutline:
    """What is known of a shard's documents, the texts of those that may hold evidence, and what of it was located."""

    facts: Sequence[DocumentFacts]
    non_whitespace: Sequence[int]
    held: Sequence[Document]
    skipped: Sequence[Skipped]
    evidence: EvidenceDocuments
    not_normalized: int


@dataclass(frozen=True, slots=True, eq=False)
class OutlinedCorpus:
    """The corpus, and how many of its documents are not in Unicode NFC."""

    corpus: ShardedCorpus
    not_normalized: int


def outline_shard(task: OutlineTask) -> ShardOutline:
    """Read a shard, and look for evidence in it."""
    corpus = task.shard.read()
    evidence = WAYS[task.way](corpus, task.wanted)
    return ShardOutline(
        [facts_of(document) for document in corpus.documents],
        count_non_whitespace(corpus),
        [document for document in corpus.documents if document.name in evidence.names],
        corpus.skipped,
        evidence,
        count_not_normalized(corpus),
    )


def outline_shards(
    shards: Sequence[ReadableShard], wanted: WantedEvidence, run: RunTasks = map, skipped: Iterable[Skipped] = ()
) -> OutlinedCorpus:
    """Read all shards; where phrases are in none of them word for word, read all again, and look in a less sure way.

    Raise `InputError` where two documents have one name.
    """
    seen: list[ShardOutline] = list(run(outline_shard, [OutlineTask(shard, wanted) for shard in shards]))
    held = {document.name: document for each in seen for document in each.held}
    latest = seen
    for way in range(1, len(WAYS)):
        wanted = wanted.without(key for each in latest for key in each.evidence.located)
        if not wanted.items:
            break
        latest = list(run(outline_shard, [OutlineTask(shard, wanted, way) for shard in shards]))
        held |= {document.name: document for each in latest for document in each.held}
    line = PartialCorpus(
        [facts for each in seen for facts in each.facts],
        [count for each in seen for count in each.non_whitespace],
        held.values(),
        dict.fromkeys([*skipped, *(entry for each in seen for entry in each.skipped)]),
    )
    return OutlinedCorpus(ShardedCorpus(line, tuple(shards), run), sum(each.not_normalized for each in seen))
