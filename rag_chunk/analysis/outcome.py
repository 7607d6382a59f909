"""What the questions show of some configurations, before it is put into words."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rag_chunk.analysis.report import ConfigurationResult
from rag_chunk.analysis.statistics import PairedTest
from rag_chunk.config.catalog import is_bound

_INDEX_DECIMALS = 2  # where white space falls moves an index' size by less than a percent
T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """What the questions show of some configurations: those that report, and those that choose.

    `leader` and `recommended` are chosen by the latter; without a holdout both are the same questions. `worse` tells
    of each configuration whether it is shown to be worse than the leader, and
    `missed` how many questions score 0 under every one. `undecided`
    is how many score the same under every one, and so tell none from another. `usual` is the configuration that is taken
    where nothing speaks against it, `leads` how far each surely leads it, and `loss` how far the recommended one is below the best on average, in units of the
    score, when so many questions choose.
    """

    results: Sequence[ConfigurationResult]
    shown: PairedTest
    chosen: PairedTest
    leader: int
    recommended: int
    worse: Sequence[bool]
    missed: int
    undecided: int = 0
    usual: int | None = None
    leads: Sequence[float] = ()
    loss: float = 0.0

    @property
    def names(self) -> list[str]:
        """The configurations' names, in order."""
        return [result.name for result in self.results]

    @property
    def not_shown_worse(self) -> tuple[str, ...]:
        """The names of those that are not shown to be worse than the leader."""
        return tuple(name for name, worse in zip(self.names, self.worse, strict=True) if not worse)

    @property
    def recommended_name(self) -> str | None:
        """The name of the recommended one; none among bounds."""
        return None if self.is_bound else self.names[self.recommended]

    @property
    def is_bound(self) -> bool:
        """Whether these are bounds, which no pipeline can have: nothing is recommended among them."""
        return all(is_bound(result.config.retriever) for result in self.results)


def index_sizes(results: Sequence[ConfigurationResult]) -> list[float]:
    """Return the size of each index in multiples of the corpus, so coarse that white space makes no difference."""
    return [round(result.metrics["index_ratio"], _INDEX_DECIMALS) for result in results]


def distinct(values: Iterable[T]) -> tuple[T, ...]:
    """Return the values without repetition, in order."""
    return tuple(dict.fromkeys(values))
