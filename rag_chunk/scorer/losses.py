"""Where recall was lost: what is missing of `budget_recall`, by its cause.

Recall is measured of five sets of text, each holding the one before it:

    read within the budget
    + the rest of the chunk that the budget cut                  what this adds is `lost_cut`
    + all pieces of items of which a piece is there              `lost_split`: a border went through the item
    + all chunks of documents of which some chunk is there       `lost_ranked_low`
    + all chunks                                                 `lost_other_documents`

What is then missing is in no chunk: `lost_outside_chunks`. So the five sum to exactly what is missing of recall.
"""

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, first_of_runs
from rag_chunk.scorer.overlaps import Hits, Sizes, recall
from rag_chunk.scorer.retrieval import Retrieval

CAUSES = ("lost_cut", "lost_split", "lost_ranked_low", "lost_other_documents", "lost_outside_chunks")


def losses_of(retrieval: Retrieval) -> dict[str, Floats]:
    """Return the recall that each cause costs: [questions] each."""
    overlaps, questions = retrieval.overlaps, len(retrieval.ranking)
    meeting = np.lexsort((overlaps.low, overlaps.alternative, overlaps.question))
    lists, alternatives = overlaps.question[meeting], overlaps.alternative[meeting]
    every = Hits(meeting, lists, np.zeros_like(meeting), first_of_runs(lists, alternatives))
    reached = recall(overlaps, every, _reach(retrieval)[:, meeting], questions)[0]
    steps = np.diff(np.concatenate([reached, np.ones((1, questions))]), axis=0)
    return dict(zip(CAUSES, steps, strict=True))


def _reach(retrieval: Retrieval) -> Sizes:
    """Return up to where each meeting is visible in each of the five sets: [5, meetings]."""
    overlaps, budget = retrieval.overlaps, np.array([retrieval.config.budget])
    low, high = overlaps.low, overlaps.high
    hits, item = retrieval.hits, overlaps.table.item[overlaps.alternative]
    started = np.zeros(len(low), bool)
    started[hits.meeting] = hits.rank < retrieval.walk.started_chunks(retrieval.config.budget)[hits.list]
    read = low.copy()
    read[hits.meeting] = retrieval.visible(hits, retrieval.walk, budget)[0]
    begun = np.zeros(len(overlaps.table.item_weights), bool)
    begun[item[started]] = True
    pieces = started | begun[item]
    near = pieces | _in_started_documents(retrieval)
    everything: Sizes = np.stack([read, *(np.where(mask, high, low) for mask in (started, pieces, near)), high])
    return everything


def _in_started_documents(retrieval: Retrieval) -> Bools:
    """Return which meetings lie in a document of which a chunk is read for their question: [meetings]."""
    chunking, ranking = retrieval.chunking, retrieval.ranking
    documents = len(chunking.corpus.documents)
    document = chunking.corpus.documents_at(chunking.spans[:, 0])
    count = retrieval.walk.started_chunks(retrieval.config.budget)
    question, rank = np.nonzero(np.arange(ranking.shape[1]) < count[:, None])
    read = question * documents + document[ranking[question, rank]]
    overlaps = retrieval.overlaps
    met: Bools = np.isin(overlaps.question * documents + document[overlaps.row], read)
    return met
