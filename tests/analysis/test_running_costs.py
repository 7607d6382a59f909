"""What an index and a question cost: by hand, with prices and without."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rag_chunk import AnalysisConfig, Corpus, Document, Questions, RunConfig, analyze
from rag_chunk.analysis import score_retrievals
from rag_chunk.analysis.external import ExternalRun
from rag_chunk.config import METRICS, external_name
from rag_chunk.config.file import read_config
from rag_chunk.config.metric_table import metrics_of, varies
from rag_chunk.config.prices import Prices
from rag_chunk.corpus.units import units_of
from rag_chunk.errors import InputError
from rag_chunk.questions import Evidence, Question

CORPUS = Corpus([Document("a.txt", "abcd efgh ijkl mnop " * 10)])  # 40 words, 200 characters
ASKED = Questions("q.json", "d", tuple(Question(f"q{n}", "efgh?", (Evidence(((5, 9),)),)) for n in range(3)))
CONFIG = RunConfig(strategy="fixed-size", chunk_size=10, top_k=2)
TIMES = ("retrieval_ms_p50", "retrieval_ms_p95")


def metrics_with(
    questions: Questions | None = ASKED, config: RunConfig = CONFIG, **settings: object
) -> dict[str, float]:
    report = analyze(CORPUS, config, questions, settings=AnalysisConfig.model_validate(settings)).report
    return report.configurations[0].metrics


def test_costs_are_measured_where_they_are_asked_for_and_nowhere_else() -> None:
    assert not set(metrics_of("costs")) & metrics_with().keys()
    metrics = metrics_with(measure_costs=True)
    assert metrics["index_tokens"] == pytest.approx(199 / 4, abs=1)  # about four characters a token
    assert metrics["vector_megabytes"] == 4 * 1536 * 4 / 1_000_000
    assert metrics["context_tokens"] == pytest.approx(metrics["context_size"] / 4)
    assert 0 < metrics["retrieval_ms_p50"] <= metrics["retrieval_ms_p95"]
    assert "index_price" not in metrics


def test_prices_make_money_of_them() -> None:
    prices = {"embedding": 20.0, "queries": 1.5, "context": 3.0, "dimensions": 100}
    metrics = metrics_with(costs=prices)
    assert metrics["vector_megabytes"] == 4 * 100 * 4 / 1_000_000
    assert metrics["index_price"] == pytest.approx(metrics["index_tokens"] * 20 / 1_000_000)
    assert metrics["query_price"] == pytest.approx(1.5 + metrics["context_tokens"] * 3 / 1_000)


def test_tokens_are_counted_where_chunks_are_sized_in_tokens() -> None:
    config = RunConfig(strategy="fixed-size", chunk_size=10, unit="tokens", model="cl100k_base")
    metrics = metrics_with(config=config, measure_costs=True)
    assert metrics["index_tokens"] == len(units_of(CORPUS, "tokens", "cl100k_base").starts)


def test_without_questions_the_index_alone_has_a_cost() -> None:
    metrics = metrics_with(None, measure_costs=True)
    assert metrics.keys() & set(metrics_of("costs")) == {"index_tokens", "vector_megabytes"}


def test_only_times_vary_and_less_is_better() -> None:
    assert {name for name in metrics_of("costs") if varies(name)} == set(TIMES)
    assert all(METRICS[name].lower_is_better for name in metrics_of("costs"))


def test_prices_stand_in_the_config_file(folder: Path) -> None:
    (folder / "c.yaml").write_text("analysis:\n  costs:\n    embedding: 0.02\n")
    assert read_config(folder / "c.yaml").analysis["costs"] == {"embedding": 0.02}
    assert AnalysisConfig(costs=Prices(embedding=0.02)).to_dict() == {"costs": {"embedding": 0.02}}
    (folder / "c.yaml").write_text("analysis:\n  costs:\n    embedding: -1\n    speed: 3\n")
    with pytest.raises(InputError, match=r"embedding.*speed|speed.*embedding"):
        read_config(folder / "c.yaml")


def test_your_own_retriever_has_the_same_costs_without_its_time() -> None:
    ours = analyze(CORPUS, CONFIG, ASKED, settings=AnalysisConfig(measure_costs=True))
    ((name, chunking),) = ours.chunkings.items()
    rankings = np.tile(np.arange(len(chunking)), (len(ASKED), 1))
    given = {"mine": ExternalRun(chunking, rankings, CONFIG.with_settings(retriever=external_name("rankings")))}
    prices = Prices(embedding=20, context=3)
    (mine,) = score_retrievals(CORPUS, given, ASKED, settings=AnalysisConfig(costs=prices)).report.configurations
    assert mine.metrics["index_tokens"] == ours.report.configuration(name).metrics["index_tokens"]
    assert mine.metrics["index_price"] == pytest.approx(mine.metrics["index_tokens"] * 20 / 1_000_000)
    assert not mine.metrics.keys() & set(TIMES)
    assert "is not known: give it as" in given["mine"].time_notice
    timed = {"mine": replace(given["mine"], milliseconds=(1.0, 2.0, 12.0))}
    (told,) = score_retrievals(CORPUS, timed, ASKED, settings=AnalysisConfig(costs=prices)).report.configurations
    assert [told.metrics[name] for name in TIMES] == [2.0, 11.0]
    assert timed["mine"].time_notice == ""
    assert "is known for 2 of 3 questions only" in replace(given["mine"], milliseconds=(1.0, 2.0)).time_notice
    (plain,) = score_retrievals(CORPUS, given, ASKED).report.configurations
    assert not plain.metrics.keys() & set(metrics_of("costs"))
