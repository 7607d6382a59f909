"""Calls that wait for somebody else, several at once, each on a thread of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, wait
from typing import TypeVar

from rag_chunk.corpus.background import start_call

T = TypeVar("T")

_GLANCE = 0.2  # seconds: Windows delivers Ctrl-C only between two waits


def run_at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run all tasks at once, and return their results in order. Raise the first error as soon as there is one.

    The threads are daemons: where this is interrupted, the process ends without waiting for the answers.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    futures = [start_call(task) for task in tasks]
    while True:
        done, waiting = wait(futures, _GLANCE, FIRST_EXCEPTION)
        for future in done:
            future.result()
        if not waiting:
            return [future.result() for future in futures]
