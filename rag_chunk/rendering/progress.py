"""Progress on stderr, for work that takes longer than a second."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

_PATIENCE = 1.0


@contextmanager
def progress_bar() -> Iterator[Callable[[int, int, str], None]]:
    """Give a function that takes (done, of how many, what comes next). The bar goes when nothing comes next."""
    columns = (
        TextColumn("{task.description}", markup=False, table_column=Column(no_wrap=True, ratio=1)),
        BarColumn(bar_width=20),
        TextColumn("{task.completed}/{task.total}"),
        TimeRemainingColumn(),
        TextColumn("left"),
    )
    console = Console(stderr=True)
    bar = Progress(*columns, console=console, transient=True, expand=True, disable=not console.is_terminal)
    started = time.monotonic()
    task = bar.add_task("starting")

    def on_progress(done: int, total: int, what: str) -> None:
        if not what:
            _stop(bar)
            return
        if done < bar.tasks[task].completed:  # other work: what the last took says nothing of it
            bar.reset(task)
        bar.update(task, completed=done, total=total, description=what)
        if time.monotonic() - started > _PATIENCE and not bar.live.is_started:
            bar.start()

    try:
        yield on_progress
    finally:
        _stop(bar)


def _stop(bar: Progress) -> None:
    """Stop the bar if it was shown: rich would end a line that was never begun."""
    if bar.live.is_started:
        bar.stop()
