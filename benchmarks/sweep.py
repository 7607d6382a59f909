"""How much CPU and memory do 60 configurations on the public data take, with all default metrics? 4 s and 500 MB at most.

Prints the seconds of CPU (all threads), from the start of the process, by what they were spent on, and the peak memory of
the process. The cache of tokens is not used.

    python benchmarks/sweep.py
    python benchmarks/sweep.py FOLDER --all-metrics
"""

import argparse
import resource
import sys
import time
from pathlib import Path

from public_data import FOLDER, FURTHER, read, sweep

from rag_chunk.analysis import report_of
from rag_chunk.analysis.holdout import evaluation_set
from rag_chunk.analysis.runner import Run
from rag_chunk.config import METRIC_GROUPS, AnalysisConfig
from rag_chunk.config.sweep import names_of
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.units import load_encoding, units_of

SECONDS, MEGABYTES = 4.0, 500
MB = 1_000_000


def main() -> None:
    """Print the figures; end with 1 where they are over the target."""
    options = _options()
    spent: dict[str, float] = {}

    def note(what: str) -> None:
        spent[what] = time.process_time() - sum(spent.values())

    note("start Python, import rag-chunk and numpy")
    corpus, questions = read(options.folder)
    note("read documents and questions")
    configs = sweep(FURTHER)
    load_encoding(configs[0].model)
    note("load the tokenizer")
    units_of(corpus, configs[0].unit, configs[0].model)
    note("tokenise")
    settings = AnalysisConfig(metrics=tuple(METRIC_GROUPS)) if options.all_metrics else AnalysisConfig()
    asked = evaluation_set(corpus, questions, settings, 0)
    run = Run(corpus, asked, settings.metrics)
    for name, config in zip(names_of(configs), configs, strict=True):
        run.add(name, config)
    note("index, chunk, retrieve and score")
    report = report_of(corpus, asked, list(run.scored.values()), settings)
    note("intervals and comparison")
    written = len(report.to_json())
    note("write report.json")
    total, memory = sum(spent.values()), _peak()
    for what, seconds in spent.items():
        print(f"{seconds:7.2f} s  {what}")
    made = f"{len(configs)} configurations, {len(report.configurations)} of them different, {len(questions)} questions"
    print(f"{total:7.2f} s of CPU in all, {memory:.0f} MB at most: {made}, report.json of {written / MB:.1f} MB")
    sys.exit(total > SECONDS or memory > MEGABYTES)


def _peak() -> float:
    """Return the peak memory of this process in megabytes; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / MB if sys.platform == "darwin" else peak * 1024 / MB


def _options() -> argparse.Namespace:
    """Read the command line, and do the rest without the cache."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--all-metrics", action="store_true", help="those on request too")
    return parser.parse_args()


if __name__ == "__main__":
    with caching(enabled=False):
        main()
