"""Where recall was lost: what is missing of `budget_recall`, by its cause, in the order of the pipeline.

    lost_not_in_text        the text is not in this conversion of the documents
    lost_skipped            no chunk holds it: it was skipped
    lost_at_border          no chunk holds the item as a whole, and its pieces were not all read
    lost_never_retrieved    a chunk holds the item, and is not among the first 32,000 characters, or has no word of the question
    lost_below_budget       a chunk holds the item, and is ranked below the budget
    lost_cut                in the rest of the chunk that the budget cut

Each is what recall gains where its text is added to what was read, the last cause first; so the six sum to exactly
what is missing. A border hides a second cause: the pieces were ranked too low, or never retrieved. `causes` names both.
`lost_other_documents` is no cause of its own: it is the part of all that lies in documents of which nothing was read.
"""

from dataclasses import dataclass
from itertools import compress

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, among, distinct, first_of_runs
from rag_chunk.retriever import share_terms
from rag_chunk.scorer.budget import LADDER
from rag_chunk.scorer.evidence import EvidenceTable
from rag_chunk.scorer.overlaps import EvidenceOverlaps, Hits, cover_items, recall_of_items, union_sizes
from rag_chunk.scorer.retrieval import Retrieval

CAUSES = (
    "lost_not_in_text",
    "lost_skipped",
    "lost_at_border",
    "lost_never_retrieved",
    "lost_below_budget",
    "lost_cut",
)
OTHER_DOCUMENTS = "lost_other_documents"
_NOTHING = 1e-9


@dataclass(frozen=True, slots=True, eq=False)
class Losses:
    """What is lost by each cause, and which causes hold: [questions] or [items] each, by name."""

    amounts: dict[str, Floats]
    holds: dict[str, Bools]

    def causes(self) -> list[tuple[str, ...]]:
        """Return the causes that hold for each, in the order of the pipeline."""
        # Each set of causes is a number, whose bits say which hold: few sets occur, in many questions.
        bits = 1 << np.arange(len(CAUSES))
        numbers = (bits @ np.array([self.holds[name] for name in CAUSES])).tolist()
        names = {number: tuple(compress(CAUSES, (number & bits).tolist())) for number in set(numbers)}
        return [names[number] for number in numbers]

    @property
    def missing(self) -> Floats:
        """How much is lost by all causes together."""
        sums: Floats = np.array([self.amounts[name] for name in CAUSES]).sum(axis=0)
        return sums


@dataclass(frozen=True, slots=True)
class LostItem:
    """An item of evidence of which a share is missing: its number among those of its question, from 1, and the causes."""

    number: int
    missing: float
    causes: tuple[str, ...]


def lost_items(table: EvidenceTable, losses: Losses) -> list[tuple[LostItem, ...]]:
    """Return the items of which something is missing, of each question that has several; one alone is the question."""
    first, missing, causes = np.cumsum(table.items) - table.items, losses.missing, losses.causes()
    of_question: list[list[LostItem]] = [[] for _ in table.items]
    for item in np.flatnonzero((table.items[table.item_question] > 1) & (missing > _NOTHING)).tolist():
        question = int(table.item_question[item])
        number = item - int(first[question]) + 1
        of_question[question].append(LostItem(number, float(missing[item]), causes[item]))
    return list(map(tuple, of_question))


def losses_of(retrieval: Retrieval) -> tuple[Losses, Losses]:
    """Return the recall that each cause costs, and the causes that hold, of each question and of each item."""
    overlaps, questions = retrieval.overlaps, len(retrieval.ranking)
    every = _every_meeting(overlaps)
    crossed = _crossed(overlaps, every)[overlaps.table.item[overlaps.alternative]]
    started, ranked, near = _read(retrieval)
    # Sets of text, each a mask over the meetings of evidence with chunks; the first is read up to the character.
    masks = (started, started | ranked & ~crossed, started | ~crossed, started | ranked, near)
    hits, budget = retrieval.hits, np.array([retrieval.config.budget])
    cut = overlaps.low.copy()
    cut[hits.meeting] = retrieval.visible(hits, retrieval.walk, budget)[0]
    ends = [cut, *(np.where(mask, overlaps.high, overlaps.low) for mask in masks), overlaps.high]
    covered = cover_items(overlaps, every, np.stack(ends)[:, every.meeting])
    of_items = np.zeros((len(ends), len(overlaps.table.item_weights)))
    of_items[:, covered.item] = covered.share
    absent, is_absent = _not_in_text(retrieval)
    of_questions = recall_of_items(overlaps.table, covered, questions)[0]
    return _by_cause(of_questions, absent), _by_cause(of_items, is_absent.astype(float))


