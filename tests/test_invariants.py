"""What every built-in strategy promises, on random text, in every unit."""

import itertools
from typing import Any

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import Chunk, chunk
from rag_chunk.config import STRATEGIES, UNITS, VECTOR_STRATEGIES, RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.units import units_of
from tests.texts import texts

NAMES = st.sampled_from(["a.md", "a.txt", "b.mdx"])


@st.composite
def configs(draw: st.DrawFn, strategy: str, unit: str) -> RunConfig:
    size = draw(st.integers(1, 40))
    further: dict[str, Any] = {}
    if strategy in VECTOR_STRATEGIES:
        smallest, percentile = draw(st.integers(0, size)), draw(st.sampled_from([0, 50, 90]))
        further = {"embedding_model": "hashing", "smallest_size": smallest, "split_percentile": percentile}
    return RunConfig(strategy=strategy, chunk_size=size, overlap=draw(st.integers(0, size - 1)), unit=unit, **further)


@st.composite
def corpora(draw: st.DrawFn) -> Corpus:
    names = draw(st.lists(NAMES, max_size=3, unique=True))
    return Corpus([Document(name, draw(texts)) for name in names])


def counted_again(text: str, config: RunConfig) -> int:
    """Count the units of a chunk's text by itself, as a text that stands alone."""
    corpus = Corpus([Document("alone.txt", text)])
    units = units_of(corpus, config)
    if config.unit == "tokens":
        from rag_chunk.units import load_encoding

        return len(load_encoding(config.model).encode_ordinary(text))
    return len(units.starts)


def clusters(text: str) -> set[int]:
    return {found.start() for found in regex.finditer(r"\X", text)} | {len(text)}


def by_document(corpus: Corpus, config: RunConfig) -> dict[str, list[Chunk]]:
    chunks = {document.name: list[Chunk]() for document in corpus.documents}
    for found in chunk(corpus, config):
        chunks[found.document.name].append(found)
    return chunks


def check_coverage(document: Document, chunks: list[Chunk]) -> None:
    covered = {place for found in chunks for place in range(found.start, found.end)}
    missing = [place for place, letter in enumerate(document.text) if not letter.isspace() and place not in covered]
    assert not missing, f"in no chunk: {missing[:5]}"


def check_sizes(chunks: list[Chunk], config: RunConfig) -> None:
    for found in chunks:
        again = counted_again(found.text, config)
        assert found.units == again
        single = len(clusters(found.text.strip())) <= 2 or len(regex.findall(r"\X", found.text)) == 1
        assert again <= config.chunk_size or single, f"{again} units in {found.text!r}"


def check_borders(document: Document, chunks: list[Chunk]) -> None:
    places = clusters(document.text)
    for found in chunks:
        assert found.text.strip(), "a blank chunk"
        assert {found.start, found.end} <= places, f"a border inside a grapheme cluster: {found.text!r}"
    for one, other in itertools.pairwise(chunks):
        assert one.start < other.start
        assert one.end < other.end or one.end == other.end


@pytest.mark.parametrize("unit", UNITS)
@pytest.mark.parametrize("strategy", STRATEGIES)
@given(data=st.data())
def test_every_strategy_holds_the_invariants(strategy: str, unit: str, data: st.DataObject) -> None:
    corpus, config = data.draw(corpora()), data.draw(configs(strategy, unit))
    for name, chunks in by_document(corpus, config).items():
        document = next(found for found in corpus.documents if found.name == name)
        check_coverage(document, chunks)
        check_borders(document, chunks)
        check_sizes(chunks, config)
        if config.overlap == 0:
            assert all(one.end <= other.start for one, other in itertools.pairwise(chunks))
    assert [found.id for found in chunk(corpus, config)] == [found.id for found in chunk(corpus, config)]
