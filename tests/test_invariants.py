"""What every built-in strategy promises, on random text, in every unit."""

import itertools
import os
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.arrays import as_spans
from rag_chunk.chunker import Chunk, Chunking, chunk
from rag_chunk.config import STRATEGIES, UNITS, VECTOR_STRATEGIES, RunConfig
from rag_chunk.config.names import SKIPPABLE
from rag_chunk.corpus import Corpus, Document
from rag_chunk.structure import structure_of
from rag_chunk.units import Words, load_encoding
from tests.texts import texts

NAMES = st.sampled_from(["a.md", "a.txt", "b.mdx"])
SKIPPED = st.sampled_from([(), (), (), ("code", "html_comments"), tuple(SKIPPABLE)])
LINE_END = regex.compile(r"\r\n|\r|\n")
CLUSTER = regex.compile(r"\X")
ROUNDS = range(int(os.environ.get("FUZZ_ROUNDS", "1")))  # Hypothesis remembers every example of one


@st.composite
def configs(draw: st.DrawFn, strategy: str, unit: str) -> RunConfig:
    size = draw(st.integers(1, 40))
    further: dict[str, Any] = {"skip_blocks": draw(SKIPPED)}
    if strategy in VECTOR_STRATEGIES:
        smallest, percentile = draw(st.integers(0, size)), draw(st.sampled_from([0, 50, 90]))
        further |= {"embedding_model": "hashing", "smallest_size": smallest, "split_percentile": percentile}
    return RunConfig(strategy=strategy, chunk_size=size, overlap=draw(st.integers(0, size - 1)), unit=unit, **further)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return Corpus([Document(name, draw(texts)) for name in names])


def counted_again(texts: list[str], config: RunConfig) -> list[int]:
    """Count the units of each text by itself, as a text that stands alone."""
    if config.unit == "characters":
        return [len(text) for text in texts]
    if config.unit == "tokens":
        return [len(load_encoding(config.model).encode_ordinary(text)) for text in texts]
    corpus = Corpus([Document(f"{number:06}.txt", text) for number, text in enumerate(texts)])
    counts: list[int] = np.diff(np.searchsorted(Words(corpus).starts, corpus.starts)).tolist()
    return counts


@lru_cache(maxsize=4)
def cluster_borders(text: str) -> set[int]:
    return {found.start() for found in CLUSTER.finditer(text)} | {len(text)}


def by_document(chunking: Chunking) -> dict[str, list[Chunk]]:
    chunks = {document.name: list[Chunk]() for document in chunking.corpus.documents}
    for found in chunking:
        chunks[found.document.name].append(found)
    return chunks


def check_coverage(chunking: Chunking, config: RunConfig) -> None:
    """Every character that is no white space is in a chunk, unless it is skipped."""
    line = "".join(document.text for document in chunking.corpus.documents)
    places = np.arange(len(line))
    covered, skipped = (
        (
            np.cumsum(
                np.bincount(spans[:, 0], minlength=len(line) + 1) - np.bincount(spans[:, 1], minlength=len(line) + 1)
            )
            > 0
        )[:-1]
        for spans in (chunking.spans, structure_of(chunking.corpus).skipped(config.skip_blocks))
    )
    solid = np.array([not letter.isspace() for letter in line], bool)
    assert not (missing := places[solid & ~covered & ~skipped].tolist()), f"in no chunk: {missing[:5]}"
    assert not (kept := places[solid & covered & skipped].tolist()), f"skipped, but in a chunk: {kept[:5]}"


def check_sizes(chunks: list[Chunk], config: RunConfig, limit: int) -> None:
    """No chunk is over the limit when its text is counted again, but a single grapheme cluster."""
    for found, again in zip(chunks, counted_again([found.text for found in chunks], config), strict=True):
        assert found.units == again, f"{again} units in {found.text!r}, not {found.units}"
        if again > limit:
            clusters = min(len(CLUSTER.findall(found.text.strip())), len(CLUSTER.findall(found.text)))
            assert clusters <= 1, f"{again} units in {found.text!r}"


def check_borders(document: Document, chunks: list[Chunk]) -> None:
    """Chunks go forward, hold whole grapheme clusters, and know their lines."""
    clusters = cluster_borders(document.text)
    lines = [0, *(found.end() for found in LINE_END.finditer(document.text))]
    for found in chunks:
        assert found.text.strip(), "a blank chunk"
        assert {found.start, found.end} <= clusters, f"a border inside a grapheme cluster: {found.text!r}"
        assert found.lines == (bisect_right(lines, found.start), bisect_right(lines, found.end - 1))
    for one, other in itertools.pairwise(chunks):
        assert one.start < other.start
        assert one.end < other.end, f"{other.text!r} lies in the chunk before it"


def check_sections(chunking: Chunking) -> None:
    """No chunk goes on past a heading."""
    for heading in structure_of(chunking.corpus).headings:
        crossing = (chunking.spans[:, 0] < heading.position) & (heading.position < chunking.spans[:, 1])
        assert not crossing.any(), f"a chunk goes on into the section {heading.path}"


def check_whole_blocks(chunking: Chunking, config: RunConfig) -> None:
    """A fence, table, list item or quote that fits is not cut."""
    whole = chunking.corpus.trimmed(as_spans(list(whole_blocks(chunking.corpus))))
    texts = chunking.corpus.texts(whole)
    borders = chunking.spans.ravel()
    for (start, end), text, count in zip(whole.tolist(), texts, counted_again(texts, config), strict=True):
        if count <= config.chunk_size:
            assert not ((start < borders) & (borders < end)).any(), f"{text!r} is cut"


def whole_blocks(corpus: Corpus) -> Iterator[tuple[int, int]]:
    """Yield fences, tables, quotes, and the items of lists, which lie between their outermost cuts."""
    blocks = structure_of(corpus).blocks
    yield from map(tuple, blocks.spans("fence", "table", "quote").tolist())
    outermost = np.unique(blocks.cuts[blocks.depths == 0])
    for start, end in blocks.spans("list").tolist():
        yield from itertools.pairwise(outermost[(outermost >= start) & (outermost <= end)].tolist())


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("fuzz_round", ROUNDS)
@given(data=st.data())
def test_every_strategy_holds_the_invariants(strategy: str, fuzz_round: int, data: st.DataObject) -> None:
    corpus = data.draw(corpora())
    again = Corpus(corpus.documents)
    for unit in UNITS:
        config = data.draw(configs(strategy, unit))
        chunking = chunk(corpus, config)
        check_coverage(chunking, config)
        for name, chunks in by_document(chunking).items():
            check_borders(next(found for found in corpus.documents if found.name == name), chunks)
            check_sizes(chunks, config, config.chunk_size)
            if config.overlap == 0:
                assert all(one.end <= other.start for one, other in itertools.pairwise(chunks))
        if strategy in {"header", "markdown", "hierarchical"}:
            check_sections(chunking)
        if strategy in {"markdown", "hierarchical"}:
            check_whole_blocks(chunking, config)
        if chunking.parents is not None:
            check_sizes(list(chunking.handed_over()), config, config.chunk_size * config.parent_ratio)
        assert chunk(again, config).ids == chunking.ids
