"""Does bad input finish in linear time, with nothing lost and no chunk over the limit?

Cuts each bad text at half and at full size with every strategy, in words and in tokens, each in a process
of its own that is stopped after `--patience` CPU seconds. Prints CPU seconds, how many times longer the full size takes
(2 is linear), how many characters that are not white space stand in no chunk, and how many chunks are
over the limit when their own text is counted again. Exits with 1 where anything is slow, lost or over.

    python benchmarks/bad_input.py
    python benchmarks/bad_input.py --inputs headings,table --strategies header --units tokens
"""

import argparse
import json
import os
import random
import resource
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np
import regex

from rag_chunk import Corpus, Document, RunConfig, chunk
from rag_chunk.config import STRATEGIES
from rag_chunk.corpus.arrays import Spans
from rag_chunk.corpus.cache import caching
from rag_chunk.corpus.units import Words, load_encoding

CHUNK_SIZE, OVERLAP = 200, 50
ENCODING = "cl100k_base"
WORST_GROWTH = 3.4  # times longer for twice the text: tiktoken alone has 3.1 for one long word; 4 is quadratic
NEGLIGIBLE = 0.3  # seconds below which growth says nothing
SLOW = 10.0  # seconds within which any of these texts should be cut
SENTENCE = "The reader at gate 14 beeped twice, so the porter (who had seen it before) let them in. "


def _rows(count: int) -> str:
    return "| key | value |\n| --- | --- |\n" + "".join(f"| item {i} | about {i * 7} of them |\n" for i in range(count))


