"""The threads on which configurations are scored."""

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager

from rag_chunk.corpus.cores import available_cores

_MOST = 4  # threads: more would wait for each other, as Python lets one of them run at a time between array operations


@contextmanager
def open_threads(configurations: int) -> Iterator[Executor | None]:
    """Give an executor for the configurations, nothing where one thread does as well. Interrupted, it ends early."""
    count = min(available_cores(), configurations, _MOST)
    if count < 2:  # noqa: PLR2004 - of two threads one can work while the other waits
        yield None
        return
    executor = ThreadPoolExecutor(count, thread_name_prefix="score")
    try:
        yield executor
    finally:
        executor.shutdown(cancel_futures=True)
