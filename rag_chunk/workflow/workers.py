"""Workers: a function over many tasks, in this process, in others of this machine, or on a Dask cluster.

The seam is `concurrent.futures.Executor`. A worker that dies costs the tasks that it had: these are done again.
"""

import multiprocessing
import signal
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from rag_chunk._version import __version__
from rag_chunk.corpus.parent import end_with_parent
from rag_chunk.errors import InputError, MissingExtra

Task = TypeVar("Task")
Result = TypeVar("Result")
DIED = "its worker died, perhaps for lack of memory; take --workers 1 or a smaller --shard-size"
_PATIENCE = 10  # seconds in which a scheduler must answer


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a task has no result; a `final` one is not of this task alone, as where a disk is full."""

    reason: str
    final: bool = False


@dataclass(frozen=True, slots=True)
class Workers:
    """Workers: how many tasks they do at a time, and how an executor for some of them is opened."""

    count: int
    open: Callable[[int], AbstractContextManager[Executor]]

    def run(
        self, function: Callable[[Task], Result], tasks: Iterable[Task]
    ) -> Generator[tuple[Task, Result | Failure], None, None]:
        """Yield each task with its result, in the order in which they end.

        Where workers die, nobody knows whose task was to blame: all that ran there are done again, one at a time, and a
        task that ends its worker once more is a `Failure`. What a function raises is raised.
        """
        waiting, alone = deque(tasks), deque[Task]()
        width = self.count + 1 if self.count > 1 else 1  # one is there for a worker whose result is still being taken
        while waiting:
            with self.open(self.count) as executor:
                alone += yield from _run_until_broken(executor, width, function, waiting)
        while alone:
            task = alone.popleft()
            with self.open(1) as executor:
                died = yield from _run_until_broken(executor, 1, function, deque([task]))
            if died:
                yield task, Failure(DIED)


def _run_until_broken(
    executor: Executor, width: int, function: Callable[[Task], Result], waiting: deque[Task]
) -> Generator[tuple[Task, Result | Failure], None, list[Task]]:
    """Yield tasks with their results, at most `width` of them at a time; return those that may have killed a worker."""
    running: dict[Future[Result], Task] = {}
    suspects = list[Task]()
    try:
        while waiting or running:
            while waiting and len(running) < width:
                running[executor.submit(function, waiting[0])] = waiting[0]
                waiting.popleft()
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                if _has_killed_workers(future):
                    suspects.append(running[future])
                else:
                    yield running[future], future.result()
                del running[future]
    except BrokenExecutor:
        return [*suspects, *running.values()]
    return suspects


def _has_killed_workers(future: Future[Any]) -> bool:
    """Whether Dask has given a task up, since several workers died that had it; another task of theirs may be to blame."""
    return type(future.exception()).__name__ == "KilledWorker"


@contextmanager
def open_workers(count: int, scheduler: str | None = None) -> Iterator[Workers]:
    """Give so many processes, or the workers of the Dask cluster that has a `scheduler` at this address.

    When the block is left by an error or Ctrl-C, they are stopped at once.
    """
    if scheduler:
        with _cluster(scheduler) as workers:
            yield workers
        return
    if count == 1:
        yield Workers(1, _this_process)
        return
    with _kept_processes(count) as open_kept:
        yield Workers(count, open_kept)


class InlineExecutor(Executor):
    """Runs what is submitted at once, in this process."""

    def submit(self, function: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Return a future that is done."""
        future: Future[Any] = Future()
        try:
            future.set_result(function(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - whoever asks for the result gets it
            future.set_exception(error)
        return future


@contextmanager
def _this_process(_: int) -> Iterator[Executor]:
    yield InlineExecutor()


@contextmanager
def _kept_processes(count: int) -> Iterator[Callable[[int], AbstractContextManager[Executor]]]:
    """Give a function that opens the same pool for each pass, as processes take a second to start: a new one where one died."""
    with ExitStack() as opened:
        pools = list[Executor]()

        @contextmanager
        def open_kept(wanted: int) -> Iterator[Executor]:
            if wanted < count:
                with _processes(wanted) as pool:
                    yield pool
                return
            try:
                pools[-1].submit(int)
            except (IndexError, BrokenExecutor):
                pools.append(opened.enter_context(_processes(count)))
            yield pools[-1]

        yield open_kept


@contextmanager
def _processes(count: int) -> Iterator[Executor]:
    """Give a pool of processes, which are not forked: threads of this one may hold locks."""
    others = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(count, multiprocessing.get_context("spawn"), initializer=_follow_parent)
    try:
        with _holding_ctrl_c():
            for _ in range(count):  # each starts a process
                pool.submit(int)
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _holding_ctrl_c() -> Iterator[None]:
    """Take Ctrl-C only after this block, if the system can; processes that are started in it never do.

    Until one has come to leave it to this process, Ctrl-C would end it with a traceback.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _follow_parent() -> None:
    """Leave Ctrl-C, which a terminal sends to all processes, to the one that ends the others; end where that is killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()


@contextmanager
def _cluster(address: str) -> Iterator[Workers]:
    """Give the workers of a Dask cluster that have this version of rag-chunk."""
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra("cluster", "--scheduler") from error
    try:
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except Exception as error:  # of many types: no answer, another protocol, another version
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise InputError(f"no Dask scheduler of a version that fits answers at {address}: {reason}") from error
    with client:
        threads = client.nthreads()
        if not threads:
            raise InputError(f"the scheduler {address} has no workers; start some: dask worker {address} --nthreads 1")
        _check_versions(client)

        @contextmanager
        def submit_to_cluster(_: int) -> Iterator[Executor]:
            executor = client.get_executor(pure=False)
            try:
                yield executor
            finally:
                executor.shutdown(wait=False)

        yield Workers(sum(threads.values()), submit_to_cluster)


def _check_versions(client: Any) -> None:
    """Raise `InputError` where a worker has no rag-chunk or another one, whose chunks could differ."""
    from importlib.metadata import version

    from distributed import __version__ as dask

    scheduler = client.get_versions()["scheduler"]["packages"]["distributed"]
    if scheduler != dask:
        raise InputError(f"the scheduler runs Dask {scheduler}, and this machine Dask {dask}; install the same on both")
    answers = client.run(version, "rag-chunk", on_error="return")
    wrong = {
        worker: "has no rag-chunk" if isinstance(answer, Exception) else f"has rag-chunk {answer}"
        for worker, answer in answers.items()
        if answer != __version__
    }
    if wrong:
        listed = "; ".join(f"{worker} {what}" for worker, what in sorted(wrong.items()))
        raise InputError(f"the workers need rag-chunk {__version__}, as here: {listed}. Install it there")
