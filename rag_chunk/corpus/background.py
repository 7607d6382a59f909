"""A call on a thread of its own, which whoever waits for its answer may give up."""

from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def start_call(call: Callable[[], T], name: str | None = None) -> "Future[T]":
    """Start a call, and return the future that gets its result or its error.

    The thread is a daemon: the process ends without waiting for it.
    """
    future, context = Future[T](), copy_context()
    Thread(target=context.run, args=(fulfil, future, call), name=name, daemon=True).start()
    return future


def fulfil(future: "Future[T]", call: Callable[[], T]) -> None:
    """Let the future have what the call returns or raises."""
    try:
        future.set_result(call())
    except BaseException as error:  # noqa: BLE001 - raised again by whoever waits for the future
        future.set_exception(error)
