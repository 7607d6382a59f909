"""The errors that a user can fix, and interruption by a signal.

    RagChunkError             3  what was read cannot be used
    ├── SettingsError         2  settings are wrong or contradict each other
    ├── InputError            3  documents, questions, a config file, a user's function
    ├── MissingExtra          4  an optional package is not installed
    ├── TrackingError         5  MLflow failed or is away
    ├── NotReproduced         6  an analysis that was run again differs from what was recorded
    └── Worse                 7  a comparison that was to fail where something is worse has found it so

The message says what was found and what to do about it; the class carries the exit status.
Anything else that is raised is a bug of ours and ends with an ordinary traceback and status 1.
"""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
HELD_SECONDS = 1.0  # for which a signal waits for the answer of a server


def not_utf8(error: UnicodeDecodeError) -> str:
    """Return what is wrong with a file's bytes, and the line that mends it."""
    coding = "UTF-16" if error.object[:2] in {b"\xff\xfe", b"\xfe\xff"} else "LATIN1"
    return f"is not UTF-8 at byte {error.start}. Convert it: iconv -f {coding} -t UTF-8"


class RagChunkError(Exception):
    """Any error that a user can mend; `exit_status` is what the command line ends with."""

    exit_status = 3


class SettingsError(RagChunkError):
    """A setting is out of its limits, unknown, or contradicts another one."""

    exit_status = 2


class InputError(RagChunkError):
    """Documents, questions, a config file or a function cannot be used."""


class MissingExtra(RagChunkError):
    """An optional package is not installed."""

    exit_status = 4

    def __init__(self, extra: str, purpose: str) -> None:
        """Say what needs the `extra`, and the line that installs it."""
        super().__init__(f"{purpose} needs an optional package. Install it: pip install 'rag-chunk[{extra}]'")
        self.extra = extra


class TrackingError(RagChunkError):
    """MLflow refused, failed, or could not be reached."""

    exit_status = 5


class NotReproduced(RagChunkError):
    """An analysis that was run again is not what was recorded."""

    exit_status = 6


class Worse(RagChunkError):
    """A configuration is worse than the one that it was compared with."""

    exit_status = 7


class Interrupted(BaseException):
    """The process was told to stop. `exit_status` is the shell's for that signal: 130, 143 or 129."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was."""
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_status = 128 + number


class Interrupts:
    """Turns signals into `Interrupted`, at once or, inside `hold`, at the end of what must not be cut in two."""

    def __init__(self) -> None:
        """Start with nothing held and nothing pending."""
        self._limits: list[float] = []  # of the `hold` blocks that are open
        self._pending: int | None = None
        self._since = 0.0
        self.raised: int | None = None  # the signal for which `Interrupted` was raised

    def handle(self, number: int, _: FrameType | None) -> None:
        """Raise `Interrupted`, now or when nothing is held any more."""
        if not self._limits:
            self.raised = number
            raise Interrupted(number)
        if self._pending is None:
            self._pending, self._since = number, time.monotonic()

    @contextmanager
    def hold(self, longest: float = HELD_SECONDS) -> Iterator[None]:
        """Let a signal wait until this block ends; `raise_overdue` in it waits no longer than `longest` seconds."""
        self._limits.append(longest)
        try:
            yield
        finally:
            self._limits.pop()
            if not self._limits:
                self._raise_pending()

    def raise_overdue(self) -> None:
        """Raise `Interrupted` where a signal has waited for as long as it may."""
        if time.monotonic() - self._since > max(self._limits, default=0.0):
            self._raise_pending()

    def _raise_pending(self) -> None:
        number, self._pending = self._pending, None
        if number is not None:
            self.raised = number
            raise Interrupted(number)


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Raise `Interrupted` for SIGINT, SIGTERM and SIGHUP; put the old handlers back afterwards.

    A signal that is ignored stays ignored (`nohup`); outside the main thread Python allows no handlers. Where a library
    makes an error of its own out of `Interrupted`, as pydantic's Rust does, it is raised again.
    """
    interrupts = Interrupts()
    old = {}
    if threading.current_thread() is threading.main_thread():
        old = {number: known for number in SIGNALS if (known := signal.getsignal(number)) is not signal.SIG_IGN}
    try:
        for number in old:
            signal.signal(number, interrupts.handle)
        yield interrupts
    except RagChunkError:
        raise
    except Exception as error:
        if interrupts.raised is not None:
            raise Interrupted(interrupts.raised) from error
        raise
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
