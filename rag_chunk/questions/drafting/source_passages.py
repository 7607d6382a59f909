"""`SourcePassage`: a stretch of a document that a question is drafted from, chosen without any chunks.

Places are drawn by size over documents, heading levels and kinds of block; a passage is a window of random length
around its place, so that the borders of no chunking are favoured.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np

from rag_chunk.config.drafting import QuestionKind
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Bools, Floats, Positions, Spans, as_spans, distinct
from rag_chunk.corpus.structure import KINDS, VERBATIM, structure_of
from rag_chunk.corpus.terms import terms_of

_SHORTEST, _LONGEST = 800, 1600  # characters of a passage
_LARGEST_UNIT = 3000  # characters of a sentence or line that fits into a request
_FOCUS = 120  # characters of the text around which a passage lies
_GOLDEN = (5**0.5 - 1) / 2
_DRAWS = 4  # of places, for each that there is
_BLOCKS = {  # what kind of text a block of Markdown is; of others nothing is asked
    "paragraph": "prose",
    "quote": "prose",
    "list": "list",
    "table": "table",
    "fence": "code",
    "code": "code",
}


@dataclass(frozen=True, slots=True)
class SourcePassage:
    """A stretch [start, end) of the line, in one document, and the text in it that a question should be about.

    `headings` are above it; `context` is the header of a table that it begins inside of, or empty.
    """

    document: Document
    start: int
    end: int
    text: str
    focus: str
    headings: tuple[str, ...] = ()
    context: str = ""


class PassageSampler:
    """The sentences and lines of a corpus, each with its kind of text, from which passages are drawn.

    All arrays are [units]: `_starts` and `_ends` on the line, `_documents` by index, `_levels` of the heading above,
    `_sizes` in characters that are not white space, `_kinds` of text.
    """

    def __init__(self, corpus: Corpus, seed: int) -> None:
        """Find the units of `corpus`."""
        self._corpus, self._seed = corpus, seed
        structure = structure_of(corpus)
        inside = np.setdiff1d(structure.line_starts, structure.outside_blocks(structure.line_starts, *VERBATIM))
        starts = distinct(structure.outside_blocks(structure.sentence_starts, *VERBATIM), inside)
        units = corpus.trim(as_spans(np.column_stack([starts, np.append(starts, len(corpus))[1:]])))
        self._starts, self._ends = units[:, 0], units[:, 1]
        self._documents = corpus.documents_at(self._starts)
        self._levels = np.array([len(path) for path in structure.heading_paths(self._starts)], np.int64)
        self._sizes = corpus.non_whitespace_lengths(units)
        self._kinds = self._kinds_at(self._starts)
        self._known_usable: dict[str, Bools] = {}

    def _kinds_at(self, positions: Positions) -> "np.ndarray[tuple[int], np.dtype[np.str_]]":
        """Return the kind of text at each position; empty for headings and what nothing is asked of."""
        blocks = structure_of(self._corpus).blocks
        if not len(blocks.starts):
            return np.full(len(positions), "prose")
        row = np.searchsorted(blocks.starts, positions, side="right") - 1
        names = np.array([_BLOCKS.get(kind, "") for kind in KINDS])
        within = (row >= 0) & (positions < blocks.ends[np.maximum(row, 0)])
        return np.where(within, names[blocks.kinds[np.maximum(row, 0)]], "prose")

    @property
    def unit_starts(self) -> Positions:
        """Where sentences and lines start on the line: [units]."""
        return self._starts

    def kind_at(self, position: int) -> str:
        """Return the kind of text at a place on the line: prose, list, table, code, or nothing."""
        return str(self._kinds_at(np.array([position]))[0])

    def draw(self, kind: QuestionKind) -> Iterator[tuple[SourcePassage, ...]]:
        """Yield the passages for one question of a kind after the other; each place is drawn once.

        Any first part of them is spread evenly over documents, by size, and in them over levels and places: multiples
        of the golden ratio fall evenly into an interval.
        """
        units = np.flatnonzero(self._usable(kind))
        units = units[np.lexsort((self._starts[units], self._levels[units], self._documents[units]))]
        borders = np.cumsum(np.minimum(self._sizes[units], _LONGEST))
        rng, seen = np.random.default_rng([self._seed, crc32(kind.name.encode())]), set[int]()
        first = rng.random()
        for number in range(_DRAWS * len(units)):
            place = (first + number * _GOLDEN) % 1 * borders[-1]
            unit = int(units[np.searchsorted(borders, place, side="right")])
            if unit in seen:
                continue
            seen.add(unit)
            if passages := self._passages(unit, kind):
                yield passages

    def _usable(self, kind: QuestionKind) -> Bools:
        """Return which units a question of a kind may be about: bool [units]."""
        if kind.name not in self._known_usable:
            self._known_usable[kind.name] = self._find_usable(kind)
        return self._known_usable[kind.name]

    def _find_usable(self, kind: QuestionKind) -> Bools:
        usable: Bools = np.isin(self._kinds, kind.blocks) & (self._ends - self._starts <= _LARGEST_UNIT)
        if kind.needs_digits:
            rows = np.flatnonzero(usable)
            texts = self._corpus.texts(as_spans(np.column_stack([self._starts[rows], self._ends[rows]])))
            usable[rows] = [any(map(str.isdecimal, text)) for text in texts]
        return usable

    def _passages(self, unit: int, kind: QuestionKind) -> tuple[SourcePassage, ...]:
        """Return the passages around a unit, and around the one that is most related to it; none where there is none."""
        first = self._window(unit)
        if kind.passages == 1:
            return (first,)
        other = self._find_related(unit, first, kind)
        return () if other is None else (first, self._window(other))

    def _window(self, unit: int) -> SourcePassage:
        """Return whole sentences and lines around a unit, at a random distance."""
        corpus, index = self._corpus, int(self._documents[unit])
        rng = np.random.default_rng([self._seed, unit])
        length = int(rng.integers(_SHORTEST, _LONGEST))
        first, last = corpus.starts[index : index + 2].tolist()
        low = max(first, min(int(self._starts[unit] - rng.random() * length), last - length))
        high = min(last, max(low + length, int(self._ends[unit])))
        start = int(self._starts[min(int(np.searchsorted(self._starts, low)), unit)])
        end = int(self._ends[max(int(np.searchsorted(self._ends, high, side="right")) - 1, unit)])
        structure, place = structure_of(corpus), np.array([start])
        context = structure.contexts(place)[0]
        return SourcePassage(
            document=corpus.documents[index],
            start=start,
            end=end,
            text=corpus.text(start, end),
            focus=corpus.text(int(self._starts[unit]), int(self._ends[unit]))[:_FOCUS],
            headings=structure.heading_paths(place)[0],
            context=context.text if context and context.kind == "table" else "",
        )

    def _find_related(self, unit: int, window: SourcePassage, kind: QuestionKind) -> int | None:
        """Return the unit outside a window that shares most rare terms with it, in its document or in another one."""
        same = self._documents == self._documents[unit]
        outside = (self._ends <= window.start - _LONGEST) | (self._starts >= window.end + _LONGEST)
        allowed = self._usable(kind) & (~same if kind.documents > 1 else same & outside)
        if not allowed.any():
            return None
        shared = self._rarity_shared_with(as_spans(np.array([[self._starts[unit], self._ends[unit]]])))
        return int(np.argmax(np.where(allowed, shared / np.sqrt(1 + self._sizes), -1.0)))

    def _rarity_shared_with(self, span: Spans) -> Floats:
        """Return for each unit the summed rarity of its terms that are in a span too: float [units]."""
        terms, weights = terms_of(self._corpus), self._rarity
        low, high = np.searchsorted(terms.starts, span[0])
        shared = np.zeros(len(weights))
        theirs = terms.numbers[low:high]
        shared[theirs] = weights[theirs]
        summed = np.concatenate([np.zeros(1), np.cumsum(shared[terms.numbers])])
        ends, starts = (np.searchsorted(terms.starts, borders) for borders in (self._ends, self._starts))
        of_units: Floats = summed[ends] - summed[starts]
        return of_units

    @cached_property
    def _rarity(self) -> Floats:
        """The logarithm of how seldom each term of the vocabulary is."""
        terms = terms_of(self._corpus)
        counts = np.bincount(terms.numbers, minlength=len(terms.vocabulary))
        rarity: Floats = np.log(len(terms.numbers) / np.maximum(counts, 1))
        return rarity
