"""`semantic`: sentences of one topic. A document is cut where the text before and after a sentence's end differs most.

How much it differs is measured by vectors: the change at the end of a sentence is 1 less the cosine of the mean vectors
of the `WINDOW` sentences before it and after it. A document is cut at those of its changes that are above its
`split_percentile`, the largest first, wherever that leaves `smallest_size` units on both sides.
"""

from bisect import bisect
from collections.abc import Iterator, Sequence

import numpy as np

from rag_chunk.chunker.measured_segments import MeasuredSegments, measure
from rag_chunk.chunker.omission import skipped_spans
from rag_chunk.chunker.packing import pack_rows
from rag_chunk.chunker.segments import Level, Segments, pieces_at
from rag_chunk.chunker.splittable import SplittableSegments
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Floats, Positions, Spans, as_spans
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.units import units_of
from rag_chunk.embedder import Vectors, embed

WINDOW = 3  # sentences
_AT_ONCE = 256  # sentences


def semantic(corpus: Corpus, config: RunConfig) -> Spans:
    """Cut where the meaning changes; what is over `chunk_size` is packed as sentence does."""
    known, changes = measured_sentences(corpus, config), _changes(corpus, config)
    lead, reach = known.counts.lead, known.counts.reach
    cuts = [
        first + _cuts(changes[first:last], lead[first:last], reach[first:last], config)
        for first, last in groups_of(known.pieces)
    ]
    return pack_between(cuts, known, corpus, config)


def measured_sentences(corpus: Corpus, config: RunConfig) -> MeasuredSegments:
    """Return the sentences of a corpus with their sizes."""
    units = units_of(corpus, config.unit, config.model)
    return corpus.derive(MeasuredSegments, lambda: measure(sentences(corpus, config), units), config.skip_blocks, units)


def pack_between(cuts: Sequence[Positions], known: MeasuredSegments, corpus: Corpus, config: RunConfig) -> Spans:
    """Pack the sentences `known`, never across one of the `cuts`: the rows of sentences, in several arrays."""
    levels = known.pieces.levels.copy()
    levels[np.concatenate([np.zeros(0, np.int64), *cuts])] = Level.GROUP
    parts = MeasuredSegments(Segments(known.pieces.spans, levels), known.counts)
    units = units_of(corpus, config.unit, config.model)
    return pack_rows(SplittableSegments(parts, corpus, units).rows(config.chunk_size), corpus, config)


def sentences(corpus: Corpus, config: RunConfig) -> Segments:
    """Return the sentences of a corpus, which are embedded; they do not depend on `chunk_size`."""
    skipped = skipped_spans(corpus, config)
    borders = [(Level.SENTENCE, structure_of(corpus).sentence_starts)]
    return corpus.derive(Segments, lambda: pieces_at(corpus, borders, skipped), "sentences alone", config.skip_blocks)


def groups_of(pieces: Segments) -> list[tuple[int, int]]:
    """Return the rows of each document, or part of one, that sentences are not joined across."""
    opens = np.flatnonzero(pieces.levels == Level.GROUP).tolist()
    return list(zip(opens, [*opens[1:], len(pieces)], strict=True)) if len(pieces) else []


def _changes(corpus: Corpus, config: RunConfig) -> Floats:
    """Return how much the text changes before each sentence: [sentences]; made once for every size."""
    key = ("changes of meaning", config.skip_blocks, config.embedding_model, config.embedding_url)
    return corpus.derive(np.ndarray, lambda: _changes_of_meaning(corpus, config), *key)


def _changes_of_meaning(corpus: Corpus, config: RunConfig) -> Floats:
    return np.concatenate([np.zeros(0), *map(changes, embed_groups(corpus, config))])


def embed_groups(corpus: Corpus, config: RunConfig) -> Iterator[Vectors]:
    """Yield the vectors of the sentences of each document, or part of one."""
    pieces = sentences(corpus, config)
    for first, last in groups_of(pieces):
        yield embed(corpus.texts(as_spans(pieces.spans[first:last])), config)


def changes(vectors: Vectors) -> Floats:
    """Return the change before each of the sentences that have these vectors: float64 [sentences], 0 for the first.

    >>> changes(np.array([[1, 0], [1, 0], [0, 1]], np.float32)).round(3).tolist()
    [0.0, 0.293, 1.0]
    """
    parts = [_changes_before(vectors, first) for first in range(0, len(vectors), _AT_ONCE)]
    joined: Floats = np.concatenate([np.zeros(0), *parts])
    joined[:1] = 0.0
    return joined.round(6)  # so that sums made in another order cut at the same places


def _changes_before(vectors: Vectors, first: int) -> Floats:
    """Return the changes before the sentence `first` and those after it: many at once, but not more than a cache holds.

    The means need not be divided: a cosine is the same for sums.
    """
    count = min(_AT_ONCE, len(vectors) - first)
    low, high = max(first - WINDOW, 0), min(first + count + WINDOW, len(vectors))
    padded = np.zeros((count + 2 * WINDOW, vectors.shape[1]))
    padded[low - first + WINDOW : high - first + WINDOW] = vectors[low:high]
    sums = np.array(sum(padded[shift : shift + count + WINDOW] for shift in range(WINDOW)))
    lengths = np.linalg.norm(sums, axis=1)
    before, after = slice(count), slice(WINDOW, None)
    dots = (sums[before] * sums[after]).sum(axis=1)
    product = lengths[before] * lengths[after]
    change: Floats = 1 - np.divide(dots, product, where=product > 0, out=np.ones(count))
    return change


def _cuts(change: Floats, lead: Positions, reach: Positions, config: RunConfig) -> Positions:
    """Return before which sentences of a group it is cut: [cuts], in order."""
    if len(change) < 2:  # noqa: PLR2004 - there is no border
        return np.zeros(0, np.int64)
    least = np.percentile(change[1:], config.split_percentile)
    wanted = np.flatnonzero(change > least)
    order = wanted[np.argsort(-change[wanted], kind="stable")]
    return _apart(order.tolist(), lead, reach, config.smallest_size)


def _apart(order: Sequence[int], lead: Positions, reach: Positions, smallest: int) -> Positions:
    """Take the cuts one by one, and leave out those that would make a part of fewer than `smallest` units."""
    borders = [0, len(lead)]
    for row in order:
        place = bisect(borders, row)
        first, last = borders[place - 1], borders[place]
        if min(reach[row - 1] - lead[first], reach[last - 1] - lead[row]) >= smallest:
            borders.insert(place, row)
    return np.array(borders[1:-1], np.int64)
