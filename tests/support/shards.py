"""Shards that are in memory."""

from dataclasses import dataclass

from rag_chunk.corpus import Corpus


@dataclass(frozen=True)
class HeldShard:
    """Documents that are in memory."""

    corpus: Corpus

    def read(self) -> Corpus:
        """Return the documents as they are read: nothing is known of them yet."""
        return Corpus(self.corpus.documents)
