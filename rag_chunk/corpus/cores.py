"""How many cores this process may use."""

import os


def available_cores() -> int:
    """Return their number; where the system does not tell what is allowed, all that there are."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
