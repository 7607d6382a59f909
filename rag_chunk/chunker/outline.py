"""`Outline`: the definitions of source code that hold a chunk, which are its headings."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from rag_chunk.chunker.rules import documents_by_config, part_of
from rag_chunk.config import STRATEGIES, RunConfig
from rag_chunk.config.strategy_rules import ruled_strategies
from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions, Spans

if TYPE_CHECKING:
    from rag_chunk.corpus.structure.syntax import Definition

Path = tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Outline:
    """The definitions of a corpus, on its line, in order, an outer one before its inner ones.

    `holders` is for each the number of the definition that holds it, or -1.
    """

    definitions: "list[Definition]"
    holders: list[int]

    def paths(self, spans: Spans) -> list[Path]:
        """Return for each span the titles of the definitions that hold it, outermost first."""
        return [
            tuple(each.title for each in self._around(start) if each.start < start or each.end >= end)
            for start, end in spans.tolist()
        ]

    def paths_above(self, starts: Positions) -> list[Path]:
        """Return for each place the titles of the definitions that began before it, and go on."""
        return [tuple(each.title for each in self._around(start) if each.start < start) for start in starts.tolist()]

    @property
    def borders(self) -> Positions:
        """Where outermost definitions start and end, in order."""
        outer = [each for each, holder in zip(self.definitions, self.holders, strict=True) if holder < 0]
        return np.unique(np.array([place for each in outer for place in each[:2]], np.int64))

    def _around(self, place: int) -> "list[Definition]":
        """Return the definitions that a place lies in, outermost first."""
        number = bisect_right(self.definitions, place, key=lambda each: each.start) - 1
        around = []
        while number >= 0:
            if self.definitions[number].end > place:
                around.append(self.definitions[number])
            number = self.holders[number]
        return around[::-1]


def outline_of(corpus: Corpus, config: RunConfig) -> Outline | None:
    """Return the definitions in those documents that `config` cuts by definitions; None where there are none."""
    if not any(map(_has_definitions, (config.strategy, *ruled_strategies(config.strategies)))):
        return None
    return corpus.derive(Outline, lambda: _find_outline(corpus, config), config.strategy, config.strategies)


def _find_outline(corpus: Corpus, config: RunConfig) -> Outline:
    definitions = sorted(_definitions(corpus, config), key=lambda each: (each.start, -each.end))
    holders, around = list[int](), list[int]()
    for number, definition in enumerate(definitions):
        while around and definitions[around[-1]].end < definition.end:
            around.pop()
        holders.append(around[-1] if around else -1)
        around.append(number)
    return Outline(definitions, holders)


def _definitions(corpus: Corpus, config: RunConfig) -> "Iterator[Definition]":
    from rag_chunk.corpus.structure.syntax import Definition, syntax_of  # of source code, which few corpora hold

    for own, rows in documents_by_config(corpus, config):
        if _has_definitions(own.strategy):
            whole = len(rows) == len(corpus.documents)
            parsed = syntax_of(corpus if whole else part_of(corpus, rows))
            for first, syntax in zip(corpus.starts[rows].tolist(), parsed, strict=True):
                for start, end, title in syntax.definitions if syntax else ():
                    yield Definition(first + start, first + end, title)


def _has_definitions(strategy: str) -> bool:
    row = STRATEGIES.get(strategy)
    return row is not None and row.has_definitions
