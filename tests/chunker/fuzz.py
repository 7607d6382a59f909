# ruff: noqa: S311, T201 - nothing secret is drawn, and a script prints
"""Every invariant on 100,000 random and spliced real texts, by each strategy in each unit; prints a table.

    python -m tests.chunker.fuzz --texts 100000 --processes 2

Many texts are the documents of one corpus, so that a call cuts them all: on short texts most of the time goes into
calls. The corpus is cut again in two halves in another order, and each document once alone, and nothing may change.
Everything follows from the number of the corpus: `--only NUMBER` repeats one.
"""

import argparse
import itertools
import random
import re
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import Any

import numpy as np

from rag_chunk.chunker import Chunking, chunk
from rag_chunk.config import STRATEGIES, UNITS, RunConfig
from rag_chunk.config.catalog import SKIPPABLE
from rag_chunk.config.run import Unit
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.cache import caching
from tests.support.invariants import Facts, check
from tests.support.splices import LONGEST, real_texts
from tests.support.texts import FRAGMENTS

TOGETHER = 60  # texts in one corpus
ENDINGS = ("md", "md", "txt", "txt", "mdx", "rst", "py", "yaml", "ts")
SKIPPED = ((), (), (), ("code", "html_comments"), tuple(SKIPPABLE))
PAIR = re.compile("[\ud800-\udbff]+[\udc00-\udfff]+")  # has no tokens of its own, and is refused
LARGEST = 200  # units of a chunk
RANGES = ((0, 0x7F), (0x80, 0x24F), (0x300, 0x36F), (0x370, 0x1FFF), (0x2000, 0x206F), (0x2070, 0xD7FF))
BEYOND = ((0xD800, 0xDFFF), (0xE000, 0xFFFF), (0x10000, 0x1FAFF), (0xE0000, 0xE01EF))

Cut = list[list[int]]


def draw_character(chance: random.Random) -> str:
    return chr(chance.randint(*chance.choice((*RANGES, *RANGES, *BEYOND))))


def draw_letters(chance: random.Random) -> str:
    if chance.random() < 0.5:
        return "".join(chance.choices("ab .\n", k=chance.randint(0, 20)))
    return "".join(draw_character(chance) for _ in range(chance.randint(0, 8)))


def draw_cutting(chance: random.Random) -> str:
    text = chance.choice(real_texts())
    start = chance.randrange(len(text))
    return text[start : start + chance.randint(1, LONGEST)]


def draw_text(chance: random.Random) -> str:
    """Draw fragments that break chunkers, random characters, cuttings of real texts, or all of these."""
    fragment: Callable[[random.Random], str] = lambda chance: chance.choice(FRAGMENTS)  # noqa: E731 - one of three
    kinds, most = chance.choice((((fragment, draw_letters), 30), ((draw_cutting, draw_cutting, fragment), 5)))
    text = "".join(chance.choice(kinds)(chance) for _ in range(chance.randint(0, most)))
    return PAIR.sub("", text)


def draw_settings(chance: random.Random, facts: Facts, unit: Unit) -> dict[str, Any]:
    """Draw sizes; in half of the cases one document just fits into a chunk."""
    size = chance.randint(1, 40)
    if len(facts.plain) and chance.random() < 0.5:
        row = chance.randrange(len(facts.plain))
        size = min(int(facts.sizes(facts.plain[row : row + 1], unit)[0]), LARGEST)
    return {
        "unit": unit,
        "chunk_size": size,
        "overlap": chance.choice((0, chance.randrange(size), chance.randrange(size))),
        "smallest_size": chance.choice((0, chance.randint(0, size))),
        "split_percentile": chance.choice((0, 50, 90)),
        "skip_blocks": chance.choice(SKIPPED),
        "embedding_model": "hashing",
    }


def cuts(chunking: Chunking) -> dict[str, Cut]:
    """Return the chunks of each document, by its text and the ending of its name, which decide them."""
    starts = chunking.corpus.starts
    borders = np.searchsorted(chunking.spans[:, 0], starts)
    return {
        f"{_ending(document)} {document.text}": (chunking.spans[first:after] - start).tolist()
        for document, start, first, after in zip(
            chunking.corpus.documents, starts.tolist(), borders[:-1].tolist(), borders[1:].tolist(), strict=False
        )
    }


