"""What can run here, and what is missing for the rest: the one place where that is decided."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Literal

from rag_chunk.config.catalog import EXTRAS, RETRIEVERS, STRATEGIES, Retriever, Strategy

Kind = Literal["strategy", "retriever", "extra"]
_MODEL = "an embedding model (--embedding-model)"


@dataclass(frozen=True, slots=True)
class Component:
    """A strategy, a retriever or an optional package: its line of help, and what it lacks to run here."""

    kind: Kind
    name: str
    help: str
    lacks: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Return the component as `strategies --output json` shows it."""
        return asdict(self)


def lack_of(row: Strategy | Retriever, embedding_model: str | None) -> str | None:
    """Return what a built-in strategy or retriever lacks to run here, in words; nothing where it can run."""
    if row.needs_vectors and embedding_model is None:
        return _MODEL
    return lack_of_package(row.extra) if row.extra else None


def components() -> list[Component]:
    """Return everything that is built in or optional, in the order in which it is named everywhere."""
    return [
        *_components("strategy", STRATEGIES),
        *_components("retriever", RETRIEVERS),
        *(Component("extra", extra.name, extra.help, lack_of_package(extra.name)) for extra in EXTRAS.values()),
    ]


def _components(kind: Kind, rows: Mapping[str, Strategy] | Mapping[str, Retriever]) -> Iterator[Component]:
    yield from (Component(kind, row.name, row.help, lack_of(row, None)) for row in rows.values())


def lack_of_package(extra: str) -> str | None:
    """Return what an optional part lacks to run here, in words; nothing where its package is there."""
    return None if find_spec(EXTRAS[extra].package) else f"a package: pip install 'rag-chunk[{extra}]'"
