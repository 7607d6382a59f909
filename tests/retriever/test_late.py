"""Late chunking equals a slow and obvious reference, and the model's own vector where a chunk is a whole short document."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk import AnalysisConfig, Corpus, Document, RunConfig, analyze, chunk
from rag_chunk.analysis.cost_estimate import estimate_cost
from rag_chunk.config.catalog import BACKENDS, Backend
from rag_chunk.config.sweep import sweep, validate_run
from rag_chunk.corpus import cache
from rag_chunk.corpus.units.surrogates import replace_surrogates
from rag_chunk.embedder import embed, embedder_of, token_vectors, track_usage
from rag_chunk.embedder.interface import TokenizedText
from rag_chunk.embedder.token_vectors import window_ranges
from rag_chunk.errors import SettingsError
from rag_chunk.questions import Evidence, Question
from rag_chunk.retriever import late as late_module
from rag_chunk.retriever import rank
from rag_chunk.retriever.late import late
from tests.support import token_models
from tests.support.evaluation import chunking_of, chunkings, corpora, questions_of

QUESTIONS = ["alpha", "beta gamma"]


@pytest.fixture(autouse=True, scope="module")
def late_config():
    """Return settings with a backend of token vectors; nothing is kept on disk unless a test says so."""
    row = Backend("letters", "letters", "tests.support.token_models:letters", has_token_vectors=True)
    with pytest.MonkeyPatch.context() as patched, cache.caching(enabled=False):
        patched.setitem(BACKENDS, "letters", row)
        yield RunConfig(retriever="late", embedding_model="letters:small")


def slow_vectors(chunking):
    """Return the mean of the vectors of the tokens in each chunk, window by window and token by token."""
    vectors = []
    for span in chunking:
        text = token_models.tokenize(replace_surrogates(span.document.text))
        count = len(text.ids) - text.lead - text.tail
        ranges = window_ranges(text, token_models.LIMIT)
        kept = []
        for row, (start, end) in enumerate(text.spans.tolist()):
            if end <= span.start or start >= span.end:
                continue
            place = min(
                max(row - text.lead, 0), max(count - 1, 0)
            )  # the model's own are where the first and the last are
            _, number = min((abs(2 * place - sum(each) + 1), -number) for number, each in enumerate(ranges))
            first, last = ranges[-number]
            window = [token_models.FIRST, *text.ids[text.lead + first : text.lead + last].tolist(), token_models.LAST]
            kept.append(token_models.vector_of(window, row - first))
        mean = np.mean(np.array(kept, np.float32).astype(np.float64), axis=0) if kept else np.zeros(5)
        vectors.append(mean / (np.linalg.norm(mean) or 1))
    return np.array(vectors)


@settings(max_examples=25)
@given(data=st.data())
def test_late_equals_a_mean_token_by_token_and_is_a_total_order(data, late_config):
    corpus = data.draw(corpora())
    chunking = data.draw(chunkings(corpus))
    found = rank(chunking, QUESTIONS, late_config, len(chunking))
    assert (np.sort(found, axis=1) == np.arange(len(chunking))).all()
    if len(chunking):
        expected = embed(QUESTIONS, late_config, "query") @ slow_vectors(chunking).T
        np.testing.assert_allclose(late(corpus, late_config).scores(chunking, QUESTIONS), expected, atol=1e-6)
        assert (rank(chunking, QUESTIONS, late_config, 2) == found[:, :2]).all()


@settings(max_examples=30)
@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 3))
def test_windows_hold_every_token_and_each_is_full_where_there_are_enough(count, limit, own):
    ids = np.arange(count + own)
    ranges = window_ranges(TokenizedText(ids, np.stack([ids, ids], axis=1), own, 0), limit)
    size = max(1, limit - own)
    assert {place for first, last in ranges for place in range(first, last)} == set(range(count))
    assert all(last - first == min(size, count) for first, last in ranges)
    assert ranges == sorted(set(ranges))


def test_a_chunk_that_is_a_whole_short_document_has_the_models_own_vector(late_config):
    corpus = Corpus(
        [Document("a.txt", "abc de"), Document("b.txt", " longer than the model reads "), Document("c.txt", "x")]
    )
    chunking = chunk(corpus, late_config.with_settings(strategy="fixed-size"))
    asked = ["abc de", "x"]
    scores = late(corpus, late_config).scores(chunking, asked)
    assert scores[[0, 1], [0, 2]] == pytest.approx(1, abs=1e-6)


def test_a_chunk_knows_the_text_around_it(late_config):
    corpus = Corpus([Document("a.txt", "ab cd"), Document("b.txt", "zz cd")])
    chunking = chunking_of(corpus, [(3, 5), (8, 10)])
    one, other = late(corpus, late_config).scores(chunking, ["cd"])[0]
    assert one != other


def test_documents_are_read_once_for_all_configurations_and_once_for_all_analyses(late_config, folder, monkeypatch):
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    texts = [Document("a.txt", "one two three four five six"), Document("b.txt", "seven eight"), Document("c.txt", " ")]
    questions = questions_of(Question("q", "two?", (Evidence(((4, 7),)),)))
    configs = [late_config.with_settings(strategy="fixed-size", chunk_size=size) for size in (2, 3)]
    with cache.caching(enabled=True):
        token_models.read_windows.clear()
        estimate = estimate_cost(Corpus(texts), {"a": configs[0], "b": configs[1]}, questions)
        assert [(each.texts, each.tokens) for each in estimate.items[1:]] == [(5, 35), (0, 0)]
        assert not token_models.read_windows
        first = analyze(Corpus(texts), configs, questions, settings=AnalysisConfig(metrics=("all",)))
        windows = [tuple(window) for window in token_models.read_windows]
        again = analyze(Corpus(texts), configs, questions, settings=AnalysisConfig(metrics=("all",)))
        assert len(token_models.read_windows) == len(windows) == len(set(windows))
    shares = [{each.metrics["share_cached"] for each in done.report.configurations} for done in (first, again)]
    assert shares == [{0, 1}, {1}]
    for one, other in zip(first.report.configurations, again.report.configurations, strict=True):
        assert [each.scores for each in one.questions] == [each.scores for each in other.questions]
        assert one.metrics["share_unread"] == 0


def test_what_memory_does_not_hold_is_read_again_and_is_the_same(late_config, monkeypatch):
    corpus = Corpus([Document(f"{number}.txt", "alpha beta " * 9) for number in range(4)])
    config = late_config.with_settings(strategy="fixed-size", chunk_size=3)
    chunking = chunk(corpus, config)
    once = rank(chunking, QUESTIONS, late_config, 99)
    monkeypatch.setattr(late_module, "_KEPT", 0)
    monkeypatch.setattr(token_vectors, "_TOGETHER", 20)
    monkeypatch.setattr(token_vectors, "_AT_ONCE", 10)
    other = Corpus(corpus.documents)
    done = list[tuple[int, int]]()
    for _ in range(2):
        with track_usage(lambda *each: done.append(each)):
            assert (rank(chunk(other, config), QUESTIONS, late_config, 99) == once).all()
    assert max(part for part, whole in done if whole > len(QUESTIONS)) < 4 * len(
        window_ranges(token_models.tokenize("alpha beta " * 9), 7)
    )


@pytest.mark.parametrize("name", ["hashing", "openai:some", "model2vec:some", "fastembed:some"])
def test_a_model_without_vectors_of_tokens_is_refused_by_name(name):
    with pytest.raises(SettingsError, match=f"late needs the vectors of single tokens, and {name} gives none"):
        validate_run({"retriever": "late", "embedding_model": name})


def test_without_a_model_only_models_that_can_be_given_are_named():
    for retriever, names_hashing in (("late", False), ("dense", True)):
        with pytest.raises(SettingsError, match=f"{retriever} needs an embedding model") as raised:
            validate_run({"retriever": retriever})
        assert ("hashing" in str(raised.value)) == names_hashing


def test_what_is_indexed_before_chunks_does_not_apply(late_config):
    headed = late_config.with_settings(index_headings=True, index_title=True, index_context="a:b", analyzer="german")
    assert headed == late_config
    made = sweep(
        {"embedding_model": "letters:small"}, {"retriever": ["dense", "late"], "index_headings": [True, False]}
    )
    assert sorted(made.configs) == [
        "recursive-character-200-50-dense", "recursive-character-200-50-dense-index_headings", "recursive-character-200-50-late",
    ]  # fmt: skip


def test_an_embedder_of_ones_own_says_when_it_has_no_token_model(late_config, monkeypatch):
    monkeypatch.setitem(
        BACKENDS, "letters", Backend("letters", "", "rag_chunk.embedder.hashing:hashing", has_token_vectors=True)
    )
    config = late_config.with_settings(embedding_model="letters:other")
    assert embedder_of(config).load_token_model is None
    with pytest.raises(SettingsError, match="late needs the vectors of tokens, and letters:other gives none"):
        rank(chunk(Corpus([Document("a.txt", "one")]), config), ["one"], config, 1)
