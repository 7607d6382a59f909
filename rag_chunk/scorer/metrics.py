"""The metrics of each group. A group returns scores per question; a metric is their mean, unless it says otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from rag_chunk.chunker.chunking import Chunking
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Floats, Positions, among, distinct, first_of_runs
from rag_chunk.questions.question import Questions, question_overlap
from rag_chunk.retriever import Ranking
from rag_chunk.scorer.budget import CURVE, LADDER, budgets_of
from rag_chunk.scorer.losses import LostItem, losses_of, lost_items
from rag_chunk.scorer.oracle import oracle_ranking
from rag_chunk.scorer.overlaps import EvidenceOverlaps, hits, recall, union_sizes
from rag_chunk.scorer.retrieval import Retrieval
from rag_chunk.scorer.shuffles import SHUFFLES, shuffles

_ENOUGH = 0.9


@dataclass(frozen=True, slots=True)
class Figures:
    """Scores per question by metric, [questions] each, and the metrics that are not their means.

    `causes` are those of lost recall, of each question, and `lost_items` its items of which something is missing, in the
    group `losses`.
    """

    per_question: dict[str, Floats]
    metrics: dict[str, float] = field(default_factory=dict)
    causes: Sequence[tuple[str, ...]] = ()
    lost_items: Sequence[tuple[LostItem, ...]] = ()


def at_top_k(retrieval: Retrieval) -> Figures:
    """Return recall, precision, their harmonic mean, hit rate, MRR and the share of the right documents, at `top_k`."""
    top = retrieval.ranking[:, : retrieval.config.top_k]
    hit = retrieval.hits
    low, high = retrieval.overlaps.low[hit.meeting], retrieval.overlaps.high[hit.meeting]
    recalled = recall(retrieval.overlaps, hit, np.where(hit.rank < top.shape[1], high, low)[None], len(top))[0][0]
    precise = _precision(retrieval)
    both = recalled + precise
    first = first_relevant(retrieval)
    return Figures({
        "avg_recall": recalled,
        "avg_precision": precise,
        "avg_f1": np.divide(2 * recalled * precise, both, out=np.zeros(len(top)), where=both > 0),
        "hit_rate": (first < top.shape[1]).astype(float),
        "mrr": np.where(first < top.shape[1], 1 / (first + 1), 0.0),
        "document_precision": _document_precision(retrieval),
    })  # fmt: skip


def _precision(retrieval: Retrieval) -> Floats:
    """Return |U(R) ∩ E| / |U(R)| for R the first `top_k`, E all evidence; 0 where nothing is retrieved: [questions]."""
    top, overlaps = retrieval.ranking[:, : retrieval.config.top_k], retrieval.union_overlaps
    non_whitespace = np.concatenate([retrieval.non_whitespace, np.zeros((1, 2), np.int64)])[top]
    order = np.argsort(non_whitespace[:, :, 0], axis=1)
    low, high = (np.take_along_axis(non_whitespace[:, :, side], order, axis=1).ravel() for side in (0, 1))
    opens = np.arange(len(top)) * top.shape[1]
    read = union_sizes(low, high[None], opens)[0]
    ranked = hits(overlaps, top)
    sizes = union_sizes(overlaps.low[ranked.meeting], overlaps.high[ranked.meeting][None], ranked.opens)[0]
    useful = np.bincount(ranked.list[ranked.opens], sizes, minlength=len(top))
    precise: Floats = useful / np.maximum(read, 1)
    return precise


def _document_precision(retrieval: Retrieval) -> Floats:
    """Return the share of the first `top_k` chunks that lie in a document with evidence: [questions]."""
    top = retrieval.ranking[:, : retrieval.config.top_k]
    right = in_own_documents(top, retrieval.chunking, retrieval.questions)
    share: Floats = right.sum(axis=1) / np.maximum((top >= 0).sum(axis=1), 1)
    return share


def in_own_documents(ranking: Ranking, chunking: Chunking, questions: Questions) -> Bools:
    """Return whether each ranked chunk lies in a document with evidence of its question: [questions, depth]."""
    corpus, known = chunking.corpus, _known_documents(chunking, questions)
    document = np.append(corpus.documents_at(chunking.spans[:, 0]), 0)[ranking]
    keys = np.arange(len(ranking))[:, None] * len(corpus.documents) + document
    own: Bools = among(keys, known) & (ranking >= 0)
    return own


def rows_with_evidence(chunking: Chunking, questions: Questions) -> Positions:
    """Return the rows of the chunks that lie in documents with evidence of any question: [n]."""
    corpus = chunking.corpus
    documents = np.unique(_known_documents(chunking, questions) % len(corpus.documents))
    return np.flatnonzero(np.isin(corpus.documents_at(chunking.spans[:, 0]), documents))


def _known_documents(chunking: Chunking, questions: Questions) -> Positions:
    corpus = chunking.corpus
    return corpus.derive(np.ndarray, lambda: _evidence_documents(corpus, questions), "documents of evidence", questions)


def _evidence_documents(corpus: Corpus, questions: Questions) -> Positions:
    """Return question * documents + document for each document that holds some evidence of a question."""
    starts = [
        (row, start)
        for row, question in enumerate(questions.questions)
        for item in question.evidence
        for start, _ in item.spans
    ]
    rows, places = np.array(starts, np.int64).reshape(-1, 2).T
    return distinct(rows * len(corpus.documents) + corpus.documents_at(places))


def causes_of_loss(retrieval: Retrieval) -> Figures:
    """Return what is missing of the recall at the budget, by its cause."""
    losses, of_items = losses_of(retrieval)
    return Figures(losses.amounts, causes=losses.causes(), lost_items=lost_items(retrieval.table, of_items))


def first_relevant(retrieval: Retrieval) -> Positions:
    """Return the rank, from 0, of the first chunk that covers half of an item or lies wholly inside one: [questions].

    The ranking's depth means none.
    """
    overlaps, ranked = retrieval.overlaps, retrieval.hits
    shared = (overlaps.high - overlaps.low)[ranked.meeting]
    half = 2 * shared >= retrieval.table.lengths[overlaps.alternative[ranked.meeting]]
    inside = shared == (retrieval.non_whitespace[:, 1] - retrieval.non_whitespace[:, 0])[overlaps.row[ranked.meeting]]
    relevant = half | inside
    first = np.full(len(retrieval.ranking), retrieval.ranking.shape[1], np.int64)
    np.minimum.at(first, ranked.list[relevant], ranked.rank[relevant])
    return first


def at_budgets(retrieval: Retrieval) -> Figures:
    """Return recall at the budget and along the curve, whether all is there, the least size for a recall of 0.9.

    And what the first `top_k` chunks cost.
    """
    recalls, _ = retrieval.recall_in_characters
    headline, all_there = retrieval.recall_at_budget
    row = {budget: number for number, budget in enumerate(budgets_of(retrieval.config))}
    curve = {f"budget_recall_{budget}": recalls[row[budget]] for budget in CURVE}
    enough = [size for size in LADDER if recalls[row[size]].mean() >= _ENOUGH]
    scores = {
        "budget_recall": headline,
        **curve,
        "budget_complete": all_there.astype(float),
        "context_size": _context_sizes(retrieval),
    }
    return Figures(scores, {"size_for_90": float(enough[0])} if enough else {})


def _context_sizes(retrieval: Retrieval) -> Floats:
    """Return how many characters the first `top_k` chunks are: [questions]."""
    depth = min(retrieval.config.top_k, retrieval.ranking.shape[1])
    costs = retrieval.walk_in_characters.after[:, depth - 1] if depth else np.zeros(len(retrieval.ranking))
    return costs.astype(np.float64)


def ceiling(retrieval: Retrieval) -> Figures:
    """Return the recall at the budget of a greedy best ranking, at least the actual one's."""
    ranking = oracle_ranking(retrieval.overlaps, retrieval.costs, retrieval.config.budget)
    return Figures({"oracle_recall": np.maximum(retrieval.recall_of(ranking), retrieval.recall_at_budget[0])})


