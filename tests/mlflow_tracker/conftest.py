"""What the tests on databases of MLflow share."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest


@pytest.fixture(scope="session", autouse=True)
def _databases_that_do_not_wait_for_the_disk() -> Iterator[None]:
    """Let SQLite leave writing to the system: waiting for the disk takes most of the time, and nothing here has to survive a power cut."""
    if not find_spec("sqlalchemy"):
        yield
        return
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "connect", _leave_writing_to_the_system)
    yield
    event.remove(Engine, "connect", _leave_writing_to_the_system)


def _leave_writing_to_the_system(connection: Any, _: Any) -> None:
    if type(connection).__module__ == "sqlite3":
        connection.execute("PRAGMA synchronous=OFF")
