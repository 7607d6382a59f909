"""However an analysis ends, no run of ours is left RUNNING: the whole program, told to stop at each of its steps."""

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import rag_chunk.analysis.runner
import rag_chunk.mlflow_tracker.resend
import rag_chunk.workflow
import rag_chunk.workflow.results
import rag_chunk.workflow.spool
from rag_chunk.analysis.folder import folder_lock
from rag_chunk.corpus import MARKER
from rag_chunk.errors import InputError
from rag_chunk.mlflow_tracker.resend import ExistingRuns
from tests.conftest import Program
from tests.support.empty_store import copy_empty_store
from tests.support.installed_mlflow import skip_without_mlflow
from tests.support.mlflow_folder import FOUR, report, write_documents, write_folder
from tests.support.mlflow_runs import all_runs, client_of
from tests.support.warm_process import program_path

skip_without_mlflow()

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ANALYSIS, CLIENT, OWN, KEPT = (
    rag_chunk.analysis.runner,
    "MlflowClient",
    rag_chunk.workflow.results,
    rag_chunk.workflow.spool,
)


@pytest.fixture
def place(folder: Path) -> Iterator[Path]:
    """Return a working folder with a document, a question and an empty store; SIGINT as a terminal has it."""
    write_documents(folder)
    copy_empty_store(folder, "runs.db")
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    yield folder
    signal.signal(signal.SIGINT, before)


def track_results(run: Program, *more: str) -> tuple[int, str, str]:
    words = ["analyze", "docs", "--strategy", "sentence,header", "--test-file", "questions.json", "--mlflow-tracking"]
    return run(*words, "--mlflow-uri", "sqlite:///runs.db", "--experiment-name", "endings", *more)


def statuses(place: Path) -> list[str]:
    return sorted(run.info.status for run in all_runs(f"sqlite:///{place}/runs.db"))


