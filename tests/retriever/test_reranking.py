"""A reranker puts the first chunks of a list into its own order, and its scores are kept."""

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import AnalysisConfig, Corpus, Document, RunConfig, analyze, chunk
from rag_chunk.analysis.chunked_corpus import chunked_in_memory
from rag_chunk.analysis.cost_estimate import CostEstimate, describe_pairs
from rag_chunk.analysis.ranking import rank_for_evaluation
from rag_chunk.config.sweep import sweep, validate_run
from rag_chunk.embedder.huggingface import load_model
from rag_chunk.errors import InputError, MissingExtra, SettingsError
from rag_chunk.questions import Evidence, Question
from rag_chunk.rendering.columns import groups
from rag_chunk.retriever import rerank_protocol, reranking
from rag_chunk.retriever.indexed import texts_to_index
from tests.support import rerankers
from tests.support.evaluation import corpora, questions_in, questions_of, stretches

SENTENCES = ["Alpha is first.", "Beta alpha is second here.", "Gamma knows alpha.", "Delta.", "Alpha alpha epsilon!"]
CORPUS = Corpus([Document(f"{number}.txt", text) for number, text in enumerate(SENTENCES)])
QUESTIONS = questions_of(Question("q", "alpha?", (Evidence(((15, 41),)),)), Question("r", "delta", (Evidence(((59, 65),)),)))  # fmt: skip
PLAIN = RunConfig(strategy="paragraph")
OWN = "tests.support.rerankers:"


@pytest.fixture(autouse=True)
def _load_anew():
    reranking.load_reranker.cache_clear()
    yield
    reranking.load_reranker.cache_clear()


@pytest.fixture
def server(folder: Path, monkeypatch):
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    monkeypatch.setattr(rerank_protocol, "RETRIES", 0)
    with rerankers.serving_rerank() as served:
        yield served


def ranked(config: RunConfig) -> list[list[int]]:
    return rank_for_evaluation(chunked_in_memory(chunk(CORPUS, config), config), QUESTIONS, 99).tolist()


def test_only_the_candidates_are_turned_round():
    before = ranked(PLAIN)
    after = ranked(PLAIN.with_settings(reranker=f"{OWN}backwards", candidates=3))
    assert after == [row[:3][::-1] + row[3:] for row in before]


def test_more_candidates_than_are_asked_for_decide_what_comes_first():
    config = PLAIN.with_settings(reranker=f"{OWN}backwards", candidates=99)
    chunking = chunk(CORPUS, config)
    chunked = chunked_in_memory(chunking, config)
    whole = rank_for_evaluation(chunked, QUESTIONS, 99)
    assert (rank_for_evaluation(chunked, QUESTIONS, 2) == whole[:, :2]).all()


def test_a_reranker_that_knows_the_evidence_brings_it_first():
    rerankers.knows({"alpha?": "second here", "delta": "Delta"})
    settings = AnalysisConfig(metrics=("all",))
    config = RunConfig(strategy="sentence", chunk_size=5, overlap=0, budget=30)
    plain, best = analyze(CORPUS, {"plain": config, "best": config.with_settings(reranker=f"{OWN}oracle")}, QUESTIONS, settings=settings).report.configurations  # fmt: skip
    if plain.name == "best":
        plain, best = best, plain
    assert best.metrics["mrr"] == 1
    assert best.metrics["budget_recall"] >= plain.metrics["budget_recall"]


@given(data=st.data())
def test_reranking_is_a_total_order_of_the_same_chunks(data):
    corpus = data.draw(corpora().filter(lambda corpus: not stretches(corpus).is_empty))
    questions = data.draw(questions_in(corpus))
    more = data.draw(st.sampled_from([{}, {"filter": "document"}, {"window": 1}, {"index_headings": True}]))
    config = RunConfig(strategy="sentence", chunk_size=2, candidates=data.draw(st.integers(1, 6)), reranker=f"{OWN}by_length", **more)  # fmt: skip
    chunking = chunk(corpus, config)
    without, reranked = (chunked_in_memory(chunking, each) for each in (config.with_settings(reranker=None), config))
    before = rank_for_evaluation(without, questions, len(chunking))
    after = rank_for_evaluation(reranked, questions, len(chunking))
    assert (np.sort(after, axis=1) == np.sort(before, axis=1)).all()
    texts = texts_to_index(chunking, config)
    for old, new in zip(before.tolist(), after.tolist(), strict=True):
        first = [row for row in old[: config.candidates] if row >= 0]
        assert new[: len(first)] == sorted(first, key=lambda row: -len(texts[row]))
        assert new[len(first) :] == old[len(first) :]


def test_scores_behind_an_address_are_asked_for_once(server):
    config = PLAIN.with_settings(reranker=f"{server.address}/rerank#m", candidates=4)
    once = ranked(config)
    assert [body["query"] for body in server.asked] == ["alpha?", "delta"]
    assert all(body["model"] == "m" and len(body["documents"]) == body["top_n"] == 4 for body in server.asked)
    assert ranked(config) == once == ranked(PLAIN.with_settings(reranker=f"{OWN}by_length", candidates=4))
    assert len(server.asked) == 2


