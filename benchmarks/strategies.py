"""What each strategy brings back at the same size, on public data, and what it costs.

Prints recall at 4,000 characters by lexical retrieval, in percent, with + or - where that is clearly better or worse than
recursive-character on the same questions; then the chunks beside those of recursive-character, and CPU seconds for a
million characters.

    python benchmarks/strategies.py --size 200 [--model sentence-transformers:FOLDER]

The model is for semantic and cluster-semantic. The last set is rag-chunk's own: it alone is Markdown with headings.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

from public_data import DATA, public_sets

from rag_chunk import Corpus, Questions, RunConfig, analyze, chunk, read_corpus, read_questions
from rag_chunk.config import STRATEGIES, AnalysisConfig
from rag_chunk.corpus.structure import structure_of
from rag_chunk.corpus.units import units_of

BASELINE = "recursive-character"
PARENTS = "hierarchical, parents"
SIGNS = {"better": " +", "worse": " -", "no difference": ""}
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


def configurations(size: int, model: str) -> dict[str, RunConfig]:
    """Return one configuration for each strategy but `code`, with a quarter overlap where one has it by design."""
    overlaps = {"sliding-window": size // 4}
    configs = {
        name: RunConfig(strategy=name, chunk_size=size, overlap=overlaps.get(name, 0), embedding_model=model)
        for name, row in STRATEGIES.items()
        if not row.has_definitions
    }
    return configs | {PARENTS: configs["hierarchical"].with_settings(retrieve_parents=True)}


def all_sets(data: Path) -> Iterator[tuple[str, Corpus, Questions]]:
    """Yield the public sets, and rag-chunk's examples."""
    yield from public_sets(data)
    examples = read_corpus(EXAMPLES, skip_unreadable=True)
    yield "examples", examples, read_questions(EXAMPLES / "questions.json", examples)


def recalls(corpus: Corpus, questions: Questions, configs: dict[str, RunConfig]) -> dict[str, str]:
    """Return each configuration's recall, with a sign where it differs clearly from the baseline's."""
    settings = AnalysisConfig(metrics=("budget",), baseline=BASELINE, max_embed_tokens=10**9)
    report = analyze(corpus, configs, questions, settings=settings).report
    baseline = report.comparison.baseline if report.comparison else None
    signs = {each.name: SIGNS[each.shown] for each in baseline.others} if baseline else {}
    cells = {}
    for result in report.configurations:
        for name in (result.name, *result.merged):
            cells[name] = f"{100 * result.metrics['budget_recall']:.1f}{signs.get(result.name, '')}"
    return cells


def cpu_seconds(corpus: Corpus, config: RunConfig) -> float:
    """Return what cutting takes for a million characters, when the text has been parsed and its units are counted."""
    apart = Corpus(corpus.documents)
    units_of(apart, config.unit, config.model)
    structure_of(apart)
    started = time.process_time()
    _ = chunk(apart, config).sizes
    return (time.process_time() - started) * 1_000_000 / len(corpus)


def main() -> None:
    """Print a table of recall, and one of costs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--size", type=int, default=200)
    parser.add_argument("--model", default="hashing")
    given = parser.parse_args()
    configs = configurations(given.size, given.model)
    recall, ratio, seconds = ({name: dict[str, str]() for name in configs} for _ in range(3))
    heads = []
    for name, corpus, questions in all_sets(given.data):
        heads.append(f"{name} ({len(questions):,})")
        for strategy, cell in recalls(corpus, questions, configs).items():
            recall[strategy][heads[-1]] = cell
        counts = {each: len(chunk(corpus, config)) for each, config in configs.items()}
        for each, config in configs.items():
            ratio[each][heads[-1]] = f"{counts[each] / counts[BASELINE]:.2f}"
            seconds[each][heads[-1]] = f"{cpu_seconds(corpus, config):.1f}"
    for title, cells in (("recall", recall), ("chunks", ratio), ("CPU seconds", seconds)):
        print(f"\n| {title} | {' | '.join(heads)} |\n|---|{'---:|' * len(heads)}")
        for strategy, row in cells.items():
            print(f"| `{strategy}` | {' | '.join(row.get(head, '') for head in heads)} |")


if __name__ == "__main__":
    main()
