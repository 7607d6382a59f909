"""An empty database of MLflow, made once for all tests of a process and copied: to make one takes MLflow seconds."""

import atexit
import shutil
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.support.mlflow_runs import client_of


def copy_empty_store(folder: Path, name: str = "mlflow.db") -> str:
    """Put an empty database into a folder, unless there is one, and return its address."""
    database = folder / name
    if not database.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(_empty_store(), database)
    return f"sqlite:///{database}"


@cache
def _empty_store() -> Path:
    folder = Path(mkdtemp(prefix="empty-store-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with client_of(f"sqlite:///{folder / 'mlflow.db'}") as client:
        client.search_experiments()
    return folder / "mlflow.db"
