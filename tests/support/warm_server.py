"""A process that imports what programs need, and runs each program that is asked for in a copy of itself.

python warm_server.py LISTENER    the number of a socket that listens; ends when its input does
"""

import atexit
import contextlib
import gc
import importlib
import io
import marshal
import os
import pkgutil
import runpy
import select
import signal
import socket
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import NoReturn, TextIO

_QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet", "OPENBLAS_NUM_THREADS": "1"}
_MODULES = (  # that are imported within functions, and take long
    "git",
    "jinja2",
    "mlflow",
    "mlflow.store.tracking.sqlalchemy_workspace_store",
    "platformdirs",
    "pyromark",
    "sqlalchemy.dialects.sqlite",
    "tiktoken",
    "typer._adapters",
)
# Read when Python starts or a library is imported: where one of these differs, Python is started anew.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "FORCE_COLOR", "TERMINAL_WIDTH", "PY_COLORS", "GITHUB_ACTIONS")
_READ_LATER = {"PYTHONUNBUFFERED", "PYTHONUTF8", "PYTHONDONTWRITEBYTECODE"}
_FILES = 1000  # more than are open


def next_program(listener: socket.socket) -> list[str] | None:
    """Return in a copy of this process the words of a program that it is to run; None in itself, when the input ends."""
    asking: dict[int, socket.socket] = {}
    ended, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.set_wakeup_fd(wake)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    while True:
        ready = select.select([sys.stdin, listener, ended, *asking.values()], [], [])[0]
        if sys.stdin in ready:
            for process in asking:  # as servers, where the tests were killed
                os.killpg(process, signal.SIGKILL)
            return None
        for process, connection in asking.items():
            if connection in ready:  # who asked has ended, as where it was killed
                os.killpg(process, signal.SIGKILL)
        if ended in ready:
            os.read(ended, 1000)
            _report_ended(asking)
        if listener in ready:
            connection, _ = listener.accept()
            import_everything()
            words, folder, environment, streams = _receive(connection)
            process = os.fork()
            if process == 0:
                os.setpgid(0, 0)  # with what it starts
                _settle(words, folder, environment, streams)
                return words
            for stream in streams:
                os.close(stream)
            with contextlib.suppress(OSError):  # it has done so, and may be another program already
                os.setpgid(process, process)
            connection.sendall(process.to_bytes(4, "big"))
            asking[process] = connection


def _report_ended(asking: dict[int, socket.socket]) -> None:
    """Send the status of each program that has ended to the one who asked for it."""
    while asking and (ended := os.waitpid(-1, os.WNOHANG))[0]:
        process, status = ended
        with asking.pop(process) as connection, contextlib.suppress(OSError):  # nobody waits for it any more
            connection.sendall(os.waitstatus_to_exitcode(status).to_bytes(4, "big", signed=True))


def _receive(connection: socket.socket) -> tuple[list[str], str, dict[str, str], list[int]]:
    """Return the words, the folder, the environment and the streams of a program that is asked for."""
    size, streams, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as content:
        words, folder, environment = marshal.loads(content.read(int.from_bytes(size, "big")))  # noqa: S302 - our own
    return words, folder, environment, streams


@cache
def import_everything() -> None:
    """Import what programs may need, as far as it is installed."""
    gc.disable()
    before = dict(os.environ)
    os.environ.update(_QUIET)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import rag_chunk

        ours = [found.name for found in pkgutil.walk_packages(rag_chunk.__path__, "rag_chunk.")]
        for module in [*ours, *_MODULES]:
            if not module.endswith("__main__"):
                with contextlib.suppress(ImportError):
                    importlib.import_module(module)
    os.environ.clear()
    os.environ.update(before)
    gc.collect()
    gc.freeze()  # so that copies go on sharing this memory
    gc.enable()


def _settle(words: list[str], folder: str, environment: dict[str, str], streams: list[int]) -> None:
    """Take on the folder, the environment and the streams of the one who asks."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.closerange(3, _FILES)
    os.chdir(folder)
    if _at_start(environment) != _at_start(os.environ) or words[0] in {"-X", "-P", "-I"}:
        os.execve(sys.executable, [sys.executable, *words], environment)  # noqa: S606 - as a shell would
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    importlib.invalidate_caches()
    at_once = bool(environment.get("PYTHONUNBUFFERED"))
    sys.stdin = open(0, errors=sys.stdin.errors, closefd=False)  # noqa: SIM115 - the process has it
    sys.stdout = _stream(sys.stdout, at_once=at_once, by_line=sys.stdout.isatty())
    sys.stderr = _stream(sys.stderr, at_once=at_once, by_line=True)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name not in _READ_LATER
    }


def _stream(before: TextIO, *, at_once: bool, by_line: bool) -> TextIO:
    into = open(before.fileno(), "wb", 0 if at_once else -1, closefd=False)  # noqa: SIM115 - the process has it
    return io.TextIOWrapper(into, errors=before.errors, line_buffering=by_line, write_through=at_once)


def run(words: list[str]) -> int:
    """Run what these words of Python's command line say, `[-W ACTION] (-m MODULE | -c CODE | - | FILE) ...`; return the status."""
    while words[0] == "-W":
        warnings.simplefilter(words[1])  # type: ignore[arg-type] # an action
        words = words[2:]
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        _execute(words[0], words[1:], main)
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)  # noqa: T201 - as Python does
        return int(ended.code is not None) if not isinstance(ended.code, int) else ended.code
    except BaseException:  # noqa: BLE001 - as Python does
        sys.excepthook(*sys.exc_info())
        return 1
    main.__dict__.clear()  # so that what it has not closed is heard of
    return 0


def _execute(kind: str, rest: list[str], main: types.ModuleType) -> None:
    if kind == "-m":
        sys.argv, sys.path[:0] = rest, [str(Path.cwd())]
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
        return
    if kind == "-c":
        code, name, rest = rest[0], "<string>", rest[1:]
    elif kind == "-":
        code, name = sys.stdin.read(), "<stdin>"
    else:
        main.__file__ = name = str(Path(kind).absolute())
        code = Path(kind).read_text(encoding="utf-8")
    sys.argv, sys.path[:0] = [kind, *rest], ["" if kind.startswith("-") else str(Path(kind).resolve().parent)]
    exec(compile(code, name, "exec"), main.__dict__)  # noqa: S102 - as Python does


def _end(status: int) -> NoReturn:
    """End as Python does, except that the system takes back the memory: to take down all that is imported takes 0.2 s."""
    threading._shutdown()  # type: ignore[attr-defined] # noqa: SLF001 - waits for threads
    atexit._run_exitfuncs()  # noqa: SLF001 - as copies that `multiprocessing` makes end
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        status = status or 120
    os._exit(status & 0xFF)


if __name__ == "__main__":
    del sys.path[0]
    if (asked := next_program(socket.socket(fileno=int(sys.argv[1])))) is not None:
        _end(run(asked))
