"""Large tables block by block: about a megabyte at a time, on all cores."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from rag_chunk.corpus.cores import available_cores

Block = TypeVar("Block")
Result = TypeVar("Result")

BLOCK_ELEMENTS = 2**17
_MOST_THREADS = 4  # more would wait: between two operations on arrays Python lets one run at a time


def block_sizes(total: int, width: int) -> list[int]:
    """Split `total` rows of `width` elements into blocks of about a megabyte."""
    rows = max(1, BLOCK_ELEMENTS // width)
    return [min(rows, total - start) for start in range(0, total, rows)]


def map_blocks(function: Callable[[Block], Result], blocks: Iterable[Block]) -> Iterator[Result]:
    """Yield what `function` makes of each block, in order; few blocks are in memory at once."""
    count = min(available_cores(), _MOST_THREADS)
    with ThreadPoolExecutor(count, thread_name_prefix="block") as threads:
        waiting = deque[Future[Result]]()
        for block in blocks:
            waiting.append(threads.submit(function, block))
            if len(waiting) > 2 * count:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