def _repeated(unit: str, characters: int) -> str:
    return (unit * (characters // len(unit) + 1))[:characters]


def _han_paragraphs(size: int) -> str:
    rng = random.Random(size)  # noqa: S311 - texts, not secrets
    letters = [chr(code) for code in range(0x4E00, 0x8000)]
    return "\n\n".join("".join(rng.choices(letters, k=4000)) for _ in range(size // 4000))


INPUTS: dict[str, tuple[str, int, Callable[[int], str]]] = {
    "line": ("one line of 5 MB", 5_000_000, lambda size: _repeated(SENTENCE, size)),
    "word": ("one word of 1 MB", 1_000_000, lambda size: "".join(chr(97 + i * i % 26) for i in range(size))),
    "letter": ("one letter 10^6 times", 1_000_000, lambda size: "a" * size),
    "cjk": ("10^6 Han letters without a stop", 1_000_000, lambda size: _repeated("檔案館的讀卡機壞了兩次", size)),
    "paragraphs": ("Han in paragraphs of 4,000 letters, no stops", 400_000, _han_paragraphs),
    "table": ("a table of 50,000 rows", 50_000, _rows),
    "cell": (
        "a table with one cell of 1 MB",
        1_000_000,
        lambda size: f"| a |\n|---|\n| {_repeated(SENTENCE, size)} |\n",
    ),
    "spaces": ("10^6 spaces", 1_000_000, lambda size: " " * size),
    "gap": ("10^6 spaces between two words", 1_000_000, lambda size: "left" + " " * size + "right"),
    "newlines": ("10^6 newlines between two words", 1_000_000, lambda size: "left" + "\n" * size + "right"),
    "nul": ("10^6 NUL bytes", 1_000_000, lambda size: "\0" * size),
    "nul-text": ("1 MB of text with NUL bytes", 1_000_000, lambda size: _repeated(SENTENCE + "\0\0", size)),
    "surrogates": ("1 MB of text with lone surrogates", 1_000_000, lambda size: _repeated(SENTENCE + "\udcff\n", size)),
    "headings": ("100,000 headings", 100_000, lambda size: "".join(f"# Part {i}\n" for i in range(size))),
    "nested": (
        "100,000 headings with text, nested",
        100_000,
        lambda size: "".join(f"{'#' * (i % 6 + 1)} Part {i}\n\nIt is so.\n\n" for i in range(size)),
    ),
    "lines": ("500,000 lines of one letter", 500_000, lambda size: "a\n" * size),
    "fence": ("a fence of 50,000 lines, never closed", 50_000, lambda size: "```python\n" + "x = f(1)\n" * size),
    "list": (
        "a list of 50,000 items",
        50_000,
        lambda size: "".join(f"- item {i}\n  more of it\n" for i in range(size)),
    ),
    "quotes": ("10^5 quote marks", 100_000, lambda size: "> " * size + "quoted"),
    "brackets": ("10^6 brackets", 1_000_000, lambda size: "[" * size),
    "marks": ("a letter with 10^6 accents", 1_000_000, lambda size: "a" + "\u0301" * size),
    "flags": ("10^6 regional indicators", 1_000_000, lambda size: "\U0001f1e9" * size),
    "emoji": ("200,000 families of emoji", 200_000, lambda size: "\U0001f468\u200d\U0001f469\u200d\U0001f467" * size),
    "joiners": ("10^6 joiners", 1_000_000, lambda size: "\u200d" * size),
    "stops": ("10^6 full stops", 1_000_000, lambda size: "." * size),
    "abbreviations": ("10^6 initials", 1_000_000, lambda size: _repeated("A. B. Mr. U.S. ", size)),
}


class Outcome(NamedTuple):
    """What became of one text: seconds, characters in no chunk, chunks over the limit, chunks."""

    seconds: float
    lost: int
    over: int
    chunks: int


def cut(text: str, strategy: str, unit: str) -> Outcome:
    """Cut `text` as a Markdown document of its own, in CPU seconds, and check what came of it."""
    config = RunConfig(
        strategy=strategy, chunk_size=CHUNK_SIZE, overlap=OVERLAP, unit=unit, model=ENCODING, embedding_model="hashing"
    )
    corpus = Corpus([Document("bad.md", text)])
    begun = time.process_time()
    spans = chunk(corpus, config).spans
    seconds = time.process_time() - begun
    return Outcome(seconds, _lost(text, spans), _over(corpus, spans, unit), len(spans))


def _lost(text: str, spans: Spans) -> int:
    """Return how many characters that are not white space stand in no span."""
    depth = np.zeros(len(text) + 1, np.int64)
    np.add.at(depth, spans[:, 0], 1)
    np.add.at(depth, spans[:, 1], -1)
    outside = np.flatnonzero(np.cumsum(depth)[:-1] == 0).tolist()
    return sum(not text[place].isspace() for place in outside)


def _over(corpus: Corpus, spans: Spans, unit: str) -> int:
    """Return how many spans of more than one grapheme cluster have a text that counts more than the limit."""
    texts = corpus.texts(spans)
    counted = (_tokens(text) if unit == "tokens" else _words(text) for text in texts)
    large = [text for text, count in zip(texts, counted, strict=True) if count > CHUNK_SIZE]
    return sum(not regex.fullmatch(r"\X", text) for text in large)


def _tokens(text: str) -> int:
    plain = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return len(load_encoding(ENCODING).encode_ordinary(plain))


def _words(text: str) -> int:
    return len(Words(Corpus([Document("chunk.md", text)])).starts)


def measured(patience: int, name: str, strategy: str, unit: str) -> list[Outcome] | str:
    """Return what became of the text `name` at half and at full size, or what went wrong, from another process."""
    command = [sys.executable, __file__, "--child", json.dumps([name, strategy, unit, patience])]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - itself
    if done.returncode == -signal.SIGXCPU:
        return f"more than {patience} s"
    if done.returncode:
        return (done.stderr.strip().splitlines() or [f"status {done.returncode}"])[-1]
    return [Outcome(*row) for row in json.loads(done.stdout)]


def _child(name: str, strategy: str, unit: str, patience: int) -> None:
    """Print the outcomes for half and full size, after a first run that loads everything."""
    resource.setrlimit(resource.RLIMIT_CPU, (patience, patience + 1))
    cut(SENTENCE, strategy, unit)
    _, full, text = INPUTS[name]
    print(json.dumps([cut(text(size), strategy, unit) for size in (full // 2, full)]))


def _problem(found: list[Outcome] | str) -> str:
    """Return what is wrong with the outcomes, or nothing."""
    if isinstance(found, str):
        return found
    half, full = found
    problems = {
        "not linear": full.seconds > NEGLIGIBLE and full.seconds > WORST_GROWTH * half.seconds,
        "slow": full.seconds > SLOW,
        f"{full.lost} lost": full.lost > 0,
        f"{full.over} over": full.over > 0,
    }
    return ", ".join(problem for problem, so in problems.items() if so)


def main() -> None:
    """Print one line for each text, strategy and unit."""
    options = _options()
    print(f"`{shlex.join(['python', *sys.argv])}`\n")
    print("| text | strategy | unit | half, s | full, s | times | chunks | problem |")
    print("|---|---|---|---|---|---|---|---|")
    bad = 0
    cases = list(product(options.inputs, options.strategies, options.units))
    with ThreadPoolExecutor(os.cpu_count()) as threads:  # each waits for a process, whose CPU time is its own
        for (name, strategy, unit), found in zip(
            cases, threads.map(partial(measured, options.patience), *zip(*cases, strict=True)), strict=True
        ):
            problem = _problem(found)
            bad += bool(problem)
            if problem or not options.only_problems:
                print(f"| {INPUTS[name][0]} | {strategy} | {unit} | {_figures(found)} | {problem} |", flush=True)
    print(f"\n{bad} problems")
    sys.exit(bad > 0)


def _figures(found: list[Outcome] | str) -> str:
    if isinstance(found, str):
        return "| | |"
    half, full = found
    return f"{half.seconds:.2f} | {full.seconds:.2f} | {full.seconds / max(half.seconds, 1e-9):.1f} | {full.chunks}"


def _options() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])

    def names(text: str) -> list[str]:
        return text.split(",")

    parser.add_argument("--inputs", type=names, default=list(INPUTS), help=f"of {', '.join(INPUTS)} (all)")
    parser.add_argument("--strategies", type=names, default=list(STRATEGIES), help="by name, with commas (all)")
    parser.add_argument("--units", type=names, default=["words", "tokens"], help="by name, with commas (words,tokens)")
    parser.add_argument("--patience", type=int, default=60, help="CPU seconds for one text and strategy (60)")
    parser.add_argument("--only-problems", action="store_true", help="leave out the lines without a problem")
    parser.add_argument("--child", type=json.loads, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        _child(*options.child)
        sys.exit()
    return options


if __name__ == "__main__":
    with caching(enabled=False):
        main()
