r"""The terms of a text, and where they stand on a corpus' line: the ground of lexical retrieval.

A term is a run of `\w` characters as it stands in the text, lower-cased by itself, so that offsets stay.
Runs of scripts that are written without spaces are bigrams instead, as in Lucene's CJK analysis; a lone
character of such a run is a term by itself.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import regex

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Bytes, Positions, Spans, as_spans, index_in, line_type
from rag_chunk.corpus.characters import classify_characters, mask_characters

_WORD, _UNSPACED = 1, 2
_PART = 1 << 18  # characters whose terms are found at a time
_SCRIPTS = "".join(rf"\p{{scx={script}}}" for script in ("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"))
_IS_UNSPACED = regex.compile(rf"[[{_SCRIPTS}]&&\w]", regex.V1)
_IS_WORD = regex.compile(r"\w")


@lru_cache(maxsize=8192)
def _kind(character: str) -> int:
    return _UNSPACED if _IS_UNSPACED.match(character) else _WORD * bool(_IS_WORD.match(character))


def _blocks(corpus: Corpus) -> Iterator[tuple[int, str, Bytes]]:
    """Yield documents in parts, which cut no run: where each starts on the line, its text, and its characters' kinds."""
    for offset, document in zip(corpus.starts.tolist(), corpus.documents, strict=False):
        kinds, first = classify_characters(document.text, _kind), 0
        while first < len(kinds):
            end = min(first + _PART, len(kinds))
            while end < len(kinds) and kinds[end] == kinds[end - 1]:  # a run goes on, or what is between two
                end += 1
            yield offset + first, document.text[first:end], kinds[first:end]
            first = end


def _runs(kinds: Bytes) -> tuple[Spans, Bools]:
    """Return the runs of one kind, [runs, 2], and whether each is of a script without spaces."""
    framed = np.concatenate([np.zeros(1, np.uint8), kinds, np.zeros(1, np.uint8)])
    edges = np.flatnonzero(framed[1:] != framed[:-1])
    runs = np.column_stack([edges[:-1], edges[1:]])
    kind = framed[edges[:-1] + 1]
    return as_spans(runs[kind > 0]), kind[kind > 0] == _UNSPACED


def _term_spans(runs: Spans, unspaced: Bools) -> Spans:
    """Return the spans of all terms, in order: whole runs, and the bigrams of unspaced ones: [terms, 2]."""
    if not unspaced.any():
        return runs
    lengths = runs[:, 1] - runs[:, 0]
    counts = np.where(unspaced, np.maximum(lengths - 1, 1), 1)
    starts = np.repeat(runs[:, 0], counts) + np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = np.where(np.repeat(unspaced & (lengths > 1), counts), starts + 2, np.repeat(runs[:, 1], counts))
    return as_spans(np.column_stack([starts, ends]))


