"""Configurations are scored side by side, by threads or forked processes, with the results of one after the other."""

import multiprocessing
import os
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag_chunk.analysis import analyze, runner
from rag_chunk.analysis.chunked_corpus import ChunkedCorpus
from rag_chunk.analysis.forked_pool import ForkedPool, can_fork
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


@pytest.fixture(scope="module")
def alone() -> dict[str, Any]:
    """Return the report of one process with one thread."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda: 1)
        return results(*data())


def test_the_report_is_the_same_for_any_number_of_threads(
    alone: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for count in (2, 4):
        monkeypatch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda count=count: count)
        assert results(*data()) == alone
    merged = [each["merged"] for each in alone["configurations"]]
    assert any(merged)  # equal chunks, whose first configuration may still be scored when the second is chunked


def test_several_threads_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda: 3)
    names = set()

    def remember(*_: Any) -> dict[str, float]:
        names.add(threading.current_thread().name)
        time.sleep(0.01)
        return {"num_chunks": 1.0, "index_ratio": 1.0}

    monkeypatch.setattr("rag_chunk.analysis.scoring.metrics_of_shape", remember)
    analyze(Corpus([Document("a.txt", "one two three. " * 99)]), CONFIGS)
    assert len(names) == 3  # the main one is one of them


@pytest.fixture
def scorers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let two processes be forked for every analysis; the folder has a file for each process that has scored."""
    monkeypatch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda: 3)
    monkeypatch.setattr("rag_chunk.analysis.scoring_workers._WORTH_FORKING", 0)
    monkeypatch.setattr("rag_chunk.analysis.forked_pool.can_fork", lambda: True)

    def measure_and_tell(*arguments: Any) -> Any:
        (tmp_path / str(os.getpid())).touch()
        return measure_chunks(*arguments)

    monkeypatch.setattr(runner, "measure_chunks", measure_and_tell)
    return tmp_path


def test_the_report_is_the_same_when_processes_score(alone: dict[str, Any], scorers: Path) -> None:
    assert results(*data()) == alone
    assert len({path.name for path in scorers.iterdir()} - {str(os.getpid())}) == 2
    assert not multiprocessing.active_children()


def test_what_a_killed_process_had_is_scored_here(scorers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = os.getpid()

    def die_elsewhere(*arguments: Any) -> Any:
        if os.getpid() != here:
            (scorers / "died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return measure_chunks(*arguments)

    monkeypatch.setattr(runner, "measure_chunks", die_elsewhere)
    report = analyze(data()[0], CONFIGS[::2]).report
    assert (scorers / "died").exists()
    assert len(report.configurations) + sum(len(each.merged) for each in report.configurations) == len(CONFIGS) // 2


@pytest.mark.usefixtures("scorers")
def test_an_interrupted_analysis_leaves_no_process() -> None:
    children = 0

    def interrupt(done: int, *_: Any) -> None:
        nonlocal children
        if done == 5:
            children = len(multiprocessing.active_children())
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        analyze(data()[0], CONFIGS, progress=interrupt)
    assert children == 2
    assert not multiprocessing.active_children()


def test_a_process_with_several_threads_is_not_forked() -> None:
    with ThreadPoolExecutor(1) as threads:
        assert threads.submit(can_fork).result() is False


def test_what_fails_beside_others_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda: 2)

    def measure_or_fail(chunked: ChunkedCorpus, *arguments: Any) -> Any:
        if chunked.config.chunk_size == 33:
            raise ZeroDivisionError
        return measure_chunks(chunked, *arguments)

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
    monkeypatch.setattr("rag_chunk.analysis.scoring_workers.available_cores", lambda: 3)
    threads = set()

    class Backwards:
        def rank(self, chunking: Any, questions: Any, depth: int) -> Any:
            threads.add(threading.current_thread())
            return np.tile(np.arange(len(chunking))[::-1][:depth], (len(questions), 1))

    monkeypatch.setattr("rag_chunk.retriever.load_function", lambda _: lambda *_: Backwards())
    corpus, questions = data()
    analyze(corpus, [RunConfig(chunk_size=size, retriever="mine:backwards") for size in (20, 30, 40)], questions)
    assert threads == {threading.main_thread()}


def make_numbers(count: int) -> list[float]:
    return [number * 1.5 for number in range(count)]


def test_processes_end_at_once_in_the_middle_of_a_large_result() -> None:
    pool = ForkedPool(1, make_numbers, [])
    futures = [pool.submit(20_000) for _ in range(99)]
    assert len(futures[0].result(timeout=10)) == 20_000
    closing = threading.Thread(target=pool.close, daemon=True)
    closing.start()
    closing.join(10)
    assert not closing.is_alive()
    assert all(future.done() for future in futures)
    assert isinstance(futures[-1].exception(), OSError)


def test_what_a_process_fails_at_or_dies_of_fails_in_its_future() -> None:
    pool = ForkedPool(1, os._exit, [])
    try:
        assert isinstance(pool.submit("no number").exception(timeout=10), EOFError)
        assert isinstance(pool.submit(0).exception(timeout=10), (EOFError, OSError))
        assert isinstance(pool.submit(0).exception(timeout=10), OSError)  # nobody is there
    finally:
        pool.close()
