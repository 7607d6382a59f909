"""Calls of MLflow that end in time, whatever the server does."""

import contextvars
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from threading import Event, Thread
from typing import Any

from rag_chunk.mlflow_tracker.environment import longest_call

SECONDS_PER_BYTE = 1e-5  # of a slow line
GIVEN_UP = Event()  # set when a call is late, and goes on
_more: ContextVar[float] = ContextVar("more", default=0.0)


class BoundedClient:
    """MLflow's client, whose calls raise `TimeoutError` when they take too long.

    The time-outs of HTTP libraries are between two bytes: a server that sends one now and then is never given up.
    A call that is late goes on in a thread that nobody waits for.
    """

    def __init__(self, client: Any) -> None:
        """Bound this client."""
        self._client = client

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of the client, bounded."""
        return partial(_within, getattr(self._client, name))


@contextmanager
def time_for(size: int) -> Iterator[None]:
    """Let the calls in this block take longer, for they carry `size` bytes."""
    token = _more.set(size * SECONDS_PER_BYTE)
    try:
        yield
    finally:
        _more.reset(token)


def _within(call: Callable[..., Any], *given: Any, **named: Any) -> Any:
    longest = longest_call()
    if longest is None:
        return call(*given, **named)
    answer: Future[Any] = Future()
    work = partial(contextvars.copy_context().run, _answer, answer, partial(call, *given, **named))
    Thread(target=work, name="mlflow", daemon=True).start()
    try:
        return answer.result(longest + _more.get())
    except TimeoutError:
        GIVEN_UP.set()
        raise


def _answer(answer: Future[Any], call: Callable[[], Any]) -> None:
    """Put what the call returns or raises into `answer`."""
    try:
        answer.set_result(call())
    except BaseException as error:  # noqa: BLE001 - it is raised where the answer is waited for
        answer.set_exception(error)
