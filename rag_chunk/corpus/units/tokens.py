"""tiktoken tokens as units: the corpus is encoded once, and a cut re-encodes only the word at it.

A tokenizer of this kind first splits text by a pattern, then encodes each piece by itself. At a *safe
point* every such pattern splits, wherever its scan began and whatever follows, so tokens on both sides
of it are the same for the corpus and for any chunk that holds it. Between a cut and the next safe
point the chunk's own text is encoded; everything else is counted from the corpus' token starts.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from typing import Final, NamedTuple

import numpy as np

from rag_chunk.corpus import Corpus, cache
from rag_chunk.corpus.arrays import Positions, Spans, among, as_spans, distinct, index_in, line_type, opens
from rag_chunk.corpus.characters import BLOCK, NEWLINE, SPACE, STICKY
from rag_chunk.corpus.units import token_arrays
from rag_chunk.corpus.units.counts import FAR, Counts
from rag_chunk.corpus.units.encoder import encoder_of
from rag_chunk.corpus.units.safe_points import SafePoints, are_safe, safe_points

SHORT = 256  # characters: the counts of texts up to this are remembered
AT_ONCE = 1 << 14  # spans that are counted together
WIDE = 10_000  # white-space characters: above it the pattern's way back through them is not left to it
_AHEAD = 1024  # characters: a place where a text may be cut is looked for so far
_MOST = 4  # tokens in a character: its bytes


class _Inner(NamedTuple):
    """The first and the last safe point inside spans, as places and as numbers of tokens before them: [spans] each.

    Where one is far from the border of its span, the border itself takes its place. `opens` and `closes` are those of
    `Counts`: they tell where both are near.
    """

    first: Positions
    last: Positions
    before: Positions
    until: Positions
    after: Positions  # the number of tokens before the end of each span
    opens: Positions
    closes: Positions


class Tokens:
    """Tokens as units. A chunk's size equals the length of its text's own encoding."""

    name: Final = "tokens"
    keeps_space: Final = True

    def __init__(self, corpus: Corpus, model: str) -> None:
        """Encode `corpus` with the tokenizer of `model`, on all cores."""
        self._corpus = corpus
        self._encoder = encoder_of(model)
        self._are_safe = partial(are_safe, after_lines=token_arrays.facts_of(model).after_lines)
        self._counts: dict[str, int] = {}
        self._kind = line_type(2 * _MOST * len(corpus))  # in which the sum of two numbers of tokens has room
        self._encoder.used.clear()
        self._borders, self._alone = token_arrays.encode_corpus(corpus, self._encoder, self._cuts())
        self.encoders = tuple(sorted(self._encoder.used))  # of the documents whose tokens were not in the cache
        self.starts: Positions = self._borders[:-1]

    @cached_property
    def _safe_points(self) -> SafePoints:
        """Which tokens start at a safe point. Document borders are safe, the end of the line among them."""
        flags, surely = self._corpus.flags, distinct(self._corpus.starts, self._wide_ends)
        marks = np.zeros(len(self._borders), bool)
        for first in range(0, len(self.starts), BLOCK):
            starts = self.starts[first : first + BLOCK]
            marks[first : first + len(starts)] = self._are_safe(flags.take(starts - 1, mode="clip"), flags[starts])
        marks &= opens(self._borders)  # of a character's many tokens only the first
        tokens = index_in(self._borders, surely)
        marks[tokens[self._borders[tokens] == surely]] = True
        return safe_points(marks)

    @cached_property
    def _wide_gaps(self) -> Spans:
        """The long stretches of white space before something else in a document, where their last is no line end."""
        corpus = self._corpus
        first, last = corpus.whitespace.wide_runs
        starts, ends = corpus.whitespace.past(first, -1), corpus.whitespace.past(last, 1)
        starts, ends = starts[ends < len(corpus)], ends[ends < len(corpus)]
        starts = np.maximum(starts, corpus.starts[corpus.documents_at(ends)])
        kept = (ends - starts > FAR) & ((corpus.flags[ends - 1] & (NEWLINE | STICKY)) == 0)
        return as_spans(np.column_stack([starts[kept], ends[kept]]))

    @cached_property
    def _wide_ends(self) -> Positions:
        """The last character of each wide gap. Every pattern splits there: the last space belongs to what follows."""
        return (self._wide_gaps[:, 1] - 1).astype(line_type(len(self._corpus)))

    def _cuts(self) -> Positions:
        """Return where documents are cut to be encoded in parts: at safe points, and in very wide gaps."""
        flags, cuts = self._corpus.flags, list[int]()
        for place in range(token_arrays.PART, len(self._corpus), token_arrays.PART):
            near = flags[place - 1 : place + _AHEAD]
            safe = self._are_safe(near[:-1], near[1:])
            cuts += [place + int(np.argmax(safe))] if safe.any() else []
        very_wide = self._wide_ends[self._wide_gaps[:, 1] - self._wide_gaps[:, 0] > WIDE]
        return distinct(np.array(cuts, np.int64), very_wide)

    def _count(self, text: str) -> int:
        """Return the number of tokens of `text` by itself, remembered for short texts."""
        if len(text) > SHORT:
            return self._encoder.count(text)
        count = self._counts.get(text)
        if count is None:
            count = self._counts[text] = self._encoder.count(text)
        return count

    def _counts_of(self, spans: Spans, after: Positions) -> Positions:
        """Return the number of tokens of each span's text, encoded by itself, given that of those before its end: [n]."""
        counts = self._single_token_rows(spans[:, 0], spans[:, 1], after)
        others = np.flatnonzero(counts == 0)
        counts[others] = self._count_all(self._corpus.texts(as_spans(spans[others])))
        return counts

    def _count_all(self, texts: Sequence[str]) -> Positions:
        """Return the number of tokens of each text by itself: [n]. Where some had to be encoded, all are kept on disk."""
        remembered = list(map(self._counts.get, texts))
        if None not in remembered:
            return np.array(remembered, np.int64)
        key = token_arrays.key_of_counts(self._corpus, texts, self._encoder)
        kept = cache.load(key) if key else None
        if kept is None:
            known = zip(remembered, texts, strict=True)
            counts = np.array([self._count(text) if count is None else count for count, text in known], self._kind)
            if key:
                cache.store(key, counts)
            return counts
        new = zip(texts, kept.tolist(), strict=True)
        self._counts.update((text, count) for text, count in new if len(text) <= SHORT)
        return kept

    def _single_token_rows(self, starts: Positions, ends: Positions, after: Positions) -> Positions:
        """Return the number of tokens of each text that is one token but for white space around it, else 0: [n]."""
        last = np.maximum(after - 1, 0)
        begins, alone, is_ended = self._borders[last], self._alone[last], self._borders[after] == ends
        white = self._corpus.flags.take([ends, ends - 1], mode="clip") & SPACE
        few = (1 << token_arrays.FEW) - 1
        whole = np.where(begins == starts, alone // token_arrays.ITSELF, np.where(begins == starts - 1, alone & few, 0))
        stripped = (begins == starts) & (white[0] > white[1])
        counts = np.where(is_ended, whole, np.where(stripped, (alone >> token_arrays.FEW) & few, 0))
        return counts.astype(np.int64)

    def count(self, spans: Spans, far: int = FAR) -> Counts:
        """Count each span's own text, many at once but not so many that what is between takes much memory.

        A safe point that is more than `far` characters away is not encoded up to. The tokens of the corpus tell `lead`
        and `reach` then, with one more, since the border may change their number.
        """
        counts = Counts(*(np.empty(len(spans), self._kind) for _ in Counts._fields))
        for row in range(0, len(spans), AT_ONCE):
            for column, own in zip(counts, self._count_block(spans[row : row + AT_ONCE], far), strict=True):
                column[row : row + AT_ONCE] = own
        return counts

    def _count_block(self, spans: Spans, far: int) -> Counts:
        """Count each span's own text.

        `lead` is the number of tokens before the first safe point after a start, less those of the text up to it;
        `reach` that before the last safe point before an end, and those of the text after it.
        """
        # "hunking is fu", cut out of "chunking is fun": the safe points inside are before " is" and before " fu". `first`
        # and `last` are those places. Only "hunking" and " fu" are encoded; what is between has the tokens of the corpus.
        # A span without a safe point inside is encoded whole: those are the rows of `cut[2]`.
        (starts, ends), inner = spans.T, self._safely_inside(spans, far)
        lead, reach = inner.before, inner.until
        near = inner.opens <= inner.closes
        cut = np.flatnonzero(starts < inner.first), np.flatnonzero(inner.last < ends), np.flatnonzero(~near)
        texts = (
            np.concatenate([starts[cut[0]], inner.last[cut[1]], starts[cut[2]]]),
            np.concatenate([inner.first[cut[0]], ends[cut[1]], ends[cut[2]]]),
        )
        tokens = np.concatenate([inner.before[cut[0]], inner.after[cut[1]], inner.after[cut[2]]])
        edge_counts = self._counts_of(as_spans(np.column_stack(texts)), tokens)
        counts = np.split(edge_counts, np.cumsum([*map(len, cut[:2])]))
        lead[cut[0]] -= counts[0]
        reach[cut[1]] += counts[1]
        sizes = reach - lead
        sizes[cut[2]] = counts[2]
        return Counts(lead, reach, inner.opens, inner.closes, sizes)

    def size(self, start: int, end: int) -> int:
        """Count the tokens of one stretch: of a longer one as `count` does, which hardly ever has to load the encoder."""
        if end - start > SHORT:
            return int(self.count(as_spans([(start, end)])).sizes[0])
        return self._count(self._corpus.text(start, end))

    def _safely_inside(self, spans: Spans, far: int) -> _Inner:
        """Return the safe points inside each span that are nearest to its borders."""
        (starts, ends), safe = spans.T, self._safe_points
        tokens, after = index_in(self.starts, spans.T)
        before, until = safe.at_or_after(tokens), safe.at_or_before(np.maximum(after - 1, 0))
        opening, closing = self._borders[before], self._borders[until]
        far_start, far_end = opening - starts > far, ends - closing > far
        spaced = (self._corpus.flags[np.maximum(ends, 1) - 1] & SPACE) > 0
        opens = np.where(far_start, closing.dtype.type(len(self._corpus) + 1), opening)
        closes = np.where(far_end, closing.dtype.type(-1), closing)
        if len(self._wide_ends):  # at the end of a text all its last white space is one piece
            closes[spaced & among(closing, self._wide_ends)] = -1
        about = after + far_end
        far_end |= safe.has(after) & (self._borders[after] == ends) & (ends > 0) & ~spaced
        first, last = np.where(far_start, starts, opening), np.where(far_end, ends, closing)
        before, until = np.where(far_start, tokens - 1, before), np.where(far_end, about, until)
        return _Inner(first, last, before, until, after, opens, closes)
