"""A chat model writes what places a chunk in its document: once for each, told before, indexed, and in no span."""

import json
import threading
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import AnalysisConfig, Corpus, Document, RunConfig, analyze, chunk
from rag_chunk.analysis.cost_estimate import estimate_cost
from rag_chunk.analysis.unsharded import needs_of_all_shards
from rag_chunk.config.prices import Prices
from rag_chunk.config.sweep import sweep, validate_run
from rag_chunk.embedder import connection
from rag_chunk.errors import InputError, Interrupted, SettingsError
from rag_chunk.questions import Evidence, Question
from rag_chunk.retriever import rank
from rag_chunk.retriever.context_prompt import excerpt
from rag_chunk.retriever.indexed import texts_to_index
from rag_chunk.retriever.written_contexts import AT_ONCE
from tests.support.chat_server import Asked, ChatServer, breaking, honest
from tests.support.evaluation import questions_of

DOCUMENTS = [
    Document("doors.md", "# Guide\n\nLock it.\n\n## Night\n\nTurn left."),
    Document("ovens.txt", "Lock both. Bake it."),
]
PLAIN = RunConfig(strategy="sentence", chunk_size=2, overlap=0)
QUESTIONS = questions_of(Question("q", "doors", (Evidence(((9, 17),)),)))


def written(server: ChatServer, **settings: object) -> RunConfig:
    model = {"index_context": "model", "context_model": "m", "context_url": server.address}
    return PLAIN.with_settings(**{**model, **settings})


def run_analysis(server: ChatServer, limit: int = 2_000_000, **settings: object):
    configs = {"plain": PLAIN, "written": written(server, **settings)}
    asked = AnalysisConfig(metrics=("all",), max_context_tokens=limit, costs=Prices(context_model=1000))
    analysis = analyze(Corpus(DOCUMENTS), configs, QUESTIONS, settings=asked)
    return analysis, *(analysis.report.configuration(name).metrics for name in configs)


def test_contexts_are_indexed_and_spans_and_evidence_stay_as_they_are(chat_server):
    analysis, plain, more = run_analysis(chat_server)
    chunks = analysis.chunkings["plain"]
    assert analysis.chunkings["written"].spans.tolist() == chunks.spans.tolist()
    assert {name: more[name] for name in plain if name.startswith(("chunk_size", "coverage", "intact"))} == {
        name: plain[name] for name in plain if name.startswith(("chunk_size", "coverage", "intact"))
    }
    words = len(" ".join(document.text for document in DOCUMENTS).split())
    assert more["index_ratio"] - plain["index_ratio"] == pytest.approx(4 * len(chunks) / words)
    assert (plain["budget_recall_1000"], plain["budget_recall"]) == (more["budget_recall_1000"], more["budget_recall"])
    assert more["index_price"] == pytest.approx(100 * len(chunks) * 1000 / 1_000_000)  # each answer took 100 tokens
    assert plain["index_price"] == 0


@pytest.mark.parametrize("retriever", ["bm25", "dense", "hybrid"])
def test_a_question_finds_a_chunk_by_its_context_alone(chat_server, retriever):
    corpus = Corpus(DOCUMENTS)
    config = written(chat_server, retriever=retriever, embedding_model="hashing")
    chunking = chunk(corpus, config)
    best = int(rank(chunking, ["what is from ovens"], config, 1)[0, 0])
    assert chunking.ids[best].startswith("ovens.txt")
    assert len(chat_server.asked) == len(chunking)


def test_the_model_sees_the_document_the_chunk_and_the_titles_above_it(chat_server):
    run_analysis(chat_server)
    prompts = [body["messages"][-1]["content"] for body in chat_server.asked]
    (asked,) = [
        prompt for prompt in prompts if "<chunk>\nTurn left.\n</chunk>" in prompt or "Turn left.\n</chunk>" in prompt
    ]
    assert f"Document: doors.md\n<document>\n{DOCUMENTS[0].text}\n</document>" in asked
    assert "under: Guide" in asked


def test_what_was_written_is_asked_for_only_once(chat_server):
    run_analysis(chat_server)
    asked = len(chat_server.asked)
    again = run_analysis(chat_server, limit=0)[2]  # nothing is asked, so no token is used
    assert len(chat_server.asked) == asked
    assert again["index_price"] > 0  # as what it took once
    run_analysis(chat_server, context_window=1000)  # the same documents fit: the same is asked
    assert len(chat_server.asked) == asked
    run_analysis(chat_server, context_model="other")
    assert len(chat_server.asked) == 2 * asked


