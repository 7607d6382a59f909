"""What MLflow raises, as one sentence that says what to do."""

import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from urllib.parse import urlsplit

from rag_chunk.config.redaction import redact
from rag_chunk.errors import RagChunkError, TrackingError

LONGEST_MESSAGE = 300
LONGEST_HEAD, LONGEST_TAIL = 600, 300  # of an answer, which may be a whole page; its cause is at either end


class UnreachableError(TrackingError):
    """The server does not answer: nothing more is asked of it."""


_CAUSES = (
    (
        r"Invalid Host header",
        "{where} refuses the host name in its address. On the server: mlflow server --allowed-hosts {host}",
    ),
    (
        r"error code 401|UNAUTHENTICATED",
        "{where} asks who you are: set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD",
    ),
    (r"error code 403|PERMISSION_DENIED", "no permission on {where}: {text}"),
    (r"error code 40[45](?s:.*)Response body|not in a valid JSON format", "{where} is not an MLflow server: {text}"),
    (
        r"Unsupported(ModelRegistry|Tracking)StoreURI",
        "this MLflow cannot open {where}: write http://…, sqlite:///FILE or a folder; mlflow-skinny needs a server",
    ),
    (r"FallbackAsyncAdaptedQueuePool", "this MLflow does not work with SQLAlchemy 2.1: pip install 'sqlalchemy<2.1'"),
    (r"(?i)no space left|disk is full|ENOSPC", "no space is left for {where} or its artifacts"),
    (r"unable to open database file|readonly database", "{where} cannot be written: no folder, or no permission"),
    (r"file is not a database", "{where} cannot be used: the file is not a SQLite database"),
    (r"convert .* for MLFLOW_", "MLflow at {where} cannot be asked: {text}"),
    (r"ModuleNotFoundError", "{where} needs a package that is not installed: {text}"),
    (r"(?i)database is locked", "{where} is locked by another process: {text}"),
)
_AWAY = (
    (
        r"(?i)proxy ?error|(connect|tunnel).{0,20} to proxy|tunnel connection failed",
        "the proxy {proxy} (HTTP_PROXY or HTTPS_PROXY) does not answer; unset it, or set NO_PROXY={host}",
    ),
    (r"(?i)connection refused", "nothing listens there (start the server, or correct the address)"),
    (r"(?i)name or service not known|failed to resolve|getaddrinfo|name resolution", "its host name is unknown"),
    (r"(?i)timed? ?out", "it does not answer in time"),
    (r"(?i)too many 429|error code 429", "it is too busy (429)"),
    (r"(?i)too many 5\d\d|error code 50[234]", "it is busy or broken (5xx)"),
    (r"(?i)max retries exceeded|connection (reset|aborted|broken)|remote end closed", "the connection is cut off"),
)


def explain(error: BaseException, where: str) -> TrackingError:
    """Return the error that the user sees, without passwords. `where` is the store's address."""
    whole = _shorten(f"{type(error).__name__}: {error}")
    text = _first_line(redact(whole))
    values = {"where": redact(where), "host": urlsplit(redact(where)).hostname or "HOST", "text": text}
    for pattern, sentence in _CAUSES:
        if re.search(pattern, whole):
            return TrackingError(sentence.format(**values))
    for pattern, reason in _AWAY:
        if re.search(pattern, whole):
            why = reason.format(**values, proxy=_proxy_of_environment(where))
            return UnreachableError(f"MLflow at {redact(where)} cannot be reached: {why}")
    return TrackingError("MLflow at {where} failed: {text}".format(**values))


def _shorten(text: str) -> str:
    """Return the beginning and the end of a long text: patterns over all of a page would take minutes."""
    if len(text) <= LONGEST_HEAD + LONGEST_TAIL:
        return text
    return f"{text[:LONGEST_HEAD]} … {text[-LONGEST_TAIL:]}"


def _proxy_of_environment(where: str) -> str:
    """Return the proxy through which `where` is asked, as the environment names it."""
    from urllib.request import getproxies

    return redact(getproxies().get(urlsplit(where).scheme, "that is set"))


def _first_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE].rstrip() + "…"


@contextmanager
def _silence() -> Iterator[None]:
    """Let loggers be silent: MLflow logs whole tracebacks of what it raises, and a migration sets levels anew."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.ERROR))
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def mlflow_calls(where: str) -> Iterator[None]:
    """Raise `TrackingError` for whatever the calls of MLflow in this block raise; let them say nothing.

    The cause is left out: its text has the address with the password in it. What MLflow prints would stand
    among our results on stdout, and what it warns of is not the user's to mend.
    """
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()), _silence():
            warnings.simplefilter("ignore")
            yield
    except RagChunkError:
        raise
    except Exception as error:  # noqa: BLE001 - MLflow, SQLAlchemy, requests and boto raise what they like
        raise explain(error, where) from None
