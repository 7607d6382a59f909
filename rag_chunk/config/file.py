"""Config files: settings at the top level, and the optional sections `analysis` and `recorded`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from rag_chunk.config.analysis import PATHS, AnalysisConfig
from rag_chunk.config.problems import explain
from rag_chunk.config.run import RunConfig
from rag_chunk.errors import InputError

SCHEMA_VERSION = 2
FOLDER_FILE = "rag-chunk.yaml"
SECTIONS = ("analysis", "recorded")
_MOST_BYTES = 4_000_000  # a million characters, which YAML is read of at most, fit into them


def _upgrade_1(settings: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 had the names of the old program's flags: `use_tiktoken`, `tiktoken_model`."""
    upgraded = dict(settings)
    if "use_tiktoken" in upgraded:
        upgraded["unit"] = "tokens" if upgraded.pop("use_tiktoken") else "words"
    if "tiktoken_model" in upgraded:
        upgraded["model"] = upgraded.pop("tiktoken_model")
    return upgraded


UPGRADES: dict[int, Callable[[dict[str, Any]], dict[str, Any]]] = {1: _upgrade_1}


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The content of a config file: only the settings that are written in it.

    `recorded` is provenance (run id, digests, versions, metrics), never a setting.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    recorded: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> RunConfig:
        """Return the `RunConfig` that the file's settings give."""
        return RunConfig(**self.settings)

    def relative_to_folder(self, folder: Path) -> "ConfigFile":
        """Return the file as it is written in `folder`: paths below it are relative to it, so that both can be moved."""
        paths = {name: _from(self.analysis[name], folder.absolute()) for name in PATHS if name in self.analysis}
        return replace(self, analysis={**self.analysis, **paths})

    def to_yaml(self) -> str:
        """Return the file's text: the same for `export-config` and for the tracked artifact."""
        from rag_chunk.config import yaml_text

        sections = {name: dict(section) for name in SECTIONS if (section := getattr(self, name))}
        return yaml_text.dump({"schema_version": SCHEMA_VERSION, **self.settings, **sections})


def _from(path: Any, folder: Path) -> Any:
    """Return a path, or each of several, from `folder` on if it is below it, else as it is; `null` is no path."""
    if path is None:
        return None
    if isinstance(path, list):
        return [_from(each, folder) for each in path]
    if ".." in Path(path).parts:
        whole, top = Path(path).resolve(), folder.resolve()
    else:  # a link in it stays what it is
        whole, top = Path(path), folder
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else path


def _upgrade(settings: dict[str, Any], where: str) -> dict[str, Any]:
    """Take `schema_version` out of `settings` and bring older settings up to date, one version at a time."""
    version = settings.pop("schema_version", SCHEMA_VERSION)
    if isinstance(version, bool) or not isinstance(version, int) or version < 1:
        raise InputError(f"{where}: schema_version must be a whole number from 1 to {SCHEMA_VERSION}, not {version!r}")
    if version > SCHEMA_VERSION:
        raise InputError(
            f"{where} has schema_version {version}; this rag-chunk reads up to {SCHEMA_VERSION}. "
            "Upgrade it: pip install --upgrade rag-chunk"
        )
    for older in range(version, SCHEMA_VERSION):
        settings = UPGRADES[older](settings)
    return settings


def _check(model: type[BaseModel], settings: Mapping[str, Any], where: str) -> None:
    """Raise `InputError` with all that is wrong."""
    try:
        model.model_validate(dict(settings))
    except ValidationError as error:
        misplaced = ", ".join(name for name in settings if model is RunConfig and name in AnalysisConfig.model_fields)
        hint = f". Put {misplaced} below analysis:" if misplaced else ""
        raise InputError(f"{where}: {explain(error, model)}{hint}") from None


def parse_config(text: str, where: str, folder: Path | None = None) -> ConfigFile:
    """Read a config from `text`, upgraded and checked. Relative paths in it start at `folder`.

    Raise `InputError`, with every problem, where it cannot be used.
    """
    from rag_chunk.config import yaml_text

    try:
        loaded = yaml_text.load(text)
    except ValueError as error:
        raise InputError(f"{where} cannot be read as YAML: {error}") from None
    if not isinstance(loaded, dict):
        raise InputError(f"{where} must hold settings, as in 'chunk_size: 200'; it holds {_kind(loaded)}")
    settings = _upgrade(loaded, where)
    sections = {name: settings.pop(name, None) or {} for name in SECTIONS}
    for name, section in sections.items():
        if not isinstance(section, dict):
            raise InputError(f"{where}: {name} must hold settings; it holds {_kind(section)}")
    _check(RunConfig, settings, where)
    _check(AnalysisConfig, sections["analysis"], f"{where}, analysis")
    analysis = AnalysisConfig(**sections["analysis"]).with_absolute_paths(folder or Path.cwd()).to_dict()
    return ConfigFile(
        settings,
        {name: analysis.get(name, sections["analysis"][name]) for name in sections["analysis"]},
        sections["recorded"],
    )


def _kind(value: object) -> str:
    return {"NoneType": "nothing", "list": "a list", "str": "text"}.get(type(value).__name__, "something else")


def read_config(path: str | Path) -> ConfigFile:
    """Read the config file at `path`; raise `InputError` where it cannot be used."""
    path = Path(path)
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:  # /dev/zero has no end
            raise InputError(f"the config file {path} has more than {_MOST_BYTES:,} bytes; it is not a config")
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError(f"there is no config file {path}") from None
    except OSError as error:
        raise InputError(f"the config file {path} cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"the config file {path} is not UTF-8 at byte {error.start}") from None
    return parse_config(text, str(path), path.absolute().parent)
