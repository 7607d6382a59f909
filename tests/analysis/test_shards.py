"""An analysis of several shards has the figures of one, to the last digit."""

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.analysis import analyze, shard_chunks, shard_survey
from rag_chunk.analysis.cost_estimate import estimate_cost
from rag_chunk.analysis.shard_estimates import estimate_shards
from rag_chunk.config import METRIC_GROUPS, STRATEGIES, AnalysisConfig, RunConfig
from rag_chunk.config.catalog import BACKENDS, Backend
from rag_chunk.config.prices import Prices
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.partial_corpus import PartialCorpus, count_non_whitespace, facts_of
from rag_chunk.corpus.sharded_corpus import ShardedCorpus
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.questions import Evidence, Question, Questions, read_questions
from rag_chunk.questions.evidence_documents import WantedEvidence
from rag_chunk.questions.sharded_evidence import outline_shards
from tests.support.effort import FEWER
from tests.support.evaluation import public_data, stretches, wordy
from tests.support.shards import HeldShard
from tests.support.texts import texts

GROUPS = tuple(METRIC_GROUPS)
PLAIN = [name for name, row in STRATEGIES.items() if row.extra is None]
# Times, and what is counted of each shard alone: a text that is in two shards is embedded in both.
_VARYING = ("processing_time", "chunk_time", "embedding_time", "share_cached", "share_unread")
_RETRIEVERS = ["bm25", "bm25", "dense", "hybrid", "late", "legacy", "oracle", "random"]
_HANDED_OVER: list[dict[str, Any]] = [{}, {}, {"window": 1}, {"retrieve_parents": True}]


@pytest.fixture(autouse=True, scope="module")
def _token_vectors() -> Iterator[None]:
    """Add a backend that has the vectors of tokens, as late chunking needs them."""
    row = Backend("letters", "letters", "tests.support.token_models:letters", has_token_vectors=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setitem(BACKENDS, "letters", row)
        yield


def in_shards(corpus: Corpus, questions: Questions | None, shares: Sequence[int]) -> ShardedCorpus:
    """Put each document into the shard of this number; of the line, only documents with evidence are in memory."""
    parts = [[each for each, own in zip(corpus.documents, shares, strict=False) if own == share] for share in {*shares}]
    asked = questions.questions if questions else ()
    spans = [span for question in asked for item in question.evidence for span in item.spans]
    names = {corpus.place(*span).document.name for span in spans}
    facts = [facts_of(document) for part in parts for document in Corpus(part).documents]
    counts = [count for part in parts for count in count_non_whitespace(Corpus(part))]
    line = PartialCorpus(facts, counts, [each for each in corpus.documents if each.name in names])
    return ShardedCorpus(line, tuple(HeldShard(Corpus(part)) for part in parts))


def count_letters(question: str, chunks: Sequence[str]) -> list[int]:
    """Score chunks by how many letters they have in common with a question."""
    return [len({*question} & {*text}) for text in chunks]


def mean_start(chunks: Sequence[Any], question: Any) -> float:
    """Measure where in their documents retrieved chunks are, and what they are in."""
    return float(sum(each.start + len(each.headings) + each.lines[1] + len(each.text) for each in chunks))


def figures(report: Any) -> str:
    """Return a whole report but for what differs between two runs of the same."""
    values = report.model_dump(mode="json", exclude={"analysis_id", "created", "timings"})
    for each in values["configurations"]:
        each["metrics"] = {name: value for name, value in each["metrics"].items() if name not in _VARYING}
        each["embedding"] = None
    return json.dumps(values, sort_keys=True)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Corpus, Questions, list[int], dict[str, RunConfig]]:
    """Draw documents, questions, the shard of each document, and configurations."""
    names = [f"{number}{ending}" for number, ending in enumerate([".md", ".txt", ".md", ".md", ".txt", ".md", ".txt"])]
    first, *others = names
    drawn = [Document(name, draw(wordy | texts.map(lambda text: text[:120]))) for name in others]
    corpus = Corpus([Document(first, draw(wordy) + "the the word"), *drawn])
    asked = draw(
        st.lists(st.tuples(wordy, st.lists(stretches(corpus), min_size=1, max_size=3)), min_size=1, max_size=4)
    )
    questions = tuple(
        Question(f"q{number}", text, tuple(Evidence((span,)) for span in spans))
        for number, (text, spans) in enumerate(asked)
    )
    shares = draw(st.lists(st.integers(0, draw(st.integers(0, 6))), min_size=7, max_size=7))
    configs = {
        f"c{number}": RunConfig(
            strategy=draw(st.sampled_from(PLAIN)),
            chunk_size=(size := draw(st.integers(2, 12))),
            overlap=draw(st.integers(0, size - 1)),
            unit=draw(st.sampled_from(["words", "characters", "tokens"])),
            retriever=(retriever := draw(st.sampled_from(_RETRIEVERS))),
            embedding_model="letters:small" if retriever == "late" else "hashing",
            reranker=draw(st.sampled_from([None, None, f"{__name__}:count_letters"])),
            candidates=draw(st.integers(1, 5)),
            filter=draw(st.sampled_from(["none", "none", "document"])),
            budget_unit=draw(st.sampled_from(["characters", "tokens"])),
            budget=draw(st.sampled_from([5, 40, 4000])),
            top_k=draw(st.integers(1, 4)),
            **draw(st.sampled_from(_HANDED_OVER)),
        )
        for number in range(2)
    }
    return corpus, Questions("questions.json", "0", questions), shares, configs