def told_to_stop(number: int, call: Callable[..., Any], *, at: int) -> Callable[..., Any]:
    """Return `call`, in whose middle the process is told to stop when it is called for the `at`th time."""
    calls = 0

    def wrapper(*given: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == at:
            signal.raise_signal(number)
        return call(*given, **named)

    return wrapper


def owner(where: Any) -> Any:
    import mlflow

    return mlflow.MlflowClient if where == CLIENT else where


STEPS = {  # the call in which the signal comes, and how the runs have ended then
    "chunking": ((ANALYSIS, "chunk", 2), ["KILLED"]),
    "scoring": ((ANALYSIS, "score_chunks", 1), ["KILLED"]),
    "saving": ((KEPT, "save_results", 1), ["KILLED"]),
    "logging": ((CLIENT, "log_batch", 1), ["KILLED"]),
    "artifacts": ((CLIENT, "log_artifacts", 2), ["KILLED", "KILLED"]),
    "a child begun": ((CLIENT, "create_run", 3), ["FINISHED", "KILLED", "KILLED"]),
    "a child ended": ((CLIENT, "set_terminated", 2), ["FINISHED", "FINISHED", "KILLED"]),
}


@pytest.mark.parametrize(
    ("number", "name"),
    [
        *((signal.SIGINT, name) for name in STEPS),  # each signal is caught in one way, wherever it comes
        *((number, name) for number in SIGNALS[1:] for name in ("chunking", "saving", "a child begun")),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_a_signal_at_any_step_ends_all_runs_as_killed(number, name, place, run, monkeypatch):
    (where, call, at), ended = STEPS[name]
    monkeypatch.setattr(owner(where), call, told_to_stop(number, getattr(owner(where), call), at=at))
    status, _, err = track_results(run)
    assert (status, statuses(place)) == (128 + number, ended)
    assert err.splitlines()[-1] == f"rag-chunk: interrupted by {number.name}"
    kept = [f"rag-chunk track {each}" for each in Path(".rag-chunk/unsent").glob("*")]
    assert [line for line in err.splitlines() if line.startswith("rag-chunk track ")] == kept
    assert len(kept) == (where != ANALYSIS)  # what is being saved is saved first
    assert [signal.getsignal(each) for each in SIGNALS[1:]] == [signal.SIG_DFL] * 2


@pytest.mark.parametrize("call", ["chunk", "score_chunks"])
def test_a_bug_ends_the_run_as_failed(call, place, run, monkeypatch):
    monkeypatch.setattr(ANALYSIS, call, lambda *_, **__: 1 // 0)
    with pytest.raises(ZeroDivisionError):
        track_results(run)
    assert statuses(place) == ["FAILED"]


def test_a_finished_analysis_has_finished_runs(place, run):
    status, _, err = track_results(run, "--log-runs", "top:2")
    assert (status, statuses(place)) == (0, ["FINISHED"] * 3)
    assert "the experiment 'endings' is new, and is created" in err
    assert "experiment endings, 3 runs; the analysis' is run " in err


def test_a_full_disk_is_one_sentence_and_is_completed_later(place, run, monkeypatch):
    """The database may not grow: SQLite and MLflow then see what they see on a full disk."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    write = rag_chunk.workflow.results.save_results

    def filled(*given: Any) -> None:
        write(*given)
        resource.setrlimit(resource.RLIMIT_FSIZE, ((place / "runs.db").stat().st_size, hard))

    monkeypatch.setattr(OWN, "save_results", filled)
    try:
        status, out, err = track_results(run, "--quiet", "--save", "my results")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    lines = err.splitlines()
    assert status == 5
    assert "configuration" in out
    assert len(lines) == 3, err
    assert lines[0].startswith(f"rag-chunk: MLflow at sqlite:///{place}/runs.db failed: ")
    assert lines[2] == "rag-chunk track 'my results'"
    for times in ("Tracked in MLflow, experiment", "In MLflow already, experiment"):
        status, _, err = run("track", "my results", "--mlflow-uri", "sqlite:///runs.db")
        assert (status, statuses(place)) == (0, ["FINISHED"] * 3)
        assert next(line for line in err.splitlines() if "MLflow" in line).startswith(times)


def test_several_folders_and_all_that_wait_are_sent(place, run, monkeypatch):
    for _ in range(2):
        away = ("--mlflow-uri", f"sqlite:///{os.devnull}/no/mlflow.db")  # the last one given counts
        status, _, err = track_results(run, "--quiet", *away)
        assert status == 5
        assert "failed: NotADirectoryError" in err
    folders = sorted(str(each) for each in Path(".rag-chunk/unsent").iterdir())
    assert err.splitlines()[-1] in {f"rag-chunk track {each}" for each in folders}
    assert run("track", *folders, "--mlflow-uri", "sqlite:///runs.db")[0] == 0
    assert not Path(".rag-chunk").exists()
    assert statuses(place) == ["FINISHED"] * 6
    status, _, err = run("track", "--all", "--mlflow-uri", "sqlite:///runs.db")
    assert (status, err) == (0, "nothing waits in .rag-chunk/unsent\n")


def test_a_folder_that_is_not_whole_does_not_keep_the_others_from_being_sent(place, run):
    waiting = place / ".rag-chunk" / "unsent"
    write_folder(waiting / "b-good")
    write_folder(waiting / "a-broken")
    (waiting / "a-broken" / "report.json").write_text("{")
    (waiting / ".DS_Store").touch()
    status, _, err = run("track", "--all", "--mlflow-uri", "sqlite:///runs.db")
    assert status == 3
    assert "a-broken" in err.splitlines()[-1]
    assert statuses(place) == ["FINISHED"] * 5
    assert sorted(each.name for each in waiting.iterdir()) == [".DS_Store", "a-broken"]


def test_an_address_without_its_http_is_not_taken_for_a_folder(place, run):
    status, _, err = track_results(run, "--quiet", "--mlflow-uri", "127.0.0.1:5000")
    assert status == 5
    assert "127.0.0.1:5000 is not the address of a store. Did you mean http://127.0.0.1:5000" in err
    assert not Path("127.0.0.1:5000").exists()


def test_a_call_that_was_given_up_does_not_keep_the_program_from_its_end():
    program = """
import os, sys, time
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from rag_chunk import cli
from rag_chunk.errors import Interrupts
from rag_chunk.mlflow_tracker import bounded
from rag_chunk.mlflow_tracker.environment import RETRIES, TIMEOUT
os.environ |= {RETRIES: "1", TIMEOUT: "0"}
client = SimpleNamespace(download=lambda: ThreadPoolExecutor(1).submit(time.sleep, 600).result())
def app(*_, **__):
    try:
        bounded.GuardedClient(client, Interrupts(), remote=True).download()
    except TimeoutError:
        sys.exit(5)
cli.app = app
cli.program()
"""
    assert subprocess.run([sys.executable, "-c", program], timeout=60, check=False).returncode == 5


def test_two_processes_that_send_the_same_folder_send_it_once(place):
    folder = write_folder(place / ".rag-chunk" / "unsent" / "a1b2c3")
    words = [sys.executable, "-m", "rag_chunk", "track"]
    store = ["--mlflow-uri", "sqlite:///runs.db"]
    with folder_lock(folder):  # until both are there
        processes = [
            subprocess.Popen([*words, what, *store], stderr=subprocess.PIPE, text=True)
            for what in (".rag-chunk/unsent/a1b2c3", "--all")
        ]
        waiting = [process.stderr.readline() for process in processes if process.stderr]
    said = [process.communicate(timeout=120)[1] for process in processes]
    assert waiting == ["another process uses .rag-chunk/unsent/a1b2c3, and is waited for\n"] * 2
    assert [process.returncode for process in processes] == [0, 0], said
    assert sorted("has just been sent by another process" in text for text in said) == [False, True]
    assert statuses(place) == ["FINISHED"] * 5
    assert not Path(".rag-chunk").exists()


@pytest.mark.parametrize("several", [True, False], ids=["several configurations", "one"])
def test_of_copies_that_two_machines_have_sent_without_seeing_each_other_one_stays(several, place, run, monkeypatch):
    made = report() if several else report(FOUR[:1])
    for name in ("here", "there"):
        write_folder(place / name, made)
    store = ["--mlflow-uri", "sqlite:///runs.db"]
    assert run("track", "here", *store)[0] == 0
    monkeypatch.setattr(rag_chunk.mlflow_tracker.resend, "_find_existing", lambda *_: ExistingRuns())
    status, _, err = run("track", "there", *store)
    count = 5 if several else 1
    assert (status, statuses(place)) == (0, ["FINISHED"] * count)
    assert f"was sent from several machines at once; deleted the second copy of {count} run{'s' * several}\n" in err
    (top,) = [run for run in all_runs("sqlite:///runs.db") if "mlflow.parentRunId" not in run.data.tags]
    assert not several or f"run {top.info.run_id}" in err
    assert {run.data.tags.get("mlflow.parentRunId") for run in all_runs("sqlite:///runs.db")} <= {None, top.info.run_id}


@pytest.mark.parametrize("lost", ["deleted", "failed"])
def test_of_a_copy_whose_machine_lost_its_run_nothing_stays(lost, place, run, monkeypatch):
    """As where another machine takes that run for a stray, and the one that sends the copy gives up."""
    for name in ("here", "there"):
        write_folder(place / name, report())
    uri = f"sqlite:///{place}/runs.db"  # MLflow keeps engines by their addresses
    store = ["--mlflow-uri", uri]
    assert run("track", "here", *store)[0] == 0
    kept = {each.info.run_id for each in all_runs(uri)}
    with monkeypatch.context() as unseen:
        unseen.setattr(rag_chunk.mlflow_tracker.resend, "_find_existing", lambda *_: ExistingRuns())
        unseen.setattr(rag_chunk.mlflow_tracker.resend, "_keep_one", lambda *given: given[3])
        assert run("track", "there", *store)[0] == 0
    others = [each for each in all_runs(uri) if each.info.run_id not in kept]
    (top,) = [each.info.run_id for each in others if "mlflow.parentRunId" not in each.data.tags]
    with client_of(uri) as client:
        client.delete_run(top) if lost == "deleted" else client.set_terminated(top, "FAILED")
    assert "deleted the second copy of" in run("track", "there", *store)[2]
    assert statuses(place) == ["FINISHED"] * 5
    assert {each.info.run_id for each in all_runs(uri)} == kept


def test_three_copies_of_a_folder_sent_at_once_make_one_analysis(place):
    folders = [write_folder(place / f"copy {number}") for number in range(3)]
    words = [program_path("rag-chunk"), "track"]
    processes = [
        subprocess.Popen([*words, folder.name, "--mlflow-uri", "sqlite:///runs.db"], stderr=subprocess.PIPE, text=True)
        for folder in folders
    ]
    said = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 3, said
    assert sum("Tracked in MLflow" in text for text in said) == 1
    assert statuses(place) == ["FINISHED"] * 5


def test_a_signal_is_heard_after_a_creation_that_was_refused(place, run, monkeypatch):
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("refused")

    monkeypatch.setattr(owner(CLIENT), "create_run", refuse)
    monkeypatch.setattr(ANALYSIS, "score_chunks", told_to_stop(signal.SIGTERM, vars(ANALYSIS)["score_chunks"], at=1))
    status, _, err = track_results(run)
    assert status == 128 + signal.SIGTERM
    assert "refused. The analysis goes on" in err


def test_a_signal_in_the_middle_of_a_call_waits_for_its_end(place, run, monkeypatch):
    """An exception in a transaction of SQLite would keep its lock, and the runs could not be ended."""
    whole = []
    log_batch = owner(CLIENT).log_batch

    def interrupted(*given: Any, **named: Any) -> None:
        signal.raise_signal(signal.SIGINT)
        log_batch(*given, **named)
        whole.append(given)

    monkeypatch.setattr(owner(CLIENT), "log_batch", interrupted)
    assert track_results(run)[0] == 130
    assert len(whole) == 1
    assert statuses(place) == ["KILLED"]


def test_ctrl_c_while_the_program_is_imported_is_no_traceback():
    program = """
import os, signal, sys
class Stop:
    def find_spec(self, name, *_):
        if name == "rag_chunk.cli":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Stop())
signal.signal(signal.SIGINT, signal.default_int_handler)
from rag_chunk.__main__ import run
run()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60, check=False)
    assert done.returncode in {-signal.SIGINT, 130}
    assert done.stderr == b""


KILL = "os.kill(os.getpid(), signal.SIGKILL)"
KILLED_AT = {
    "when the run is created": f"""
import mlflow
create = mlflow.MlflowClient.create_run
mlflow.MlflowClient.create_run = lambda *given, **named: (create(*given, **named), {KILL})
""",
    "while the work is done": f"""
import rag_chunk.analysis.runner
rag_chunk.analysis.runner.score_chunks = lambda *_, **__: {KILL}
""",
}


@pytest.mark.parametrize("kill", KILLED_AT.values(), ids=KILLED_AT)
def test_runs_that_a_killed_process_left_running_are_ended_by_track(kill, place, run):
    program = f"""
import os, signal
{kill}
from rag_chunk.cli import program
program()
"""
    words = ["analyze", "docs", "--strategy", "sentence,header", "--test-file", "questions.json", "--mlflow-tracking"]
    words += ["--mlflow-uri", "sqlite:///runs.db", "--experiment-name", "endings"]
    done = subprocess.run(
        [program_path("python"), "-c", program, *words], capture_output=True, timeout=120, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert statuses(place) == ["RUNNING"]
    status, _, err = run("track", "--all", "--mlflow-uri", "sqlite:///runs.db")
    assert (status, statuses(place)) == (0, ["KILLED"])
    assert "an analysis was killed before it had results; ended 1 of its runs in MLflow" in err
    assert not Path(".rag-chunk").exists()


def test_track_leaves_an_analysis_that_is_under_way(place, run, monkeypatch):
    """Another terminal sends what waits while this one works."""
    score, others = vars(ANALYSIS)["score_chunks"], list[Any]()
    command = [program_path("rag-chunk"), "track", "--all", "--mlflow-uri", "sqlite:///runs.db"]

    def track_meanwhile(*given: Any, **named: Any) -> Any:
        if not others:
            others.append(subprocess.run(command, capture_output=True, text=True, timeout=120, check=False))
        return score(*given, **named)

    monkeypatch.setattr(ANALYSIS, "score_chunks", track_meanwhile)
    assert track_results(run)[0] == 0
    assert "belongs to an analysis that is under way" in others[0].stderr
    assert statuses(place) == ["FINISHED"] * 3


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Let the home folder be another one, which is not there yet."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    return tmp_path / "home"


def test_a_spool_that_cannot_be_written_is_noticed_before_the_work_and_is_elsewhere(place, run, home):
    (place / ".rag-chunk").write_text("a file, so that no folder can be made")
    status, out, err = track_results(run, "--mlflow-uri", f"sqlite:///{os.devnull}/no/mlflow.db")
    spool = home / ".rag-chunk" / "unsent"
    assert status == 5
    assert "sentence-200-50" in out
    assert err.splitlines()[0].startswith("the results could not be written to .rag-chunk/unsent")
    assert f"They wait in {spool} until they are sent" in err.splitlines()[0]
    (waiting,) = spool.iterdir()
    assert err.splitlines()[-1] == f"rag-chunk track {waiting}"
    assert run("track", str(waiting), "--mlflow-uri", "sqlite:///runs.db")[0] == 0
    assert statuses(place) == ["FINISHED"] * 3


def test_a_disk_that_is_full_when_results_are_saved_is_left_for_another_place(place, run, home, monkeypatch):
    write = Path.write_bytes

    def write_on_small_disk(path: Path, content: bytes) -> int:
        if path.name == "report.json" and not path.is_absolute():  # the last of many, in the working folder
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, content)

    with monkeypatch.context() as small:
        small.setattr(Path, "write_bytes", write_on_small_disk)
        status, out, err = track_results(run, "--mlflow-uri", f"sqlite:///{os.devnull}/no/mlflow.db")
    (waiting,) = (home / ".rag-chunk" / "unsent").iterdir()
    assert status == 5
    assert "sentence-200-50" in out
    assert "No space left on device. They wait in" in err
    assert err.splitlines()[-1] == f"rag-chunk track {waiting}"
    assert not Path(".rag-chunk").exists()
    assert run("track", str(waiting), "--mlflow-uri", "sqlite:///runs.db")[0] == 0
    assert statuses(place) == ["FINISHED"] * 3


def test_what_a_killed_process_left_in_the_spool_is_removed_and_hinders_nothing(place, run):
    waiting = place / ".rag-chunk" / "unsent"
    for name in ("a1.removed", "probe-1", "b2"):
        (waiting / name).mkdir(parents=True)
    (waiting / "probe-1" / MARKER).write_text("ours")
    (waiting / "a1.removed" / "report.json").write_text("{}")
    os.utime(waiting / "b2", (0, 0))
    assert run("track", "--all") == (0, "", "nothing waits in .rag-chunk/unsent\n")
    assert sorted(each.name for each in waiting.iterdir()) == ["probe-1"]  # its process may be at work


@pytest.mark.parametrize("tracked", [True, False])
def test_the_table_is_shown_although_the_results_cannot_be_saved(tracked, place, run, monkeypatch):
    def full(*_: Any) -> None:
        raise InputError("the results could not be written to results: No space left on device")

    monkeypatch.setattr(OWN, "save_results", full)
    monkeypatch.setattr(KEPT, "save_results", full)
    if tracked:
        status, out, err = track_results(run)
        assert statuses(place) == ["FAILED"]
    else:
        status, out, err = run("analyze", "docs", "--strategy", "sentence", "--save", "results")
    assert (status, err.splitlines()[-1]) == (
        3,
        "rag-chunk: the results could not be written to results: No space left on device",
    )
    assert "sentence-200-50" in out
