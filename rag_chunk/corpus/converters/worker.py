"""A child process that converts files, one after the other, and is replaced when it fails or takes too long."""

import json
import signal
import subprocess
import sys
import threading
from dataclasses import asdict
from typing import Any

from rag_chunk.corpus.converters.converter_table import Converter
from rag_chunk.corpus.converters.pages import ConversionError, ConvertedPages, Limits

_CHILD = "rag_chunk.corpus.converters.child"


class Worker:
    """Converts one file at a time in a child process."""

    def __init__(self, limits: Limits) -> None:
        """Start nothing yet."""
        self._limits = limits
        self._process: subprocess.Popen[bytes] | None = None
        self._is_closed = False

    def convert(self, data: bytes, name: str, ending: str, converter: Converter) -> ConvertedPages:
        """Return the pages of a file; raise `ConversionError` where there are none to be had.

        A child that has converted other files before may fail because of those; a fresh one is asked then.
        """
        if len(data) > self._limits.bytes:
            raise ConversionError(f"has {len(data):,} bytes, and at most {self._limits.bytes:,} are converted")
        request = {
            "function": converter.function,
            "built_in": converter.is_built_in,
            "options": dict(converter.options),
            "name": name,
            "ending": ending,
        }
        was_used = self._process is not None
        answer = self._ask(request, data)
        if answer is None and was_used and not self._is_closed:
            answer = self._ask(request, data)
        if answer is None:
            raise ConversionError("makes its converter crash")
        if "error" in answer:
            raise ConversionError(answer["error"])
        return ConvertedPages(tuple(answer["pages"]), tuple(answer["labels"]))

    def _ask(self, request: dict[str, Any], data: bytes) -> dict[str, Any] | None:
        """Return the child's answer; nothing where it died."""
        process = self._process = self._process or self._start()
        if self._is_closed:  # while it was started
            process.kill()
        late = threading.Event()

        def stop() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._limits.elapsed, stop)
        timer.start()
        try:
            line = _exchange(process, json.dumps({**request, "bytes": len(data)}).encode() + b"\n" + data)
        finally:
            timer.cancel()
        if late.is_set():
            self.stop()
            return {"error": f"takes longer than {self._limits.elapsed:g} s to convert"}
        if not line.endswith(b"\n"):
            self.stop()
            return self._time_problem(process)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _time_problem(self, process: "subprocess.Popen[bytes]") -> dict[str, Any] | None:
        """Return what to say of a child that has used up its time; nothing where it ended in another way."""
        if sys.platform == "win32" or process.returncode != -signal.SIGPROF:
            return None
        return {"error": f"takes longer than {self._limits.seconds:g} s of processor time to convert"}

    def _start(self) -> "subprocess.Popen[bytes]":
        """Start a child; -P keeps the working folder, which may be full of other people's files, off its path."""
        limits = json.dumps(asdict(self._limits))
        command = [sys.executable, "-P", "-m", _CHILD, limits]
        process = subprocess.Popen(  # noqa: S603 - a fixed command
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        _exchange(process, b"")  # it says that it is ready: what it imports counts for no file
        return process

    def stop(self) -> None:
        """End the child, if there is one, and wait until it has ended."""
        process, self._process = self._process, None
        if process:
            process.kill()
            process.communicate()

    def abandon(self) -> None:
        """Kill the child in the midst of its work, and let no other one start; `stop` is still to be called."""
        self._is_closed = True
        if process := self._process:
            process.kill()


def _exchange(process: "subprocess.Popen[bytes]", request: bytes) -> bytes:
    """Return the line that a child answers with; less than a line where it died."""
    if process.stdin is None or process.stdout is None:
        return b""
    try:
        process.stdin.write(request)
        process.stdin.flush()
        return process.stdout.readline()
    except (OSError, ValueError):
        return b""
