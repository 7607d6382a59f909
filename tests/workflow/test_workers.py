"""Workers: every task is done once it can be, and a worker that dies costs no other task."""

import os
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from rag_chunk.workflow.workers import DIED, Failure, open_workers
from tests.support.shard_tasks import (
    Job,
    holds_ctrl_c,
    name_process,
    sleep_long,
    square,
    square_or_die,
    square_or_raise,
)

ROOT = Path(__file__).parent.parent.parent


def jobs(folder: Path) -> list[Job]:
    return [(number, str(folder)) for number in range(8)]


@pytest.mark.parametrize("count", [1, 2])
def test_each_task_has_its_result(tmp_path: Path, count: int) -> None:
    with open_workers(count) as workers:
        results = {task[0]: result for task, result in workers.run(square, jobs(tmp_path))}
    assert results == {number: number**2 for number in range(8)}


def test_in_one_process_a_task_is_begun_when_the_one_before_it_was_taken(tmp_path: Path) -> None:
    begun = []

    def note(job: Job) -> int:
        begun.append(job[0])
        return job[0]

    with open_workers(1) as workers, closing(workers.run(note, jobs(tmp_path))) as results:
        next(results)
        assert begun == [0]


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed by a signal there")
def test_a_worker_that_dies_costs_only_the_task_that_kills_it_again(tmp_path: Path) -> None:
    with open_workers(2) as workers:
        results = {task[0]: result for task, result in workers.run(square_or_die, jobs(tmp_path))}
    assert results.pop(5) == Failure(DIED)
    assert results == {number: number**2 for number in range(8) if number != 5}


@pytest.mark.parametrize("count", [1, 2])
def test_a_fault_of_the_program_is_raised(tmp_path: Path, count: int) -> None:
    with open_workers(count) as workers, pytest.raises(ValueError, match="three is a fault"):
        list(workers.run(square_or_raise, jobs(tmp_path)))


@pytest.mark.skipif(sys.platform == "win32", reason="a process is not killed by a signal there")
def test_the_same_processes_do_one_pass_after_another_until_one_of_them_dies(tmp_path: Path) -> None:
    with open_workers(2) as workers:
        first, second = ({result for _, result in workers.run(name_process, range(6))} for _ in range(2))
        assert len(first | second) <= 2
        results = dict(workers.run(square_or_die, jobs(tmp_path)[4:7]))
        assert list(results.values()).count(Failure(DIED)) == 1
        assert not {result for _, result in workers.run(name_process, range(6))} & first


@pytest.mark.skipif(sys.platform == "win32", reason="signals cannot be held there")
def test_a_worker_never_takes_ctrl_c_not_even_while_it_starts() -> None:
    with open_workers(2) as workers:
        assert all(held for _, held in workers.run(holds_ctrl_c, range(2)))
    assert not holds_ctrl_c(0)


def _is_there(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT is not sent to a process there")
@pytest.mark.parametrize(("number", "said"), [(signal.SIGINT, "interrupted by SIGINT"), (9, "")])
def test_the_workers_end_with_the_process_that_has_them(tmp_path: Path, number: int, said: str) -> None:
    script = (
        "import sys\nfrom rag_chunk.errors import interruptible\n"
        "from rag_chunk.workflow.workers import open_workers\nfrom tests.support.shard_tasks import sleep_long\n"
        "if __name__ == '__main__':\n"
        "    with interruptible(), open_workers(2) as workers:\n"
        f"        list(workers.run(sleep_long, [(number, {str(tmp_path)!r}) for number in range(4)]))\n"
    )
    (tmp_path / "script").mkdir()
    (tmp_path / "script/main.py").write_text(script)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, str(tmp_path / "script/main.py")], stderr=subprocess.PIPE, text=True, env=environment
    )
    marks: list[str] = []
    deadline = time.monotonic() + 60
    while len(marks) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        marks = [path.name for path in tmp_path.glob("*-*")]
    process.send_signal(number)
    _, err = process.communicate(timeout=20)
    assert said in err
    assert len(marks) == 2
    left = {int(mark.partition("-")[2]) for mark in marks}
    while left and time.monotonic() < deadline:
        time.sleep(0.1)
        left = {each for each in left if _is_there(each)}
    assert not left
    assert sleep_long.__name__ in script
