"""Models behind an address: batches, timeouts, and a key that stands nowhere. The bill comes first."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from rag_chunk import RunConfig, analyze
from rag_chunk.analysis import cost_estimate
from rag_chunk.analysis.cost_estimate import CostEstimate, describe_duration, estimate_cost, measure_seconds
from rag_chunk.cli import app, main
from rag_chunk.config import AnalysisConfig
from rag_chunk.config.setting_checks import EMBEDDING_KEY
from rag_chunk.corpus import Corpus, Document, cache
from rag_chunk.embedder import connection, embed, embedder_of, embedding
from rag_chunk.embedder import openai as backend
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.questions import Evidence, Question
from tests.support.embedding_server import EmbeddingServer, serving
from tests.support.evaluation import questions_of

KEY = "sk-very-secret-0123456789"
WORDS = "Alpha Beta Gamma Delta Epsilon Zeta Eta Theta Iota Kappa"
CORPUS = Corpus([Document("a.md", " ".join(f"{word}. " for word in WORDS.split()))])
QUESTIONS = questions_of(Question("q", "alpha?", (Evidence(((0, 5),)),)))


@pytest.fixture
def server(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    for name in (connection.OPENAI_KEY, EMBEDDING_KEY, "OPENAI_BASE_URL", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    embedding._load.cache_clear()  # noqa: SLF001 - the key is read when a model is loaded
    with serving() as found:
        yield found
    embedding._load.cache_clear()  # noqa: SLF001


def config(server: EmbeddingServer, **settings: object) -> RunConfig:
    model = {"embedding_model": "openai:m", "embedding_url": server.address}
    return RunConfig.model_validate(
        {"strategy": "sentence", "chunk_size": 2, "retriever": "dense", **model, **settings}
    )


def hashed(texts: list[str]):
    return embed(texts, RunConfig(retriever="dense", embedding_model="hashing"))


def test_vectors_come_in_batches_in_order_and_at_length_one(server, monkeypatch):
    monkeypatch.setattr(backend, "BATCH", 3)
    texts = WORDS.split()
    found = embed(texts, config(server))
    assert [len(body["input"]) for body in server.asked] == [3, 3, 3, 1]
    np.testing.assert_allclose(found, hashed(texts), atol=1e-6)
    assert (embed(texts, config(server)) == found).all()
    assert len(server.asked) == 4


def test_it_waits_as_it_is_told_and_asks_again(server):
    server.answers += [(429, {"Retry-After": "0.01"}, {}), (503, {"Retry-After": "0.01"}, {})]
    assert len(embed(["alpha"], config(server))) == 1
    assert len(server.asked) == 3


def test_what_was_embedded_before_a_failure_is_not_embedded_again(server, monkeypatch):
    monkeypatch.setattr(backend, "BATCH", 4)
    monkeypatch.setattr(connection, "RETRIES", 0)
    texts = WORDS.split()
    embed(texts[:4], config(server))
    server.answers.append((429, {}, {"error": {"message": "no more for today"}}))
    with pytest.raises(InputError, match=r"answered 429: .*no more for today.*run it again to go on"):
        embed(texts, config(server))
    del server.asked[:]
    embed(texts, config(server))
    assert sorted(server.texts) == sorted(texts[4:])


@pytest.mark.parametrize(("answer", "said"), [
    ((401, {}, {"error": {"message": f"wrong key {KEY}"}}), r"answered 401: .*\[key\].*RAG_CHUNK_EMBEDDING_KEY"),
    ((404, {}, {"error": {"message": "no such model"}}), "answered 404: .*no such model"),
    ((200, {}, {"object": "list", "data": []}), "0 vectors for 1 texts"),
    ((200, {}, {"data": [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [1.0]}]}), "2 vectors for 1 texts"),
    ((200, {}, {"data": [{"index": 0, "embedding": ["x"]}]}), "could not convert.*Is it an OpenAI-compatible address"),
])  # fmt: skip
def test_what_an_address_answers_is_said_in_a_sentence_without_the_key(server, monkeypatch, answer, said):
    monkeypatch.setenv(EMBEDDING_KEY, KEY)
    server.answers.append(answer)
    with pytest.raises(InputError, match=said) as caught:
        embed(["alpha"], config(server))
    assert KEY not in str(caught.value)
    assert caught.value.__cause__ is None


def test_the_key_for_openai_goes_to_openai_alone(server, monkeypatch):
    with pytest.raises(SettingsError, match="set OPENAI_API_KEY"):
        embed(["alpha"], RunConfig(retriever="dense", embedding_model="openai:m"))
    monkeypatch.setenv(connection.OPENAI_KEY, KEY)
    monkeypatch.setenv("OPENAI_ORG_ID", KEY)
    embed(["alpha"], config(server))
    assert not [headers for headers in server.headers if KEY in str(headers)]
    monkeypatch.setenv(EMBEDDING_KEY, "mine")
    embedding._load.cache_clear()  # noqa: SLF001
    embed(["beta"], config(server))
    assert server.headers[-1]["authorization"] == "Bearer mine"


def test_the_key_stands_in_no_file_log_or_tag(server, folder, monkeypatch, capfd):
    pytest.importorskip("mlflow")
    monkeypatch.setenv(EMBEDDING_KEY, KEY)
    (folder / "docs").mkdir()
    (folder / "docs" / "a.md").write_text(CORPUS.documents[0].text)
    (folder / "q.json").write_text(json.dumps([{"question": "alpha?", "relevant": ["Alpha."]}]))
    given = ["analyze", "docs", "--test-file", "q.json", "--strategy", "semantic", "--chunk-size", "3"]
    given += ["--retriever", "dense", "--embedding-model", "openai:m", "--embedding-url", server.address]
    monkeypatch.setattr(
        sys, "argv", ["rag-chunk", *given, "--mlflow-tracking", "--mlflow-uri", "mlruns", "--save", "out"]
    )
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    first = capfd.readouterr()
    assert " vectors came from the cache" in first.err
    server.answers += [(401, {}, {"error": {"message": KEY}})] * 9
    (folder / "docs" / "a.md").write_text("Something new.")
    monkeypatch.setattr(sys, "argv", ["rag-chunk", "--debug", *given, "--missing", "warn"])
    with pytest.raises(InputError):
        main()
    assert all(f"Bearer {KEY}" == headers["authorization"] for headers in server.headers)
    shown = capfd.readouterr()
    assert KEY not in first.out + first.err + shown.out + shown.err
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert not [path for path in files if KEY.encode() in path.read_bytes()]
    saved = json.loads((folder / "out" / "report.json").read_text())["configurations"][0]
    assert saved["embedding"]["model"] == f"openai:m@{server.address}"
    assert (
        f'embedding: "openai:m@{server.address}"' in (folder / "out" / "configs" / f"{saved['name']}.yaml").read_text()
    )


# The bill


def configs(server: EmbeddingServer) -> dict[str, RunConfig]:
    return {
        "cut": config(server),
        "headed": config(server, index_headings=True),
        "wide": config(server, chunk_size=50),
        "lexical": config(server, retriever="bm25"),
        "topics": config(server, strategy="semantic"),
    }


def test_the_bill_counts_each_text_once_and_embeds_nothing(server):
    bill = estimate_cost(CORPUS, configs(server), QUESTIONS)
    assert server.asked == []
    assert [(item.name, item.chunks, item.texts) for item in bill.items] == [
        ("questions", None, 1), ("cut", 5, 5), ("headed", 5, 0), ("wide", 1, 1), ("lexical", 5, 0),
        ("sentences", None, 10), ("topics", None, 0),
    ]  # fmt: skip
    assert bill.tokens == sum(item.tokens for item in bill.items) > 0
    analyze(CORPUS, configs(server), QUESTIONS)
    after = estimate_cost(CORPUS, configs(server), QUESTIONS)
    assert (after.tokens, after.cached) == (0, after.texts)
    assert next(item for item in after.items if item.name == "topics").chunks


def test_nothing_is_embedded_above_the_limit(server):
    limit = estimate_cost(CORPUS, configs(server), QUESTIONS).tokens - 1
    with pytest.raises(
        SettingsError, match=r"about \d+ tokens would be embedded with openai:m.*--max-embed-tokens 1000"
    ):
        analyze(CORPUS, configs(server), QUESTIONS, settings=AnalysisConfig(max_embed_tokens=limit))
    assert server.asked == []
    analyze(CORPUS, configs(server), QUESTIONS, settings=AnalysisConfig(max_embed_tokens=limit + 1))


def test_the_time_is_measured_on_a_few_texts_that_are_kept_and_said_where_it_is_minutes(server, monkeypatch):
    monkeypatch.setattr(cost_estimate, "_WORTH_TIMING", 0)
    corpus = Corpus([Document("a.txt", " ".join(f"word{number}." for number in range(400)))])
    wanted = {"cut": config(server, chunk_size=5)}
    estimate = estimate_cost(corpus, wanted, QUESTIONS)
    assert len(estimate.sample) == 64
    ticks = iter([100.0, 130.0])
    with monkeypatch.context() as patched:
        patched.setattr("rag_chunk.analysis.cost_estimate.time.perf_counter", lambda: next(ticks))
        patched.setattr(cost_estimate, "embed", lambda *_: None)
        seconds = measure_seconds(estimate)
    timed = int(embedder_of(wanted["cut"]).count(estimate.sample[8:]).sum())
    assert seconds == pytest.approx(30 * estimate.tokens / timed)
    assert describe_duration(estimate, 59) == ""
    assert "takes about 3 minutes here, measured on 56 texts." in describe_duration(estimate, 170)
    measure_seconds(estimate)
    assert sorted(server.texts) == sorted(estimate.sample)
    del server.asked[:]
    heard: list[CostEstimate] = []
    analyze(corpus, wanted, QUESTIONS, on_estimate=heard.append)
    assert not set(server.texts) & set(estimate.sample)
    assert heard[0].cached == 64


def test_hashing_costs_nothing(folder):
    free = RunConfig(retriever="dense", embedding_model="hashing")
    with cache.caching(enabled=False):
        found = analyze(CORPUS, free, QUESTIONS, settings=AnalysisConfig(max_embed_tokens=0))
    assert [each.config for each in found.report.configurations] == [free]


def test_a_dry_run_shows_the_bill_and_stops(server, folder):
    (folder / "a.md").write_text(CORPUS.documents[0].text)
    (folder / "q.json").write_text(json.dumps([{"question": "alpha?", "relevant": ["Alpha."]}]))
    given = [
        "analyze",
        "a.md",
        "--test-file",
        "q.json",
        "--strategy",
        "sentence,semantic",
        "--use-embeddings",
        "--dry-run",
    ]
    given += ["--embedding-model", "openai:m", "--embedding-url", server.address, "--max-embed-tokens", "1"]
    shown = CliRunner().invoke(app, given, env={"COLUMNS": "80"}).stdout
    assert max(map(len, shown.splitlines())) <= 80
    shown = " ".join(shown.split())
    assert "sentence-200-50" in shown
    assert "0 % of 12 texts are in the cache" in shown
    assert "nothing will be embedded until it is raised" in shown
    assert server.asked == []
    assert [path.name for path in folder.iterdir() if path.name not in {"a.md", "q.json", "cache"}] == []
    shown = CliRunner().invoke(app, ["analyze", "a.md", "--strategy", "sentence", "--dry-run"]).stdout
    assert "Nothing has to be embedded." in shown
