"""Calls that wait for somebody else, several at once, each on a thread of its own."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

_GLANCE = 0.2  # seconds: Windows delivers Ctrl-C only between two waits


def run_at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run all tasks at once, and return their results in order. Raise the first error as soon as there is one.

    The threads are daemons: where this is interrupted, the process ends without waiting for the answers.
    """
    if len(tasks) == 1:
        return [tasks[0]()]
    futures = [_start(task) for task in tasks]
    while True:
        done, waiting = wait(futures, _GLANCE, FIRST_EXCEPTION)
        for future in done:
            future.result()
        if not waiting:
            return [future.result() for future in futures]


def fulfil(future: "Future[T]", task: Callable[[], T]) -> None:
    """Run a task, and let the future have its result or its error."""
    try:
        future.set_result(task())
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the future
        future.set_exception(error)


def _start(task: Callable[[], T]) -> "Future[T]":
    future, context = Future[T](), copy_context()
    Thread(target=context.run, args=(fulfil, future, task), daemon=True).start()
    return future
