"""A process that imports what programs need, and runs each program that is asked for in a copy of itself.

python warm_server.py LISTENER    the number of a socket that listens; ends when its input does
"""

import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import socket
import sys
import tempfile
import threading
import types
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

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


def next_program(listener: socket.socket) -> list[str] | None:
    """Return in a copy of this process the words of a program that it is to run; None in itself, when the input ends."""
    prepared = False
    while sys.stdin not in select.select([listener, sys.stdin], [], [])[0]:
        connection, _ = listener.accept()
        if not prepared:
            _import_everything()
            prepared = True
        if os.fork() == 0:
            listener.close()
            return _copy(connection)
        connection.close()
        with contextlib.suppress(ChildProcessError):  # none is left
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
    return None


def _import_everything() -> None:
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


def _copy(connection: socket.socket) -> list[str]:
    """Take a request, and go on in a copy of this process; this one sends the number of that, and its status."""
    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    request = json.loads(connection.makefile("rb").read(int.from_bytes(head, "big")))
    process = os.fork()
    if process == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        os.closerange(3, max(streams) + 1)
        _settle(**request)
        return request["words"]
    for stream in streams:
        os.close(stream)
    connection.sendall(process.to_bytes(4, "big"))
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    with contextlib.suppress(OSError):  # nobody waits for it any more
        connection.sendall(status.to_bytes(4, "big", signed=True))
    os._exit(0)


def _settle(words: list[str], folder: str, environment: dict[str, str]) -> None:
    """Take on the folder, the environment and the streams of the one who asks."""
    os.chdir(folder)
    if _at_start(environment) != _at_start(os.environ) or words[0] in {"-X", "-P", "-I"}:
        os.execve(sys.executable, [sys.executable, *words], environment)  # noqa: S606 - as a shell would
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None
    importlib.invalidate_caches()
    at_once = bool(environment.get("PYTHONUNBUFFERED"))
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: PTH123, SIM115 - a stream of this process
    sys.stdout = sys.__stdout__ = _stream(1, at_once=at_once)
    sys.stderr = sys.__stderr__ = _stream(2, at_once=at_once, errors="backslashreplace", line_buffering=True)


def _at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_AT_START) and name not in _READ_LATER
    }


def _stream(number: int, *, at_once: bool, errors: str = "strict", line_buffering: bool = False) -> Any:
    stream = open(number, "w", closefd=False, errors=errors)  # noqa: PTH123, SIM115 - a stream of this process
    stream.reconfigure(write_through=at_once, line_buffering=line_buffering or stream.isatty())
    return stream


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
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type] # there is an exception
        return 1
    main.__dict__.clear()  # so that what it has not closed is heard of
    return 0


def _execute(kind: str, rest: list[str], main: types.ModuleType) -> None:
    if kind == "-m":
        sys.argv, sys.path[:0] = rest, [str(Path.cwd())]
        runpy._run_module_as_main(rest[0])  # type: ignore[attr-defined] # as `python -m` does
        return
    if kind == "-c":
        code, name, rest = rest[0], "<string>", rest[1:]
    elif kind == "-":
        code, name = sys.stdin.read(), "<stdin>"
    else:
        code, name = Path(kind).read_text(encoding="utf-8"), kind
        main.__file__ = kind
    sys.argv, sys.path[:0] = [kind, *rest], ["" if kind.startswith("-") else str(Path(kind).resolve().parent)]
    exec(compile(code, name, "exec"), main.__dict__)  # noqa: S102 - as Python does


def _end(status: int) -> NoReturn:
    """End as Python does, except that the system takes back the memory: to take down all that is imported takes 0.2 s."""
    threading._shutdown()  # type: ignore[attr-defined] # waits for threads
    atexit._run_exitfuncs()
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
