"""`ScoringWorkers`: what scores configurations beside this thread, forked processes or other threads."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from contextvars import copy_context
from typing import Any

from rag_chunk.corpus.cores import available_cores

_MOST_THREADS = 4  # with this one: more would wait, as Python lets one run at a time between array operations
_MOST_PROCESSES = 16  # with this one, which chunks for all of them
_WORTH_FORKING = 0.2  # seconds of work: to fork, and to send work and results, costs a tenth of that


class ScoringWorkers:
    """Workers that score some configurations beside this thread, which may score too.

    Forked processes use the other cores. Where it is not safe to fork, or not worth it, threads take their place.
    """

    def __init__(self, configurations: int, *, may_fork: bool = True) -> None:
        """Start nothing yet: `count` is 0 until there are workers, no more than there are configurations."""
        self._configurations, self._may_fork = configurations, may_fork
        self._submit: Callable[[Any], Future[Any]] | None = None
        self._close: Callable[[], None] = lambda: None
        self.count = 0

    @property
    def most_waiting(self) -> int:
        """How many jobs may wait, so that all workers are busy and the progress that is shown is not far ahead."""
        return 2 * self.count + 2

    def submit(self, job: object) -> Future[Any]:
        """Let a worker do a job; `start` comes first."""
        assert self._submit is not None  # noqa: S101 - a mistake of ours
        return self._submit(job)

    def start(self, score: Callable[[Any], Any], shared: Sequence[object], seconds: float) -> None:
        """Start workers that call `score`; where a configuration takes so many `seconds`, that may be worth a fork.

        `shared` are large objects that jobs refer to: forked processes have them.
        """
        cores = min(available_cores(), self._configurations)
        if self._may_fork and seconds * self._configurations > _WORTH_FORKING:
            self._fork(min(cores, _MOST_PROCESSES) - 1, score, shared)
        if not self._submit:
            self.count = min(cores, _MOST_THREADS) - 1
            executor = ThreadPoolExecutor(self.count, thread_name_prefix="score")
            self._submit = lambda job: executor.submit(copy_context().run, score, job)
            self._close = lambda: executor.shutdown(cancel_futures=True)

    def _fork(self, count: int, score: Callable[[Any], Any], shared: Sequence[object]) -> None:
        """Fork processes where that is possible."""
        from rag_chunk.analysis import forked_pool  # with a part of the standard library that few runs need

        if not forked_pool.can_fork():
            return
        with suppress(OSError):  # no more processes or pipes can be had
            pool = forked_pool.ForkedPool(count, score, shared)
            self.count, self._submit, self._close = count, pool.submit, pool.close

    def close(self) -> None:
        """End the workers; what they have not begun is not done."""
        self._close()


@contextmanager
def open_workers(configurations: int, *, may_fork: bool = True) -> Iterator[ScoringWorkers | None]:
    """Give workers for the configurations, nothing where this thread does as well. Interrupted, they end early."""
    if min(available_cores(), configurations) < 2:  # noqa: PLR2004 - this thread is one of them
        yield None
        return
    workers = ScoringWorkers(configurations, may_fork=may_fork)
    try:
        yield workers
    finally:
        workers.close()
