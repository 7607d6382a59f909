"""What every built-in strategy promises, on random and on spliced real text, in every unit."""

import itertools
import os
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

import numpy as np
import pytest
import regex
import tiktoken
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import Chunk, Chunking, chunk
from rag_chunk.config import STRATEGIES, UNITS, RunConfig
from rag_chunk.config.catalog import SKIPPABLE
from rag_chunk.config.run import Unit
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Bools, Positions, Spans, as_spans
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.units import Words, load_encoding
from tests.support.splices import spliced
from tests.support.texts import texts

TEXTS = st.one_of(texts, spliced)
NAMES = st.sampled_from(["a.md", "a.txt", "b.mdx", "c.rst"])
SKIPPED = st.sampled_from([(), (), (), ("code", "html_comments"), tuple(SKIPPABLE)])
LINE_END = regex.compile(r"\r\n|\r|\n")
CLUSTER = regex.compile(r"\X")
ROUNDS = range(int(os.environ.get("FUZZ_ROUNDS", "3")))  # Hypothesis remembers every example of one


@st.composite
def sizes(draw: st.DrawFn) -> dict[str, Any]:
    size = draw(st.integers(1, 40))
    return {
        "chunk_size": size,
        "overlap": draw(st.integers(0, size - 1)),
        "smallest_size": draw(st.integers(0, size)),
        "split_percentile": draw(st.sampled_from([0, 50, 90])),
    }


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return Corpus([Document(name, draw(TEXTS)) for name in names])


@cache
def encoding() -> tiktoken.Encoding:
    return load_encoding(RunConfig().model)


