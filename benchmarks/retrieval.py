"""What do bm25, dense and hybrid bring back over the same chunkings of the public data, and where does the time go?

Prints recall at five chunks and at equal budgets, and the seconds a configuration takes: to embed what is new, and
for all else. All but the embedding must stay under 0.3 s a configuration. The cache of vectors begins empty.

    python benchmarks/retrieval.py --model sentence-transformers:FOLDER
    python benchmarks/retrieval.py --model hashing
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from public_data import FOLDER, read

from rag_chunk import RunConfig, analyze
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.config import AnalysisConfig

RETRIEVERS = ("bm25", "dense", "hybrid")
SIZES = (100, 200, 400)
STRATEGIES = ("fixed-size", "recursive-character", "markdown", "semantic")
COLUMNS = ("avg_recall", "budget_recall_2000", "budget_recall_4000", "budget_recall_8000")
SECONDS = 0.3


def main() -> None:
    """Print the figures; end with 1 where all but the embedding takes too long."""
    options = _options()
    corpus, questions = read(options.folder)
    configs = [
        RunConfig(
            strategy=strategy, chunk_size=size, overlap=0, unit="tokens", model="cl100k_base", retriever=retriever,
            embedding_model=options.model,
        )
        for retriever in RETRIEVERS for strategy in STRATEGIES for size in SIZES
    ]  # fmt: skip
    settings = AnalysisConfig(metrics=("top_k", "budget", "shape"), max_embed_tokens=10**9)
    report = analyze(corpus, configs, questions, settings=settings).report
    characters = sum(len(document.text) for document in corpus.documents)
    size = f"{len(corpus.documents)} documents, {characters:,} characters, {len(questions)} questions"
    print(f"{options.name or options.model}: {size}, sizes {', '.join(map(str, SIZES))} in tokens\n")
    _print(report)
    worst = max(_other_seconds(found) for found in report.configurations)
    print(f"\nAll but the embedding: at most {worst:.2f} s a configuration (target {SECONDS} s)")
    sys.exit(worst > SECONDS)


def _print(report: Report) -> None:
    print("| configuration | " + " | ".join(COLUMNS) + " | cached | past the model's limit | embedding | all else |")
    print("|---|" + "---:|" * (len(COLUMNS) + 4))
    for found in report.configurations:
        figures = [f"{100 * found.metrics[name]:.1f}" for name in COLUMNS]
        shares = [_percent(found, name) for name in ("share_cached", "share_unread")]
        seconds = [f"{found.metrics.get('embedding_time', 0.0):.2f} s", f"{_other_seconds(found):.2f} s"]
        print(f"| {found.name} | " + " | ".join([*figures, *shares, *seconds]) + " |")


def _percent(found: ConfigurationResult, name: str) -> str:
    return f"{100 * found.metrics[name]:.0f} %" if name in found.metrics else ""


def _other_seconds(found: ConfigurationResult) -> float:
    return found.metrics["processing_time"] - found.metrics.get("embedding_time", 0.0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--model", default="hashing", help="the embedding model: backend:name")
    parser.add_argument("--name", help="what to call it, where its name is a folder")
    return parser.parse_args()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as empty:
        os.environ["RAG_CHUNK_CACHE"] = empty
        main()
