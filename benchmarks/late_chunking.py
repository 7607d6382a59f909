"""Does late chunking bring back more than embedding each chunk alone, with the same model over the same chunks?

Prints, for each data set, the best configuration of bm25, dense and late with its recall at 4,000 characters, what the
paired test says of the best of late and of dense, the mean difference over all chunkings, and the seconds that embedding
took. The model is one of sentence-transformers with mean pooling. The cache of vectors begins empty.

    python benchmarks/late_chunking.py --model sentence-transformers:FOLDER
"""

import argparse
import os
import tempfile
from pathlib import Path

from public_data import DATA, headline_scores, public_sets

from rag_chunk import RunConfig, analyze
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.analysis.statistics import ALPHA, compare_all
from rag_chunk.config import AnalysisConfig

RETRIEVERS = ("bm25", "dense", "late")
SIZES = (50, 100, 200)
STRATEGIES = ("sentence", "recursive-character")


def main() -> None:
    """Print a table with a row for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--model", required=True, help="the embedding model: sentence-transformers:NAME")
    parser.add_argument("--documents", nargs="*", default=["chatlogs", "state_of_the_union", "wikitexts"])
    given = parser.parse_args()
    print(
        "| documents | questions | bm25 | dense | late | late less dense, mean of all | embedding for dense | for late |"
    )
    print("|---|---:|---|---|---|---:|---:|---:|")
    for name, corpus, questions in public_sets(given.data):
        if name not in given.documents:
            continue
        configs = {
            f"{strategy}-{size} {retriever}": RunConfig(
                strategy=strategy, chunk_size=size, overlap=0, retriever=retriever, embedding_model=given.model
            )
            for retriever in RETRIEVERS
            for strategy in STRATEGIES
            for size in SIZES
        }
        settings = AnalysisConfig(metrics=("budget",), max_embed_tokens=10**9)
        report = analyze(corpus, configs, questions, settings=settings).report
        print(f"| {name} | {len(questions)} | {' | '.join(_cells(report))} |", flush=True)


def _cells(report: Report) -> list[str]:
    best = {retriever: max(_of(report, retriever), key=_recall) for retriever in RETRIEVERS}
    names = [result.name for result in report.configurations]
    pair = [names.index(best[retriever].name) for retriever in ("dense", "late")]
    is_shown = compare_all(headline_scores(report)[:, pair], seed=0).pairs[0].p_adjusted < ALPHA
    gap = f" ({_recall(best['late']) - _recall(best['dense']):+.1f}{', shown' if is_shown else ''})"
    means = {retriever: sum(map(_recall, _of(report, retriever))) / len(_of(report, retriever)) for retriever in best}
    seconds = [sum(each.metrics["embedding_time"] for each in _of(report, name)) for name in ("dense", "late")]
    cells = [f"{best[each].name.split()[0]}: {_recall(best[each]):.1f}" for each in RETRIEVERS]
    return [
        *cells[:2],
        cells[2] + gap,
        f"{means['late'] - means['dense']:+.1f}",
        *(f"{each:.0f} s" for each in seconds),
    ]


def _of(report: Report, retriever: str) -> list[ConfigurationResult]:
    return [result for result in report.configurations if result.config.retriever == retriever]


def _recall(result: ConfigurationResult) -> float:
    return 100 * result.metrics["budget_recall"]


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        os.environ["RAG_CHUNK_CACHE"] = empty
        main()
