"""What `rag-chunk analyze` and `rag-chunk chunk` cost on corpora of 1 MB to 4 GB, in shards and on several workers.

    python benchmarks/scale.py --command analyze --megabytes 1,10,100
    python benchmarks/scale.py --command analyze --megabytes 100 --shard-size 20,101 --workers 1
    python benchmarks/scale.py --megabytes 1,10,100,1000 --workers default,1,2

The text is that of the Markdown files in `--texts`, in which every tenth word is replaced by a word of no meaning, other ones in
each copy: so that no document comes twice. It is written as `.jsonl` files of 64 MB, one after the other. `analyze` gets 200
questions, whose evidence are stretches of documents, and two configurations. Peak memory is that of all processes of
the command, what they share counted once, looked at ten times a second: Linux only. Below a table are the ratios to its first row.
"""

import argparse
import itertools
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

MEGABYTE = 1_000_000
FILE_SIZE = 64 * MEGABYTE
ROOT = Path(__file__).parent.parent
QUESTIONS = 200
ANALYSED = ("--strategy", "recursive-character,sentence", "--chunk-size", "200")
STRETCH = 300  # characters of evidence
DEFAULT = "default"  # an option that is not named


class Cost(NamedTuple):
    wall: float
    cpu: float
    peak: float  # megabytes


def perturb(text: str, chance: random.Random) -> str:
    """Replace every tenth word, and keep the white space, so that Markdown stays what it is."""
    words = text.split(" ")
    for place in range(chance.randrange(10), len(words), 10):
        if words[place].isalpha():
            words[place] = f"w{chance.randrange(1_000_000)}"
    return " ".join(words)


def write_corpus(folder: Path, size: int, texts: dict[str, str]) -> list[dict[str, Any]]:
    """Write about `size` bytes of documents, and return questions about some of them, spread evenly."""
    chance, written, asked = random.Random(size), 0, list[dict[str, Any]]()  # noqa: S311 - no secret
    names, number = sorted(texts), 0
    while written < size:
        name, text = f"{number}/{names[number % len(names)]}", perturb(texts[names[number % len(names)]], chance)
        line = json.dumps({"name": name, "text": text}, ensure_ascii=False)
        with (folder / f"{written // FILE_SIZE:05}.jsonl").open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        written += len(line.encode())
        while len(asked) < min(QUESTIONS, written * QUESTIONS // size):
            asked.append(ask(name, text, chance))
        number += 1
    return asked


def ask(name: str, text: str, chance: random.Random) -> dict[str, Any]:
    """Return a question of words from a stretch of a document, which is its evidence."""
    start = chance.randrange(max(1, len(text) - STRETCH))
    start += len(text[start:]) - len(text[start:].lstrip())
    stretch = text[start : start + STRETCH].rstrip()
    words = [word for word in stretch.split() if word.isalpha()]
    question = " ".join(chance.sample(words, min(8, len(words)))) or "what"
    return {"question": question, "evidence": [{"doc": name, "start": start, "end": start + len(stretch)}]}


def processes_of(process: int) -> list[int]:
    """Return a process and its descendants, as far as they still run."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(each for child in children for each in processes_of(int(child)))]


def memory_of(process: int, file: str, row: str) -> int:
    """Return the kilobytes that a file of /proc tells of a process; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{process}/{file}").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(row)), 0)


def total_memory(process: int, most: int) -> int:
    """Return the kilobytes that a process and its descendants hold, if that may be more than `most`.

    What several share is counted once, which takes long to find out: where they hold less anyway, it is not done.
    """
    all_of_them = processes_of(process)
    resident = sum(memory_of(each, "status", "VmRSS:") for each in all_of_them)
    if resident <= most or len(all_of_them) == 1:
        return resident
    return sum(memory_of(each, "smaps_rollup", "Pss:") for each in all_of_them)


@contextmanager
def watching_memory(process: int) -> Iterator[list[int]]:
    """Give a list that holds, after the block, the most kilobytes of a process and its descendants: Linux only."""
    ended, peaks = threading.Event(), list[int]()

    def watch() -> None:
        peak = total_memory(process, 0)
        while not ended.wait(0.1):
            peak = max(peak, total_memory(process, peak))
        peaks.append(peak)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield peaks
    finally:
        ended.set()
        watcher.join()


def run(command: list[str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)  # noqa: S603 - our own program
    with watching_memory(process.pid) as peaks:
        _, said = process.communicate()
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit(said.decode())
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peaks[0] / 1000)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def values(text: str) -> list[str]:
    return text.split(",")


def command_of(options: argparse.Namespace, folder: Path, shard_size: str, workers: str) -> list[str]:
    """Return the command that is measured."""
    target, docs = folder / f"chunks-{shard_size}-{workers}", f"{folder}/docs/*.jsonl"
    own = {
        "chunk": ["chunk", docs, "-o", str(target)],
        "analyze": ["analyze", docs, "--test-file", str(folder / "questions.json"), *ANALYSED, "--output", "json"],
    }
    named = {"--workers": workers, "--shard-size": shard_size}
    common = ["--no-cache", "--unit", options.unit]
    common += [part for option, value in named.items() if value != DEFAULT for part in (option, value)]
    return [sys.executable, "-m", "rag_chunk", *own[options.command], *common, *options.more.split()]


def rows(options: argparse.Namespace) -> Iterator[tuple[list[str], Cost]]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(Path(options.texts).rglob("*.md"))}
    for size in options.megabytes:
        with tempfile.TemporaryDirectory(dir=options.folder) as name:
            folder = Path(name)
            (folder / "docs").mkdir()
            asked = write_corpus(folder / "docs", size * MEGABYTE, texts)
            (folder / "questions.json").write_text(json.dumps({"questions": asked}), encoding="utf-8")
            for shard_size, workers in itertools.product(options.shard_size, options.workers):
                cost = run(command_of(options, folder, shard_size, workers))
                yield [f"{size:,} MB", shard_size if shard_size == DEFAULT else f"{shard_size} MB", workers], cost
                for path in folder.glob("chunks-*/*"):
                    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--command", choices=["chunk", "analyze"], default="chunk")
    parser.add_argument("--megabytes", type=numbers, default=[1, 10, 100])
    parser.add_argument("--shard-size", type=values, default=[DEFAULT])
    parser.add_argument("--workers", type=values, default=[DEFAULT, "1"])
    parser.add_argument("--unit", choices=["words", "tokens"], default="words")
    parser.add_argument("--more", default="", help="more options for the command, in one argument")
    parser.add_argument("--texts", default=str(ROOT / "docs"))
    parser.add_argument("--folder", help="where the corpus and the chunks are written; both are removed")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.0f}\n")
    print("| text | shard size | workers | wall | CPU | peak memory |\n|---|---|---|---|---|---|")
    known: list[tuple[list[str], Cost]] = []
    for names, cost in rows(parser.parse_args()):
        known.append((names, cost))
        cells = [*names, f"{cost.wall:.1f} s", f"{cost.cpu:.1f} s", f"{cost.peak:,.0f} MB"]
        print(f"| {' | '.join(cells)} |", flush=True)
    first = known[0][1]
    for names, cost in known[1:]:
        ratios = zip(Cost._fields, cost, first, strict=True)
        print(f"{', '.join(names)}: {', '.join(f'{name} x {own / base:.2f}' for name, own, base in ratios)}")


if __name__ == "__main__":
    main()
