"""How often chunks hold the terms of questions, and the statistics of all chunks: what BM25 scores depend on."""

from dataclasses import dataclass, replace

import numpy as np

from rag_chunk.corpus.arrays import Bools, Floats, Positions
from rag_chunk.corpus.arrays import among as is_among


@dataclass(frozen=True, slots=True, eq=False)
class CollectionStatistics:
    """What scores depend on besides the chunk: how many chunks there are, their terms in all, and how many hold each term.

    Those of parts of a corpus add up to those of the whole.
    """

    chunks: int
    length: int
    holders: Positions

    def __add__(self, other: "CollectionStatistics") -> "CollectionStatistics":
        """Return the statistics of both together."""
        return CollectionStatistics(
            self.chunks + other.chunks, self.length + other.length, self.holders + other.holders
        )

    def scale(self, factor: float) -> "CollectionStatistics":
        """Return the statistics of a collection that is so many times as large, and otherwise alike."""
        chunks, length = (round(number * factor) for number in (self.chunks, self.length))
        return CollectionStatistics(chunks, length, np.minimum(np.rint(self.holders * factor), chunks))

    @property
    def mean_length(self) -> float:
        """How many terms a chunk has; above 0 where there are none, so that one can divide by it."""
        return max(self.length / self.chunks, float(np.finfo(float).tiny))

    @property
    def inverse_frequencies(self) -> Floats:
        """The inverse document frequency of each term: [terms]."""
        inverse: Floats = np.log1p((self.chunks - self.holders + 0.5) / (self.holders + 0.5))
        return inverse


@dataclass(frozen=True, slots=True, eq=False)
class TermCounts:
    """How often chunks hold the terms of questions: all that ranking needs of the text.

    Rows of `number`, `chunk` and `frequency` are a term in a chunk, in the order of terms, then chunks. `lengths` [chunks]
    are in terms. The questions are `terms` that meet at `borders`, as in `_Questions`, and `vocabulary` is how many different
    ones there are.
    """

    number: Positions
    chunk: Positions
    frequency: Positions
    lengths: Positions
    terms: Positions
    borders: Positions
    vocabulary: int

    @property
    def holders(self) -> Positions:
        """How many chunks hold each term: [terms]."""
        return np.bincount(self.number, minlength=self.vocabulary)

    def compact(self) -> "TermCounts":
        """Return the same counts in the smallest types of number that hold them: about 7 bytes for a term in a chunk."""
        number, frequency, chunk = map(_smallest, (self.number, self.frequency, self.chunk))
        return replace(self, number=number, frequency=frequency, chunk=chunk, lengths=_smallest(self.lengths))

    def of_chunks(self, rows: Positions) -> "TermCounts":
        """Return the counts of the chunks in some sorted `rows` alone."""
        kept = self.of_postings(is_among(self.chunk, rows))
        return replace(kept, chunk=np.searchsorted(rows, kept.chunk), lengths=self.lengths[rows])

    def of_postings(self, kept: Bools) -> "TermCounts":
        """Return the counts of some terms in some chunks alone: `kept` [postings]."""
        return replace(self, number=self.number[kept], chunk=self.chunk[kept], frequency=self.frequency[kept])

    @property
    def statistics(self) -> CollectionStatistics:
        """What these chunks add to the statistics."""
        return CollectionStatistics(len(self.lengths), int(self.lengths.sum()), self.holders)


def _smallest(numbers: Positions) -> Positions:
    return numbers.astype(np.min_scalar_type(int(numbers.max(initial=0))))
