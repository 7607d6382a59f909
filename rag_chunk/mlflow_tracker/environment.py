"""MLflow imported, silent and impatient; the environment is put back afterwards."""

import contextlib
import gc
import importlib.util
import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

from rag_chunk.config.redaction import redact
from rag_chunk.errors import MissingExtra, TrackingError

SILENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "GIT_PYTHON_REFRESH": "quiet",
}
RETRIES = "MLFLOW_HTTP_REQUEST_MAX_RETRIES"
TIMEOUT = "MLFLOW_HTTP_REQUEST_TIMEOUT"
# MLflow's own are 7 retries of 120 s: 247 s until a call to a dead server fails. These fail within 10 s, which is
# right for the first call; `timeouts` is for what follows.
IMPATIENT = {RETRIES: "1", TIMEOUT: "5", "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1"}
MORE_RETRIES = 2  # after as long as `Retry-After` says; 16 s until a server that has died is given up
LONGEST_WAIT = 7.0  # seconds, twice at most
BETWEEN_TRIES = 1.0  # seconds, where the server does not ask for a wait
_LOGGING = "logging to MLflow"
LOGGERS = ("mlflow", "alembic", "urllib3.connectionpool")


def require_mlflow() -> None:
    """Raise `MissingExtra` where MLflow is not installed, without importing it."""
    if importlib.util.find_spec("mlflow") is None:
        raise MissingExtra("mlflow", _LOGGING)


@contextlib.contextmanager
def quiet_mlflow(purpose: str = _LOGGING) -> Iterator[None]:
    """Import MLflow, and keep it silent and impatient inside this block.

    Variables that the user has set in the environment keep their values. Raise `MissingExtra` if MLflow is not
    installed; its message names the `purpose`.
    """
    with _environment({**SILENT, **IMPATIENT}), _unfreeze_gc():
        with gc_paused():
            _import(purpose)
        # Asynchronous logging gains nothing here, and loses data when the server dies.
        os.environ["MLFLOW_ENABLE_ASYNC_LOGGING"] = "false"
        with _warnings_only(), _short_waits():
            yield


@contextlib.contextmanager
def _environment(defaults: Mapping[str, str]) -> Iterator[None]:
    """Set what is not set; afterwards put back all of MLflow's variables, its own changes included."""
    names = {*defaults, "MLFLOW_TRACKING_URI", "MLFLOW_ALLOW_FILE_STORE", "MLFLOW_ENABLE_ASYNC_LOGGING"}
    before = {name: os.environ.get(name) for name in names}
    os.environ.update({name: value for name, value in defaults.items() if not before[name]})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _import(purpose: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydantic's and others' about MLflow's own code
            module = importlib.import_module("mlflow")
    except ImportError as error:
        if error.name == "mlflow":
            raise MissingExtra("mlflow", purpose) from None
        raise TrackingError(f"MLflow cannot be imported: {error}. Reinstall it: pip install mlflow") from None
    if getattr(module, "__file__", None) is None:  # a folder of that name in the working folder
        raise MissingExtra("mlflow", purpose)


@contextlib.contextmanager
def gc_paused() -> Iterator[None]:
    """Let Python's collector rest while much is made that stays, and pass over all of it afterwards.

    It would go through MLflow's modules several times while they are made, and again with each analysis.
    """
    resting = not gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if not resting:
            gc.enable()


@contextlib.contextmanager
def _unfreeze_gc() -> Iterator[None]:
    """Let the collector see everything again afterwards, unless the caller keeps something from it."""
    kept = gc.get_freeze_count()
    try:
        yield
    finally:
        if not kept:
            gc.unfreeze()


@contextlib.contextmanager
def _warnings_only() -> Iterator[None]:
    """Let MLflow's own loggers say warnings only, and no passwords."""
    before = {name: logging.getLogger(name).level for name in LOGGERS}
    handlers = list(logging.getLogger("mlflow").handlers)
    for name in LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR if name.startswith("urllib3") else logging.WARNING)
    for handler in handlers:
        handler.addFilter(_redact_record)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
        for handler in handlers:
            handler.removeFilter(_redact_record)


@contextlib.contextmanager
def _short_waits() -> Iterator[None]:
    """Wait as `Retry-After` says, but not for an hour: MLflow sets no limit, and urllib3 only lately has one.

    Where the user has set how often to ask again, the server may say how long to wait.
    """
    from urllib3.util.retry import Retry

    asked = Retry.get_retry_after

    def cap_retry_after(retry: Retry, response: Any) -> float | None:
        seconds = asked(retry, response)
        return seconds if seconds is None or not _impatient() else min(seconds, LONGEST_WAIT)

    setattr(Retry, "get_retry_after", cap_retry_after)  # noqa: B010 - what mypy says of it differs by version
    try:
        yield
    finally:
        setattr(Retry, "get_retry_after", asked)  # noqa: B010


def _impatient() -> bool:
    return os.environ.get(RETRIES) in {IMPATIENT[RETRIES], str(MORE_RETRIES), "0"}


@contextlib.contextmanager
def no_retries() -> Iterator[None]:
    """Let MLflow ask once in this block, whatever the user has set: what was done must be looked for between tries."""
    before = os.environ[RETRIES]
    os.environ[RETRIES] = "0"
    try:
        yield
    finally:
        os.environ[RETRIES] = before


def longest_call() -> float | None:
    """Return for how many seconds a call is waited for, all its tries together; None where the user has set how many."""
    if not _impatient():
        return None
    with contextlib.suppress(ValueError):  # which MLflow explains
        return (1 + int(os.environ[RETRIES])) * float(os.environ[TIMEOUT]) + BETWEEN_TRIES
    return None


def _redact_record(record: logging.LogRecord) -> bool:
    """Take passwords out of what is about to be said."""
    record.msg, record.args = redact(record.getMessage()), ()
    return True


def mlflow_version() -> tuple[int, int]:
    """Return MLflow's major and minor version."""
    from mlflow.version import VERSION

    major, minor = VERSION.split(".")[:2]
    return int(major), int(minor)


@contextlib.contextmanager
def timeouts(*, seconds: float | None = None, retries: int | None = None) -> Iterator[None]:
    """Wait this long for answers, or ask again this often, inside this block, unless the user has said otherwise."""
    wanted = {TIMEOUT: seconds, RETRIES: retries}
    before = {name: os.environ.get(name, "") for name in wanted}
    ours = {name: value for name, value in wanted.items() if value is not None and before[name] == IMPATIENT[name]}
    os.environ.update({name: str(round(value)) for name, value in ours.items()})
    try:
        yield
    finally:
        os.environ.update({name: before[name] for name in ours})