@pytest.mark.parametrize("ending", ["refused", "interrupted"])
def test_what_was_written_before_a_call_failed_or_ctrl_c_is_kept(chat_server, monkeypatch, ending):
    monkeypatch.setattr(connection, "RETRIES", 0)
    numbers, usual, done = count(1), chat_server.play, threading.Event()

    def fail(body):
        if next(numbers) <= AT_ONCE:
            return usual(body)
        done.wait(0.2)  # the others of this group end before
        return 500, {}, {"error": {"message": "no more"}}

    chat_server.play = fail
    with monkeypatch.context() as patch:
        if ending == "interrupted":
            patch.setattr("rag_chunk.retriever.written_contexts.run_at_once", _interrupt_second_group())
        with pytest.raises((InputError, Interrupted), match=f"{AT_ONCE} contexts are kept: the same command goes on"):
            run_analysis(chat_server)
    asked, chat_server.play = len(chat_server.asked), usual
    analysis = run_analysis(chat_server)[0]
    assert len(chat_server.asked) - asked == len(analysis.chunkings["written"]) - AT_ONCE


def _interrupt_second_group():
    groups = count()

    def run(tasks):
        if next(groups):
            raise Interrupted(2)
        return [task() for task in tasks]

    return run


def test_nothing_is_asked_above_the_limit_and_what_to_raise_is_said(chat_server):
    with pytest.raises(
        SettingsError, match=r"would take 6 calls and about [\d,]+ tokens of m, more than 99; nothing was asked"
    ):
        run_analysis(chat_server, limit=99)
    assert chat_server.asked == []


def test_a_model_that_uses_more_than_was_estimated_is_stopped_and_what_it_wrote_is_kept(chat_server):
    limit = 2400 + sum(
        each.tokens for each in estimate_cost(Corpus(DOCUMENTS), {"w": written(chat_server)}, None).contexts
    )
    usual = chat_server.play

    def boast(body):
        status, headers, answer = usual(body)
        return status, headers, answer | {"usage": {**answer["usage"], "total_tokens": limit}}

    chat_server.play = boast
    with pytest.raises(InputError, match=r"stopped before more than --max-context-tokens .* are kept"):
        run_analysis(chat_server, limit=limit)
    assert 1 <= len(chat_server.asked) < 6


def test_an_answer_without_a_context_leaves_its_chunk_as_it_is_and_is_counted(chat_server):
    chat_server.model = lambda asked: breaking(asked) if "Bake" in str(asked.chunk) else {"context": "\n a \ud800 b\n"}
    analysis, _, _ = run_analysis(chat_server)
    indexed = texts_to_index(analysis.chunkings["written"], written(chat_server))
    assert "Bake it." in indexed
    assert "a \ufffd b\n\nLock both." in indexed
    assert ("written", "m wrote no context that could be read for 1 chunks") in {
        (each.name, each.reason) for each in analysis.report.skipped
    }


def test_the_bill_counts_calls_and_kept_answers_and_asks_nothing(chat_server):
    corpus, config = Corpus(DOCUMENTS), written(chat_server, retriever="dense", embedding_model="hashing")
    (before,) = estimate_cost(corpus, {"a": config, "b": written(chat_server)}, QUESTIONS).contexts
    assert (before.calls, before.kept, before.excerpts, len(chat_server.asked)) == (6, 0, 0, 0)
    assert f"{before.tokens / 1000:,.2f} at its price" in next(before.describe(Prices(context_model=1000)))
    rank(chunk(corpus, config), ["lock"], config, 2)
    (after,) = estimate_cost(Corpus(DOCUMENTS), {"a": config}, QUESTIONS).contexts
    assert (after.calls, after.kept, after.tokens) == (6, 6, 0)


@given(st.text(st.sampled_from("aé日😀 \n"), max_size=60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 50))
def test_an_excerpt_fits_and_holds_the_beginning_and_what_is_around_the_chunk(text, first, second, room):
    start, end = sorted((min(first, len(text)), min(second, len(text))))
    shown = excerpt(text, start, end, room)
    if len(text.encode()) <= room:
        assert shown == text
        return
    head, _, tail = shown.rpartition("[the chunk]")
    parts = [*head.split("\n[…]\n"), tail.removesuffix("\n[…]\n")]
    assert sum(len(part.encode()) for part in parts) <= room
    assert text.startswith(parts[0])
    assert text[:start].endswith(parts[-2])
    assert text[end:].startswith(parts[-1])


