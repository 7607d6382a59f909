"""`Retrieval`: one chunking, its ranking for every question, and where they meet the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Positions, Spans
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.budget import BudgetCurve, walk
from rag_chunk.scorer.evidence import EvidenceTable, evidence_table, union_table
from rag_chunk.scorer.overlaps import EvidenceOverlaps, Hits, Sizes, find_overlaps, hits
from rag_chunk.scorer.pricing import Pricing, pricing_of


@dataclass(frozen=True, eq=False)
class Retrieval:
    """What is scored; what several metrics need is computed once."""

    chunking: Chunking
    ranking: Ranking
    questions: Questions
    config: RunConfig
    legacy_texts: Sequence[Sequence[str]] | None = None

    @property
    def non_whitespace(self) -> Spans:
        """The chunks counted without white space: [chunks, 2]."""
        return self.chunking.non_whitespace

    @cached_property
    def table(self) -> EvidenceTable:
        """The evidence as given."""
        return evidence_table(self.chunking.corpus, self.questions)

    @cached_property
    def overlaps(self) -> EvidenceOverlaps:
        """Where chunks meet the evidence as given."""
        return find_overlaps(self.table, self.non_whitespace)

    @cached_property
    def union_overlaps(self) -> EvidenceOverlaps:
        """Where chunks meet the union of each question's evidence."""
        return find_overlaps(union_table(self.chunking.corpus, self.questions), self.non_whitespace)

    @cached_property
    def hits(self) -> Hits:
        """The meetings of ranked chunks."""
        return hits(self.overlaps, self.ranking)

    @cached_property
    def pricing(self) -> Pricing:
        """What the chunks cost in the unit of the budget."""
        return pricing_of(self.chunking, self.config)

    @property
    def costs(self) -> Spans:
        """The chunks counted in the unit of the budget: [chunks, 2]."""
        return self.pricing.costs

    @cached_property
    def walk(self) -> BudgetCurve:
        """What the ranking costs, in the unit of the budget."""
        return self.walk_of(self.ranking)

    @cached_property
    def walk_in_characters(self) -> BudgetCurve:
        """What the ranking costs in characters, whatever the unit of the budget."""
        if self.config.budget_unit == "characters":
            return self.walk
        return walk(self.ranking, Pricing(self.chunking.spans), merge_overlaps=self.config.pays_once)

    def walk_of(self, ranking: Ranking) -> BudgetCurve:
        """Return what another ranking of the same chunks costs, in the unit of the budget."""
        return walk(ranking, self.pricing, merge_overlaps=self.config.pays_once)

    def visible(self, ranked: Hits, walked: BudgetCurve, budgets: Positions) -> Sizes:
        """Return up to where, counted without white space, each hit is read at each budget: [budgets, hits]."""
        low, high = self.overlaps.low[ranked.meeting], self.overlaps.high[ranked.meeting]
        whole = walked.whole(budgets)[:, ranked.list]
        case, hit = np.nonzero(ranked.rank == whole)
        cuts = self.chunking.corpus.non_whitespace_before(walked.cuts(budgets[case], ranked.list[hit]))
        read: Sizes = np.where(ranked.rank < whole, high, low)
        read[case, hit] = np.clip(cuts, low[hit], high[hit])
        return read
