"""Puts settings together: default < `rag-chunk.yaml` here < `--config FILE` < flags."""

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

from rag_chunk.config import (
    FOLDER_FILE,
    STRATEGIES,
    AnalysisConfig,
    ConfigFile,
    OutputConfig,
    RunConfig,
    TrackingConfig,
    explain,
    is_external,
    option_of,
    read_config,
)
from rag_chunk.config.analysis import ONLY_SCORE
from rag_chunk.config.names import is_stored_address, safe_name
from rag_chunk.config.output import refuse_unheard
from rag_chunk.config.setting_groups import settings_of
from rag_chunk.config.sweep import SWEPT, names_of, sweep, validate_run
from rag_chunk.config.trust import OF_READING, TRUSTED, trust_notice
from rag_chunk.errors import InputError, SettingsError

OF_CHUNK = settings_of("chunk", "embed")
OF_SCORE = ("unit", "model", *settings_of("score"))  # it counts sizes of chunks, which others made
_NO_FILES: Mapping[str, Any] = dict.fromkeys(ONLY_SCORE, ())  # should a file name them
_READ = ("source", "test_file")
_FILES_OF_SCORE = {"chunks": "--chunks chunks.jsonl", "retrieved": "--retrieved ranked.jsonl"}
_RANGED = ("chunk_size", "overlap")
_PARTS_OF_A_RANGE = 3
_MOST_VALUES = 1000
_DASHED = re.compile(r"\d+-\d+")

Notify = Callable[[str], None]
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class CommandLineOptions:
    """What was given on the command line, by field; nothing that was not."""

    settings: Mapping[str, Any] = field(default_factory=dict)
    analysis: Mapping[str, Any] = field(default_factory=dict)
    output: Mapping[str, Any] = field(default_factory=dict)
    tracking: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Settings:
    """What an analysis is to run: configurations by name, and how; and where its results go."""

    configs: Mapping[str, RunConfig]
    analysis: AnalysisConfig
    output: OutputConfig
    tracking: TrackingConfig = field(default_factory=TrackingConfig)
    skipped: tuple[tuple[str, str], ...] = ()
    config_files: tuple[Path, ...] = ()
    recorded: Mapping[str, Any] = field(default_factory=dict)


def load_settings(given: CommandLineOptions, notify: Notify) -> Settings:
    """Return the settings of an analysis. Calls `notify` with the files that it read."""
    base, rivals = _files(given, notify, _READ, TRUSTED)
    analysis = _validate(AnalysisConfig, {**base.analysis, **given.analysis, **_NO_FILES}, given.analysis)
    output, tracking = _output(given)
    if rivals and not any(name in given.settings for name in SWEPT):
        configs: Mapping[str, RunConfig] = {}
        skipped: tuple[tuple[str, str], ...] = ()
    else:
        standing, varied, left_out = _split_swept(base.settings, given.settings)
        swept = sweep(standing, varied, given.settings)
        configs, skipped = swept.configs, (*left_out, *swept.skipped)
    configs = {**configs, **_rivals(rivals, given)}
    _refuse_external(configs.values())
    _notify_unused(given.settings, configs.values(), notify)
    return Settings(configs, analysis, output, tracking, skipped, given.files, base.recorded)


def _notify_unused(given: Mapping[str, Any], configs: Collection[RunConfig], notify: Notify) -> None:
    """Name the options that none of the configurations uses."""
    for name in given:
        if configs and name in RunConfig.model_fields and not any(config.applies(name) for config in configs):
            notify(f"{option_of(name, RunConfig)} is ignored: no configuration here uses it")


def _refuse_external(configs: Iterable[RunConfig]) -> None:
    """Refuse configurations of chunks or rankings that `score` has read from files: they cannot be made anew."""
    for config in configs:
        for kind, name in (("strategy", config.strategy), ("retriever", config.retriever)):
            if is_external(name):
                raise SettingsError(
                    f"the {kind} {name} comes from a file: rag-chunk score scores it. "
                    f"To analyze, name another: --{kind}"
                )


