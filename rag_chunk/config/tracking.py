"""`TrackingConfig`: where an analysis is tracked, and under which names and tags."""

import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Literal, Self, get_args
from uuid import uuid4

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError

from rag_chunk.config.setting_checks import numbers
from rag_chunk.errors import InputError, SettingsError

LogChunks = Literal["all", "best", "spans", "none"]
LOG_CHUNKS: tuple[LogChunks, ...] = get_args(LogChunks)
WHERE_RUNS_ARE = "Where runs are kept; else MLFLOW_TRACKING_URI, else MLflow's own default."
RESERVED = ("mlflow.", "rag_chunk.")
LONGEST_KEY = 250
_TAGS = "MLFLOW_TAGS"
_TRACKING_ID = "tracking_id"  # in the provenance, which is saved in tracking.json and tagged on each run
_ID = re.compile("[0-9a-f]{32}")
_UNSAVED = {"uri", "parent_run_id"}  # they belong to a machine; an address may hold a password
_NO_OPTIONS = "tracking.json does not hold tracking options; save the analysis again"
_QUOTED = re.compile(r'"[^"]*"')
_QUOTED_PARTS = re.compile(r'(?:[^,"]|"[^"]*")+')
_KEY = re.compile(r"[\w.\- /]+")
_NO_OPTION: dict[str, JsonValue] = {"option": False}


def parse_tags(values: Sequence[str]) -> dict[str, str]:
    """Read the values of `--tags`, each `key=value,key=value`; a value may contain `=`, and a comma in double quotes.

    >>> parse_tags(["team=search,query=a=b", 'authors="Ann, Bo"'])
    {'team': 'search', 'query': 'a=b', 'authors': 'Ann, Bo'}
    """
    return dict(_pair(pair) for value in values for pair in _pairs(value))