def test_what_was_scored_before_a_failure_is_not_asked_for_again(server):
    config = PLAIN.with_settings(reranker=f"{server.address}/rerank", candidates=5)
    server.answers = [rerankers.lengths(["x"] * 5), (500, {}, {})]
    with pytest.raises(InputError, match=r"did not answer.*500.*What was scored is kept"):
        ranked(config)
    ranked(config)
    assert [body["query"] for body in server.asked] == ["alpha?", "delta", "delta"]


def test_the_key_comes_from_the_environment_alone(server, monkeypatch):
    monkeypatch.setenv("RAG_CHUNK_RERANKER_KEY", "secret")
    ranked(PLAIN.with_settings(reranker=f"{server.address}/rerank"))
    assert server.headers[0]["authorization"] == "Bearer secret"
    server.answers = [(401, {}, {})]
    with pytest.raises(InputError, match="refuses the key") as raised:
        ranked(PLAIN.with_settings(reranker=f"{server.address}/rerank", strategy="fixed-size", chunk_size=1))
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize("answer", [{}, {"results": [{"index": 0, "relevance_score": 1}]}, {"results": ["x"]}, []])
def test_an_answer_that_is_none_is_said(server, answer):
    server.answers = [(200, {}, answer)]
    with pytest.raises(InputError, match="does not speak the rerank protocol"):
        ranked(PLAIN.with_settings(reranker=f"{server.address}/rerank"))


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("too_few", "returned no list of 5 finite numbers"),
        ("no_numbers", "returned no list of 5 finite numbers"),
        ("broken", "raised RuntimeError: cannot score 5 texts"),
    ],
)
def test_a_function_that_scores_wrongly_is_named(function, said):
    with pytest.raises(InputError, match=f"{OWN}{function} {said}"):
        ranked(PLAIN.with_settings(reranker=f"{OWN}{function}"))


def test_verdicts_are_within_a_reranker_and_say_so():
    made = sweep({"overlap": 0}, {"strategy": ["fixed-size"], "chunk_size": [1, 2], "reranker": ["none", f"{OWN}by_length"]})  # fmt: skip
    report = analyze(CORPUS, made.configs, QUESTIONS).report
    comparisons = [each for each in (report.comparison, *report.other_comparisons) if each]
    rerankers_of = {result.name: result.config.reranker for result in report.configurations}
    assert [len({rerankers_of[name] for pair in each.pairs for name in (pair.a, pair.b)}) for each in comparisons] == [
        1,
        1,
    ]
    assert [len(members) for _, members in groups(report)] == [2, 2]
    said = [sentence for each in comparisons for sentence in each.verdict]
    assert sum(f"reranked by {OWN}by_length," in sentence for sentence in said) == 1


def test_how_much_is_reranked_is_told_before_and_while_it_is(server):
    told, estimates = list[str](), list[CostEstimate]()
    config = PLAIN.with_settings(reranker=f"{server.address}/rerank", candidates=4)
    own = PLAIN.with_settings(reranker=f"{OWN}by_length", chunk_size=50)
    analyze(
        CORPUS, {"served": config, "own": own}, QUESTIONS,
        progress=lambda _, __, what: told.append(what), on_estimate=estimates.append,
    )  # fmt: skip
    assert [line for line in told if "reranking" in line and "served" in line] == [
        "reranking 0 of 2: served", "reranking 1 of 2, 1 minute left: served",
    ]  # fmt: skip
    assert describe_pairs(estimates[0]) == [
        f"{server.address}/rerank scores at most 8 pairs of a question and a chunk, less those in the cache.",
        f"{OWN}by_length scores at most 10 pairs of a question and a chunk, less those in the cache.",
    ]
    analyze(CORPUS, own, QUESTIONS, on_estimate=estimates.append)
    assert len(estimates) == 1


def test_names_that_no_reranker_has_are_refused():
    for name in ("bm25", "sentence-transformers:", "http://user:pw@host/rerank", "http://host/rerank?key=1"):
        with pytest.raises(SettingsError, match="unknown reranker"):
            validate_run({"reranker": name})


def test_candidates_without_a_reranker_and_rerankers_of_bounds_change_nothing():
    assert RunConfig(candidates=20) == RunConfig()
    assert RunConfig(reranker="none") == RunConfig()
    assert RunConfig(retriever="oracle", reranker="a:b", candidates=3) == RunConfig(retriever="oracle")


@pytest.mark.parametrize(("kind", "said"), [("embedding model", "an embedding model"), ("reranker", "a reranker")])
def test_a_model_that_is_not_there_is_called_what_it_is(kind, said):
    with pytest.raises(InputError, match=f"there is no folder ./nowhere with {said}"):
        load_model("./nowhere", list, kind)


def test_a_backend_without_its_package_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(MissingExtra, match=r"the reranker sentence-transformers:m needs .*rag-chunk\[embeddings\]"):
        ranked(PLAIN.with_settings(reranker="sentence-transformers:m"))