def test_of_a_long_document_the_model_sees_an_excerpt_and_that_is_said(chat_server):
    long = Corpus([Document("long.txt", "Ovens of 1920. " + "Then more was said of them. " * 400)])
    config = written(chat_server, context_window=1000).with_settings(chunk_size=100)
    (bill,) = estimate_cost(long, {"w": config}, None).contexts
    assert bill.excerpts == 1
    assert "1 document has more text than --context-window (1,000 tokens)" in " ".join(bill.describe(None))
    rank(chunk(long, config), ["ovens"], config, 1)
    prompts = [body["messages"][-1]["content"] for body in chat_server.asked]
    assert all("[the chunk]" in prompt for prompt in prompts)
    assert (
        sum("<document>\nOvens of 1920." in prompt for prompt in prompts) == len(prompts) - 1
    )  # the first chunk begins so


@pytest.mark.parametrize(("settings", "said"), [
    ({"index_context": "nothing"}, "index_context is model, with a context_model, or a function of your own"),
    ({"index_context": "model"}, "index_context model needs a chat model. Give --context-model"),
    ({"index_context": "model", "context_model": "m", "context_url": "http://me:pw@host/v1"}, "RAG_CHUNK_DRAFTING_KEY"),
    ({"index_context": "model", "context_model": "m", "context_window": 10}, "context_window must be at least 1000"),
])  # fmt: skip
def test_settings_that_cannot_be_used_are_said(settings, said):
    with pytest.raises(SettingsError, match=said):
        validate_run(settings)


def test_without_contexts_by_a_model_its_settings_are_as_if_they_were_not_given():
    more = {"context_model": "m", "context_url": "http://host/v1", "context_window": 2000}
    assert RunConfig(**more) == RunConfig() == RunConfig(index_context="none", **more)
    assert RunConfig(retriever="oracle", index_context="model", **more) == RunConfig(retriever="oracle")
    assert not {*more, "index_context"} & RunConfig().applicable_settings().keys()
    assert {*more, "index_context"} <= RunConfig(index_context="model", **more).applicable_settings().keys()
    compared = sweep({"strategy": "sentence", "context_model": "m"}, {"index_context": ["none", "model"]}).configs
    assert list(compared) == ["sentence-200-50", "sentence-200-50-index_context-model"]
    assert needs_of_all_shards(compared, AnalysisConfig()) == ["--index-context model"]


def test_a_key_for_openai_is_asked_for_where_no_address_is_given(chat_server):
    config = PLAIN.with_settings(index_context="model", context_model="m")
    with pytest.raises(SettingsError, match="set OPENAI_API_KEY, or give --context-url for another address"):
        rank(chunk(Corpus(DOCUMENTS), config), ["lock"], config, 1)


def test_the_command_line_tells_the_bill_compares_both_and_exports_the_model(chat_server, run):
    Path("docs").mkdir()
    for document in DOCUMENTS:
        Path("docs", document.name).write_text(document.text, encoding="utf-8")
    Path("q.json").write_text(json.dumps([{"question": "What is from doors?", "relevant": ["Turn left."]}]))
    given = ["docs", "--test-file", "q.json", "--strategy", "sentence", "--chunk-size", "2", "--overlap", "0"]
    given += ["--index-context", "none,model", "--context-model", "m", "--context-url", chat_server.address]
    status, out, err = run("analyze", *given, "--dry-run")
    assert (status, len(chat_server.asked)) == (0, 0), err
    assert "m at http://127.0.0.1" in out
    assert "6 calls and about" in " ".join(out.split())
    status, out, err = run("analyze", *given, "--save", "results")
    assert (status, len(chat_server.asked)) == (0, 6), err
    assert f"Documents and their chunks go to m at {chat_server.address}" in " ".join(err.split())
    best = "results/configs/sentence-2-0-index_context-model.yaml"
    assert 'context_model: "m"' in Path(best).read_text(encoding="utf-8")
    status, _, err = run("analyze", "docs", "--test-file", "q.json", "--config", best, "--max-context-tokens", "0")
    assert (status, len(chat_server.asked)) == (0, 6), err


def test_the_loopback_model_names_the_document():
    assert honest(Asked("Document: a.md\n<chunk>\nIt.\n</chunk>")) == {"context": "This is from a.md."}
