"""What all tests share: effort of Hypothesis, an environment of their own, and a tokenizer that is found offline."""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from tests.support.warm_process import programs

if TYPE_CHECKING:
    from tests.support.chat_server import ChatServer

Program = Callable[..., tuple[int, str, str]]

# The first draw builds Hypothesis' Unicode tables, which is slow and no fault of a test.
settings.register_profile(
    "check",
    deadline=None,
    max_examples=int(os.environ.get("HYPOTHESIS_EXAMPLES", "100")),
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("check")

# Under nohup, or behind `&` in a script, signals are ignored, in child processes too: tests send them.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_configure(config: pytest.Config) -> None:
    """Start the one process that all workers have programs run by; it imports nothing before it is asked."""
    programs()


@pytest.hookimpl(optionalhook=True)  # some environments have no pytest-xdist
def pytest_xdist_auto_num_workers() -> int:
    """Start two workers for each core: much of the time is spent in waiting for servers and other processes."""
    return 2 * (os.cpu_count() or 1)


# Seconds, by which files are handed to workers: what is begun last keeps one of them from its end.
LONGEST = {
    "test_mlflow_tracker": 110,
    "test_mlflow_lost_answers": 75,
    "test_mlflow_server": 65,
    "test_mlflow_endings": 55,
    "test_docs": 45,
    "test_tracked_pages": 40,
    "test_scorer": 28,
    "test_sharded_analysis": 28,
    "test_converters": 26,
    "test_cli": 22,
    "test_draft_questions": 21,
    "test_invariants": 20,
    "test_shards": 19,
    "test_traces": 17,
    "test_workers": 17,
    "test_additions": 14,
    "test_examples": 12,
    "test_bm25": 12,
    "test_analysis": 12,
}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the longest files first; xdist keeps this order with --no-loadscope-reorder."""
    items.sort(key=lambda item: -LONGEST.get(item.path.stem, 0))


@pytest.fixture(scope="session", autouse=True)
def _own_caches(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let tokenizers and the cache of tokens use folders that this run fills by itself."""
    os.environ["TIKTOKEN_CACHE_DIR"] = str(tmp_path_factory.mktemp("tiktoken"))
    os.environ["RAG_CHUNK_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what is set outside from changing a result."""
    for name in list(os.environ):
        if name.startswith(("MLFLOW_", "RAG_CHUNK_CONFIG")) or name in {"NO_COLOR", "FORCE_COLOR", "COLUMNS"}:
            monkeypatch.delenv(name)
    sys.modules.pop("mine", None)  # what another test wrote as a user's own module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty folder that is the working folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Program:
    """Return what runs the program, as from a shell, and gives its status, stdout and stderr."""
    from rag_chunk.cli import main

    def program(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["rag-chunk", *arguments])
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return program


@pytest.fixture
def chat_server(folder: Path, monkeypatch: pytest.MonkeyPatch) -> "Iterator[ChatServer]":
    """Return a model on this machine that answers as OpenAI's do, with a cache and without keys."""
    from rag_chunk.config.setting_checks import DRAFTING_KEY
    from tests.support.chat_server import serving_chat

    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    for name in (DRAFTING_KEY, "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID"):
        monkeypatch.delenv(name, raising=False)
    with serving_chat() as server:
        yield server


@pytest.fixture
def notes() -> list[str]:
    """Return where a test of tracking gathers the notices."""
    return []


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Return a results folder of four configurations."""
    from tests.support.mlflow_folder import write_folder

    return write_folder(tmp_path / "results")
