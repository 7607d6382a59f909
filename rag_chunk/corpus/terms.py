r"""The terms of a text, and where they stand on a corpus' line: the ground of lexical retrieval.

A term is a run of `\w` characters as it stands in the text, lower-cased by itself, so that offsets stay.
Runs of scripts that are written without spaces are bigrams instead, as in Lucene's CJK analysis; a lone
character of such a run is a term by itself.
"""

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import regex

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bools, Positions, Spans, as_spans
from rag_chunk.corpus.characters import classify_characters

_WORD, _UNSPACED = 1, 2
_SCRIPTS = "".join(rf"\p{{scx={script}}}" for script in ("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"))
_IS_UNSPACED = regex.compile(rf"[[{_SCRIPTS}]&&\w]", regex.V1)
_IS_WORD = regex.compile(r"\w")


@lru_cache(maxsize=8192)
def _kind(character: str) -> int:
    return _UNSPACED if _IS_UNSPACED.match(character) else _WORD * bool(_IS_WORD.match(character))


def _runs(text: str) -> tuple[Spans, Bools]:
    """Return the runs of one kind, [runs, 2], and whether each is of a script without spaces."""
    kinds = np.concatenate([np.zeros(1, np.uint8), classify_characters(text, _kind), np.zeros(1, np.uint8)])
    edges = np.flatnonzero(kinds[1:] != kinds[:-1])
    runs = np.column_stack([edges[:-1], edges[1:]])
    kind = kinds[edges[:-1] + 1]
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


def _lower_terms(text: str, spans: Spans) -> Iterator[str]:
    """Yield the term in each span. Lower-casing all at once is the same where nothing in it looks around."""
    whole = text.lower()
    if len(whole) == len(text) and "\u03a3" not in text:  # a sigma is lower-cased by its place in the word
        return (whole[start:end] for start, end in spans.tolist())
    return (text[start:end].lower() for start, end in spans.tolist())


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order.

    >>> terms("The max_length of 全文検索, 字!")
    ['the', 'max_length', 'of', '全文', '文検', '検索', '字']
    """
    return list(_lower_terms(text, _term_spans(*_runs(text))))


class Terms:
    """The terms of a corpus, in order: where each starts and ends on the line, and its number in `vocabulary`."""

    def __init__(self, corpus: Corpus) -> None:
        """Find the terms of every document."""
        self._corpus = corpus
        self.vocabulary: dict[str, int] = {}
        by_document = [self._document(index) for index in range(len(corpus.documents))]
        spans = np.concatenate([np.zeros((0, 2), np.int64), *(spans for spans, _, _ in by_document)])
        self.starts: Positions = np.ascontiguousarray(spans[:, 0])
        self.ends: Positions = np.ascontiguousarray(spans[:, 1])
        self.numbers: Positions = np.concatenate([np.zeros(0, np.int64), *(numbers for _, numbers, _ in by_document)])
        runs = np.concatenate([np.zeros((0, 3), np.int64), *(runs for _, _, runs in by_document)])
        self._run_starts: Positions = np.ascontiguousarray(runs[:, 0])
        self._run_ends: Positions = np.ascontiguousarray(runs[:, 1])
        self._unspaced: Bools = runs[:, 2] > 0

    def _document(self, index: int) -> tuple[Spans, Positions, Spans]:
        """Return one document's terms on the line, their numbers, and its runs with their kind."""
        text, offset = self._corpus.documents[index].text, int(self._corpus.starts[index])
        runs, unspaced = _runs(text)
        spans = _term_spans(runs, unspaced)
        known = self.vocabulary
        numbers = [known.setdefault(term, len(known)) for term in _lower_terms(text, spans)]
        with_kind: Spans = np.column_stack([runs + offset, unspaced])
        return as_spans(spans + offset), np.array(numbers, np.int64), with_kind

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
        first = np.searchsorted(self._run_ends, starts, side="right").clip(max=len(self._run_ends) - 1)
        last = np.searchsorted(self._run_starts, ends, side="left") - 1
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