def load_single(
    given: CommandLineOptions,
    notify: Notify,
    *,
    reads: Collection[str] = ("source",),
    used: Collection[str] = OF_CHUNK,
) -> Settings:
    """Return the settings of a command that takes one configuration, reads the paths `reads`, and runs by `used`."""
    base, rivals = _files(given, notify, reads, used)
    if rivals:
        raise SettingsError("give one --config: this command takes one configuration")
    for name, value in given.settings.items():
        if name in SWEPT and ("," in str(value) or (name in _RANGED and ":" in str(value))):
            option = option_of(name, RunConfig)
            raise SettingsError(f"{option} is a list, {value!r}; this command takes one configuration")
    config = validate_run({**base.settings, **given.settings}, given.settings)
    _notify_unused(given.settings, [config], notify)
    analysis = _validate(AnalysisConfig, {**base.analysis, **given.analysis}, given.analysis)
    output, tracking = _output(given)
    return Settings(
        dict(zip(names_of([config]), [config], strict=True)),
        analysis,
        output,
        tracking,
        config_files=given.files,
        recorded=base.recorded,
    )


def load_for_score(given: CommandLineOptions, notify: Notify, *, traced: bool = False) -> tuple[Settings, int | None]:
    """Return the settings of a score: one configuration, which says how to score, and the limit of the chunks, if given.

    A config file's settings for chunking apply only if `score` recorded the file. Chunks and rankings that are `traced`
    need no files.
    """
    base, rivals = _files(given, notify, _READ, ("custom_metrics",))
    if rivals:
        raise SettingsError("give one --config: this command compares pairs of --chunks and --retrieved")
    made = OF_SCORE if not is_external(str(base.settings.get("strategy"))) else (*OF_SCORE, "chunk_size")
    settings = {**{name: base.settings[name] for name in made if name in base.settings}, **given.settings}
    analysis = _validate(AnalysisConfig, {**base.analysis, **given.analysis}, given.analysis)
    needed = {
        **({} if traced else _FILES_OF_SCORE),
        "source": "--corpus docs/",
        "test_file": "--test-file questions.json",
    }
    if missing := [option for name, option in needed.items() if not getattr(analysis, name)]:
        raise SettingsError(f"missing options: {', '.join(missing)}")
    config, (output, tracking) = validate_run(settings, given.settings), _output(given)
    limit = config.chunk_size if "chunk_size" in settings else None
    return Settings(
        {"score": config}, analysis, output, tracking, config_files=given.files, recorded=base.recorded
    ), limit


def _files(
    given: CommandLineOptions, notify: Notify, reads: Collection[str], used: Collection[str]
) -> tuple[ConfigFile, Mapping[str, ConfigFile]]:
    """Return the file that lies under the flags, and the rivals where several were given.

    Calls `notify` with what the folder's file runs or sends by the settings `used`. Raise `InputError` where a file names
    one of the paths `reads`, no flag does, and nothing is there.
    """
    folder_file = Path(FOLDER_FILE)
    base = read_config(folder_file) if folder_file.exists() else ConfigFile()
    if folder_file.exists():
        notify(f"settings from {FOLDER_FILE}")
    over = read_config(given.files[0]) if len(given.files) == 1 else ConfigFile()
    run = (*used, *OF_READING) if "source" in reads else used
    winning = {**over.settings, **over.analysis, **given.settings, **given.analysis}
    if notice := trust_notice(FOLDER_FILE, {**base.settings, **base.analysis}, winning, run):
        notify(notice)
    if len(given.files) == 1:
        notify(f"settings from {given.files[0]}")
        _refuse_missing({given.files[0]: over, folder_file: base}, reads, given)
        base = ConfigFile(
            {**base.settings, **over.settings}, {**base.analysis, **over.analysis}, over.recorded or base.recorded
        )
        return base, {}
    _refuse_missing({folder_file: base}, reads, given)
    rivals = {safe_name(path.stem): read_config(path) for path in given.files}
    if len(rivals) < len(given.files):
        raise SettingsError("two of the --config files have the same name; give each a name of its own")
    return base, rivals


def _refuse_missing(files: Mapping[Path, ConfigFile], reads: Collection[str], given: CommandLineOptions) -> None:
    """Raise `InputError` where a path of a file does not exist; of `files`, the first that names it holds."""
    missing = []
    for name in (name for name in reads if name not in given.analysis):
        where, path = next(
            ((file, read.analysis[name]) for file, read in files.items() if name in read.analysis), (None, None)
        )
        if path is None or is_stored_address(path) or set("*?[") & set(str(path)):  # the reader looks there
            continue
        if not os.path.exists(path):  # noqa: PTH110 - says no, and raises nothing, for a folder without permission
            missing.append(f"{where} sets {name} to {path}, which does not exist")
    if missing:
        raise InputError(f"{'; '.join(missing)}. Correct it there, or name yours on the command line, which wins")