def _by_cause(reached: Floats, absent: Floats) -> Losses:
    """Split what is missing by its cause, from what each set of text reaches: [sets, questions or items]."""
    read, whole, unbroken_ranked, unbroken, all_ranked, of_documents, held = reached
    amounts = {
        "lost_not_in_text": absent,
        "lost_skipped": np.maximum(1 - held - absent, 0),
        "lost_at_border": held - unbroken,
        "lost_never_retrieved": unbroken - unbroken_ranked,
        "lost_below_budget": unbroken_ranked - whole,
        "lost_cut": whole - read,
    }
    sums = {**amounts, "lost_never_retrieved": held - all_ranked, "lost_below_budget": all_ranked - whole}
    holds = {name: lost > _NOTHING for name, lost in sums.items()}
    return Losses({**amounts, OTHER_DOCUMENTS: held - of_documents}, holds)


def _every_meeting(overlaps: EvidenceOverlaps) -> Hits:
    """Return all meetings of evidence with chunks, as if every chunk had been retrieved."""
    meeting = np.lexsort((overlaps.low, overlaps.alternative, overlaps.question))
    lists, alternatives = overlaps.question[meeting], overlaps.alternative[meeting]
    return Hits(meeting, lists, np.zeros_like(meeting), first_of_runs(lists, alternatives))


def _crossed(overlaps: EvidenceOverlaps, every: Hits) -> Bools:
    """Return which items have more text in all chunks together than in any single one: [items]."""
    table, alternative = overlaps.table, overlaps.alternative
    in_one, in_all = np.zeros((2, len(table.item_weights)))
    np.maximum.at(in_one, table.item[alternative], (overlaps.high - overlaps.low) / table.lengths[alternative])
    if len(every.opens):
        sizes = union_sizes(overlaps.low[every.meeting], overlaps.high[every.meeting][None], every.opens)[0]
        alternative = alternative[every.meeting[every.opens]]
        np.maximum.at(in_all, table.item[alternative], sizes / table.lengths[alternative])
    crossed: Bools = in_one < in_all
    return crossed


def _read(retrieval: Retrieval) -> tuple[Bools, Bools, Bools]:
    """Return which meetings are in a chunk that is read, in one that is ranked, and in a document that is read from.

    The last has the other pieces of an item of which a piece is read too.
    """
    overlaps, hits = retrieval.overlaps, retrieval.hits
    item = overlaps.table.item[overlaps.alternative]
    count = retrieval.started_chunks
    furthest = np.maximum(count, retrieval.walk_in_characters.started_chunks(LADDER[-1]))
    started, ranked = np.zeros((2, len(overlaps.low)), bool)
    started[hits.meeting] = hits.rank < count[hits.list]
    ranked[hits.meeting] = hits.rank < furthest[hits.list]
    begun = np.zeros(len(overlaps.table.item_weights), bool)
    begun[item[started]] = True
    near = started | begun[item] | _in_started_documents(retrieval)
    return started, _with_terms(retrieval, ranked & ~started), near


def _with_terms(retrieval: Retrieval, ranked: Bools) -> Bools:
    """Return `ranked` without the meetings whose chunk has no word of the question, where retrieval goes by words."""
    overlaps, kept = retrieval.overlaps, ranked.copy()
    rows = distinct(overlaps.row[ranked])
    place = np.searchsorted(rows, overlaps.row[ranked])
    some, questions = retrieval.chunking.of_rows(rows), retrieval.questions.texts
    shared = share_terms(some, questions, retrieval.config, overlaps.question[ranked], place)
    if shared is not None:
        kept[ranked] = shared
    return kept


def _in_started_documents(retrieval: Retrieval) -> Bools:
    """Return which meetings lie in a document of which a chunk is read for their question: [meetings]."""
    chunking, ranking = retrieval.chunking, retrieval.ranking
    documents = len(chunking.corpus.documents)
    document = chunking.corpus.documents_at(chunking.spans[:, 0])
    count = retrieval.started_chunks
    question, rank = np.nonzero(np.arange(ranking.shape[1]) < count[:, None])
    read = distinct(question * documents + document[ranking[question, rank]])
    overlaps = retrieval.overlaps
    met: Bools = among(overlaps.question * documents + document[overlaps.row], read)
    return met


def _not_in_text(retrieval: Retrieval) -> tuple[Floats, Bools]:
    """Return the share of each question's evidence that only another conversion of the documents has, and which items."""
    table, extent = retrieval.table, retrieval.chunking.extent
    if extent is None:
        return np.zeros(len(table.items)), np.zeros(len(table.item_weights), bool)
    first, last = retrieval.chunking.corpus.non_whitespace_before(np.array(extent))
    inside = np.zeros(len(table.item_weights), bool)
    inside[table.item[(table.spans[:, 0] >= first) & (table.spans[:, 1] <= last)]] = True
    lost = np.bincount(table.item_question, np.where(inside, 0, table.item_weights), minlength=len(table.items))
    share: Floats = lost / np.maximum(table.weights, 1)
    return share, ~inside
