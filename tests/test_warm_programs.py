"""Programs that a warm process runs do as they do by Python itself."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.warm_process import INSTALLED, program_path, programs

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy processes")

LATE = """
import atexit, threading, time
atexit.register(print, "last")
threading.Thread(target=lambda: [time.sleep(0.05), print("later")]).start()
print(end="soon")
"""
WORDS = {
    "the folder and the words": ["-c", "import os, sys; print(os.getcwd(), sys.argv, sys.path[0], __name__)", "a", ""],
    "the environment": ["-c", "import os; print(sorted(set(os.environ) - {'WARM_PROGRAMS', 'PATH'}), os.environ['OWN'])"],
    "standard input": ["-", "x"],
    "a module": ["-m", "mine.part", "-x"],
    "a file": ["mine/part.py", "-x"],
    "an error": ["-c", "import sys; print('said'); sys.exit('nothing \udce9')"],
    "a fault": ["mine/fault.py"],
    "what is not closed": ["-W", "error", "-c", "file = open('mine/part.py')"],
    "what is done at the end": ["-c", LATE],
    "a signal": ["-c", "import os; print('unsaid', end=''); os.kill(os.getpid(), 9)"],
    "a setting that is read at the start": ["-X", "dev", "-c", "import sys; print(sys.flags.dev_mode)"],
}  # fmt: skip


def _run(program: str, words: list[str]) -> tuple[int, bytes, bytes]:
    environment = {**os.environ, "OWN": "\udce9", "PYTHONUTF8": "1"}
    given = b"import sys\nprint(sys.argv, sys.stdin.read())"
    done = subprocess.run([program, *words], input=given, capture_output=True, env=environment, check=False)
    last = done.stderr.strip().rpartition(b"\n")[2]  # of a traceback
    return done.returncode, done.stdout, last


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("words", WORDS.values(), ids=WORDS)
def test_a_program_does_as_it_does_by_python_itself(words, unbuffered, folder, monkeypatch):
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    Path("mine").mkdir()
    Path("mine/part.py").write_text("import sys\nprint(sys.argv, sys.path[0], __name__, __file__)\nsys.exit(7)\n")
    Path("mine/fault.py").write_text("import part\n1/0\n")
    assert _run(program_path("python"), words) == _run(sys.executable, words)


def test_a_signal_goes_on_to_the_program(folder):
    code = "import time\ntry:\n print('begun', flush=True)\n time.sleep(60)\nexcept KeyboardInterrupt:\n print('interrupted')"
    with subprocess.Popen([program_path("python"), "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=60)[0] == "interrupted\n"
    assert process.returncode == 0


def test_a_program_ends_with_the_one_who_asked_for_it():
    code = "import time; print('begun', flush=True); time.sleep(60)"
    with subprocess.Popen([program_path("python"), "-c", code], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "begun\n"
        process.kill()
        assert process.stdout.read() == ""  # nobody has it open any more


def test_nothing_is_imported_anew():
    code = "import sys, os; print('mlflow' in sys.modules or 'rag_chunk.workflow' in sys.modules, os.getppid())"
    shown = {
        subprocess.run([program_path("python"), "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in "ab"
    }
    assert len(shown) == 1
    assert shown.pop().startswith("True ")


def test_where_processes_cannot_be_copied_the_installed_programs_run(monkeypatch):
    monkeypatch.delattr("os.fork")
    assert programs() == INSTALLED
