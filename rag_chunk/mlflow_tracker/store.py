"""Which store an analysis is tracked in, and how it is opened."""

import hashlib
import os
import re
import shlex
import socket
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from rag_chunk.config.redaction import redact
from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker.bounded import BoundedClient
from rag_chunk.mlflow_tracker.environment import gc_paused, mlflow_version
from rag_chunk.mlflow_tracker.failures import mlflow_calls

Notify = Callable[[str], None]
NO_FILE_STORE = (3, 13)
FILES_ALLOWED = "MLFLOW_ALLOW_FILE_STORE"
LOCK_SECONDS = 120
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 1433}  # where those databases listen that MLflow takes
CONNECT_SECONDS = 5
_HOST_AND_PORT = re.compile(r"(?:[\w-]+\.)*[\w-]+:\d+(?:/|$)")
NOT_PATHS = ("databricks", "databricks-uc", "uc")


def ignore_notice(_: str) -> None:
    """Drop a notice of where new runs would go: who only reads does not need it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreAddress:
    """A store as it will be opened: `uri` is None where MLflow finds its own default.

    `local` is the database file or the folder; `artifacts` is where new experiments put their artifacts, where
    that is not MLflow's default.
    """

    uri: str | None
    local: Path | None = None
    artifacts: Path | None = None
    old_files: bool = False
    is_default: bool = False

    @property
    def is_http(self) -> bool:
        """Whether a server keeps it, which looks after itself when many come at once."""
        return bool(self.uri) and urlsplit(self.uri).scheme in {"http", "https"}


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

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other processes out while something is created."""
        with _lock(self.place):
            yield


def choose_address(uri: str | None, notify: Notify) -> StoreAddress:
    """Return the store for `--mlflow-uri`, else `MLFLOW_TRACKING_URI`, else MLflow's default."""
    given = uri or _from_environment()
    if not given:
        return _default_place(notify)
    if _HOST_AND_PORT.match(given) and not Path(given).exists():
        raise TrackingError(f"{redact(given)} is no address of a store. Of a server it would be http://{redact(given)}")
    folder = _folder(given)
    if folder is not None:
        return _folder_place(given, folder, notify)
    with mlflow_calls(redact(given)):
        database = _database_file(given)
        return StoreAddress(uri=_with_database(given, database) if database else given, local=database)


def _from_environment() -> str | None:
    """Return what `mlflow.set_tracking_uri` or the environment says."""
    import mlflow

    return str(mlflow.get_tracking_uri()) if mlflow.is_tracking_uri_set() else None


def _default_place(notify: Notify) -> StoreAddress:
    """Pass nothing, so that plain `mlflow ui` in this folder shows the runs, whatever the version."""
    import mlflow

    old = _holds_runs(Path("mlruns"))
    if old and mlflow_version() >= NO_FILE_STORE and not _are_files_allowed():
        _allow_files(Path("mlruns"), notify)
    uri = str(mlflow.get_tracking_uri())
    if (folder := _folder(uri)) is not None:
        return StoreAddress(uri=None, local=folder, old_files=mlflow_version() >= NO_FILE_STORE, is_default=True)
    database = _database_file(uri)
    here = Path("mlflow.db").absolute()
    # SQLAlchemy before 2.1 takes the %20 that MLflow writes for a space as it stands, and would go elsewhere.
    misled = database is not None and database != here and database.name == here.name
    return StoreAddress(uri=sqlite_uri(here) if misled else None, local=here if misled else database, is_default=True)


def _folder_place(given: str, folder: Path, notify: Notify) -> StoreAddress:
    """Return the folder itself where MLflow still takes one, else a database beside it."""
    uri = given if urlsplit(given).scheme == "file" else str(folder)
    if mlflow_version() < NO_FILE_STORE or _are_files_allowed():
        return StoreAddress(uri=uri, local=folder)
    if _holds_runs(folder):
        _allow_files(folder, notify)
        return StoreAddress(uri=uri, local=folder, old_files=True)
    database = folder.parent / "mlflow.db"
    notify(f"MLflow no longer keeps runs in folders: the runs go to {database}, their artifacts to {folder}")
    return StoreAddress(uri=sqlite_uri(database), local=database, artifacts=folder)


