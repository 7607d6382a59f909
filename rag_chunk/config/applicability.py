"""Where a setting applies, said in its own field."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from rag_chunk.config.catalog import RETRIEVERS, STRATEGIES

_ROWS: Mapping[str, Mapping[str, Any]] = {"strategy": STRATEGIES, "retriever": RETRIEVERS}


@dataclass(frozen=True, slots=True)
class Only:
    """A setting that applies only to some built-in strategies or retrievers, and to every function of the user's own.

    `flag` is the field of a row that says so. Elsewhere the setting is recorded as `otherwise`, so that configurations that do the
    same are equal.
    """

    kind: Literal["strategy", "retriever"]
    flag: str
    otherwise: Any

    def applies(self, settings: Mapping[str, Any]) -> bool:
        """Return whether the setting applies beside `settings`; a name that is not built in is the user's own."""
        row = _ROWS[self.kind].get(settings.get(self.kind, ""))
        return row is None or bool(getattr(row, self.flag))
