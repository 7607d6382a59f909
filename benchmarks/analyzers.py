"""What does an analyzer change: how much is brought back, or which configuration wins?

Prints, for each language of XQuAD that has one, recall at 4,000 characters of the best configuration, plain and analyzed, and
how alike the two orders of the configurations are (Kendall's tau).

    python benchmarks/analyzers.py --data FOLDER
"""

import argparse
from itertools import combinations
from pathlib import Path

from public_data import DATA, public_sets, report_on

from rag_chunk import Corpus, Questions, RunConfig

LANGUAGES = {"de": "german", "en": "english", "es": "spanish", "hi": "hindi", "ru": "russian", "ar": "arabic"}
SIZES = (50, 100, 200, 400)
STRATEGIES = ("fixed-size", "sentence", "recursive-character")


def main() -> None:
    """Print a table with a row for each language."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    print("| documents | plain | analyzed | tau |\n|---|---:|---:|---:|")
    for name, corpus, questions in public_sets(parser.parse_args().data):
        language = LANGUAGES.get(name.removeprefix("xquad-"))
        if language:
            plain, analyzed = (_recalls(corpus, questions, each) for each in ("plain", language))
            best = [
                f"{max(scores, key=scores.__getitem__)}: {100 * max(scores.values()):.1f}"
                for scores in (plain, analyzed)
            ]
            print(f"| {name} | {' | '.join(best)} | {_tau(plain, analyzed):.2f} |", flush=True)


def _recalls(corpus: Corpus, questions: Questions, analyzer: str) -> dict[str, float]:
    configs = {
        f"{strategy}-{size}": RunConfig.model_validate(
            {"strategy": strategy, "chunk_size": size, "overlap": 0, "analyzer": analyzer}
        )
        for strategy in STRATEGIES
        for size in SIZES
    }
    report = report_on(corpus, configs, questions)
    return {result.name: result.metrics["budget_recall"] for result in report.configurations}


def _tau(one: dict[str, float], other: dict[str, float]) -> float:
    """Return the share of pairs in the same order less that of those in another."""
    signs = [(one[a] - one[b]) * (other[a] - other[b]) for a, b in combinations(one, 2)]
    return sum((sign > 0) - (sign < 0) for sign in signs) / len(signs)


if __name__ == "__main__":
    main()
