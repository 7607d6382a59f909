"""What every built-in strategy promises, on random and on spliced real text, in every unit."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import STRATEGIES, UNITS, RunConfig
from rag_chunk.config.catalog import SKIPPABLE
from rag_chunk.config.run import Unit
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.cache import caching
from tests.chunker import fuzz
from tests.support.effort import FEWER
from tests.support.invariants import KEEPS_TOGETHER, Facts, check, counted_alone
from tests.support.splices import spliced
from tests.support.texts import texts

TEXTS = st.one_of(texts, spliced)
NAMES = st.sampled_from(["a.md", "a.txt", "b.mdx", "c.rst", "d.py", "e.yaml", "f.json", "g.cpp"])
SKIPPED = st.sampled_from([(), (), (), ("code", "html_comments"), tuple(SKIPPABLE)])


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


@FEWER
@given(corpus=corpora(), skipped=SKIPPED, sizes_of=st.fixed_dictionaries({unit: sizes() for unit in UNITS}))
@caching(enabled=False)  # what is cut again is embedded again
def test_every_strategy_holds_the_invariants(
    corpus: Corpus, skipped: tuple[str, ...], sizes_of: dict[Unit, dict[str, Any]]
) -> None:
    """Cut one corpus with every strategy in every unit, so that what is found in a text is found once for them all."""
    facts, again, cut = Facts(corpus), Corpus(corpus.documents), list[tuple[RunConfig, Chunking]]()
    for unit in UNITS:
        settings = {"unit": unit, "skip_blocks": skipped, "embedding_model": "hashing"} | sizes_of[unit]
        configs = [RunConfig(strategy=strategy, **settings) for strategy in STRATEGIES]
        chunkings = [chunk(corpus, config) for config in configs]
        facts.counts([text for chunking in chunkings for text in corpus.texts(chunking.spans)], unit)
        for config, chunking in zip(configs, chunkings, strict=True):
            check(chunking, config, facts)
            cut.append((config, chunking))
    for config, chunking in reversed(cut):  # in another order, so that nothing depends on what was cut before
        assert chunk(again, config).ids == chunking.ids


def cut_each(corpus: Corpus, config: RunConfig) -> list[str]:
    """Cut each document as if there were no other."""
    return [name for document in corpus.documents for name in chunk(Corpus([document]), config).ids]


@FEWER
@given(drawn=st.lists(TEXTS, min_size=2, max_size=4), name=NAMES, unit=st.sampled_from(UNITS), settings=sizes())
@caching(enabled=False)
def test_a_document_is_cut_alike_whatever_its_neighbours_are(
    drawn: list[str], name: str, unit: Unit, settings: dict[str, Any]
) -> None:
    corpus = Corpus([Document(f"{number}-{name}", text) for number, text in enumerate(drawn)])
    for strategy in STRATEGIES:
        config = RunConfig(strategy=strategy, unit=unit, embedding_model="hashing", **settings)
        assert chunk(corpus, config).ids == cut_each(corpus, config), strategy


@given(text=TEXTS, unit=st.sampled_from(UNITS), settings=sizes())
def test_a_text_that_fits_into_a_chunk_is_one(text: str, unit: Unit, settings: dict[str, Any]) -> None:
    corpus = Corpus([Document("a.txt", text)])
    [size] = counted_alone(
        [corpus.text(*span) for span in corpus.trim(as_spans([(0, len(text))])).tolist()] or [""], unit
    )
    settings |= {"chunk_size": max(size, 1), "overlap": min(settings["overlap"], max(size - 1, 0))}
    for strategy in sorted(KEEPS_TOGETHER):
        chunks = chunk(corpus, RunConfig(strategy=strategy, unit=unit, **settings | {"smallest_size": 0}))
        assert len(chunks) <= 1, strategy


@pytest.mark.parametrize("number", range(2))
@caching(enabled=False)
def test_many_texts_together_hold_the_invariants(number: int) -> None:
    counts, failures = fuzz.run(number)
    assert not failures, failures[0]
    assert min(counts[strategy, unit] for strategy in STRATEGIES for unit in UNITS) > fuzz.TOGETHER / 2
