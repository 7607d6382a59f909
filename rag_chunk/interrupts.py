"""Signals as exceptions, so that a run is ended before the process is."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


class Interrupted(BaseException):
    """The process was told to stop. `exit_status` is the shell's for that signal: 130, 143 or 129."""

    def __init__(self, number: int) -> None:
        """Keep which signal it was."""
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.exit_status = 128 + number


class Interrupts:
    """Turns signals into `Interrupted`, at once or, inside `held`, at the end of what must not be cut in two."""

    def __init__(self) -> None:
        """Start with nothing held and nothing pending."""
        self._depth = 0
        self.pending: int | None = None

    def handle(self, number: int, _: FrameType | None) -> None:
        """Raise `Interrupted`, now or when nothing is held any more."""
        self.pending = self.pending or number
        if not self._depth:
            raise Interrupted(number)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a signal wait until this is over."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self.pending and not self._depth:
            raise Interrupted(self.pending)

    def ignore(self) -> None:
        """From now on let signals pass without effect: the runs are being ended already."""
        self._depth += 1


@contextmanager
def interruptible() -> Iterator[Interrupts]:
    """Raise `Interrupted` for SIGINT, SIGTERM and SIGHUP; put the old handlers back afterwards.

    A signal that is ignored stays ignored (`nohup`); outside the main thread Python allows no handlers.
    """
    interrupts = Interrupts()
    old = {}
    if threading.current_thread() is threading.main_thread():
        old = {number: known for number in SIGNALS if (known := signal.getsignal(number)) is not signal.SIG_IGN}
    try:
        for number in old:
            signal.signal(number, interrupts.handle)
        yield interrupts
    finally:
        for number, handler in old.items():
            signal.signal(number, handler)