def _holds_runs(folder: Path) -> bool:
    """Whether MLflow's file store has written there."""
    return any(file.parent.name.isdigit() for file in folder.glob("*/meta.yaml"))


def _are_files_allowed() -> bool:
    return os.environ.get(FILES_ALLOWED, "").lower() in {"true", "1"}


def _allow_files(folder: Path, notify: Notify) -> None:
    """Keep writing where the old runs are; say how to see them, and the way over."""
    os.environ[FILES_ALLOWED] = "true"
    notify(
        f"{folder} has runs of an older MLflow, so the new ones go there too. To move them to a database: "
        f"mlflow migrate-filestore --source {shlex.quote(str(folder))} --target sqlite:///mlflow.db, "
        f"then rename each {folder}/*/meta.yaml"
    )


def _folder(uri: str) -> Path | None:
    """Return the folder that `uri` names: a path, or `file:`."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path)).absolute()
    drive = len(parts.scheme) == 1  # C:\mlruns
    return Path(uri).absolute() if (not parts.scheme or drive) and uri not in NOT_PATHS else None


def _database_file(uri: str) -> Path | None:
    """Return the file of a sqlite address. Raise `TrackingError` where it has none: nothing would be kept."""
    if not uri.startswith("sqlite"):
        return None
    try:
        from sqlalchemy.engine import make_url
    except ImportError:  # mlflow-skinny, which cannot open it either
        return None
    database = make_url(uri).database
    if database in {None, "", ":memory:"}:
        raise TrackingError(f"{uri} names no file, and nothing would be kept; write sqlite:///mlflow.db")
    return Path(str(database)).absolute()


def _with_database(uri: str, database: Path) -> str:
    """Return the address with the whole path of the file, so that it can be used from anywhere."""
    from sqlalchemy.engine import make_url

    return make_url(uri).set(database=str(database)).render_as_string(hide_password=False)


def sqlite_uri(database: Path) -> str:
    """Return the address of a sqlite file, whatever letters are in its path."""
    from sqlalchemy.engine import URL

    return URL.create("sqlite", database=str(database)).render_as_string(hide_password=False)


@contextmanager
def open_store(place: StoreAddress) -> Iterator[Store]:
    """Open a store, creating it where it is not there yet; tell MLflow of it while the block lasts."""
    import mlflow

    where = redact(place.uri or str(mlflow.get_tracking_uri()))
    with _tracking_uri(place.uri):
        with _lock(place), mlflow_calls(where), gc_paused():
            if place.local:
                place.local.parent.mkdir(parents=True, exist_ok=True)
            _try_database(str(mlflow.get_tracking_uri()))
            client = mlflow.MlflowClient(tracking_uri=place.uri)
        bounded = client if place.local else BoundedClient(client)
        yield Store(place=place, uri=str(mlflow.get_tracking_uri()), client=bounded)


def _try_database(uri: str) -> None:
    """Check that a database can be opened: where it cannot, MLflow would try again for minutes, or for an hour."""
    parts = urlsplit(uri)
    port = PORTS.get(parts.scheme.partition("+")[0])
    if port and parts.hostname:
        socket.create_connection((parts.hostname, parts.port or port), CONNECT_SECONDS).close()
    elif file := _database_file(uri):
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


def _file_lock(path: Path) -> AbstractContextManager[Any]:
    """Return the lock, acquired; none where this user may write no lock there, but perhaps in the store."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=LOCK_SECONDS)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return lock.acquire()
    except Timeout:
        raise TrackingError(f"another process has held {path} for {LOCK_SECONDS} s; end it, and try again") from None
    except OSError:
        return nullcontext()


def _lock_path(place: StoreAddress) -> Path:
    """Return the lock's file: beside what it guards, or for a database server among temporary files."""
    if place.local:
        return place.local.with_name(f".{place.local.name.lstrip('.')}.lock")
    digest = hashlib.sha256((place.uri or "").encode()).hexdigest()[:16]
    user = getattr(os, "getuid", int)()  # another user's file could not be opened
    return Path(tempfile.gettempdir()) / f"rag-chunk-{user}-{digest}.lock"


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
