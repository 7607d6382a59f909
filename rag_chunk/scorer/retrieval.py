"""`Retrieval`: one chunking, its ranking for every question, and where they meet the evidence."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.arrays import Bools, Floats, Positions, Spans, occurring
from rag_chunk.questions.question import Questions
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.budget import BudgetCurve, budgets_of, walk
from rag_chunk.scorer.evidence import EvidenceTable, evidence_table, union_table
from rag_chunk.scorer.overlaps import EvidenceOverlaps, Hits, Sizes, find_overlaps, hits, recall
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
        return self._walk(self.ranking)

    @cached_property
    def walk_in_characters(self) -> BudgetCurve:
        """What the ranking costs in characters, whatever the unit of the budget."""
        if self.config.budget_unit == "characters":
            return self.walk
        return walk(self.ranking, Pricing(self.chunking.spans), merge_overlaps=self.config.pays_once)

    def _walk(self, ranking: Ranking) -> BudgetCurve:
        return walk(ranking, self.pricing, merge_overlaps=self.config.pays_once)

    @cached_property
    def started_chunks(self) -> Positions:
        """How many ranked chunks are read at the budget, at least in part: [questions]."""
        return self.walk.started_chunks(self.config.budget)

    @cached_property
    def recall_in_characters(self) -> tuple[Floats, Bools]:
        """The recall at each of `budgets_of`, and whether all evidence is there: [budgets, questions] each."""
        return self._recall_at(np.array(budgets_of(self.config)), self.walk_in_characters)

    @cached_property
    def recall_at_budget(self) -> tuple[Floats, Bools]:
        """The recall at the budget, and whether all evidence is there: [questions] each."""
        if self.config.budget_unit == "characters":
            row, (recalls, complete) = budgets_of(self.config).index(self.config.budget), self.recall_in_characters
        else:
            row, (recalls, complete) = 0, self._recall_at(np.array([self.config.budget]), self.walk)
        all_there: Bools = complete[row]
        return recalls[row], all_there

    def _recall_at(self, budgets: Positions, walked: BudgetCurve) -> tuple[Floats, Bools]:
        return recall(self.overlaps, self.hits, self.visible(self.hits, walked, budgets), len(self.ranking))

    def recall_of(self, ranking: Ranking, repeats: int = 1) -> Floats:
        """Return the recall at the budget of another ranking of the same chunks, `repeats` lists a question: [lists]."""
        ranked, budget = hits(self.overlaps, ranking, repeats), np.array([self.config.budget])
        # Most lists in random order meet no evidence, so that nobody has to add up their costs.
        met = occurring(ranked.list)
        renumbered = replace(ranked, list=np.searchsorted(met, ranked.list))
        read = self.visible(renumbered, self._walk(ranking[met]), budget)
        recalls: Floats = recall(self.overlaps, ranked, read, len(ranking))[0][0]
        return recalls

    def visible(self, ranked: Hits, walked: BudgetCurve, budgets: Positions) -> Sizes:
        """Return up to where, counted without white space, each hit is read at each budget: [budgets, hits]."""
        low, high = self.overlaps.low[ranked.meeting], self.overlaps.high[ranked.meeting]
        whole = walked.whole(budgets)[:, ranked.list]
        case, hit = np.nonzero(ranked.rank == whole)
        cuts = self.chunking.corpus.non_whitespace_before(walked.cuts(budgets[case], ranked.list[hit]))
        read: Sizes = np.where(ranked.rank < whole, high, low)
        read[case, hit] = np.clip(cuts, low[hit], high[hit])
        return read
