"""A process that ends where the one that started it is gone."""

import multiprocessing
import os


def end_with_parent() -> None:
    """Wait until the parent is gone, killed perhaps, and end this process, which would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
        os._exit(1)