@FEWER
@given(cases(), st.sampled_from([0, 0, 20]), st.integers(1, 4))
def test_any_division_into_shards_gives_the_same_report(case: Any, with_counts: int, candidates: int) -> None:
    corpus, questions, shares, configs = case
    settings = AnalysisConfig(metrics=GROUPS, custom_metrics=(f"{__name__}:mean_start",))
    whole = analyze(corpus, configs, questions, settings=settings).report
    with pytest.MonkeyPatch.context() as patch:  # where shards are many, each keeps the counts of its best chunks
        patch.setattr(shard_survey, "MOST_WITH_COUNTS", with_counts)
        patch.setattr(shard_survey, "_FIRST", 2)
        patch.setattr(shard_chunks, "count_candidates", lambda *_: candidates)
        parts = analyze(in_shards(corpus, questions, shares), configs, questions, settings=settings).report
    assert figures(parts) == figures(whole)


@pytest.fixture(scope="module")
def pieces() -> tuple[Corpus, Questions]:
    """Return the public documents cut into smaller ones where that cuts no evidence, on the same line."""
    corpus, path = public_data()
    questions = read_questions(path, corpus)
    spans = [span for each in questions.questions for item in each.evidence for span in item.spans]
    documents = []
    for number, (start, document) in enumerate(zip(corpus.starts.tolist(), corpus.documents, strict=False)):
        spaces = [each.end() for each in re.finditer(r"\s(?=\S)", document.text)]
        free = [each for each in spaces if not any(first < start + each < last for first, last in spans)]
        cuts = [0, *free[len(free) // 9 :: len(free) // 9], len(document.text)]
        texts_between = [document.text[first:last] for first, last in itertools.pairwise(cuts)]
        documents += [Document(f"{number}/{part:02}.md", text) for part, text in enumerate(texts_between)]
    return Corpus(documents), questions


PUBLIC = AnalysisConfig(metrics=GROUPS, holdout=0.5)
CONFIGS = [
    RunConfig(strategy="recursive-character", chunk_size=200),
    RunConfig(strategy="markdown", chunk_size=100, unit="tokens", index_headings=True),
    RunConfig(strategy="sliding-window", chunk_size=60, overlap=30, merge_overlaps=True),
    RunConfig(strategy="hierarchical", chunk_size=100),
    RunConfig(strategy="sentence", chunk_size=100, retriever="random"),
    RunConfig(strategy="paragraph", chunk_size=200, budget_unit="tokens", budget=1000, filter="document"),
    RunConfig(strategy="semantic", chunk_size=200, retriever="hybrid", embedding_model="hashing"),
]


@pytest.fixture(scope="module")
def whole_figures(pieces: tuple[Corpus, Questions]) -> str:
    """Return the report on the public data in one shard."""
    return figures(analyze(pieces[0], CONFIGS, pieces[1], settings=PUBLIC).report)


@pytest.mark.parametrize("shards", [2, 5])
def test_the_public_data_give_the_same_report_in_any_number_of_shards(
    pieces: tuple[Corpus, Questions], whole_figures: str, shards: int
) -> None:
    corpus, questions = pieces
    shares = [row % shards for row in range(len(corpus.documents))]
    parts = analyze(in_shards(corpus, questions, shares), CONFIGS, questions, settings=PUBLIC).report
    assert figures(parts) == whole_figures


def two_documents() -> tuple[Corpus, Questions]:
    """Return two documents, and a question about the second."""
    corpus = Corpus([Document("a.txt", "one two three"), Document("b.txt", "two four")])
    evidence = Evidence(((13, 16),))
    return corpus, Questions("questions.json", "0", (Question("q", "two", (evidence,)),))


def test_costs_are_those_of_one_shard_but_for_the_time_of_the_retriever() -> None:
    corpus, questions = two_documents()
    settings, config = (
        AnalysisConfig(costs=Prices(embedding=0.02, context=10)),
        RunConfig(chunk_size=2, overlap=0, unit="tokens"),
    )
    reports = [
        analyze(each, config, questions, settings=settings).report
        for each in (corpus, in_shards(corpus, questions, [0, 1]))
    ]
    whole, parts = (
        {name: value for name, value in report.configurations[0].metrics.items() if not name.endswith("time")}
        for report in reports
    )
    assert {"index_price", "query_price", "context_tokens"} <= parts.keys()
    assert parts == {name: value for name, value in whole.items() if not name.startswith("retrieval_ms")}


def test_what_is_embedded_is_counted_in_all_shards() -> None:
    corpus, questions = two_documents()
    config = RunConfig(chunk_size=2, overlap=0, retriever="dense", embedding_model="hashing")
    (result,) = analyze(in_shards(corpus, questions, [0, 1]), config, questions).report.configurations
    assert result.embedding is not None
    assert result.embedding.texts == 1 + len({"one two", "three", "two four"})


def test_the_estimate_is_the_sum_of_all_shards() -> None:
    corpus, questions = two_documents()
    config = RunConfig(
        chunk_size=2, overlap=0, retriever="dense", embedding_model="hashing", reranker=f"{__name__}:count_letters"
    )
    whole = estimate_cost(corpus, {"a": config}, questions)
    parts = estimate_shards(in_shards(corpus, questions, [0, 1]), {"a": config}, questions)
    assert [(each.name, each.chunks, each.texts) for each in parts.items] == [("questions", None, 1), ("a", 3, 3)]
    assert [replace(each, tokens=0) for each in parts.items] == [replace(each, tokens=0) for each in whole.items]
    assert parts.pairs == whole.pairs


def test_the_lines_of_chunks_are_json_whatever_documents_are_called() -> None:
    corpus = Corpus([Document(name, "one two. three") for name in ('a "b"\n.txt', "\\ü\udc80.txt")])
    chunking = analyze(in_shards(corpus, None, [0, 1]), RunConfig(chunk_size=2, overlap=0)).chunkings[
        "recursive-character-2-0"
    ]
    places = [json.loads(line) for line in chunking.json_lines()]
    assert [each["id"] for each in places] == chunking.ids
    assert {each["document"] for each in places} == {each.name for each in corpus.documents}
    expected = [json.dumps(each, ensure_ascii=False) + "\n" for each in places]
    assert list(chunking.json_lines()) == expected


def test_what_needs_all_shards_at_once_is_refused() -> None:
    corpus, questions = two_documents()
    config = RunConfig(retriever=f"{__name__}:count_letters")
    with pytest.raises(SettingsError, match=r"--retriever tests\S+ needs all documents at once"):
        analyze(in_shards(corpus, questions, [0, 1]), config, questions)


def test_documents_of_one_name_in_two_shards_are_refused() -> None:
    shards = [HeldShard(Corpus([Document("a.txt", text)])) for text in ("one", "two")]
    with pytest.raises(InputError, match=r"two documents are named 'a.txt'"):
        outline_shards(shards, WantedEvidence(()))
