"""How long does an analysis take, cold and warm, and how much memory; and 1, 10 and 60 configurations beside other programs?

First rag-chunk as people run it: the commands of `workloads.py`, each with an empty cache (cold) and again (warm), and what
people do by hand for one configuration. A row is printed as soon as it is measured: CPU time of all threads and time by the clock, from the start of the process, and
the most memory of all its processes together, what they share counted once: on Linux, elsewhere that of the largest. Then all programs work on the same windows of words, for all questions of the public data:

- rag-chunk makes a whole report: it ranks, computes all default metrics, and compares the configurations;
- bm25s and rank-bm25 index the chunks of each configuration and rank them for each question, five deep, and no more: they
  know nothing of evidence. The chunks come from rag-chunk;
- rag-chunk 0.4.0, in an environment of its own, ranks and scores as its command does, one run a configuration.

Each runs in processes of its own, in turn, in an order drawn anew for each round. A figure is the median over the rounds of
the CPU time of these processes (all threads, from their start, in seconds), beside it as a multiple of rag-chunk's, and the
most memory that one of them held.

    pip install bm25s rank-bm25 langchain-text-splitters
    python benchmarks/analysis.py                        # the public data beside the repository; 15 minutes
    python benchmarks/analysis.py --counts "" --sizes 10,100     # rag-chunk alone, with corpora of 10 and 100 MB
    python benchmarks/analysis.py --counts "" --chunklab ELSEWHERE/bin/chunklab      # with chunklab 0.5.0 among the rows
    python benchmarks/analysis.py FOLDER --rounds 5 --sizes "" --counts 1,10 --only rag-chunk,bm25s
"""

import argparse
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from public_data import FOLDER, read
from scale import watching_memory
from workloads import workloads

from rag_chunk import Corpus, Questions, RunConfig, analyze, chunk

OLD = "rag-chunk 0.4.0"
COUNTS = (1, 10, 60)
SIZES = range(80, 680, 20)
DEPTH = 5
WORD = re.compile(r"\w+")
MB = 1_000_000


class Spent(NamedTuple):
    """CPU time and time by the clock in seconds, and the most memory of a command in bytes."""

    seconds: float
    elapsed: float
    memory: int


def configurations(count: int) -> list[RunConfig]:
    """Return the first `count` of 60: windows of 30 sizes, without overlap and with a quarter."""
    sizes = sorted(SIZES, key=lambda size: (abs(size - 200), size))
    pairs = [(size, part) for size in sizes for part in (0, 4)]
    return [
        RunConfig(strategy="sliding-window", chunk_size=size, overlap=size // part if part else 0)
        for size, part in pairs[:count]
    ]


def ours(corpus: Corpus, questions: Questions, count: int) -> None:
    """Make a whole report."""
    analyze(corpus, configurations(count), questions).report.to_json()


def with_bm25s(corpus: Corpus, questions: Questions, count: int) -> None:
    """Rank with bm25s, as its guide does: strings in, its own tokens."""
    bm25s = import_module("bm25s")
    asked = bm25s.tokenize(list(questions.texts), stopwords=None, show_progress=False)
    for config in configurations(count):
        texts = corpus.texts(chunk(corpus, config).spans)
        index = bm25s.BM25()
        index.index(bm25s.tokenize(texts, stopwords=None, show_progress=False), show_progress=False)
        index.retrieve(asked, k=min(DEPTH, len(texts)), show_progress=False)


def with_rank_bm25(corpus: Corpus, questions: Questions, count: int) -> None:
    """Rank with rank-bm25: lists of words in, scores of all chunks out."""
    make = import_module("rank_bm25").BM25Okapi
    asked = [WORD.findall(text.lower()) for text in questions.texts]
    for config in configurations(count):
        texts = corpus.texts(chunk(corpus, config).spans)
        index = make([WORD.findall(text.lower()) for text in texts])
        for words in asked:
            index.get_scores(words).argsort()[::-1][:DEPTH]


RUNS: Mapping[str, Callable[[Corpus, Questions, int], None]] = {
    "rag-chunk": ours,
    "bm25s": with_bm25s,
    "rank-bm25": with_rank_bm25,
}


def old_program(folder: Path) -> Path:
    """Install rag-chunk 0.4.0 into an environment of its own, and return its command."""
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    package = OLD.replace(" ", "==")
    subprocess.run([programs / "python", "-m", "pip", "install", "-qq", package], check=True)  # noqa: S603 - our own
    return programs / "rag-chunk"


def old_commands(program: Path, data: Path, work: Path, count: int) -> list[list[str]]:
    """Return the old program's commands, one a configuration."""
    corpus, questions = read(data)
    for document in corpus.documents:
        (work / document.name).write_text(document.text, encoding="utf-8")
    phrases = [[corpus.text(*item.spans[0]) for item in question.evidence] for question in questions.questions]
    asked = [{"question": text, "relevant": found} for text, found in zip(questions.texts, phrases, strict=True)]
    (work / "questions.json").write_text(json.dumps(asked), encoding="utf-8")
    fixed = [str(program), "analyze", ".", "--strategy", "sliding-window", "--top-k", str(DEPTH)]
    return [
        [
            *fixed,
            "--chunk-size",
            str(config.chunk_size),
            "--overlap",
            str(config.overlap),
            "--test-file",
            "questions.json",
        ]
        for config in configurations(count)
    ]


def spent(commands: list[list[str]], folder: Path, cache: Path | None = None) -> Spent:
    """Run commands in `folder`, one after the other, and return what they took together; the most memory is that of one."""
    seconds, memory, started = 0.0, 0, time.perf_counter()
    environment = os.environ | {"RAG_CHUNK_CACHE": str(cache)} if cache else None
    for command in commands:
        process = subprocess.Popen(  # noqa: S603 - our own commands
            command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        with watching_memory(process.pid) as peaks:
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, command)
        seconds += usage.ru_utime + usage.ru_stime
        memory = max(
            memory, usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024), *(1024 * each for each in peaks)
        )
    return Spent(seconds, time.perf_counter() - started, memory)