def floor(retrieval: Retrieval) -> Figures:
    """Return the mean recall at the budget of shuffled chunks."""
    config, chunking = retrieval.config, retrieval.chunking
    ranking = shuffles(chunking.corpus, retrieval.questions, retrieval.costs, config.seed, config.budget)
    recalls = retrieval.recall_of(ranking, SHUFFLES)
    return Figures({"random_recall": recalls.reshape(-1, SHUFFLES).mean(axis=1)})


def of_borders(retrieval: Retrieval) -> Figures:
    """Return what the chunks' borders do to the evidence, with no retrieval: `intact` (pooled) and `precision_omega`."""
    overlaps, table = retrieval.overlaps, retrieval.table
    whole = np.zeros(len(table.item_weights), bool)
    whole[table.item[overlaps.alternative[overlaps.high - overlaps.low == table.lengths[overlaps.alternative]]]] = True
    share = np.bincount(table.item_question, whole, minlength=len(table.items)) / np.maximum(table.items, 1)
    scores = {"intact": share, "precision_omega": _precision_omega(retrieval.union_overlaps, retrieval)}
    return Figures(scores, {"intact": float(whole.mean()) if len(whole) else 0.0})


def _precision_omega(overlaps: EvidenceOverlaps, retrieval: Retrieval) -> Floats:
    """Return |E ∩ U(T)| / |U(T) and what is missing of E|, T being all chunks that share a non-white-space character with E: [questions]."""
    order = np.lexsort((overlaps.low, overlaps.alternative))
    opens = first_of_runs(overlaps.alternative[order])
    sizes = union_sizes(overlaps.low[order], overlaps.high[order][None], opens)[0]
    questions = len(overlaps.table.items)
    useful = np.bincount(overlaps.question[order][opens], sizes, minlength=questions)
    pairs = overlaps.opens[:-1]
    non_whitespace, question = retrieval.non_whitespace[overlaps.row[pairs]], overlaps.question[pairs]
    order = np.lexsort((non_whitespace[:, 0], question))
    opens = first_of_runs(question[order])
    read = union_sizes(non_whitespace[order, 0], non_whitespace[order, 1][None], opens)[0]
    touched = np.bincount(question[order][opens], read, minlength=questions)
    share: Floats = useful / np.maximum(touched + overlaps.table.weights - useful, 1)
    return share


def overlap_with_questions(retrieval: Retrieval) -> Figures:
    """Return the share of each question's terms that are in its evidence."""
    corpus, questions = retrieval.chunking.corpus, retrieval.questions
    shares = corpus.derive(np.ndarray, lambda: _overlaps(corpus, questions), "question overlap", questions)
    return Figures({"question_overlap": shares})


def _overlaps(corpus: Corpus, questions: Questions) -> Floats:
    return np.array([question_overlap(corpus, question) for question in questions.questions], float)
