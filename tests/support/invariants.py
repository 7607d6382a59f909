"""What every built-in strategy promises of its chunks, checked against slow and obvious ways to count."""

import itertools
from collections.abc import Iterator, Sequence
from functools import cache, cached_property

import numpy as np
import regex
import tiktoken

from rag_chunk.chunker import Chunking
from rag_chunk.config import UNITS, RunConfig
from rag_chunk.config.run import Unit
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Bools, Positions, Spans, as_spans
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.structure.syntax import syntax_of
from rag_chunk.corpus.units import Words, load_encoding

LINE_END = regex.compile(r"\r\n|\r|\n")
CLUSTER = regex.compile(r"\X")
OF_MARKDOWN = {"header", "markdown", "hierarchical"}
KEEPS_TOGETHER = {"sentence", "recursive-character", "header", "markdown"}  # what fits into one chunk


@cache
def encoding() -> tiktoken.Encoding:
    return load_encoding(RunConfig().model)


def counted_alone(texts: Sequence[str], unit: Unit) -> list[int]:
    """Count the units of each text by itself, as a text that stands alone."""
    if unit == "characters":
        return [len(text) for text in texts]
    if unit == "tokens":
        return [len(encoding().encode_ordinary(text)) for text in texts]
    corpus = Corpus([Document(f"{number:06}.txt", text) for number, text in enumerate(texts)])
    counts: list[int] = np.diff(np.searchsorted(Words(corpus).starts, corpus.starts)).tolist()
    return counts


def covered(spans: Spans, length: int) -> Bools:
    """Return which characters of the line are in a span."""
    opened, closed = (np.bincount(borders, minlength=length + 1) for borders in spans.T)
    inside: Bools = np.cumsum(opened - closed)[:-1] > 0
    return inside


def whole_blocks(corpus: Corpus) -> Iterator[tuple[int, int]]:
    """Yield fences, tables, quotes, and the items of lists, which lie between their outermost cuts."""
    blocks = structure_of(corpus).blocks
    yield from map(tuple, blocks.spans("fence", "table", "quote").tolist())
    outermost = np.unique(blocks.cuts[blocks.depths == 0])
    for start, end in blocks.spans("list").tolist():
        yield from itertools.pairwise(outermost[(outermost >= start) & (outermost <= end)].tolist())