def _rivals(files: Mapping[str, ConfigFile], given: CommandLineOptions) -> dict[str, RunConfig]:
    flags = {name: value for name, value in given.settings.items() if name not in SWEPT}
    return {name: validate_run({**file.settings, **flags}, flags) for name, file in files.items()}


def _split_swept(
    base: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[Any]], list[tuple[str, str]]]:
    """Split settings into single ones, the lists that the analysis runs through, and what of `all` cannot run."""
    varied = {name: _parse_list(name, given[name]) for name in SWEPT if name in given}
    if "strategy" not in varied and "strategy" not in base:
        varied = {"strategy": ["all"], **varied}
    settings = {name: value for name, value in {**base, **given}.items() if name not in varied}
    left_out: list[tuple[str, str]] = []
    if "all" in varied.get("strategy", ()):
        from rag_chunk.config.extras import lack_of  # looks for packages

        usual = {name: row for name, row in STRATEGIES.items() if row.is_for_any}
        lacks = {name: lack_of(row, settings.get("embedding_model")) for name, row in usual.items()}
        can_run = [name for name, lack in lacks.items() if lack is None]
        varied["strategy"] = list(dict.fromkeys([*can_run, *(each for each in varied["strategy"] if each != "all")]))
        left_out = [(name, f"it needs {lack}") for name, lack in lacks.items() if name not in varied["strategy"]]
    return settings, varied, left_out


def _parse_list(name: str, given: Any) -> list[Any]:
    """Return the elements of a comma list, or of flags that were given several times."""
    if not isinstance(given, str):
        return list(dict.fromkeys(given))
    elements = [element.strip() for element in given.split(",")]
    if "" in elements:
        raise SettingsError(f"{option_of(name, RunConfig)} is a list with an empty place in it: {given!r}")
    return list(dict.fromkeys(value for element in elements for value in _expand_range(name, element)))


def _expand_range(name: str, element: str) -> list[str]:
    """Return the values of a range, its end included: `100:300:100` is 100, 200 and 300; else the element alone."""
    if name in _RANGED and _DASHED.fullmatch(element):
        raise SettingsError(
            f"{option_of(name, RunConfig)} is {element!r}. A range is first:last:step, as in 100:800:100; "
            "a list has commas, as in 100,200"
        )
    if name not in _RANGED or ":" not in element:
        return [element]
    parts = element.split(":")
    numbers = [int(part) for part in parts if part.isascii() and part.isdigit()]
    if len(numbers) != len(parts) or len(parts) != _PARTS_OF_A_RANGE or numbers[2] == 0 or numbers[0] > numbers[1]:
        raise SettingsError(
            f"{option_of(name, RunConfig)} has a range that cannot be read: {element!r}. "
            "The form is first:last:step, the smaller first and a step from 1, as in 100:800:100"
        )
    first, last, step = numbers
    if (last - first) // step >= _MOST_VALUES:
        count = f"{1 + (last - first) // step:,} values; {_MOST_VALUES} are the most. Choose a larger step"
        raise SettingsError(f"{option_of(name, RunConfig)} has a range of {count}: {element!r}")
    return [str(value) for value in range(first, last + 1, step)]


def _validate(model: type[Model], settings: Mapping[str, Any], flags: Collection[str]) -> Model:
    """Return the config of `settings`, of which `flags` were options of the command line."""
    try:
        return model(**settings)
    except ValidationError as error:
        raise SettingsError(explain(error, model, flags)) from None


def _output(given: CommandLineOptions) -> tuple[OutputConfig, TrackingConfig]:
    """Return where results go. What is saved keeps what MLflow is to be told for `track`, but for the address."""
    output = _validate(OutputConfig, given.output, given.output)
    tracking = _validate(TrackingConfig, given.tracking, given.tracking)
    if not output.mlflow_tracking:
        try:
            refuse_unheard(tracking, ("uri",) if output.save else tuple(given.tracking), "--mlflow-tracking")
        except PydanticCustomError as error:
            raise SettingsError(error.message()) from None
    return output, tracking
