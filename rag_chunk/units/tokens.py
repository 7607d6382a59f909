"""tiktoken tokens as units: the corpus is encoded once, and a cut re-encodes only the word at it.

A tokenizer of this kind first splits text by a pattern, then encodes each piece by itself. At a *safe
point* every such pattern splits, wherever its scan began and whatever follows, so tokens on both sides
of it are the same for the corpus and for any chunk that holds it. Between a cut and the next safe
point the chunk's own text is encoded; everything else is counted from the corpus' token starts.
"""

from functools import cached_property
from typing import Final

import numpy as np

from rag_chunk.arrays import Bools, Bytes, Positions, Spans, among, as_spans, distinct, index_in, line_type
from rag_chunk.characters import BLOCK, LETTER, NEWLINE, NUMBER, PUNCTUATION, SPACE, STICKY
from rag_chunk.corpus import Corpus
from rag_chunk.units import encoded
from rag_chunk.units.encoding import load_encoding

FAR = 64  # characters: a safe point further away than this is not worth encoding up to
SHORT = 256  # characters: the counts of texts up to this are remembered
WIDE = 10_000  # white-space characters: above it the pattern's way back through them is not left to it


def _safe(flags: Bytes) -> Bools:
    """Return whether each position after the first is a safe point: bool [characters - 1]."""
    before, here = flags[:-1], flags[1:]
    spaced = (here & (SPACE | NEWLINE | STICKY) == SPACE) & (before & SPACE == 0)
    after_letter = (before & LETTER > 0) & (here & (SPACE | PUNCTUATION | NUMBER) > 0)
    after_number = (before & NUMBER > 0) & (here & (SPACE | PUNCTUATION | LETTER) > 0)
    line = (before & NEWLINE > 0) & (here & (LETTER | NUMBER | PUNCTUATION) > 0)
    found: Bools = (spaced | after_letter | after_number | line) & (here & STICKY == 0)
    return found


