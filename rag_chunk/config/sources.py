"""Puts settings together: default < `rag-chunk.yaml` here < `--config FILE` < flags."""

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
from rag_chunk.config.extras import lack_of
from rag_chunk.config.names import safe_name
from rag_chunk.config.output import refuse_unheard
from rag_chunk.config.run import settings_of
from rag_chunk.config.sweep import SWEPT, names_of, sweep, validate_run
from rag_chunk.errors import SettingsError

OF_CHUNK = settings_of("chunk", "embed")
OF_SCORE = ("unit", "model", *settings_of("score"))  # its budgets are characters, its sizes units
_NO_FILES: Mapping[str, Any] = dict.fromkeys(ONLY_SCORE, ())  # should a file name them
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
    recorded: Mapping[str, Any] = field(default_factory=dict)


def load_settings(given: CommandLineOptions, notify: Notify) -> Settings:
    """Return the settings of an analysis. Which files took part is told to `notify`."""
    base, rivals = _files(given, notify)
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
    return Settings(configs, analysis, output, tracking, skipped, base.recorded)


def _refuse_external(configs: Iterable[RunConfig]) -> None:
    """Refuse configurations that stand for what `score` has read from files: they cannot be made anew."""
    for config in configs:
        for kind, name in (("strategy", config.strategy), ("retriever", config.retriever)):
            if is_external(name):
                raise SettingsError(
                    f"the {kind} {name} stands for what was read from a file: rag-chunk score scores it. "
                    f"To analyze, name another: --{kind}"
                )


def load_single(given: CommandLineOptions, notify: Notify) -> Settings:
    """Return the settings of a command that takes one configuration."""
    base, rivals = _files(given, notify)
    if rivals:
        raise SettingsError("give one --config: this command takes one configuration")
    for name, value in given.settings.items():
        if name in SWEPT and "," in str(value):
            option = option_of(name, RunConfig)
            raise SettingsError(f"{option} is a list, {value!r}; this command takes one configuration")
    config = validate_run({**base.settings, **given.settings}, given.settings)
    analysis = _validate(AnalysisConfig, {**base.analysis, **given.analysis}, given.analysis)
    output, tracking = _output(given)
    return Settings(
        dict(zip(names_of([config]), [config], strict=True)), analysis, output, tracking, recorded=base.recorded
    )


def load_for_score(given: CommandLineOptions, notify: Notify) -> tuple[Settings, int | None]:
    """Return the settings of a score: one configuration, which says how to score, and the limit of the chunks, if given.

    What a file says of chunking holds for chunks of our own; it is taken only from a file that `score` has recorded.
    """
    base, rivals = _files(given, notify)
    if rivals:
        raise SettingsError("give one --config: what is compared are pairs of --chunks and --retrieved")
    made = OF_SCORE if not is_external(str(base.settings.get("strategy"))) else (*OF_SCORE, "chunk_size")
    settings = {**{name: base.settings[name] for name in made if name in base.settings}, **given.settings}
    analysis = _validate(AnalysisConfig, {**base.analysis, **given.analysis}, given.analysis)
    if analysis.source is None:
        raise SettingsError("no documents were named. Give those that were chunked: --corpus docs/")
    analysis.require_test_file()
    config, (output, tracking) = validate_run(settings, given.settings), _output(given)
    limit = config.chunk_size if "chunk_size" in settings else None
    return Settings({"score": config}, analysis, output, tracking, recorded=base.recorded), limit


def _files(given: CommandLineOptions, notify: Notify) -> tuple[ConfigFile, Mapping[str, ConfigFile]]:
    """Return the file that lies under the flags, and the rivals where several were given."""
    folder_file = Path(FOLDER_FILE)
    base = read_config(folder_file) if folder_file.exists() else ConfigFile()
    if folder_file.exists():
        notify(f"settings from {FOLDER_FILE}")
    if len(given.files) == 1:
        over = read_config(given.files[0])
        notify(f"settings from {given.files[0]}")
        base = ConfigFile(
            {**base.settings, **over.settings}, {**base.analysis, **over.analysis}, over.recorded or base.recorded
        )
        return base, {}
    rivals = {safe_name(path.stem): read_config(path) for path in given.files}
    if len(rivals) < len(given.files):
        raise SettingsError("two of the --config files have the same name; rivals are told apart by it")
    return base, rivals


def _rivals(files: Mapping[str, ConfigFile], given: CommandLineOptions) -> dict[str, RunConfig]:
    flags = {name: value for name, value in given.settings.items() if name not in SWEPT}
    return {name: validate_run({**file.settings, **flags}, flags) for name, file in files.items()}


def _split_swept(
    base: Mapping[str, Any], given: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, list[Any]], list[tuple[str, str]]]:
    """Split settings into those that stand, the lists that the analysis runs through, and what of `all` cannot run."""
    varied = {name: _parse_list(name, given[name]) for name in SWEPT if name in given}
    if "strategy" not in varied and "strategy" not in base:
        varied = {"strategy": ["all"], **varied}
    settings = {name: value for name, value in {**base, **given}.items() if name not in varied}
    left_out: list[tuple[str, str]] = []
    if "all" in varied.get("strategy", ()):
        usual = {name: row for name, row in STRATEGIES.items() if not row.needs_pages}
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
    return list(dict.fromkeys(elements))


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
