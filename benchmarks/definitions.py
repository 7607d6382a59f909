"""How many definitions that fit into a chunk each strategy cuts, in the source code of a folder, and what that costs.

python benchmarks/definitions.py FOLDER [--ending .py]
"""

import argparse
import time
from pathlib import Path

import numpy as np

from rag_chunk import Corpus, RunConfig, chunk, read_corpus
from rag_chunk.chunker.outline import outline_of
from rag_chunk.corpus.arrays import as_spans
from rag_chunk.corpus.units import units_of

STRATEGIES = ("code", "recursive-character", "paragraph", "fixed-size")
SIZES = (50, 100, 200, 400)


def share_cut(corpus: Corpus, config: RunConfig) -> tuple[int, float, int, float]:
    """Return how many definitions fit into a chunk, the share of them that is cut, the chunks, and CPU seconds."""
    outline = outline_of(corpus, RunConfig(strategy="code"))
    definitions = corpus.trim(as_spans([each[:2] for each in outline.definitions] if outline else []))
    fit = definitions[units_of(corpus, config.unit, config.model).count(definitions).sizes <= config.chunk_size]
    started = time.process_time()
    chunks = chunk(Corpus(corpus.documents), config)
    seconds = time.process_time() - started
    borders = np.sort(chunks.spans.ravel())
    cut = np.searchsorted(borders, fit[:, 0], side="right") < np.searchsorted(borders, fit[:, 1])
    return len(fit), float(cut.mean()), len(chunks), seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--ending", default=".py")
    arguments = parser.parse_args()
    corpus = read_corpus(arguments.folder, include=[f"*{arguments.ending}"], skip_unreadable=True)
    print(f"{len(corpus.documents):,} files, {len(corpus):,} characters")
    print("| words | definitions that fit |" + "".join(f" {strategy} |" for strategy in STRATEGIES))
    print("|---:|---:|" + "---:|" * len(STRATEGIES))
    for size in SIZES:
        rows = [share_cut(corpus, RunConfig(strategy=each, chunk_size=size, overlap=0)) for each in STRATEGIES]
        cells = [
            f" {share:.0%} of them cut, {chunks:,} chunks, {seconds:.1f} s |" for _, share, chunks, seconds in rows
        ]
        print(f"| {size} | {rows[0][0]:,} |" + "".join(cells))


if __name__ == "__main__":
    main()
