"""`ForkedPool`: processes that are forked from this one, so that they have all that it has read and derived."""

import io
import multiprocessing
import os
import pickle
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from pathlib import Path
from typing import Any

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
    """Processes that call a function. Arguments and results are pickled, but for objects that were there at the fork."""

    def __init__(self, count: int, function: Callable[[Any], Any], shared: Sequence[object]) -> None:
        """Fork `count` processes at the first `submit`; `shared` are large objects that arguments refer to."""
        self._numbers = {id(each): number for number, each in enumerate(shared)}
        context = multiprocessing.get_context("fork")
        self._executor = ProcessPoolExecutor(count, context, initializer=_remember, initargs=(function, shared))
        self._before = set(multiprocessing.active_children())

    def submit(self, argument: object) -> Future[Any]:
        """Call the function with `argument` in one of the processes; the future fails where these cannot be had."""
        buffer = io.BytesIO()
        _Pickler(buffer, self._numbers).dump(argument)
        # Ctrl-C is sent to all processes of a terminal: it is left to this one, which ends those that it forks here.
        mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)  # of threads: see `can_fork`
                return self._executor.submit(_call, buffer.getvalue())
        except (OSError, BrokenExecutor) as error:
            failed = Future[Any]()
            failed.set_exception(error)
            return failed
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)

    def close(self) -> None:
        """End the processes at once, whatever they do."""
        for process in set(multiprocessing.active_children()) - self._before:
            process.kill()
        self._executor.shutdown(cancel_futures=True)


class _Pickler(pickle.Pickler):
    """Pickles the number of a shared object in its place."""

    def __init__(self, file: io.BytesIO, numbers: dict[int, int]) -> None:
        super().__init__(file, pickle.HIGHEST_PROTOCOL)
        self._numbers = numbers

    def persistent_id(self, each: object) -> int | None:
        return self._numbers.get(id(each))


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, number: int) -> object:
        return _inherited[1][number]


_inherited: tuple[Callable[[Any], Any], Sequence[object]]  # in a forked process: what to call, and the shared objects


def _remember(function: Callable[[Any], Any], shared: Sequence[object]) -> None:
    global _inherited  # noqa: PLW0603 - a process has no other place for what it was forked with
    _inherited = function, shared
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait until the parent is gone, killed perhaps, and end this process, which would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)


def _call(pickled: bytes) -> Any:
    return _inherited[0](_Unpickler(io.BytesIO(pickled)).load())
