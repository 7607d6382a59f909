"""What is indexed with a chunk is found and paid for in the index, and changes neither the chunk nor its cost."""

import numpy as np
import pytest

from rag_chunk import AnalysisConfig, Corpus, Document, RunConfig, analyze, chunk
from rag_chunk.config.sweep import validate_run
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.questions import Evidence, Question
from rag_chunk.retriever import rank
from rag_chunk.retriever.bm25 import bm25
from rag_chunk.retriever.indexed import texts_to_index
from tests.support import contexts
from tests.support.evaluation import questions_of

CORPUS = Corpus([
    Document("doors.md", "# Guide\n\nLock it.\n\n## Night\n\nTurn left."),
    Document("sub/ovens.txt", "Lock it too. Bake bread."),
])  # fmt: skip
CONFIG = RunConfig(strategy="sentence", chunk_size=4, overlap=0)
OWN = "tests.support.contexts:"


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "Lock it too."),
        ({"index_title": True}, "ovens\n\nLock it too."),
        ({"index_context": f"{OWN}of_document"}, "This is from sub/ovens.\n\nLock it too."),
        ({"index_title": True, "index_context": f"{OWN}of_document"}, "ovens\nThis is from sub/ovens.\n\nLock it too."),
        ({"index_context": f"{OWN}nothing"}, "Lock it too."),
    ],
)
def test_titles_and_contexts_come_before_a_chunk(settings, expected):
    config = CONFIG.with_settings(**settings)
    assert expected in texts_to_index(chunk(CORPUS, config), config)


def test_the_title_of_a_document_is_not_repeated_where_titles_begin_with_it():
    config = CONFIG.with_settings(index_title=True, index_headings=True)
    indexed = {text.splitlines()[-1]: text.splitlines()[0] for text in texts_to_index(chunk(CORPUS, config), config)}
    assert indexed["Turn left."] in {"Guide", "Guide > Night"}
    assert indexed["Bake bread."] == "ovens"


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
def test_a_context_is_found_and_its_chunk_is_as_it_was(retriever):
    config = CONFIG.with_settings(retriever=retriever, embedding_model="hashing")
    more = config.with_settings(index_context=f"{OWN}of_document")
    chunking = chunk(CORPUS, config)
    best = int(rank(chunking, ["sub ovens"], more, 1)[0, 0])
    assert CORPUS.text(*chunking.spans[best]) in {"Lock it too.", "Bake bread."}
    assert chunk(CORPUS, more).ids == chunking.ids


def test_bm25_equals_bm25_on_the_texts_that_are_indexed():
    config = CONFIG.with_settings(index_title=True, index_context=f"{OWN}of_document")
    chunking, questions = chunk(CORPUS, config), ["guide", "lock ovens", "this is doors"]
    apart = Corpus([Document(f"{row}.txt", text) for row, text in enumerate(texts_to_index(chunking, config))])
    whole = chunk(apart, RunConfig(strategy="fixed-size", chunk_size=1000))
    expected = bm25(apart, RunConfig()).scores(whole, questions)
    np.testing.assert_allclose(bm25(CORPUS, config).scores(chunking, questions), expected, rtol=1e-12)


def test_what_is_indexed_is_in_the_index_and_not_in_the_context():
    questions = questions_of(Question("q", "bread", (Evidence(((52, 63),)),)))
    configs = {"plain": CONFIG, "more": CONFIG.with_settings(index_context=f"{OWN}of_document")}
    report = analyze(CORPUS, configs, questions, settings=AnalysisConfig(metrics=("all",))).report
    plain, more = (next(each.metrics for each in report.configurations if each.name == name) for name in configs)
    chunks = plain["num_chunks"]
    words = len(" ".join(document.text for document in CORPUS.documents).split())
    assert more["index_ratio"] - plain["index_ratio"] == pytest.approx(4 * chunks / words)
    assert more["intact"] == plain["intact"]
    assert {name: more[name] for name in more if name.startswith("chunk_size")} == {name: plain[name] for name in plain if name.startswith("chunk_size")}  # fmt: skip


def test_each_chunk_is_asked_about_once():
    contexts.ASKED.clear()
    corpus = Corpus(CORPUS.documents)
    for retriever in ("bm25", "dense"):
        config = CONFIG.with_settings(retriever=retriever, embedding_model="hashing", index_context=f"{OWN}of_document")
        rank(chunk(corpus, config), ["lock", "bread"], config, 3)
    assert len(contexts.ASKED) == len(set(contexts.ASKED)) == len(chunk(corpus, CONFIG))


@pytest.mark.parametrize(
    ("function", "said"),
    [("no_text", "returned int for doors.md:0-"), ("broken", "raised LookupError: nothing is known of doors.md:0-")],
)
def test_a_function_that_says_nothing_is_named(function, said):
    config = CONFIG.with_settings(index_context=f"{OWN}{function}")
    with pytest.raises(InputError, match=f"{OWN}{function} {said}"):
        rank(chunk(CORPUS, config), ["lock"], config, 3)


def test_what_is_no_function_is_refused_and_nothing_is_indexed_with_chunks_of_a_bound():
    with pytest.raises(SettingsError, match="index_context is model, with a context_model, or a function"):
        validate_run({"index_context": "mine.place"})
    assert RunConfig(retriever="oracle", index_context="a:b", index_title=True) == RunConfig(retriever="oracle")
