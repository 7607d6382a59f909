"""The address of a store: what the user, the environment or MLflow names, and the folder or database that it means."""

import os
import re
import shlex
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from rag_chunk.config.redaction import redact
from rag_chunk.errors import TrackingError
from rag_chunk.mlflow_tracker.environment import mlflow_version
from rag_chunk.mlflow_tracker.failures import mlflow_calls

Notify = Callable[[str], None]
NO_FILE_STORE = (3, 13)
FILES_ALLOWED = "MLFLOW_ALLOW_FILE_STORE"
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")
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


def choose_address(uri: str | None, notify: Notify) -> StoreAddress:
    """Return the store for `--mlflow-uri`, else `MLFLOW_TRACKING_URI`, else MLflow's default."""
    given = uri or _from_environment()
    if not given:
        return _default_place(notify)
    if _HOST_AND_PORT.match(given) and not Path(given).exists():
        raise TrackingError(f"{redact(given)} is not the address of a store. Did you mean http://{redact(given)}")
    _refuse_foreign_paths(given)
    folder = folder_of(given)
    if folder is not None:
        return _folder_place(given, folder, notify)
    with mlflow_calls(redact(given)):
        database = database_file(given)
        return StoreAddress(uri=_with_database(given, database) if database else given, local=database)


def _refuse_foreign_paths(given: str) -> None:
    """Raise `TrackingError` for a folder of another machine or system: it would be made here under an odd name."""
    parts = urlsplit(given)
    if parts.scheme == "file" and parts.netloc not in {"", "localhost"}:
        raise TrackingError(
            f"{redact(given)} names a folder on {parts.netloc}, and MLflow opens local folders only. Write "
            f"file://{parts.path} for one on this machine, or mount the folder and name its path"
        )
    if _DRIVE.match(given) and os.name != "nt":
        raise TrackingError(f"{given} is a path of Windows; name a folder on this machine, such as ./mlruns")


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
    if (folder := folder_of(uri)) is not None:
        return StoreAddress(uri=None, local=folder, old_files=mlflow_version() >= NO_FILE_STORE, is_default=True)
    database = database_file(uri)
    here = Path("mlflow.db").absolute()
    # SQLAlchemy before 2.1 takes the %20 that MLflow writes for a space literally, and would open another file.
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
    database = _database_beside(folder)
    notify(f"MLflow no longer keeps runs in folders: the runs go to {database}, their artifacts to {folder}")
    return StoreAddress(uri=sqlite_uri(database), local=database, artifacts=folder)


def _database_beside(folder: Path) -> Path:
    """Return `mlflow.db` beside the folder; where that is another folder's, a database with this folder's name."""
    usual = folder.parent / "mlflow.db"
    places = _artifact_places(usual)
    taken = places and not any(place.is_relative_to(folder) for place in places)
    return folder.with_name(f"{folder.name}.db") if taken else usual


def _artifact_places(database: Path) -> list[Path]:
    """Return where the experiments of a database keep artifacts, the one that MLflow itself makes left out."""
    import sqlite3

    if not database.exists():
        return []
    wanted = "SELECT artifact_location FROM experiments WHERE name != 'Default'"
    try:
        with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as opened:
            return [folder_of(str(place)) or Path(str(place)) for (place,) in opened.execute(wanted)]
    except sqlite3.Error:  # which MLflow explains
        return []


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


def folder_of(uri: str) -> Path | None:
    """Return the folder that `uri` names: a path, or `file:`."""
    parts = urlsplit(uri)
    if parts.scheme == "file":
        return Path(unquote(parts.path)).absolute()
    drive = len(parts.scheme) == 1  # C:\mlruns
    return Path(uri).absolute() if (not parts.scheme or drive) and uri not in NOT_PATHS else None


def database_file(uri: str) -> Path | None:
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

    return str(make_url(uri).set(database=str(database)).render_as_string(hide_password=False))


def sqlite_uri(database: Path) -> str:
    """Return the address of a sqlite file, whatever letters are in its path."""
    from sqlalchemy.engine import URL

    return str(URL.create("sqlite", database=str(database)).render_as_string(hide_password=False))
