"""Calls of MLflow that end in time, whatever the server does, and that no signal cuts in two."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import wait
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from threading import Event
from typing import Any

from rag_chunk.corpus.background import start_call
from rag_chunk.errors import Interrupts
from rag_chunk.mlflow_tracker.environment import longest_call

SECONDS_PER_BYTE = 1e-5  # of a slow line
STEP = 0.1  # seconds between two looks for a signal
GIVEN_UP = Event()  # set when a call is late, and goes on
_more: ContextVar[float] = ContextVar("more", default=0.0)


class GuardedClient:
    """MLflow's client, whose calls are not cut in two by a signal, and raise `TimeoutError` when they take too long.

    An exception in the middle of a database's transaction keeps its lock, so signals wait for the call to end. For the
    answer of a server they wait a second: the call goes on in a thread, and nothing waits for it. The time-outs of HTTP
    libraries are between two bytes: a server that sends one now and then is never given up.
    """

    def __init__(self, client: Any, interrupts: Interrupts, *, remote: bool) -> None:
        """Guard this client; `remote` is one that a network lies before."""
        self._client, self._interrupts, self._remote = client, interrupts, remote

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Return a method of the client, guarded."""
        return partial(self._call, getattr(self._client, name))

    def _call(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        with self._interrupts.hold():
            return self._within(partial(call, *given, **named)) if self._remote else call(*given, **named)

    def _within(self, call: Callable[[], Any]) -> Any:
        longest = longest_call()
        last = time.monotonic() + (longest + _more.get() if longest is not None else math.inf)
        answer = start_call(call, "mlflow")
        try:
            while not wait([answer], timeout=max(0.0, min(STEP, last - time.monotonic()))).done:
                self._interrupts.raise_overdue()
                if time.monotonic() >= last:
                    break
        finally:
            if not answer.done():
                GIVEN_UP.set()
        return answer.result(0)


@contextmanager
def time_for(size: int) -> Iterator[None]:
    """Let the calls in this block take longer, for they carry `size` bytes."""
    token = _more.set(size * SECONDS_PER_BYTE)
    try:
        yield
    finally:
        _more.reset(token)
