"""MLflow's model registry: versions of a config under a name, and the aliases that point at them."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from rag_chunk.errors import InputError, SettingsError, TrackingError
from rag_chunk.mlflow_tracker.environment import mlflow_version
from rag_chunk.mlflow_tracker.failures import mlflow_calls
from rag_chunk.mlflow_tracker.store import Store

MODELS = "models:/"  # MLflow's own form of a version's address
ALIASES = (2, 3)  # the first MLflow that knows them
_ALIAS = re.compile(r"(?P<model>[^@:/]+)@(?P<alias>[\w-]+)")
_VERSION = re.compile(r"(?P<model>[^@:/]+)/(?P<version>\d+)")
_MISSING = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}


class ModelAlias(NamedTuple):
    """An alias of a registered model."""

    model: str
    alias: str

    def __str__(self) -> str:
        """Return it as people write it."""
        return f"{self.model}@{self.alias}"


def parse_alias(text: str, option: str) -> ModelAlias:
    """Read `NAME@ALIAS`, with or without `models:/` before it; raise `SettingsError` for anything else.

    >>> parse_alias("models:/docs-chunking@champion", "--as")
    ModelAlias(model='docs-chunking', alias='champion')
    """
    match = _ALIAS.fullmatch(text.removeprefix(MODELS))
    if match is None or match["alias"] == "latest" or re.fullmatch(r"[vV]?\d+", match["alias"]):
        raise SettingsError(
            f"{option}: {text!r} is no alias of a model. Write NAME@ALIAS, as in docs-chunking@champion; "
            "an alias is neither a number nor 'latest'"
        )
    return ModelAlias(match["model"], match["alias"])


def find_version(store: Store, name: str) -> Any:
    """Return the version that `models:/NAME@ALIAS` or `models:/NAME/3` names; raise `InputError` where there is none."""
    text = name.removeprefix(MODELS)
    if match := _ALIAS.fullmatch(text):
        version = version_of(store, ModelAlias(match["model"], match["alias"]))
    elif match := _VERSION.fullmatch(text):
        version = _ask(store, "get_model_version", match["model"], match["version"])
    else:
        raise InputError(f"{name} is no version of a model. Write models:/NAME@ALIAS or models:/NAME/3")
    if version is None:
        raise InputError(f"there is no {name} in {store.name}. Name another store with --mlflow-uri")
    if not version.run_id:
        raise InputError(f"{name} has no run behind it, so rag-chunk did not promote it")
    return version


def version_of(store: Store, alias: ModelAlias) -> Any:
    """Return the version that an alias points at, or None. Raise `TrackingError` where MLflow knows no aliases."""
    require_aliases()
    return _ask(store, "get_model_version_by_alias", alias.model, alias.alias)


def require_aliases() -> None:
    """Raise `TrackingError` where this MLflow knows no aliases."""
    if mlflow_version() < ALIASES:
        number = ".".join(map(str, mlflow_version()))
        raise TrackingError(
            f"MLflow {number} has no aliases of model versions; 2.3 and later do: pip install -U mlflow"
        )


def create_version(store: Store, model: str, run: Any, tags: Mapping[str, str], description: str) -> Any:
    """Create a version whose source is the config of a run, and the model with it where it is new."""
    from mlflow.exceptions import MlflowException

    run_id = str(run.info.run_id)
    with store.lock(), mlflow_calls(store.name):
        try:
            store.client.create_registered_model(model, description="Chunking configs that rag-chunk promoted.")
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        return store.client.create_model_version(
            model, f"runs:/{run_id}/config.yaml", run_id, tags=dict(tags), description=description
        )


def versions_of_run(store: Store, model: str, run_id: str) -> list[Any]:
    """Return the versions of a model that were made of a run, newest first."""
    with mlflow_calls(store.name):
        versions = list(store.client.search_model_versions(f"run_id = '{run_id}'"))
    return sorted((each for each in versions if each.name == model), key=lambda each: -int(each.version))


def move_alias(store: Store, alias: ModelAlias, version: str) -> None:
    """Let an alias point at a version."""
    with mlflow_calls(store.name):
        store.client.set_registered_model_alias(alias.model, alias.alias, version)


def _ask(store: Store, method: str, *names: str) -> Any:
    """Return what the registry has under a name, or None."""
    from mlflow.exceptions import MlflowException

    with mlflow_calls(store.name):
        try:
            return getattr(store.client, method)(*names)
        except MlflowException as error:
            if error.error_code not in _MISSING:
                raise
            return None
