"""`Retrieval`: one chunking, its ranking for every question, and where they meet the evidence."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, Spans, as_spans
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.budget import Walk, walk
from rag_chunk.scorer.evidence import EvidenceTable, evidence_table, merged_table
from rag_chunk.scorer.overlaps import Hits, Meetings, Sizes, hits, meetings


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What is scored; what several metrics need is found once."""

    chunking: Chunking
    ranking: Ranking
    questions: Questions
    config: RunConfig

    @cached_property
    def ink(self) -> Spans:
        """The chunks in ink: [chunks, 2]."""
        return as_spans(self.chunking.corpus.solid_before(self.chunking.spans.ravel()))

    @cached_property
    def table(self) -> EvidenceTable:
        """The evidence as given."""
        return evidence_table(self.chunking.corpus, self.questions)

    @cached_property
    def met(self) -> Meetings:
        """Where chunks meet the evidence as given."""
        return meetings(self.table, self.ink)

    @cached_property
    def met_merged(self) -> Meetings:
        """Where chunks meet the union of each question's evidence."""
        return meetings(merged_table(self.chunking.corpus, self.questions), self.ink)

    @cached_property
    def hits(self) -> Hits:
        """The meetings of ranked chunks."""
        return hits(self.met, self.ranking)

    @cached_property
    def walk(self) -> Walk:
        """What the ranking costs."""
        return self.walk_of(self.ranking)

    def walk_of(self, ranking: Ranking) -> Walk:
        """Return what another ranking of the same chunks costs."""
        return walk(ranking, self.chunking.spans, merge_overlaps=self.config.merge_overlaps)

    def visible(self, found: Hits, walked: Walk, budgets: Positions) -> Sizes:
        """Return up to where, in ink, each hit is read at each budget: [budgets, hits]."""
        low, high = self.met.low[found.meeting], self.met.high[found.meeting]
        whole = walked.whole(budgets)[:, found.list]
        case, hit = np.nonzero(found.rank == whole)
        cuts = self.chunking.corpus.solid_before(walked.cuts(budgets[case], found.list[hit]))
        read: Sizes = np.where(found.rank < whole, high, low)
        read[case, hit] = np.clip(cuts, low[hit], high[hit])
        return read
