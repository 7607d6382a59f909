"""What tests let workers do, here and on a cluster: named, so that other processes can import it."""

import os
import signal
import time
from pathlib import Path

Job = tuple[int, str]  # a number, and a folder for marks


def square(job: Job) -> int:
    return job[0] ** 2


def square_or_die(job: Job) -> int:
    """Return the square; the first time that 3 is asked for, and each time that 5 is, the worker is killed."""
    number, folder = job
    Path(folder, f"{number}-{time.monotonic_ns()}").touch()
    if number == 5 or (number == 3 and len(list(Path(folder).glob("3-*"))) == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    return number**2


def square_or_raise(job: Job) -> int:
    if job[0] == 3:
        raise ValueError("three is a fault of the program")
    return job[0] ** 2


def sleep_long(job: Job) -> int:
    Path(job[1], f"{job[0]}-{os.getpid()}").touch()
    time.sleep(60)
    return job[0]


def name_process(_: int) -> int:
    time.sleep(0.1)  # so that each of the processes has a task
    return os.getpid()


def holds_ctrl_c(_: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())
