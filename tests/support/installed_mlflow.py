"""What is known of MLflow without importing it, which would take seconds in every process that collects the tests."""

from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

import pytest


def skip_without_mlflow() -> None:
    """Skip the module that calls this where MLflow is not installed."""
    if find_spec("mlflow") is None:
        pytest.skip("the extra mlflow is not installed", allow_module_level=True)


def mlflow_version() -> tuple[int, ...]:
    """Return the major and the minor version."""
    try:
        found = version("mlflow")
    except PackageNotFoundError:
        found = version("mlflow-skinny")
    return tuple(map(int, found.split(".")[:2]))
