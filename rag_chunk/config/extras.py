"""What can run here, and what is missing for the rest: the one place where that is decided."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Literal

from rag_chunk.config.names import EXTRAS, NEEDS, RETRIEVERS, STRATEGIES

Kind = Literal["strategy", "retriever", "extra"]


@dataclass(frozen=True, slots=True)
class Component:
    """A strategy, a retriever or an optional package: its line of help, and what it lacks to run here."""

    kind: Kind
    name: str
    help: str
    lacks: str | None = None

    def to_dict(self) -> dict[str, str | None]:
        """Return the part as `strategies --output json` shows it."""
        return asdict(self)


def lack_of(name: str) -> str | None:
    """Return what a strategy or retriever lacks to run here, in words; nothing where it can run."""
    extra = NEEDS.get(name)
    return None if extra is None else _missing(extra)


def parts() -> list[Component]:
    """Return everything that is built in or optional, in the order in which it is named everywhere."""
    extras = {name: purpose for name, (_, purpose) in EXTRAS.items()}
    return [
        *_parts("strategy", STRATEGIES),
        *_parts("retriever", RETRIEVERS),
        *(Component("extra", name, purpose, _missing(name)) for name, purpose in extras.items()),
    ]


def _parts(kind: Kind, names: Mapping[str, str]) -> Iterator[Component]:
    yield from (Component(kind, name, said, lack_of(name)) for name, said in names.items())


def _missing(extra: str) -> str | None:
    package, _ = EXTRAS[extra]
    return None if find_spec(package) else f"a package: pip install 'rag-chunk[{extra}]'"
