r"""The terms of a text, and their places on a corpus' line: the ground of lexical retrieval.

A term is a run of `\w` characters, folded by itself (`fold_term`), so that offsets stay those of the text. What a reader
does not see, such as a soft hyphen, does not end a run, and a mark belongs to the character before it. Runs of scripts
that are written without spaces are bigrams instead, as in Lucene's CJK analysis; a lone character of such a run is a
term by itself.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import regex

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import (
    NO_POSITIONS,
    Bools,
    Bytes,
    Positions,
    Spans,
    among,
    as_spans,
    index_in,
    line_type,
)
from rag_chunk.corpus.characters import BLOCK, classify_characters, mask_characters
from rag_chunk.corpus.term_folding import IS_IGNORABLE, fold_term, needs_folding
from rag_chunk.corpus.term_numbers import TermNumbers

_WORD, _UNSPACED = 1, 2
_RUN = _WORD | _UNSPACED
_MARK, _IGNORABLE = 4, 8  # of the run of the character before; an ignorable one only where that goes on
_PART = BLOCK  # characters whose terms are found at a time
_BETWEEN = "\n"  # documents that are looked at together: in no run, and no mark or ignorable character joins it
_SCRIPTS = "".join(rf"\p{{scx={script}}}" for script in ("Hani", "Hira", "Kana", "Thai", "Laoo", "Khmr", "Mymr"))
# Some marks and letters of Latin are used with these scripts too.
_IS_UNSPACED = regex.compile(rf"[[[{_SCRIPTS}]--\p{{scx=Latn}}]&&\w]", regex.V1)
_IS_MARK = regex.compile(r"[[\p{sc=Zinh}&&\p{M}]\uff9e\uff9f]", regex.V1)  # with the halfwidth voiced sound marks
_IS_WORD = regex.compile(r"\w")
_ASCII_TERM = re.compile(r"\w+", re.ASCII)


def _kind(character: str) -> int:
    if IS_IGNORABLE.match(character):
        return _IGNORABLE
    if _IS_MARK.match(character):
        return _MARK
    return _UNSPACED if _IS_UNSPACED.match(character) else _WORD * bool(_IS_WORD.match(character))


def _classify(text: str) -> Bytes:
    """Return for each character the kind of its run, or 0, with `_MARK` where it belongs to the character before it."""
    kinds = classify_characters(text, _kind)
    is_joined = kinds >= _MARK
    if not is_joined.any():
        return kinds
    # In "a\u0303\u00ad b" the kinds are 1 4 8 0 1: `before` carries the 1 of the a on to both, and the soft hyphen
    # loses it again, as a space comes next. Nothing is before a mark at the start.
    places = np.arange(len(kinds))
    last = np.maximum.accumulate(np.where(is_joined, -1, places))
    before = np.append(kinds, np.uint8(0))[last]  # -1 is the 0 at the end
    is_ignorable = kinds == _IGNORABLE
    following = np.minimum.accumulate(np.where(is_ignorable, len(kinds), places)[::-1])[::-1]
    after = np.append(before, np.uint8(0))[following]
    before[is_ignorable & (before != after)] = 0
    before[is_joined & (before > 0)] |= _MARK
    return before


def _blocks(corpus: Corpus) -> Iterator[tuple[int, str, Bytes, Positions]]:
    """Yield short neighbours together, and long documents in parts, which cut no run.

    Of each block: where it starts on the line, its text, its characters' kinds, and where in it `_BETWEEN` is.
    """
    for offset, texts in _neighbours(corpus):
        text = _BETWEEN.join(texts)
        kinds, first = _classify(text), 0
        if len(texts) > 1:
            yield offset, text, kinds, np.cumsum([len(each) + 1 for each in texts[:-1]]) - 1
            continue
        while first < len(kinds):
            end = min(first + _PART, len(kinds))
            while end < len(kinds) and kinds[end] & _RUN == kinds[end - 1] & _RUN:  # a run goes on, or what is between
                end += 1
            yield offset + first, text[first:end], kinds[first:end], NO_POSITIONS
            first = end


def _neighbours(corpus: Corpus) -> Iterator[tuple[int, list[str]]]:
    """Yield the texts of neighbours that have at most `_PART` characters together, or of a longer document; and their start."""
    texts, length, start = list[str](), 0, 0
    for document in corpus.documents:
        if texts and length + len(document.text) > _PART:
            yield start, texts
            texts, length, start = [], 0, start + length
        texts.append(document.text)
        length += len(document.text)
    if texts:
        yield start, texts


def _runs(kinds: Bytes) -> tuple[Spans, Bools]:
    """Return the runs of one kind, [runs, 2], and whether each is of a script without spaces."""
    framed = np.concatenate([np.zeros(1, np.uint8), kinds & _RUN, np.zeros(1, np.uint8)])
    edges = np.flatnonzero(framed[1:] != framed[:-1])
    runs = np.column_stack([edges[:-1], edges[1:]])
    kind = framed[edges[:-1] + 1]
    return as_spans(runs[kind > 0]), kind[kind > 0] == _UNSPACED


def _term_spans(runs: Spans, unspaced: Bools, kinds: Bytes) -> Spans:
    """Return the spans of all terms, in order: whole runs, and the bigrams of unspaced ones: [terms, 2]."""
    if not unspaced.any():
        return runs
    # Letters are the characters of unspaced runs that begin something, marks being with them. A bigram goes from a
    # letter to the end of the next one; the last letter of a run begins none, unless it is the only one.
    letters = np.flatnonzero(kinds == _UNSPACED)
    run = np.searchsorted(runs[:, 1], letters, side="right")
    is_last = np.append(run[1:] != run[:-1], True)
    is_first = np.insert(is_last[:-1], 0, True)
    ends = np.where(is_last, runs[run, 1], np.append(letters[1:], 0))
    bigrams = np.column_stack([letters, np.where(is_last, ends, np.append(ends[1:], 0))])[~is_last | is_first]
    spans = np.concatenate([runs[~unspaced], bigrams])
    return as_spans(spans[np.argsort(spans[:, 0], kind="stable")])


def _fold_terms(text: str, kinds: Bytes, spans: Spans, unspaced: Bools) -> Iterable[str]:
    """Return the term in each span. Case is folded all at once, and the terms that need more by themselves."""
    if text.isascii():
        return mask_characters(text.lower(), kinds == 0).split()
    special = (classify_characters(text, needs_folding) > 0) & (kinds > 0)
    is_special = special.any()
    plain = (mask_characters(text, special, by="a") if is_special else text).casefold()  # each character stays one
    folded = mask_characters(plain, kinds & _RUN != _WORD).split()  # no character of a word is white space
    if unspaced.any():
        folded = _insert_bigrams(folded, plain, spans, kinds[spans[:, 0]] == _UNSPACED)
    if is_special:
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(special)])
        for row in np.flatnonzero(before[spans[:, 1]] > before[spans[:, 0]]).tolist():
            folded[row] = fold_term(text[spans[row, 0] : spans[row, 1]])
    return folded


def _insert_bigrams(words: list[str], text: str, spans: Spans, is_bigram: Bools) -> list[str]:
    """Return the terms in `spans`: those that are bigrams, and the others, which are `words`."""
    folded = np.empty(len(spans), object)
    folded[~is_bigram] = words
    folded[is_bigram] = [text[start:end] for start, end in spans[is_bigram].tolist()]
    terms_in_order: list[str] = folded.tolist()
    return terms_in_order


def terms(text: str) -> list[str]:
    """Return the terms of `text` in order.

    >>> terms("The max_length of 全文検索, 字!")
    ['the', 'max_length', 'of', '全文', '文検', '検索', '字']
    """
    if text.isascii():  # as questions are, which are many and short: arrays would take longer
        return _ASCII_TERM.findall(text.lower())
    kinds = _classify(text)
    runs, unspaced = _runs(kinds)
    return list(_fold_terms(text, kinds, _term_spans(runs, unspaced, kinds), unspaced))


class _TextBlock(NamedTuple):
    """The terms of a part of the line, and its runs: starts and ends of both, the terms' numbers, the runs' kind.

    `marks` are the places of what belongs to the character before it.
    """

    starts: Positions
    ends: Positions
    numbers: Positions
    run_starts: Positions
    run_ends: Positions
    unspaced: Bools
    marks: Positions


class Terms:
    """The terms of a corpus, in order: where each starts and ends on the line, and its number in `vocabulary`."""

    def __init__(self, corpus: Corpus) -> None:
        """Find the terms of every document."""
        self._corpus = corpus
        self._kind = line_type(len(corpus))
        numbers = TermNumbers(len(corpus))
        blocks = [self._block(*block, numbers) for block in _blocks(corpus)]
        self.vocabulary = dict(numbers.vocabulary)
        is_unspaced = any(block.unspaced.any() for block in blocks)
        columns = [list(column) for column in zip(*blocks, strict=True)] or [[] for _ in _TextBlock._fields]
        del blocks  # each column goes when it is joined, so that all is never held twice
        if not is_unspaced:  # those of the runs are the same
            columns[3:6] = [], [], []
        self.starts, self.ends, self.numbers = (self._join(columns[side]) for side in range(3))
        self._run_starts, self._run_ends = self.starts, self.ends
        self._unspaced: Bools = np.broadcast_to(np.False_, len(self.starts))
        if is_unspaced:
            self._run_starts, self._run_ends = self._join(columns[3]), self._join(columns[4])
            self._unspaced = np.concatenate(columns[5])
        self._marks = self._join(columns[6])

    def _join(self, parts: list[Positions]) -> Positions:
        """Return the parts as one array, and empty the list of them."""
        joined = np.concatenate([np.zeros(0, self._kind), *parts])
        parts.clear()
        return joined

    def _block(self, offset: int, text: str, kinds: Bytes, between: Positions, numbers: TermNumbers) -> _TextBlock:
        """Return the terms of a block of the line, and number them; without bigrams they are the runs."""
        runs, unspaced = _runs(kinds)
        spans = _term_spans(runs, unspaced, kinds)
        numbered = numbers.number(text, spans, lambda: _fold_terms(text, kinds, spans, unspaced)).astype(self._kind)

        def on_line(places: Spans) -> tuple[Positions, Positions]:
            """Return the starts and the ends of what lies in the block, on the line."""
            before = offset - np.searchsorted(between, places[:, 0]) if len(between) else offset
            starts, ends = ((side + before).astype(self._kind) for side in places.T)
            return starts, ends

        starts, ends = on_line(spans)
        run_starts, run_ends = (starts, ends) if spans is runs else on_line(runs)
        marks, _ = on_line(np.flatnonzero(kinds & _MARK)[:, None].repeat(2, axis=1))
        return _TextBlock(starts, ends, numbered, run_starts, run_ends, unspaced, marks)

    def terms_in(self, text: str) -> list[str]:
        """Return the terms of a text in order."""
        return terms(text)

    def fragments(self, spans: Spans) -> tuple[Positions, list[str]]:
        """Return the terms that arise where the borders of `spans` cut a run: rows of `spans`, and the terms.

        A cut word leaves its fragment. A cut unspaced run leaves a term only where one character of it is left:
        else its bigrams are all that is in the span. Marks that are cut off from their character are no part of a term.
        """
        if not len(self._run_starts):
            return np.zeros(0, np.int64), []
        rows, pieces, unspaced = self._cut_runs(spans)
        pieces = self._without_leading_marks(pieces)
        first, last = index_in(self._marks, pieces[:, 0]), index_in(self._marks, pieces[:, 1])
        letters = pieces[:, 1] - pieces[:, 0] - (last - first)
        # Where the last letter is cut off from its marks, the last bigram is another one than that of the whole run.
        bare = np.flatnonzero(unspaced & (letters > 1) & among(pieces[:, 1], self._marks))
        pairs = as_spans([(self._second_last(end), end) for end in pieces[bare, 1].tolist()])
        kept = np.where(unspaced, letters == 1, letters > 0)
        texts = self._corpus.texts(np.concatenate([pieces[kept], pairs]))
        return np.concatenate([rows[kept], rows[bare]]), list(map(fold_term, texts))

    def _second_last(self, end: int) -> int:
        """Return where the last letter but one before a place starts, marks being with their letters."""
        place, letters = end, 0
        while letters < 2:  # noqa: PLR2004 - a bigram has two
            place -= 1
            letters += not among(np.array([place]), self._marks)[0]
        return place

    def _without_leading_marks(self, pieces: Spans) -> Spans:
        """Return `pieces` from their first character on that belongs to none before it."""
        if not len(self._marks):
            return pieces
        starts, ends = pieces.T
        while (leads := among(starts, self._marks) & (starts < ends)).any():
            starts = starts + leads
        return as_spans(np.column_stack([starts, ends]))

    def _cut_runs(self, spans: Spans) -> tuple[Positions, Spans, Bools]:
        """Return what `spans` leave of the runs that they cut: the row, the piece, whether the run is unspaced."""
        starts, ends = spans[:, 0], spans[:, 1]
        first = index_in(self._run_ends, starts, "right").clip(max=len(self._run_ends) - 1)
        last = index_in(self._run_starts, ends) - 1
        at_start = np.flatnonzero((self._run_starts[first] < starts) & (starts < self._run_ends[first]))
        at_end = np.flatnonzero((last >= 0) & (self._run_starts[last] < ends) & (ends < self._run_ends[last]))
        # A run that is cut at both ends, because the span lies inside it, counts once.
        at_end = at_end[~among(at_end, at_start) | (last[at_end] != first[at_end])]
        rows = np.concatenate([at_start, at_end])
        runs = np.concatenate([first[at_start], last[at_end]])
        pieces = np.column_stack([
            np.maximum(self._run_starts[runs], starts[rows]), np.minimum(self._run_ends[runs], ends[rows]),
        ])  # fmt: skip
        return rows, as_spans(pieces), self._unspaced[runs]


def terms_of(corpus: Corpus) -> Terms:
    """Return the terms of `corpus`, found once and kept as long as the corpus."""
    return corpus.derive(Terms, lambda: Terms(corpus))
