"""Does cutting by meaning bring back more than cutting by sentences, with lexical and with dense retrieval?

Prints recall at 4,000 characters for each strategy, at the best of its sizes.

    python benchmarks/clusters.py --model sentence-transformers:FOLDER
"""

import argparse
from pathlib import Path

from public_data import DATA, public_sets

from rag_chunk import RunConfig, analyze
from rag_chunk.config import AnalysisConfig

SIZES = (50, 100, 200, 400)
STRATEGIES = ("sentence", "recursive-character", "semantic", "cluster-semantic")
RETRIEVERS = ("bm25", "dense")
DOCUMENTS = ("chatlogs", "state_of_the_union", "wikitexts", "xquad-en")


def main() -> None:
    """Print a table with a row for each data set and retriever."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--model", default="hashing")
    parser.add_argument("--documents", nargs="*", default=DOCUMENTS)
    given = parser.parse_args()
    print("| documents | questions | retriever | " + " | ".join(STRATEGIES) + " |")
    print("|---|---:|---|" + "---:|" * len(STRATEGIES))
    for name, corpus, questions in public_sets(given.data, given.documents):
        for retriever in RETRIEVERS:
            configs = [
                RunConfig(
                    strategy=strategy, chunk_size=size, overlap=0, retriever=retriever, embedding_model=given.model
                )
                for strategy in STRATEGIES
                for size in SIZES
            ]
            settings = AnalysisConfig(metrics=("budget",), max_embed_tokens=10**9)
            results = analyze(corpus, configs, questions, settings=settings).report.configurations
            cells = []
            for strategy in STRATEGIES:
                best = max(
                    (result for result in results if result.config.strategy == strategy),
                    key=lambda result: result.metrics["budget_recall"],
                )
                cells.append(f"{100 * best.metrics['budget_recall']:.1f} ({best.config.chunk_size})")
            print(f"| {name} | {len(questions)} | {retriever} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
