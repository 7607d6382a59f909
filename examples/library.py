"""rag-chunk as a library: compare, take the recommended configuration, keep it, and cut with it.

    python examples/library.py [FOLDER]

FOLDER (default: the working folder) gets the config file and the chunks. Needs rag-chunk alone.
"""

import sys
from pathlib import Path

from rag_chunk import RunConfig, analyze, chunk, read_corpus, read_questions, write_chunks
from rag_chunk.config import ConfigFile

HERE = Path(__file__).parent


def main(folder: Path) -> None:
    corpus = read_corpus(HERE)
    questions = read_questions(HERE / "questions.json", corpus)
    configs = [RunConfig(strategy=name, chunk_size=size) for name in ("sentence", "header") for size in (100, 200)]

    report = analyze(corpus, configs, questions).report
    for found in report.configurations:
        print(f"{found.name:16} {found.metrics['budget_recall']:.3f}")
    if report.comparison:
        print(*report.comparison.verdict, sep="\n")

    config = report.best.config
    (folder / "chunking.yaml").write_text(ConfigFile(config.applicable_settings()).to_yaml(), encoding="utf-8")
    count = write_chunks(chunk(corpus, config), folder / "chunks.jsonl")
    print(f"wrote chunking.yaml and {count} chunks to {folder}")


if __name__ == "__main__":
    main(Path(*sys.argv[1:2]))
