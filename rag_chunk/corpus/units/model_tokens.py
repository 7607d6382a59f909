"""Tokens of any tokenizer of the package `tokenizers` as units.

Where the text between two white spaces is proven to have the same tokens everywhere, a chunk has those of the corpus, and
only a word that it cuts is encoded again. Any other tokenizer may look further than that: each chunk is encoded by itself,
which is right and slower. The tokens of the corpus then tell only where to look for the end of a chunk.
"""

from collections import ChainMap
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans, as_spans, distinct, index_in, line_type
from rag_chunk.corpus.units.counts import FAR, Counts
from rag_chunk.corpus.units.loaded_tokenizer import tokenizer_of

_PART = 1 << 18  # characters that are encoded at a time
_AHEAD = 1024  # characters: a white space to cut at is looked for so far
_SHORT = 64  # characters: the counts of texts up to this are remembered
_AT_ONCE = 1 << 14  # texts that are encoded together
_WHITE = frozenset(" \t\n\r")  # which every tokenizer takes for white space


def _is_white(character: str) -> int:
    return int(character in _WHITE)


class ModelTokens:
    """Tokens as units. A chunk's size equals the length of its text's own encoding."""

    name: Final = "tokens"

    def __init__(self, corpus: Corpus, model: str) -> None:
        """Encode `corpus` with the tokenizer that `model` names."""
        self._corpus, self._tokenizer = corpus, tokenizer_of(model)
        self._counts: dict[str, int] = {}
        self._white = np.flatnonzero(corpus.classify_characters(_is_white)).astype(line_type(len(corpus)))
        self.encoders = (self._tokenizer.identity,)
        self.keeps_space = not self._tokenizer.splits_at_space
        self.starts: Positions = self._find_starts()

    def _find_starts(self) -> Positions:
        """Return where each token of the documents starts; long ones are encoded in parts that meet at white space."""
        near = np.arange(_PART, len(self._corpus), _PART)
        after = np.append(self._white, len(self._corpus))[index_in(self._white, near)]
        cuts = distinct(self._corpus.starts, after[after < near + _AHEAD])
        parts = list(pairwise(cuts.tolist()))
        texts = [self._corpus.text(start, end) for start, end in parts]
        own = [starts + first for starts, (first, _) in zip(self._tokenizer.starts(texts), parts, strict=True)]
        return np.concatenate([np.zeros(0, np.int64), *own]).astype(line_type(len(self._corpus)))

    @cached_property
    def _safe(self) -> Positions:
        """The places beside white space, and the borders of documents."""
        white = self._white
        return distinct(self._corpus.starts, white, white + 1)

    def count(self, spans: Spans, far: int = FAR) -> Counts:  # noqa: ARG002 - nothing outside a span is encoded
        """Count each span's own text.

        "ing is fu", cut out of "chunking is fun", is "ing", the words up to the next cut one as in the corpus, and "fu": only
        the cut ones are encoded. A span without white space, or of a tokenizer that is not proven, is encoded whole.
        """
        starts, ends = spans.T
        first, last, near = ends, ends, np.zeros(len(spans), bool)
        if self._tokenizer.splits_at_space and len(spans):
            first, last = self._safe[index_in(self._safe, starts)], self._safe[index_in(self._safe, ends, "right") - 1]
            near = first <= last
            first, last = np.where(near, first, ends), np.where(near, last, ends)
        heads, tails = (as_spans(np.column_stack(each)) for each in ((starts, first), (last, ends)))
        lead = index_in(self.starts, first) - self._counts_of(heads)
        reach = index_in(self.starts, last) + self._counts_of(tails)
        opens, closes = np.where(near, first, len(self._corpus) + 1), np.where(near, last, -1)
        return Counts(lead, reach, opens, closes, reach - lead)

    def size(self, start: int, end: int) -> int:
        """Count the tokens of one stretch."""
        return int(self.count(as_spans([(start, end)])).sizes[0])

    def _counts_of(self, spans: Spans) -> Positions:
        """Return the number of tokens of each span's text by itself, remembered for short texts: [n]."""
        counts = np.zeros(len(spans), np.int64)
        rows = np.flatnonzero(spans[:, 1] > spans[:, 0])
        for first in range(0, len(rows), _AT_ONCE):
            some = rows[first : first + _AT_ONCE]
            texts = self._corpus.texts(as_spans(spans[some]))
            new = [text for text in dict.fromkeys(texts) if text not in self._counts]
            known = ChainMap(dict(zip(new, self._tokenizer.counts(new), strict=True)), self._counts)
            counts[some] = [known[text] for text in texts]
            self._counts.update((text, known[text]) for text in new if len(text) <= _SHORT)
        return counts
