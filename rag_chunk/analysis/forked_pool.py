"""`ForkedPool`: processes that are forked from this one, so that they have all that it has read and derived."""

import io
import multiprocessing
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.context import ForkProcess
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from rag_chunk.corpus.parent import end_with_parent

_TASKS = Path("/proc/self/task")  # one entry a thread, those of libraries among them


def can_fork() -> bool:
    """Whether a fork is safe: threads are not there in the child, where the locks that they hold stay locked for ever.

    That of a progress bar may run: it holds none but those of the bar and of stderr, and the child writes nothing.
    """
    if sys.platform != "linux" or multiprocessing.current_process().daemon or not _TASKS.exists():
        return False
    threads = threading.enumerate()
    is_harmless = [each is threading.current_thread() or type(each).__module__ == "rich.live" for each in threads]
    return all(is_harmless) and len(list(_TASKS.iterdir())) == len(threads)


class ForkedPool:
    """Processes that call a function. Arguments and results are pickled, but for `shared` objects, which were there at the fork.

    Each has a pipe of its own, of which this process keeps one end alone: so it sees when a process dies, even in the
    middle of a result.
    """

    def __init__(self, count: int, function: Callable[[Any], Any], shared: Sequence[object]) -> None:
        """Fork `count` processes; `shared` are large objects that arguments refer to. Raise `OSError` where that fails."""
        self._shared = shared
        self._jobs = SimpleQueue[tuple[Future[Any], bytes] | None]()
        self._processes: list[ForkProcess] = []
        self._threads: list[threading.Thread] = []
        try:
            pipes = [self._fork(function, shared) for _ in range(count)]
        except OSError:
            self.close()
            raise
        self._threads = [threading.Thread(target=self._hand_over, args=(pipe,), daemon=True) for pipe in pipes]
        for thread in self._threads:
            thread.start()

    def _fork(self, function: Callable[[Any], Any], shared: Sequence[object]) -> Connection:
        """Start a process, and return this end of its pipe."""
        context = multiprocessing.get_context("fork")
        ours, theirs = context.Pipe()
        process = context.Process(target=_serve, args=(theirs, function, shared), daemon=True)
        # Ctrl-C is sent to all processes of a terminal: it is left to this one, which ends those that it forks here.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with warnings.catch_warnings(), theirs:
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads: see `can_fork`
                process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        self._processes.append(process)
        return ours

    def submit(self, argument: object) -> Future[Any]:
        """Call the function with `argument` in one of the processes; the future fails where that one fails or dies."""
        future = Future[Any]()
        self._jobs.put((future, _dump(argument, self._shared)))
        return future

    def _hand_over(self, pipe: Connection) -> None:
        """Give a process one job after the other; where it has died, all that come fail at once."""
        while job := self._jobs.get():
            future, argument = job
            try:
                pipe.send_bytes(argument)
                future.set_result(_Unpickler(pipe.recv_bytes(), self._shared).load())
            except Exception as error:  # noqa: BLE001 - whoever waits for the future is to have it
                future.set_exception(error)

    def close(self) -> None:
        """End the processes at once, whatever they do."""
        for process in self._processes:
            process.kill()
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        for process in self._processes:
            process.join()


@contextmanager
def open_pool(count: int, function: Callable[[Any], Any], shared: Sequence[object]) -> Iterator[ForkedPool | None]:
    """Give `count` forked processes, nothing where it is not safe to fork or no more can be had; they end with the block."""
    pool = None
    if can_fork():
        with suppress(OSError):
            pool = ForkedPool(count, function, shared)
    try:
        yield pool
    finally:
        if pool:
            pool.close()


class _Pickler(pickle.Pickler):
    """Pickles the number of a shared object in its place."""

    def __init__(self, file: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, each: object) -> int | None:
        return self._numbers.get(id(each))


def _dump(value: object, shared: Sequence[object]) -> bytes:
    buffer = io.BytesIO()
    _Pickler(buffer, {id(each): number for number, each in enumerate(shared)}).dump(value)
    return buffer.getvalue()


class _Unpickler(pickle.Unpickler):
    """Puts the shared object in the place of its number."""

    def __init__(self, pickled: bytes, shared: Sequence[object]) -> None:
        super().__init__(io.BytesIO(pickled))
        self._shared = shared

    def persistent_load(self, number: int) -> object:
        return self._shared[number]


def _serve(pipe: Connection, function: Callable[[Any], Any], shared: Sequence[object]) -> None:
    """Answer one job after the other, until the process is killed; an answer that is empty says that it failed."""
    threading.Thread(target=end_with_parent, daemon=True).start()
    while True:
        argument = _Unpickler(pipe.recv_bytes(), shared).load()
        try:
            answer = _dump(function(argument), shared)
        except Exception:  # noqa: BLE001 - it is done again where the error can be raised
            answer = b""
        pipe.send_bytes(answer)
