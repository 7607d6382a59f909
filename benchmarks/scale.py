"""What `rag-chunk chunk` costs on corpora of 1 MB to 4 GB, in shards and on several workers.

    python benchmarks/scale.py --megabytes 1,10,100,1000 --workers 1,2
    python benchmarks/scale.py --megabytes 100 --shard-size 20,100

The text is that of the Markdown files in `--texts`, in which every tenth word is replaced by a word of no meaning, other ones in
each copy: so that no document comes twice. It is written as `.jsonl` files of 64 MB, one after the other. Peak memory is
the sum over all processes of the command, looked at ten times a second: Linux only.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MEGABYTE = 1_000_000
FILE_SIZE = 64 * MEGABYTE
ROOT = Path(__file__).parent.parent
CONFIGS = {"words": ["--unit", "words"], "tokens": ["--unit", "tokens"]}


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


def write_corpus(folder: Path, size: int, texts: dict[str, str]) -> None:
    """Write about `size` bytes of documents."""
    chance, written, number = random.Random(size), 0, 0  # noqa: S311 - no secret
    names = sorted(texts)
    while written < size:
        with (folder / f"{written // FILE_SIZE:05}.jsonl").open("a", encoding="utf-8") as file:
            line = json.dumps(
                {
                    "name": f"{number}/{names[number % len(names)]}",
                    "text": perturb(texts[names[number % len(names)]], chance),
                },
                ensure_ascii=False,
            )
            file.write(line + "\n")
        written += len(line.encode())
        number += 1


def memory_of(process: int) -> int:
    """Return the kilobytes that a process and its descendants hold."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return 0
    own = next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")), 0)
    return own + sum(memory_of(int(child)) for child in children)


def run(command: list[str]) -> Cost:
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE)  # noqa: S603 - our own program
    peak = 0
    while process.poll() is None:
        peak = max(peak, memory_of(process.pid))
        time.sleep(0.1)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode:
        sys.exit((process.stderr.read() if process.stderr else b"").decode())
    return Cost(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, peak / 1000)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def rows(options: argparse.Namespace) -> Iterator[list[str]]:
    texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(Path(options.texts).rglob("*.md"))}
    for size in options.megabytes:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            docs = Path(folder, "docs")
            docs.mkdir()
            write_corpus(docs, size * MEGABYTE, texts)
            for shard_size in options.shard_size:
                for workers in options.workers:
                    target = Path(folder, f"chunks-{shard_size}-{workers}")
                    command = [
                        sys.executable,
                        "-m",
                        "rag_chunk",
                        "chunk",
                        f"{docs}/*.jsonl",
                        "-o",
                        str(target),
                        "--no-cache",
                    ]
                    command += ["--workers", str(workers), "--shard-size", str(shard_size), *CONFIGS[options.unit]]
                    cost = run(command)
                    files = list(target.glob("0*.jsonl"))
                    yield [
                        f"{size:,} MB",
                        f"{len(files)}",
                        f"{workers}",
                        f"{cost.wall:.1f} s",
                        f"{cost.cpu:.1f} s",
                        f"{cost.peak:,.0f} MB",
                    ]
                    for path in files:
                        path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--megabytes", type=numbers, default=[1, 10, 100])
    parser.add_argument("--shard-size", type=numbers, default=[64])
    parser.add_argument("--workers", type=numbers, default=[1, 2])
    parser.add_argument("--unit", choices=CONFIGS, default="words")
    parser.add_argument("--texts", default=str(ROOT / "docs"))
    parser.add_argument("--folder", help="where the corpus and the chunks are written; both are removed")
    print(
        f"{os.cpu_count()} cores\n\n| text | shards | workers | wall | CPU | peak memory |\n|---|---|---|---|---|---|"
    )
    for row in rows(parser.parse_args()):
        print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
