"""`TrackingOptions`: where an analysis is tracked, and under which names and tags."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Literal, Self, get_args

from pydantic import TypeAdapter, ValidationError

from rag_chunk.config.redaction import redact
from rag_chunk.errors import InputError, SettingsError

LogChunks = Literal["all", "best", "spans", "none"]
LOG_CHUNKS: tuple[LogChunks, ...] = get_args(LogChunks)
RESERVED = ("mlflow.", "rag_chunk.")
LONGEST_KEY = 250
_NO_OPTIONS = "tracking.json does not hold tracking options; save the analysis again"
_KEY = re.compile(r"[\w.\- /]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingOptions:
    """How an analysis is tracked. `uri` and `parent_run_id` belong to a machine and are never saved.

    `provenance` becomes tags of ours: `{"reproduces": id}` is `rag_chunk.reproduces`. `run_id` is a run that was
    begun for the analysis and not finished; it is completed where it is found.
    """

    uri: str | None = None
    parent_run_id: str | None = None
    experiment_name: str | None = None
    run_name: str | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    document_type: str | None = None
    dataset_name: str | None = None
    dataset_version: str | None = None
    log_chunks: LogChunks | None = None
    chunk_files: bool = False
    log_runs: int | None = None
    provenance: Mapping[str, str] = field(default_factory=dict)
    run_id: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what `tracking.json` holds: everything that is set, without the store's address and without passwords."""
        return {name: _without_secrets(value) for name, value in asdict(self).items() if name not in _UNSAVED and value}

    @classmethod
    def from_json(cls, loaded: Any) -> Self:
        """Return the options that `tracking.json` holds; raise `InputError` where it cannot be used."""
        known = {spec.name for spec in fields(cls)} - set(_UNSAVED)
        if not isinstance(loaded, dict) or not set(loaded) <= known:
            raise InputError(_NO_OPTIONS)
        try:
            return TypeAdapter(cls).validate_python(loaded)
        except ValidationError:
            raise InputError(_NO_OPTIONS) from None

    def over(self, saved: "TrackingOptions") -> Self:
        """Return these options where they are given, and the saved ones elsewhere; tags of both."""
        given: dict[str, Any] = {spec.name: value for spec in fields(self) if (value := getattr(self, spec.name))}
        merged = {name: {**getattr(saved, name), **getattr(self, name)} for name in ("tags", "provenance")}
        return replace(self, **{spec.name: getattr(saved, spec.name) for spec in fields(saved)} | given | merged)


_UNSAVED = ("uri", "parent_run_id")


def _without_secrets(value: Any) -> Any:
    """Return a text, or a mapping's texts, redacted; anything else as it is."""
    if isinstance(value, dict):
        return {name: _without_secrets(each) for name, each in value.items()}
    return redact(value) if isinstance(value, str) else value


def parse_tags(values: Sequence[str]) -> dict[str, str]:
    """Read the values of `--tags`, each `key=value,key=value`; a value may contain `=`.

    >>> parse_tags(["team=search,query=a=b", "stage=test"])
    {'team': 'search', 'query': 'a=b', 'stage': 'test'}
    """
    return dict(_pair(pair) for value in values for pair in _pairs(value))


def _pairs(value: str) -> Iterator[str]:
    """Yield what stands between commas; a comma at the end is forgiven."""
    yield from (pair for pair in value.split(",") if pair.strip())


def _pair(pair: str) -> tuple[str, str]:
    key, equals, value = (part.strip() for part in pair.partition("="))
    if not equals:
        raise SettingsError(f"--tags: {pair!r} has no '='. Write key=value,key=value")
    if not key:
        raise SettingsError(f"--tags: {pair!r} has no name before the '='. Write key=value,key=value")
    if key.startswith(RESERVED):
        raise SettingsError(f"--tags: {key!r} is reserved: names may not start with mlflow. or rag_chunk.")
    if not _KEY.fullmatch(key) or len(key) > LONGEST_KEY:
        raise SettingsError(
            f"--tags: {key!r} cannot be a tag's name: letters, digits, '_', '-', '.', spaces and '/' can, at most 250"
        )
    return key, value