def _lower_terms(text: str, kinds: Bytes, spans: Spans, unspaced: Bools) -> Iterable[str]:
    """Return the term in each span. Lower-casing all at once is the same where nothing in it looks around."""
    whole = text.lower()
    if len(whole) != len(text) or "\u03a3" in text:  # a sigma is lower-cased by its place in the word
        return (text[start:end].lower() for start, end in spans.tolist())
    if unspaced.any():
        return (whole[start:end] for start, end in spans.tolist())
    return mask_characters(whole, kinds == 0).split()  # no character of a word is white space


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order.

    >>> terms("The max_length of 全文検索, 字!")
    ['the', 'max_length', 'of', '全文', '文検', '検索', '字']
    """
    kinds = classify_characters(text, _kind)
    runs, unspaced = _runs(kinds)
    return list(_lower_terms(text, kinds, _term_spans(runs, unspaced), unspaced))


class _TextBlock(NamedTuple):
    """The terms of a part of the line, and its runs: starts and ends of both, the terms' numbers, the runs' kind."""

    starts: Positions
    ends: Positions
    numbers: Positions
    run_starts: Positions
    run_ends: Positions
    unspaced: Bools


class Terms:
    """The terms of a corpus, in order: where each starts and ends on the line, and its number in `vocabulary`."""

    def __init__(self, corpus: Corpus) -> None:
        """Find the terms of every document."""
        self._corpus = corpus
        self._kind = line_type(len(corpus))
        numbers = defaultdict[str, int]()
        numbers.default_factory = numbers.__len__  # a new term has the next number
        blocks = [self._block(start, text, kinds, numbers) for start, text, kinds in _blocks(corpus)]
        numbers.default_factory = None
        self.vocabulary: dict[str, int] = numbers
        self.starts, self.ends = (
            self._join(block.starts for block in blocks),
            self._join(block.ends for block in blocks),
        )
        self.numbers = self._join(block.numbers for block in blocks)
        self._run_starts, self._run_ends = self.starts, self.ends
        self._unspaced: Bools = np.broadcast_to(np.False_, len(self.starts))
        if any(block.unspaced.any() for block in blocks):
            self._run_starts = self._join(block.run_starts for block in blocks)
            self._run_ends = self._join(block.run_ends for block in blocks)
            self._unspaced = np.concatenate([block.unspaced for block in blocks])

    def _join(self, parts: Iterable[Positions]) -> Positions:
        return np.concatenate([np.zeros(0, self._kind), *parts])

    def _block(self, offset: int, text: str, kinds: Bytes, numbers: dict[str, int]) -> _TextBlock:
        """Return the terms of a part of the line, and number them; without bigrams they are the runs."""
        runs, unspaced = _runs(kinds)
        spans = _term_spans(runs, unspaced)
        found = map(numbers.__getitem__, _lower_terms(text, kinds, spans, unspaced))
        numbered = np.fromiter(found, self._kind, len(spans))
        starts, ends = ((spans[:, side] + offset).astype(self._kind) for side in (0, 1))
        if spans is runs:
            return _TextBlock(starts, ends, numbered, starts, ends, unspaced)
        run_starts, run_ends = ((runs[:, side] + offset).astype(self._kind) for side in (0, 1))
        return _TextBlock(starts, ends, numbered, run_starts, run_ends, unspaced)

    def fragments(self, spans: Spans) -> tuple[Positions, list[str]]:
        """Return the terms that arise where the borders of `spans` cut a run: rows of `spans`, and the terms.

        A cut word leaves its fragment. A cut unspaced run leaves a term only where one character of it is left:
        else its bigrams are all that is in the span.
        """
        if not len(self._run_starts):
            return np.zeros(0, np.int64), []
        rows, pieces, unspaced = self._cut_runs(spans)
        kept = ~unspaced | (pieces[:, 1] - pieces[:, 0] == 1)
        texts = [self._corpus.text(start, end).lower() for start, end in pieces[kept].tolist()]
        return rows[kept], texts

    def _cut_runs(self, spans: Spans) -> tuple[Positions, Spans, Bools]:
        """Return what `spans` leave of the runs that they cut: the row, the piece, whether the run is unspaced."""
        starts, ends = spans[:, 0], spans[:, 1]
        first = index_in(self._run_ends, starts, "right").clip(max=len(self._run_ends) - 1)
        last = index_in(self._run_starts, ends) - 1
        at_start = np.flatnonzero((self._run_starts[first] < starts) & (starts < self._run_ends[first]))
        at_end = np.flatnonzero((last >= 0) & (self._run_starts[last] < ends) & (ends < self._run_ends[last]))
        # A run that is cut at both ends, because the span lies inside it, counts once.
        at_end = at_end[~np.isin(at_end, at_start) | (last[at_end] != first[at_end])]
        rows = np.concatenate([at_start, at_end])
        runs = np.concatenate([first[at_start], last[at_end]])
        pieces = np.column_stack([
            np.maximum(self._run_starts[runs], starts[rows]), np.minimum(self._run_ends[runs], ends[rows]),
        ])  # fmt: skip
        return rows, as_spans(pieces), self._unspaced[runs]


def terms_of(corpus: Corpus) -> Terms:
    """Return the terms of `corpus`, found once and kept as long as the corpus."""
    return corpus.derived(Terms, lambda: Terms(corpus))