def main() -> None:
    """Measure rag-chunk alone, then beside other programs; or be one of the processes that are measured."""
    options = _options()
    if options.child:
        corpus, questions = read(options.folder)
        RUNS[options.child](corpus, questions, options.counts[0])
        return
    if options.sizes:
        measure_alone(options.folder.resolve().parent, options.sizes, options.chunklab)
    if options.counts:
        measure_beside_others(options)


def measure_alone(data: Path, sizes: list[int], chunklab: str | None) -> None:
    """Print a row for each workload, cold and warm, when it is measured."""
    print("| work | cache | CPU seconds | seconds | MB at most |\n|---|---|---|---|---|", flush=True)
    with tempfile.TemporaryDirectory() as name:
        for number, workload in enumerate(workloads(data, Path(name), sizes, chunklab)):
            cache = Path(name) / f"cache-{number}"
            for state in ("cold", "warm") if workload.caches else ("",):
                row = spent([workload.command], Path(name), cache)
                figures = f"{row.seconds:.2f} | {row.elapsed:.2f} | {row.memory / MB:.0f}"
                print(f"| {workload.name} | {state} | {figures} |", flush=True)


def measure_beside_others(options: argparse.Namespace) -> None:
    """Print a table for each number of configurations."""
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        (work / "old").mkdir()
        program = old_program(work / "environment") if OLD in options.only else Path()
        corpus, questions = read(options.folder)
        print(f"{len(corpus):,} characters, {len(questions)} questions; median of {options.rounds} rounds")
        print(
            ", ".join(f"{package} {version(package)}" for package in ("rag-chunk", "bm25s", "rank-bm25")) + f", {OLD}\n"
        )
        print("| configurations | program | CPU seconds | times rag-chunk | MB at most |\n|---|---|---|---|---|")
        for count in options.counts:
            commands = {name: [_own_command(name, count, options.folder)] for name in options.only if name != OLD}
            if OLD in options.only:
                commands[OLD] = old_commands(program, options.folder, work / "old", count)
            _print_rows(count, _measured(commands, work / "old", options.rounds))


def _own_command(name: str, count: int, folder: Path) -> list[str]:
    return [
        sys.executable,
        str(Path(__file__).resolve()),
        str(folder.resolve()),
        "--child",
        name,
        "--counts",
        str(count),
    ]


def _measured(commands: dict[str, list[list[str]]], folder: Path, rounds: int) -> dict[str, list[Spent]]:
    """Run everything in turn, in an order drawn anew for each round."""
    found: dict[str, list[Spent]] = {name: [] for name in commands}
    for number in range(rounds):
        order = list(commands)
        random.Random(number).shuffle(order)  # noqa: S311 - an order, not a secret
        for name in order:
            found[name].append(spent(commands[name], folder))
    return found


def _print_rows(count: int, found: dict[str, list[Spent]]) -> None:
    ours = [each.seconds for each in found["rag-chunk"]]
    for name, times in found.items():
        seconds = [each.seconds for each in times]
        ratio = median(their / our for their, our in zip(seconds, ours, strict=True))
        memory = max(each.memory for each in times) / MB
        print(f"| {count} | {name} | {median(seconds):.1f} | {ratio:.1f} | {memory:.0f} |", flush=True)


def _names(text: str) -> list[str]:
    return ["rag-chunk", *(name for name in (part.strip() for part in text.split(",")) if name != "rag-chunk")]


def _options() -> argparse.Namespace:
    """Read the command line."""
    numbers: Any = lambda text: [int(part) for part in text.split(",") if part]  # noqa: E731 - a type for argparse
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER, help="the public data (beside the repository)")
    parser.add_argument("--counts", type=numbers, default=COUNTS, help="numbers of configurations (1,10,60)")
    parser.add_argument(
        "--sizes", type=numbers, default=(10,), help="MB of the corpora that grow; none: others only (10)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="how often everything is measured (3)")
    parser.add_argument("--only", type=_names, default=[*RUNS, OLD], help=f"of {', '.join([*RUNS, OLD])} (all)")
    parser.add_argument("--chunklab", help="this program, installed elsewhere, for a row of its own (none)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