class Facts:
    """What the checks know of a corpus: computed once, for all strategies and units."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._skipped: dict[tuple[str, ...], Bools] = {}
        self._counts: dict[Unit, dict[str, int]] = {unit: {} for unit in UNITS}

    @cached_property
    def holds_text(self) -> Bools:
        """Which characters of the line are no white space."""
        return np.array([not letter.isspace() for document in self.corpus.documents for letter in document.text], bool)

    @cached_property
    def text_before(self) -> Positions:
        """How many characters before each place are no white space: [characters + 1]."""
        return np.append(0, np.cumsum(self.holds_text))

    def skipped_spans(self, kinds: tuple[str, ...]) -> Bools:
        """Return which characters of the line are in a block of these kinds."""
        if kinds not in self._skipped:
            self._skipped[kinds] = covered(structure_of(self.corpus).skipped_spans(kinds), len(self.corpus))
        return self._skipped[kinds]

    def _places(self, pattern: regex.Pattern[str]) -> list[int]:
        """Return where matches of `pattern` end on the line, and where each document starts."""
        starts = zip(self.corpus.starts.tolist(), self.corpus.documents, strict=False)
        return [
            start + place
            for start, document in starts
            for place in (0, *(match.end() for match in pattern.finditer(document.text)))
        ]

    @cached_property
    def between_clusters(self) -> Bools:
        """Whether each place on the line is the border of a grapheme cluster: [characters + 1]."""
        borders = np.zeros(len(self.corpus) + 1, bool)
        borders[[*self._places(CLUSTER), len(self.corpus)]] = True
        return borders

    @cached_property
    def line_starts(self) -> Positions:
        """Where lines start on the line of the corpus; the last of a document may start where the next one does."""
        return np.unique(self._places(LINE_END))

    def line_numbers(self, places: Positions) -> Positions:
        """Return the number of the line of each place, from 1 in each document."""
        first = self.corpus.starts[self.corpus.documents_at(places)]
        return np.searchsorted(self.line_starts, places, side="right") - np.searchsorted(self.line_starts, first)

    @cached_property
    def headings(self) -> Positions:
        """Where the headings are on the line."""
        return np.array([heading.position for heading in structure_of(self.corpus).headings], np.int64)

    @cached_property
    def whole(self) -> Spans:
        """The blocks that are not cut where they fit."""
        return self.corpus.trim(as_spans(list(whole_blocks(self.corpus))))

    @cached_property
    def plain(self) -> Spans:
        """The documents that have no structure but paragraphs, without white space at their edges."""
        borders = zip(self.corpus.documents, itertools.pairwise(self.corpus.starts.tolist()), strict=True)
        return self.corpus.trim(as_spans([pair for document, pair in borders if document.name.endswith(".txt")]))

    @cached_property
    def definitions(self) -> Spans:
        """The definitions of source code and the entries of data, with the comments about them.

        What follows one before the next place to cut at its own depth belongs to it: the brackets that close what holds
        it, and what is on its last line.
        """
        stretches = list[tuple[int, int]]()
        for start, document, syntax in zip(
            self.corpus.starts.tolist(), self.corpus.documents, syntax_of(self.corpus), strict=False
        ):
            if syntax is not None:
                borders = zip(syntax.places.tolist(), syntax.depths.tolist(), strict=True)
                depth_at = dict(sorted(borders, key=lambda border: -border[1]))  # of two at one place the outer one
                for begin, end, _ in syntax.definitions:
                    outer = [
                        place for place, depth in depth_at.items() if place >= end and depth <= depth_at[begin] | 1
                    ]
                    stretches.append((start + begin, start + min(outer, default=len(document.text))))
        return self.corpus.trim(as_spans(stretches))

    def counts(self, texts: list[str], unit: Unit) -> Positions:
        """Return how many units each text has by itself; one that was counted is not counted again."""
        known = self._counts[unit]
        if new := list({text for text in texts if text not in known}):
            known.update(zip(new, counted_alone(new, unit), strict=True))
        return np.array([known[text] for text in texts], np.int64)

    def sizes(self, spans: Spans, unit: Unit) -> Positions:
        """Return how many units the text of each span has by itself."""
        return self.counts(self.corpus.texts(spans), unit)

    def shown(self, spans: Spans) -> str:
        """Return the first texts of spans, for a message."""
        return repr(self.corpus.texts(spans[:3]))


def check_coverage(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """Every character that is no white space is in a chunk, unless it is skipped."""
    inside, skipped = covered(chunking.spans, len(facts.corpus)), facts.skipped_spans(config.skip_blocks)
    missing = np.flatnonzero(facts.holds_text & ~inside & ~skipped).tolist()
    assert not missing, f"in no chunk: {missing[:5]}"
    kept = np.flatnonzero(facts.holds_text & inside & skipped).tolist()
    assert not kept, f"skipped, but in a chunk: {kept[:5]}"


def check_sizes(chunking: Chunking, config: RunConfig, limit: int, facts: Facts) -> None:
    """No chunk is over the limit when its text is counted again, but a single grapheme cluster."""
    sizes = facts.sizes(chunking.spans, config.unit)
    wrong = chunking.sizes != sizes
    assert not wrong.any(), f"{sizes[wrong][:3]} units in {facts.shown(chunking.spans[wrong])}"
    for text in facts.corpus.texts(chunking.spans[sizes > limit]):
        clusters = min(len(CLUSTER.findall(text.strip())), len(CLUSTER.findall(text)))
        assert clusters <= 1, f"over {limit} units in {text!r}"


def check_borders(chunking: Chunking, facts: Facts) -> None:
    """Chunks of one document go forward, hold whole grapheme clusters, and know their place and their lines."""
    starts, ends = chunking.spans.T
    blank = facts.text_before[starts] == facts.text_before[ends]
    assert not blank.any(), f"blank chunks: {chunking.spans[blank].tolist()}"
    torn = ~(facts.between_clusters[starts] & facts.between_clusters[ends])
    assert not torn.any(), f"a border inside a grapheme cluster: {facts.shown(chunking.spans[torn])}"
    documents = facts.corpus.documents_at(starts)
    assert (documents == facts.corpus.documents_at(ends - 1)).all(), "a chunk crosses documents"
    assert (np.diff(starts) > 0).all()
    assert (np.diff(ends) > 0).all(), "a chunk lies in the one before it"
    lines = np.column_stack([facts.line_numbers(starts), facts.line_numbers(ends - 1)])
    offsets = chunking.spans - facts.corpus.starts[documents][:, None]
    chunks = list(chunking)
    assert [each.lines for each in chunks] == list(map(tuple, lines.tolist()))
    assert [(each.start, each.end) for each in chunks] == list(map(tuple, offsets.tolist()))


def check_overlap(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """Neighbours share at most the overlap, counted by itself; nothing at all where it is 0."""
    shared = np.column_stack([chunking.spans[1:, 0], chunking.spans[:-1, 1]])
    shared = as_spans(shared[shared[:, 0] < shared[:, 1]])
    assert config.overlap or not len(shared), f"shared: {facts.shown(shared)}"
    sizes = facts.sizes(shared, config.unit)
    large = sizes > config.overlap
    assert not large.any(), f"{sizes[large][:3]} units are shared: {facts.shown(shared[large])}"


def check_sections(chunking: Chunking, facts: Facts) -> None:
    """No chunk goes on past a heading."""
    starts, ends = chunking.spans.T
    crossing = np.searchsorted(facts.headings, starts, side="right") < np.searchsorted(facts.headings, ends)
    assert not crossing.any(), f"chunks go on into another section: {chunking.spans[crossing].tolist()}"


def check_whole(chunking: Chunking, config: RunConfig, whole: Spans, facts: Facts) -> None:
    """Of spans that are to stay whole none is cut that fits into a chunk, and of which nothing is skipped."""
    skipped_before = np.append(0, np.cumsum(facts.skipped_spans(config.skip_blocks)))
    whole = whole[skipped_before[whole[:, 0]] == skipped_before[whole[:, 1]]]
    whole = whole[facts.sizes(whole, config.unit) <= config.chunk_size]
    borders = np.sort(chunking.spans.ravel())
    cut = np.searchsorted(borders, whole[:, 0], side="right") < np.searchsorted(borders, whole[:, 1])
    assert not cut.any(), f"{facts.shown(whole[cut])} is cut"


def check(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """Check all that the strategy of `config` promises."""
    check_coverage(chunking, config, facts)
    check_sizes(chunking, config, config.chunk_size, facts)
    check_borders(chunking, facts)
    check_overlap(chunking, config, facts)
    if config.strategy in OF_MARKDOWN:
        check_sections(chunking, facts)
    if config.strategy in {"markdown", "hierarchical"}:
        check_whole(chunking, config, facts.whole, facts)
    if config.strategy == "code" and config.unit != "tokens":  # counted from its borders, it may have more
        check_whole(chunking, config, facts.definitions, facts)
    if config.strategy in KEEPS_TOGETHER and not config.smallest_size and not config.skip_blocks:
        check_whole(chunking, config, facts.plain, facts)
    if chunking.parents is not None:
        check_sizes(chunking.parents_or_self(), config, config.chunk_size * config.parent_ratio, facts)
