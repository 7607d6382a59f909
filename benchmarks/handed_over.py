"""Do windows or the parts that hold chunks bring back more than a plain configuration of the right size?

Prints, for each public data set, the best plain configuration, the best one with windows, and the best one with parents,
each with its recall at 4,000 characters, and what the test says of it and the best plain one.

    python benchmarks/handed_over.py --data FOLDER
"""

import argparse
from pathlib import Path
from typing import Any

from public_data import DATA, public_sets, report_on

from rag_chunk import RunConfig
from rag_chunk.analysis.report import ConfigurationResult, Report
from rag_chunk.analysis.statistics import ALPHA

SIZES = (25, 50, 100, 200, 400)
STRATEGIES = ("sentence", "recursive-character")
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "window 1": {"window": 1},
    "window 2": {"window": 2},
    "parents": {"retrieve_parents": True},
}


def main() -> None:
    """Print a table with a row for each data set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    print("| documents | questions | best plain | " + " | ".join(list(KINDS)[1:]) + " |")
    print("|---|---:|---|" + "---|" * (len(KINDS) - 1))
    for name, corpus, questions in public_sets(parser.parse_args().data):
        configs = {
            f"{strategy}-{size} {kind}": RunConfig(strategy=strategy, chunk_size=size, overlap=0, **more)
            for strategy in STRATEGIES
            for size in SIZES
            for kind, more in KINDS.items()
        }
        report = report_on(corpus, configs, questions)
        best = {kind: _best(report, kind) for kind in KINDS}
        cells = [_cell(report, each, best["plain"]) for each in best.values()]
        print(f"| {name} | {len(questions)} | {' | '.join(cells)} |", flush=True)


def _best(report: Report, kind: str) -> ConfigurationResult:
    rivals = [result for result in report.configurations if result.name.endswith(f" {kind}")]
    return max(rivals, key=lambda result: result.metrics["budget_recall"])


def _cell(report: Report, result: ConfigurationResult, plain: ConfigurationResult) -> str:
    """Return the name and the recall of a configuration, and how it differs from the best plain one."""
    shown = f"{result.name.split()[0]}: {100 * result.metrics['budget_recall']:.1f}"
    if result is plain or report.comparison is None:
        return shown
    gap = 100 * (result.metrics["budget_recall"] - plain.metrics["budget_recall"])
    pairs = {frozenset((pair.a, pair.b)): pair for pair in report.comparison.pairs}
    pair = pairs.get(frozenset((result.name, plain.name)))
    proven = pair is not None and pair.p_adjusted < ALPHA
    return f"{shown} ({gap:+.1f}{', shown' if proven else ''})"


if __name__ == "__main__":
    main()