class Tokens:
    """Tokens as units. A chunk's size equals the length of its text's own encoding."""

    name: Final = "tokens"

    def __init__(self, corpus: Corpus, model: str) -> None:
        """Encode `corpus` with the tokenizer of `model`, on all cores."""
        self._corpus = corpus
        self._encoding = load_encoding(model)
        self._counts: dict[str, int] = {}
        self.starts, self._alone = encoded.encoded(corpus, self._encoding, self._cuts())

    @cached_property
    def _safe_points(self) -> Positions:
        """Every safe point of the line, document borders among them, in order."""
        flags, length, kind = self._corpus.flags, len(self._corpus), line_type(len(self._corpus))
        parts = []
        for place in range(0, length, BLOCK):
            block = flags[max(place - 1, 0) : place + BLOCK]
            safe = _safe(block) if place else np.append(np.True_, _safe(block))
            safe[self._corpus.starts[slice(*self._corpus.starts.searchsorted([place, place + len(safe)]))] - place] = (
                True
            )
            parts.append((np.flatnonzero(safe) + place).astype(kind))
        points = np.concatenate([*parts, np.array([length], kind)])
        return distinct(points, self._wide_ends) if len(self._wide_ends) else points

    @cached_property
    def _wide_gaps(self) -> Spans:
        """The long stretches of white space before something else in a document, where their last is no line end."""
        corpus = self._corpus
        first, last = corpus.white_runs
        starts, ends = corpus.past_space(first, -1), corpus.past_space(last, 1)
        starts, ends = starts[ends < len(corpus)], ends[ends < len(corpus)]
        starts = np.maximum(starts, corpus.starts[corpus.documents_at(ends)])
        kept = (ends - starts > FAR) & ((corpus.flags[ends - 1] & NEWLINE) == 0)
        return as_spans(np.column_stack([starts[kept], ends[kept]]))

    @cached_property
    def _wide_ends(self) -> Positions:
        """The last character of each wide gap. Every pattern splits there: the last space belongs to what follows."""
        return (self._wide_gaps[:, 1] - 1).astype(line_type(len(self._corpus)))

    def _cuts(self) -> Positions:
        """Return where documents are cut to be encoded in parts: at safe points, and in very wide gaps."""
        wanted = np.arange(encoded.PART, len(self._corpus), encoded.PART)
        index = index_in(self._safe_points, wanted)
        very_wide = self._wide_ends[self._wide_gaps[:, 1] - self._wide_gaps[:, 0] > WIDE]
        return distinct(self._safe_points[index], very_wide)

    def _count(self, text: str) -> int:
        """Return the number of tokens of `text` by itself, remembered for short texts."""
        if len(text) > SHORT:
            return len(self._encoding.encode_ordinary(text))
        count = self._counts.get(text)
        if count is None:
            count = self._counts[text] = len(self._encoding.encode_ordinary(text))
        return count

    def _counts_of(self, spans: Spans) -> Positions:
        """Return the number of tokens of each span's text, encoded by itself: [n]."""
        known, texts = self._counts, self._corpus.texts(as_spans(spans))
        counts = list(map(known.get, texts))
        for index in [index for index, count in enumerate(counts) if count is None]:
            counts[index] = self._count(texts[index])
        return np.array(counts, np.int64)

    def _before(self, positions: Positions) -> Positions:
        return index_in(self.starts, positions)

    def lead(self, starts: Positions) -> Positions:
        """Return for each start the number of tokens that a chunk starting there does not pay for.

        `reach(end) - lead(start)` is the chunk's size wherever a safe point lies in it.
        """
        safe = self._safe_points[index_in(self._safe_points, starts)]
        count = self._before(safe)
        far = safe - starts > FAR
        count[far] = self._before(starts[far])
        cut = np.flatnonzero((safe > starts) & ~far)
        alone = self._alone_in(starts[cut], safe[cut])
        count[cut] -= alone
        cut = cut[alone == 0]
        count[cut] -= self._counts_of(np.column_stack([starts[cut], safe[cut]]))
        return count

    def _alone_in(self, starts: Positions, ends: Positions) -> Positions:
        """Return the number of tokens of each text that is one with the space before it; 0 for other texts."""
        token = self._before(starts) - 1
        kept = (token >= 0) & (token + 1 < len(self.starts))
        token = np.where(kept, token, 0)
        kept &= (self.starts[token] == starts - 1) & (self.starts[np.minimum(token + 1, len(self.starts) - 1)] == ends)
        return np.where(kept, self._alone[token], 0).astype(np.int64)

    def reach(self, ends: Positions) -> Positions:
        """Return for each end the number of tokens up to it, as a chunk that ends there counts them."""
        index = index_in(self._safe_points, ends)
        aligned = (self._safe_points[index] == ends) & (ends > 0)
        aligned &= (self._corpus.flags[np.maximum(ends, 1) - 1] & SPACE) == 0
        safe = np.where(aligned, ends, self._safe_points[np.maximum(index - 1, 0)])
        count = self._before(safe)
        far = ends - safe > FAR
        count[far] = self._before(ends[far])
        cut = np.flatnonzero((safe < ends) & ~far)
        count[cut] += self._counts_of(np.column_stack([safe[cut], ends[cut]]))
        return count

    def additive(self, spans: Spans) -> Bools:
        """Return whether `reach` less `lead` is the size of each span: where a near safe point lies in it."""
        starts, ends = spans[:, 0], spans[:, 1]
        after = index_in(self._safe_points, starts)
        before = index_in(self._safe_points, ends) - 1
        first, last = self._safe_points[after], self._safe_points[np.maximum(before, 0)]
        near: Bools = (first <= last) & (first - starts <= FAR) & (ends - last <= FAR)
        if len(self._wide_ends):  # at the end of a text all its last white space is one piece
            spaced = (self._corpus.flags[np.maximum(ends, 1) - 1] & SPACE) > 0
            near &= ~(spaced & among(last, self._wide_ends))
        return near

    def sizes(self, spans: Spans) -> Positions:
        """Return the number of tokens in each span's own text: [n]."""
        near = self.additive(spans)
        sizes = np.zeros(len(spans), np.int64)
        sizes[near] = self.reach(spans[near, 1]) - self.lead(spans[near, 0])
        sizes[~near] = self._counts_of(spans[~near])
        return sizes