def counted_alone(texts: list[str], unit: Unit) -> list[int]:
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
    """What the checks know of a corpus: found once, for all strategies and units."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self._skipped: dict[tuple[str, ...], Bools] = {}
        self._counts: dict[Unit, dict[str, int]] = {unit: {} for unit in UNITS}

    @cached_property
    def holds_text(self) -> Bools:
        """Which characters of the line are no white space."""
        return np.array([not letter.isspace() for document in self.corpus.documents for letter in document.text], bool)

    def skipped_spans(self, kinds: tuple[str, ...]) -> Bools:
        """Return which characters of the line are in a block of these kinds."""
        if kinds not in self._skipped:
            self._skipped[kinds] = covered(structure_of(self.corpus).skipped_spans(kinds), len(self.corpus))
        return self._skipped[kinds]

    @cached_property
    def clusters(self) -> dict[str, set[int]]:
        """The borders of the grapheme clusters of each document."""
        return {
            document.name: {found.start() for found in CLUSTER.finditer(document.text)} | {len(document.text)}
            for document in self.corpus.documents
        }

    @cached_property
    def lines(self) -> dict[str, list[int]]:
        """Where the lines of each document start."""
        return {
            document.name: [0, *(found.end() for found in LINE_END.finditer(document.text))]
            for document in self.corpus.documents
        }

    @cached_property
    def headings(self) -> Positions:
        """Where the headings are on the line."""
        return np.array([heading.position for heading in structure_of(self.corpus).headings], np.int64)

    @cached_property
    def whole(self) -> Spans:
        """The blocks that are not cut where they fit."""
        return self.corpus.trim(as_spans(list(whole_blocks(self.corpus))))

    def count(self, texts: list[str], unit: Unit) -> dict[str, int]:
        """Count the units of each text by itself, many together; one that was counted is not counted again."""
        known = self._counts[unit]
        if new := list({text for text in texts if text not in known}):
            known.update(zip(new, counted_alone(new, unit), strict=True))
        return known

    def counts(self, texts: list[str], unit: Unit) -> list[int]:
        """Return how many units each text has by itself."""
        known = self.count(texts, unit)
        return [known[text] for text in texts]


def by_document(chunks: list[Chunk]) -> list[list[Chunk]]:
    found: dict[str, list[Chunk]] = {}
    for one in chunks:
        found.setdefault(one.document.name, []).append(one)
    return list(found.values())


def check_coverage(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """Every character that is no white space is in a chunk, unless it is skipped."""
    inside, skipped = covered(chunking.spans, len(facts.corpus)), facts.skipped_spans(config.skip_blocks)
    missing = np.flatnonzero(facts.holds_text & ~inside & ~skipped).tolist()
    assert not missing, f"in no chunk: {missing[:5]}"
    kept = np.flatnonzero(facts.holds_text & inside & skipped).tolist()
    assert not kept, f"skipped, but in a chunk: {kept[:5]}"


def check_sizes(chunks: list[Chunk], config: RunConfig, limit: int, facts: Facts) -> None:
    """No chunk is over the limit when its text is counted again, but a single grapheme cluster."""
    texts = [found.text for found in chunks]
    for found, text, again in zip(chunks, texts, facts.counts(texts, config.unit), strict=True):
        assert found.units == again, f"{again} units in {text!r}, not {found.units}"
        if again > limit:
            clusters = min(len(CLUSTER.findall(text.strip())), len(CLUSTER.findall(text)))
            assert clusters <= 1, f"{again} units in {text!r}"


def check_borders(chunks: list[Chunk], facts: Facts) -> None:
    """Chunks of one document go forward, hold whole grapheme clusters, and know their lines."""
    name = chunks[0].document.name
    clusters, lines = facts.clusters[name], facts.lines[name]
    for found in chunks:
        assert found.text.strip(), "a blank chunk"
        assert {found.start, found.end} <= clusters, f"a border inside a grapheme cluster: {found.text!r}"
        assert found.lines == (bisect_right(lines, found.start), bisect_right(lines, found.end - 1))
    for one, other in itertools.pairwise(chunks):
        assert one.start < other.start
        assert one.end < other.end, f"{other.text!r} lies in the chunk before it"


def check_overlap(chunks: list[Chunk], config: RunConfig, facts: Facts) -> None:
    """Neighbours share at most the overlap, counted by itself; nothing at all where it is 0."""
    shared = [one.document.text[other.start : one.end] for one, other in itertools.pairwise(chunks)]
    if config.overlap == 0:
        assert not any(shared), f"shared: {shared}"
    shared = list(filter(None, shared))
    for text, count in zip(shared, facts.counts(shared, config.unit), strict=True):
        assert count <= config.overlap, f"{count} units are shared: {text!r}"


def check_sections(chunking: Chunking, facts: Facts) -> None:
    """No chunk goes on past a heading."""
    starts, ends = chunking.spans.T
    crossing = np.searchsorted(facts.headings, starts, side="right") < np.searchsorted(facts.headings, ends)
    assert not crossing.any(), f"chunks go on into another section: {chunking.spans[crossing].tolist()}"


def check_whole_blocks(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """A fence, table, list item or quote that fits is not cut."""
    texts = facts.corpus.texts(facts.whole)
    borders = chunking.spans.ravel()
    for (start, end), text, count in zip(facts.whole.tolist(), texts, facts.counts(texts, config.unit), strict=True):
        if count <= config.chunk_size:
            assert not ((start < borders) & (borders < end)).any(), f"{text!r} is cut"


def check(chunking: Chunking, config: RunConfig, facts: Facts) -> None:
    """Check all that the strategy of `config` promises."""
    chunks = list(chunking)
    check_coverage(chunking, config, facts)
    check_sizes(chunks, config, config.chunk_size, facts)
    for found in by_document(chunks):
        check_borders(found, facts)
        check_overlap(found, config, facts)
    if config.strategy in {"header", "markdown", "hierarchical"}:
        check_sections(chunking, facts)
    if config.strategy in {"markdown", "hierarchical"}:
        check_whole_blocks(chunking, config, facts)
    if chunking.parents is not None:
        parents = list(chunking.parents_or_self())
        check_sizes(parents, config, config.chunk_size * config.parent_ratio, facts)


@pytest.mark.parametrize("fuzz_round", ROUNDS)
@given(corpus=corpora(), skipped=SKIPPED, sizes_of=st.fixed_dictionaries({unit: sizes() for unit in UNITS}))
@caching(enabled=False)  # what is cut again is embedded again
def test_every_strategy_holds_the_invariants(
    fuzz_round: int, corpus: Corpus, skipped: tuple[str, ...], sizes_of: dict[Unit, dict[str, Any]]
) -> None:
    """Cut one corpus with every strategy in every unit, so that what is found in a text is found once for them all."""
    facts, again, cut = Facts(corpus), Corpus(corpus.documents), list[tuple[RunConfig, Chunking]]()
    for unit in UNITS:
        settings = {"unit": unit, "skip_blocks": skipped, "embedding_model": "hashing"} | sizes_of[unit]
        configs = [RunConfig(strategy=strategy, **settings) for strategy in STRATEGIES]
        chunkings = [chunk(corpus, config) for config in configs]
        facts.count([text for chunking in chunkings for text in corpus.texts(chunking.spans)], unit)
        for config, chunking in zip(configs, chunkings, strict=True):
            check(chunking, config, facts)
            cut.append((config, chunking))
    for config, chunking in reversed(cut):  # in another order, so that nothing depends on what was cut before
        assert chunk(again, config).ids == chunking.ids


def cut_each(corpus: Corpus, config: RunConfig) -> list[str]:
    """Cut each document as if there were no other."""
    return [name for document in corpus.documents for name in chunk(Corpus([document]), config).ids]


@pytest.mark.parametrize("fuzz_round", ROUNDS)
@given(drawn=st.lists(TEXTS, min_size=2, max_size=4), name=NAMES, unit=st.sampled_from(UNITS), settings=sizes())
@caching(enabled=False)
def test_a_document_is_cut_alike_whatever_its_neighbours_are(
    fuzz_round: int, drawn: list[str], name: str, unit: Unit, settings: dict[str, Any]
) -> None:
    corpus = Corpus([Document(f"{number}-{name}", text) for number, text in enumerate(drawn)])
    for strategy in STRATEGIES:
        config = RunConfig(strategy=strategy, unit=unit, embedding_model="hashing", **settings)
        assert chunk(corpus, config).ids == cut_each(corpus, config), strategy


@pytest.mark.parametrize("fuzz_round", ROUNDS)
@given(text=TEXTS, unit=st.sampled_from(UNITS), settings=sizes())
def test_a_text_that_fits_into_a_chunk_is_one(fuzz_round: int, text: str, unit: Unit, settings: dict[str, Any]) -> None:
    corpus = Corpus([Document("a.txt", text)])
    [size] = counted_alone(
        [corpus.text(*span) for span in corpus.trim(as_spans([(0, len(text))])).tolist()] or [""], unit
    )
    settings |= {"chunk_size": max(size, 1), "overlap": min(settings["overlap"], max(size - 1, 0))}
    for strategy in ("sentence", "recursive-character", "header", "markdown"):
        chunks = chunk(corpus, RunConfig(strategy=strategy, unit=unit, **settings | {"smallest_size": 0}))
        assert len(chunks) <= 1, strategy
