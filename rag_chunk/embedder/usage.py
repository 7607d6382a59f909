"""`EmbeddingUsage`: what was embedded while it was open, for reports and progress."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(slots=True)
class EmbeddingUsage:
    """How many different texts were asked for, how many of them were on disk, and what was read of their tokens.

    `documents` and `unread` count tokens of texts that are retrieved, and those of them past the model's limit.
    `on_progress` is given how many texts are embedded, of how many.
    """

    on_progress: Callable[[int, int], None] | None = None
    texts: int = 0
    cached: int = 0
    documents: int = 0
    unread: int = 0
    seconds: float = 0.0

    @property
    def share_cached(self) -> float:
        """The share of the texts whose vectors were on disk."""
        return self.cached / self.texts if self.texts else 0.0

    @property
    def share_unread(self) -> float:
        """The share of the tokens that no vector knows of."""
        return self.unread / self.documents if self.documents else 0.0


_OPEN: ContextVar[EmbeddingUsage | None] = ContextVar("usage", default=None)


@contextmanager
def track_usage(on_progress: Callable[[int, int], None] | None = None) -> Iterator[EmbeddingUsage]:
    """Count what is embedded inside this block."""
    usage = EmbeddingUsage(on_progress)
    token = _OPEN.set(usage)
    try:
        yield usage
    finally:
        _OPEN.reset(token)


def record_usage(more: EmbeddingUsage) -> None:
    """Add what was embedded elsewhere, in another process perhaps, to the usage that is open."""
    if usage := _OPEN.get():
        for name in ("texts", "cached", "documents", "unread", "seconds"):
            setattr(usage, name, getattr(usage, name) + getattr(more, name))


@contextmanager
def time_usage() -> Iterator[EmbeddingUsage]:
    """Give the usage that is open, or one that is discarded, and add the time that the block takes."""
    usage = _OPEN.get() or EmbeddingUsage()
    started = time.perf_counter()
    try:
        yield usage
    finally:
        usage.seconds += time.perf_counter() - started