def tags_of_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the tags of `MLFLOW_TAGS`, a JSON object as other tools write it.

    Raise `SettingsError` where it is something else, or names a tag that is reserved.

    >>> tags_of_environment({"MLFLOW_TAGS": '{"team": "search", "build": 7}'})
    {'team': 'search', 'build': '7'}
    """
    text = environment.get(_TAGS, "").strip()
    try:
        loaded = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        loaded = None
    if not isinstance(loaded, dict):
        raise SettingsError(f'{_TAGS} is not a JSON object such as {{"team": "search"}}; correct or unset it')
    return {_check_key(key.strip(), _TAGS): str(value) for key, value in loaded.items()}


def _pairs(value: str) -> Iterator[str]:
    """Yield the pairs between commas that are not in double quotes; a comma at the end is forgiven."""
    parts = _QUOTED_PARTS.findall(value) if value.count('"') % 2 == 0 else value.split(",")
    yield from (pair for pair in parts if pair.strip())


def _pair(pair: str) -> tuple[str, str]:
    key, equals, value = (part.strip() for part in _without_quotes(pair).partition("="))
    if not equals:
        raise SettingsError(
            f"--tags: {pair!r} has no '='. Write key=value,key=value; "
            "a value with a comma goes in double quotes: --tags 'key=\"a, b\"'"
        )
    if not key:
        raise SettingsError(f"--tags: {pair!r} has no name before the '='. Write key=value,key=value")
    return _check_key(key, "--tags"), _without_quotes(value)


def _check_key(key: str, where: str) -> str:
    if key.startswith(RESERVED):
        raise SettingsError(f"{where}: {key!r} is reserved: names may not start with mlflow. or rag_chunk.")
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise SettingsError(
            f"{where}: {key!r} cannot be a tag's name: letters, digits, '_', '-', '.', spaces and '/' can, at most 250"
        )
    return key


def _without_quotes(text: str) -> str:
    """Return a text without the double quotes around the whole of it."""
    return text.strip()[1:-1] if _QUOTED.fullmatch(text.strip()) else text


def _read_tags(tags: Any) -> Any:
    return parse_tags(tags) if isinstance(tags, list | tuple) else tags


def _without_top(value: Any) -> Any:
    """Return the number of `top:5`; a number alone is fine, too."""
    return value.removeprefix("top:") if isinstance(value, str) else value


class TrackingConfig(BaseModel):
    """How an analysis is tracked. `uri` and `parent_run_id` belong to a machine and are never saved.

    `provenance` becomes tags of ours: `{"reproduces": id}` is `rag_chunk.reproduces`. `run_id` is a run that was
    begun for the analysis and not finished; it is completed where it is found.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    uri: str | None = Field(None, description=WHERE_RUNS_ARE, json_schema_extra={"flags": ["--mlflow-uri"]})
    experiment_name: str | None = Field(
        None, description="The experiment.", json_schema_extra={"default_text": "rag-chunk"}
    )
    run_name: str | None = Field(None, description="The run's name.")
    tags: Annotated[dict[str, str], BeforeValidator(_read_tags)] = Field(
        {}, description="Tags for every run.", json_schema_extra={"metavar": "KEY=VALUE[,…]"}
    )
    document_type: str | None = Field(
        None, description="The tag document_type.", json_schema_extra={"default_text": "the files' type, or mixed"}
    )
    dataset_name: str | None = Field(
        None, description="The tag dataset_name.", json_schema_extra={"default_text": "the folder's name"}
    )
    dataset_version: str | None = Field(None, description="The tag version.")
    log_chunks: LogChunks | None = Field(
        None,
        description="Log the chunks of these configurations.",
        json_schema_extra={"default_text": "all, while they are under 20 MB together"},
    )
    chunk_files: bool = Field(
        False, description="Also log each chunk as a .txt file.", json_schema_extra={"flags": ["--chunk-files"]}
    )
    log_runs: Annotated[int | None, BeforeValidator(_without_top)] = Field(
        None,
        ge=1,
        description="Log runs of only the N best configurations.",
        json_schema_extra={"metavar": "top:N", "default_text": "all"},
    )
    questions_dataset: str | None = Field(
        None,
        description="Merge the questions into this evaluation dataset of MLflow.",
        json_schema_extra={"metavar": "NAME"},
    )
    provenance: Mapping[str, str] = Field({}, json_schema_extra=_NO_OPTION)
    parent_run_id: str | None = Field(None, json_schema_extra=_NO_OPTION)
    run_id: str | None = Field(None, json_schema_extra=_NO_OPTION)

    _numbers = numbers

    def to_json(self) -> dict[str, Any]:
        """Return what `tracking.json` holds: everything that is set, without the store's address and without passwords."""
        return {name: _without_secrets(value) for name, value in self.model_dump(exclude=_UNSAVED).items() if value}

    @classmethod
    def from_json(cls, loaded: Any) -> Self:
        """Return the options that `tracking.json` holds; raise `InputError` where it cannot be used."""
        if not isinstance(loaded, dict) or not _UNSAVED.isdisjoint(loaded):
            raise InputError(_NO_OPTIONS)
        try:
            return cls(**loaded)
        except (TypeError, ValidationError):
            raise InputError(_NO_OPTIONS) from None

    def with_environment_tags(self) -> Self:
        """Return these options with the tags of `MLFLOW_TAGS` added, which go behind those that are given."""
        return self.model_copy(update={"tags": {**tags_of_environment(), **self.tags}})

    @property
    def tracking_id(self) -> str:
        """The unique id by which the runs of this analysis are found; empty where there is none that can be used."""
        saved = self.provenance.get(_TRACKING_ID, "")
        return saved if _ID.fullmatch(saved) else ""  # it is part of a search filter, and a folder's name

    def with_tracking_id(self) -> Self:
        """Return these options with a unique id; one that was saved is kept."""
        tracking_id = self.tracking_id or uuid4().hex
        return self.model_copy(update={"provenance": {**self.provenance, _TRACKING_ID: tracking_id}})

    def over(self, saved: "TrackingConfig") -> Self:
        """Return these options where they are given, and the saved ones elsewhere; tags of both."""
        given = {name: value for name, value in self.model_dump().items() if value}
        merged = {name: {**getattr(saved, name), **getattr(self, name)} for name in ("tags", "provenance")}
        return type(self)(**{**saved.model_dump(), **given, **merged})


def _without_secrets(value: Any) -> Any:
    """Return a text, or a mapping's texts, redacted; anything else as it is."""
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    from rag_chunk.config.redaction import redact  # compiles six expressions, for what is sent or saved

    return redact(value) if isinstance(value, str) else value