def _ending(document: Document) -> str:
    return document.name.rpartition(".")[2]


def draw_corpora(chance: random.Random) -> tuple[Corpus, list[Corpus]]:
    """Draw a corpus, and its documents again in two, in another order and under other names."""
    texts = list(dict.fromkeys(draw_text(chance) for _ in range(TOGETHER)))
    endings = chance.choices(ENDINGS, k=len(texts))
    pairs = list(zip(texts, endings, strict=True))
    whole = Corpus(_named(pairs))
    chance.shuffle(pairs)
    half = chance.randint(0, len(pairs))
    return whole, [Corpus(_named(pairs[:half])), Corpus(_named(pairs[half:]))]


def _named(pairs: list[tuple[str, str]]) -> Iterator[Document]:
    for number, (text, ending) in enumerate(pairs):
        yield Document(f"{number:03}.{ending}", text)


def run(number: int, units: Sequence[Unit] = UNITS) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Draw the corpus of this number, and check every strategy in every unit on it; return counts, and what failed."""
    chance, counts, failures = random.Random(number), Counter[tuple[str, str]](), list[str]()
    corpus, others = draw_corpora(chance)
    facts = Facts(corpus)
    all_settings = {unit: draw_settings(chance, facts, unit) for unit in UNITS}
    for turn, (unit, strategy) in enumerate(itertools.product(units, STRATEGIES)):
        config = RunConfig(strategy=strategy, **all_settings[unit])
        alone = corpus.documents[(number + turn) % len(STRATEGIES) :: len(STRATEGIES)]
        try:
            counts[strategy, unit] += _check_one(config, facts, others, alone)
        except Exception:  # noqa: BLE001 - whatever it is, it is counted and shown
            settings = config.model_dump(exclude_defaults=True)
            failures.append(f"corpus {number}, {settings}:\n{traceback.format_exc(limit=-2)}")
    counts["texts", ""] = len(corpus.documents)
    return counts, failures


def _check_one(config: RunConfig, facts: Facts, others: list[Corpus], alone: Sequence[Document]) -> int:
    chunking = chunk(facts.corpus, config)
    check(chunking, config, facts)
    expected = cuts(chunking)
    apart = {name: cut for other in others for name, cut in cuts(chunk(other, config)).items()}
    assert apart == expected, f"chunks depend on neighbours: {_different(apart, expected)}"
    for document in alone:
        for name, cut in cuts(chunk(Corpus([document]), config)).items():
            assert cut == expected[name], f"chunks depend on neighbours: {name!r} {cut} {expected[name]}"
    return len(chunking)


def _different(one: dict[str, Cut], other: dict[str, Cut]) -> list[Any]:
    return [(name, one[name], other[name]) for name in other if one[name] != other[name]][:1]


def run_many(numbers: list[int], units: Sequence[Unit]) -> list[tuple[Counter[tuple[str, str]], list[str]]]:
    with caching(enabled=False):
        return [run(number, units) for number in numbers]


def main() -> None:
    """Print what failed as it fails, and a table of chunks; fail where anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="number of the first corpus")
    parser.add_argument("--only", type=int, help="number of the one corpus to check")
    parser.add_argument("--unit", choices=UNITS, help="the one unit to check in; default: all")
    given = parser.parse_args()
    units = [given.unit] if given.unit else UNITS
    numbers = itertools.count(given.first) if given.only is None else iter([given.only])
    total, failures, begun = Counter[tuple[str, str]](), 0, time.monotonic()
    with ProcessPoolExecutor(given.processes) as pool:
        while total["texts", ""] < given.texts:
            batches = [list(itertools.islice(numbers, 5)) for _ in range(given.processes * 4)]
            for counts, failed in itertools.chain.from_iterable(pool.map(partial(run_many, units=units), batches)):
                total += counts
                failures += len(failed)
                print(*failed, sep="\n", end="\n" if failed else "", flush=True)
            print(f"{total['texts', '']:,} texts, {failures} failures, {time.monotonic() - begun:.0f} s", flush=True)
            if given.only is not None:
                break
    print(f"\n| strategy | {' | '.join(f'chunks in {unit}' for unit in UNITS)} |\n|---|{'---:|' * len(UNITS)}")
    for strategy in STRATEGIES:
        print(f"| {strategy} | {' | '.join(f'{total[strategy, unit]:,}' for unit in UNITS)} |")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
