"""Programs that start at once: a process has imported what they need before, and a copy of it runs each of them.

A program runs in a process of its own all the same, by the script that is installed, in the folder, the environment and
on the streams of who calls it, and its exit status comes back. What is different when it starts: modules are there
already, so that what importing them prints or takes is not seen. The tests of that start Python itself.
"""

import atexit
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock

INSTALLED = Path(sys.executable).parent
_HERE = Path(__file__).parent
_FOLDER = "WARM_PROGRAMS"  # where the process that started this one has put them
_STARTING = Lock()
_SCRIPT = '#!/bin/sh\nexec "{python}" -ISB "{client}" "{address}" {first} "$@"\n'


def programs() -> Path:
    """Return a folder with `python` and `rag-chunk`, to be called or put on the path.

    Workers of pytest, and processes that tests start, share that of the first who asked. Where the system cannot copy
    processes, and where coverage is measured, these are the installed programs.
    """
    if not hasattr(os, "fork") or "COVERAGE_PROCESS_CONFIG" in os.environ:
        return INSTALLED
    with _STARTING:
        if _FOLDER not in os.environ:
            os.environ[_FOLDER] = str(_start(Path(mkdtemp(prefix="warm-"))))
    return Path(os.environ[_FOLDER])


def program_path(name: str) -> str:
    """Return the path of one of the programs."""
    return str(programs() / name)


def _start(folder: Path) -> Path:
    """Start the process, which imports when it is first asked and ends with this one, and write the programs."""
    address = folder / "socket"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(address))
        listener.listen(64)
        command = [sys.executable, str(_HERE / "warm_server.py"), str(listener.fileno())]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, env={**os.environ, "PYTHONUTF8": "1"}, pass_fds=[listener.fileno()],
            start_new_session=True,
        )  # fmt: skip
    atexit.register(_end, process, folder)
    for name, first in (("python", ""), ("rag-chunk", f'"{INSTALLED / "rag-chunk"}"')):
        words = {"python": sys.executable, "client": _HERE / "warm_client.py", "address": address, "first": first}
        (folder / name).write_text(_SCRIPT.format(**words))
        (folder / name).chmod(0o755)
    return folder


def _end(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    process.communicate()  # closes its input, after which it ends
    shutil.rmtree(folder, ignore_errors=True)
