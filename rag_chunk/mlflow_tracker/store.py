"""A store, opened: MLflow's client, and the locks that keep processes apart."""

import hashlib
import math
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rag_chunk.config.redaction import redact
from rag_chunk.errors import Interrupts, TrackingError
from rag_chunk.mlflow_tracker.address import Notify, StoreAddress, database_file
from rag_chunk.mlflow_tracker.bounded import GuardedClient
from rag_chunk.mlflow_tracker.environment import gc_paused
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.staging import temporary_folder

LOCK_SECONDS = 120
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}  # where those databases listen that MLflow takes
CONNECT_SECONDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """An open store: MLflow's client, bounded where a network is between, and the address it really has."""

    place: StoreAddress
    uri: str
    client: Any

    @property
    def name(self) -> str:
        """The address, fit for messages."""
        return redact(self.uri)

    @property
    def is_remote_host(self) -> bool:
        """Whether a server on another machine keeps it."""
        return self.place.is_http and urlsplit(self.uri).hostname not in {"localhost", "127.0.0.1", "::1"}

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out while something is created."""
        with _lock(self.place):
            yield


@contextmanager
def open_store(place: StoreAddress, interrupts: Interrupts | None = None) -> Iterator[Store]:
    """Open a store, creating it where it is not there yet; tell MLflow of it while the block lasts.

    Signals that reach `interrupts` wait for the call that is under way.
    """
    import mlflow

    where = redact(place.uri or str(mlflow.get_tracking_uri()))
    with _tracking_uri(place.uri):
        with (interrupts or Interrupts()).hold(math.inf), _lock(place), mlflow_calls(where), gc_paused():
            if place.local:
                place.local.parent.mkdir(parents=True, exist_ok=True)
            _try_database(str(mlflow.get_tracking_uri()))
            client = mlflow.MlflowClient(tracking_uri=place.uri)
        guarded = GuardedClient(client, interrupts or Interrupts(), remote=place.local is None)
        yield Store(place=place, uri=str(mlflow.get_tracking_uri()), client=guarded)


def _try_database(uri: str) -> None:
    """Check that a database can be opened: where it cannot, MLflow would try again for minutes, or for an hour."""
    parts = urlsplit(uri)
    port = PORTS.get(parts.scheme.partition("+")[0])
    if port and parts.hostname:
        socket.create_connection((parts.hostname, parts.port or port), CONNECT_SECONDS).close()
    elif file := database_file(uri):
        import sqlite3

        with closing(sqlite3.connect(file)) as database:
            database.execute("PRAGMA schema_version")


@contextmanager
def _tracking_uri(uri: str | None) -> Iterator[None]:
    """Set MLflow's tracking address, which artifacts over HTTP need on 2.x, and put the old one back."""
    import mlflow

    if uri is None:
        yield
        return
    environment = os.environ.get("MLFLOW_TRACKING_URI")
    old = mlflow.get_tracking_uri() if mlflow.is_tracking_uri_set() else None
    mlflow.set_tracking_uri(uri)
    try:
        yield
    finally:
        mlflow.set_tracking_uri(None if old == environment else old)
        if environment:
            os.environ["MLFLOW_TRACKING_URI"] = environment


@contextmanager
def _lock(place: StoreAddress) -> Iterator[None]:
    """Let one process at a time create things: twenty on a fresh sqlite file leave it unusable."""
    if place.is_http:
        yield
        return
    with _file_lock(_lock_path(place)):
        yield


def _file_lock(path: Path, notify: Notify | None = None) -> AbstractContextManager[Any]:
    """Return the lock, acquired; none where this user may write no lock there, but perhaps in the store."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if notify is None:
            return lock.acquire()
        with suppress(Timeout):
            return lock.acquire(timeout=1)
        notify("waiting for another process that sends the same analysis")
        return lock.acquire()
    except Timeout:
        raise TrackingError(f"another process has held {path} for {LOCK_SECONDS} s; end it, and try again") from None
    except OSError:
        return nullcontext()


@contextmanager
def analysis_lock(analysis_id: str, notify: Notify) -> Iterator[None]:
    """Let one process at a time send an analysis from this machine, whatever copy of its folder it is sent from."""
    with _file_lock(_temporary_lock(analysis_id), notify):
        yield


def _lock_path(place: StoreAddress) -> Path:
    """Return the lock's file: beside what it guards, or for a database server among temporary files."""
    if place.local:
        return place.local.with_name(f".{place.local.name.lstrip('.')}.lock")
    return _temporary_lock(place.uri or "")


def _temporary_lock(what: str) -> Path:
    digest = hashlib.sha256(what.encode()).hexdigest()[:16]
    user = getattr(os, "getuid", int)()  # another user's file could not be opened
    return temporary_folder() / f"rag-chunk-{user}-{digest}.lock"


def search_runs(store: Store, experiment_ids: Sequence[str], filter_string: str) -> list[Any]:
    """Return all runs of the experiments that fit, page by page."""
    runs: list[Any] = []
    token = None
    with mlflow_calls(store.name):
        while True:
            page = store.client.search_runs(list(experiment_ids), filter_string, page_token=token)
            runs += page
            token = page.token
            if not token:
                return runs
