"""Configurations are scored side by side, with the results of one after the other."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from rag_chunk.analysis import analyze, runner
from rag_chunk.analysis.scoring import measure_chunks
from rag_chunk.config import METRIC_GROUPS, AnalysisConfig, RunConfig
from rag_chunk.config.sweep import names_of
from rag_chunk.corpus import Corpus, Document
from rag_chunk.questions import Questions
from rag_chunk.questions.question import Evidence, Question

TIMES = ("processing_time", "chunk_time")
CONFIGS = [
    RunConfig(strategy=strategy, chunk_size=size, overlap=0, retriever=retriever)
    for strategy in ("fixed-size", "sliding-window", "sentence", "paragraph")
    for size in (20, 33, 50)
    for retriever in ("bm25", "legacy")
]


def data() -> tuple[Corpus, Questions]:
    rng = np.random.default_rng(2)
    sentences = [" ".join(f"word{number}" for number in rng.integers(200, size=9)) + "." for _ in range(400)]
    corpus = Corpus([Document("a.txt", " ".join(sentences[:200])), Document("b.txt", "\n\n".join(sentences[200:]))])
    starts = rng.integers(0, len(corpus.documents[0].text) - 80, size=30).tolist()
    questions = (
        Question(f"q{row}", sentences[row], (Evidence(((start, start + 60),)),)) for row, start in enumerate(starts)
    )
    return corpus, Questions("questions.json", "0", tuple(questions))


def results(corpus: Corpus, questions: Questions) -> dict[str, Any]:
    """Return everything but the times."""
    named = dict(zip(names_of(CONFIGS), CONFIGS, strict=True))
    report = analyze(corpus, named, questions, settings=AnalysisConfig(metrics=tuple(METRIC_GROUPS))).report
    values = report.model_dump(exclude={"analysis_id", "created", "timings"})
    for each in values["configurations"]:
        each["metrics"] = {name: value for name, value in each["metrics"].items() if name not in TIMES}
    return values


def test_the_report_is_the_same_for_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = []
    for count in (1, 2, 4):
        monkeypatch.setattr("rag_chunk.analysis.scoring_threads.available_cores", lambda count=count: count)
        reports.append(results(*data()))
    assert reports[1] == reports[0]
    assert reports[2] == reports[0]
    merged = [each["merged"] for each in reports[0]["configurations"]]
    assert any(merged)  # equal chunks, whose first configuration may still be scored when the second is chunked


def test_several_threads_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.analysis.scoring_threads.available_cores", lambda: 3)
    names = set()

    def remember(*_: Any) -> dict[str, float]:
        names.add(threading.current_thread().name)
        time.sleep(0.01)
        return {"num_chunks": 1.0, "index_ratio": 1.0}

    monkeypatch.setattr("rag_chunk.analysis.scoring.shape_metrics", remember)
    analyze(Corpus([Document("a.txt", "one two three. " * 99)]), CONFIGS)
    assert len(names) == 4  # the first configuration is scored by the main one


def test_what_fails_beside_others_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.analysis.scoring_threads.available_cores", lambda: 2)

    measure = measure_chunks

    def measure_or_fail(*arguments: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            raise ZeroDivisionError
        return measure(*arguments)

    monkeypatch.setattr(runner, "measure_chunks", measure_or_fail)
    with pytest.raises(ZeroDivisionError):
        analyze(data()[0], CONFIGS[:4])


def test_of_several_threads_one_derives_a_value() -> None:
    corpus, made = Corpus([Document("a.txt", "one")]), []

    def make() -> list[int]:
        time.sleep(0.05)
        made.append(1)
        return [7]

    with ThreadPoolExecutor(4) as threads:
        values = [*threads.map(lambda _: corpus.derive(list, make, "slow"), range(8))]
    assert len(made) == 1
    assert all(value is values[0] for value in values)


def test_the_functions_of_users_are_called_by_the_main_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.analysis.scoring_threads.available_cores", lambda: 3)
    threads = set()

    class Backwards:
        def rank(self, chunking: Any, questions: Any, depth: int) -> Any:
            threads.add(threading.current_thread())
            return np.tile(np.arange(len(chunking))[::-1][:depth], (len(questions), 1))

    monkeypatch.setattr("rag_chunk.retriever.load_function", lambda _: lambda *_: Backwards())
    corpus, questions = data()
    analyze(corpus, [RunConfig(chunk_size=size, retriever="mine:backwards") for size in (20, 30, 40)], questions)
    assert threads == {threading.main_thread()}
