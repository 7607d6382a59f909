"""Command-line options made from the fields of the configs.

`@with_settings` replaces a command's parameter `given: CommandLineOptions` by one option for each field, so that a
setting's name, default, limits and help are in one place. Every option defaults to `None`: what is in
`CommandLineOptions` was given. Typer would drop pydantic's limits, so values go through as text and pydantic judges.
`@with_options(…)` does the same for some of the fields, and `@with_fields` for a config that a command has to itself.
"""

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import wraps
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from rag_chunk.cli.completion import NAMED, config_files, names
from rag_chunk.cli.help import ALL_OPTIONS, RARE_OPTIONS
from rag_chunk.config import AnalysisConfig, OutputConfig, RunConfig, TrackingConfig, explain
from rag_chunk.config.analysis import ONLY_SCORE
from rag_chunk.config.field_notes import notes_of
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import CommandLineOptions
from rag_chunk.config.sweep import SWEPT
from rag_chunk.config.tracking import WHERE_RUNS_ARE
from rag_chunk.errors import SettingsError

Model = TypeVar("Model", bound=BaseModel)
_MODELS: tuple[tuple[type[BaseModel], str], ...] = (
    (RunConfig, "Settings"),
    (AnalysisConfig, "Documents and questions"),
    (OutputConfig, "Output"),
    (TrackingConfig, "MLflow"),
)
Uri = Annotated[str | None, typer.Option(help=WHERE_RUNS_ARE)]
_METAVARS = {int: "INTEGER", float: "NUMBER", str: "TEXT", Path: "PATH"}
_CONFIG_HELP = "A config file. Give -c several times to compare the files. Options override files."
_ONE_CONFIG_HELP = "A config file. Options override it."
_SHORTHANDS = {"use_tiktoken", "use_embeddings"}
_EXTENSIBLE = frozenset({"strategy", "retriever"})  # whose names are the built-in ones, and others


def _show_all(ctx: typer.Context, value: bool) -> None:  # noqa: FBT001 - Typer calls it so
    """Print the help with every option, and end."""
    if value:
        ctx.meta[ALL_OPTIONS] = True
        ctx.get_help()
        raise typer.Exit


_HELP_ALL = inspect.Parameter(
    "help_all",
    inspect.Parameter.KEYWORD_ONLY,
    default=typer.Option(False, "--help-all", callback=_show_all, is_eager=True, help="Show every option, and exit."),
    annotation=bool,
)


def _kind(info: FieldInfo) -> Any:
    """Return the type of a field, without the `None` that it may also be."""
    if get_origin(info.annotation) in {Union, UnionType}:
        return next(kind for kind in get_args(info.annotation) if kind is not type(None))
    return info.annotation


def _element(info: FieldInfo) -> Any:
    """Return the type of one value of a field: of a list's elements, else the field's own."""
    kind = _kind(info)
    return get_args(kind)[0] if get_origin(kind) in {tuple, dict} else kind


def _is_chosen(info: FieldInfo) -> bool:
    return get_origin(_element(info)) is Literal


def _metavar(info: FieldInfo, *, several: bool) -> str | None:
    element = _element(info)
    if element is bool:
        return None
    several = several or (_is_chosen(info) and element is not _kind(info))
    text = notes_of(info).get("metavar") or ("NAME" if _is_chosen(info) else _METAVARS[element])
    return f"{text}[,…]" if several else text


def _help(name: str, info: FieldInfo, *, several: bool) -> str:
    """Return the description, what may be chosen, and the default, which of a list may be another."""
    default = notes_of(info).get("default_text", info.default)
    default = notes_of(info).get("swept_default", default) if several else default
    shown = default not in (None, (), {}, False) and _kind(info) is not bool
    chosen = [f"One of {', '.join(get_args(_element(info)))}."] if _is_chosen(info) else []
    if name in _EXTENSIBLE:
        built_in = [each for each in NAMED[name] if several or each != "all"]
        chosen = [f"One of {', '.join(built_in)}, or your own, package.module:function."]
    note = r"\[required]" if info.is_required() else rf"\[default: {default}]"
    return " ".join([str(info.description), *chosen, *([note] if shown else [])])


def _completion(name: str, info: FieldInfo, *, several: bool) -> Callable[..., Any] | None:
    """Return what completes the values of a field that has names; nothing for the others."""
    chosen = get_args(_element(info)) if _is_chosen(info) else ()
    known = NAMED.get(name) or dict.fromkeys(chosen, "")
    return names(known, several=several or name == "metrics" or _element(info) is not _kind(info)) if known else None


def _option(name: str, info: FieldInfo, panel: str, *, several: bool) -> inspect.Parameter:
    """Return the option of one field: a flag, a repeatable text, or a text."""
    flag = f"--{name.replace('_', '-')}"
    extra = notes_of(info)
    kind = _kind(info)
    usual = [f"{flag}/--no-{flag[2:]}"] if kind is bool else [flag]
    annotation: Any = bool | None if kind is bool else str | None
    if get_origin(kind) in {tuple, dict} and not _is_chosen(info):
        annotation = list[str] | None
    if kind is bool and several:  # giving both compares both
        annotation = list[bool] | None
    default = typer.Option(
        None,
        *extra.get("flags", [*usual, *extra.get("aliases", [])]),
        help=_help(name, info, several=several),
        metavar=_metavar(info, several=several),
        autocompletion=_completion(name, info, several=several),
        rich_help_panel=extra.get("panel", panel),
    )
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)


def _parameters(names: Collection[str], *, swept: bool) -> Iterator[inspect.Parameter]:
    """Yield the options of the fields of these names, and the two that are no field."""
    for model, panel in _MODELS:
        for name, info in model.model_fields.items():
            if name in names and notes_of(info).get("option", True):
                yield _option(name, info, panel, several=swept and model is RunConfig and name in SWEPT)
    said = _CONFIG_HELP if swept else _ONE_CONFIG_HELP
    tiktoken = typer.Option(None, "--use-tiktoken", help="The same as --unit tokens.", rich_help_panel="Settings")
    dense = typer.Option(None, "--use-embeddings", help="The same as --retriever dense.", rich_help_panel="Settings")
    files = typer.Option(
        None,
        "--config",
        "-c",
        metavar="FILE",
        help=said,
        rich_help_panel="Settings",
        readable=False,
        autocompletion=config_files,
    )
    keyword = inspect.Parameter.KEYWORD_ONLY
    if "unit" in names:
        yield inspect.Parameter("use_tiktoken", keyword, default=tiktoken, annotation=bool | None)
    if "retriever" in names:
        yield inspect.Parameter("use_embeddings", keyword, default=dense, annotation=bool | None)
    yield inspect.Parameter("config", keyword, default=files, annotation=list[Path] | None)


def _sort_options(values: Mapping[str, Any]) -> CommandLineOptions:
    """Sort the options that were given by the model that they belong to."""
    named = {name: value for name, value in values.items() if value not in (None, [])}
    if named.pop("use_tiktoken", None):
        named["unit"] = "tokens"
    if named.pop("use_embeddings", None):
        named["retriever"] = "dense"
    files = tuple(named.pop("config", ()))
    settings, analysis, output, tracking = (
        {name: named[name] for name in model.model_fields if name in named} for model, _ in _MODELS
    )
    return CommandLineOptions(settings, analysis, output, tracking, files)


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command`, which takes `given: CommandLineOptions`, one option for each field of the configs."""
    names = {name for model, _ in _MODELS for name in model.model_fields} - {"source", *ONLY_SCORE}  # an argument
    return _with(command, [*_parameters(names, swept=True), _HELP_ALL])


def with_options(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, which takes `given: CommandLineOptions`, options for the fields of these names, and `--config`."""
    return lambda command: _with(command, list(_parameters(names, swept=False)))


def with_fields(model: type[Model], into: str = "given") -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command, which takes a validated `model` as `into`, one option for each of the model's fields."""
    options = [_option(name, info, "Options", several=False) for name, info in model.model_fields.items()]
    return lambda command: _with(command, options, lambda values: _validate(model, values), into)


def _validate(model: type[Model], values: Mapping[str, Any]) -> Model:
    try:
        return model(**{name: value for name, value in values.items() if value is not None})
    except ValidationError as error:
        raise SettingsError(explain(error, model, values)) from None


def _rare_options() -> frozenset[str]:
    """Return the options that only `--help-all` shows: of the settings, those that few people need."""
    fields = {name: info for model, _ in _MODELS for name, info in model.model_fields.items()}
    rare = {name for name, info in fields.items() if not notes_of(info).get("common")}
    return frozenset(rare | _SHORTHANDS | WorkersConfig.model_fields.keys())


def _with(
    command: Callable[..., None],
    generated: list[inspect.Parameter],
    load_settings: Callable[[Mapping[str, Any]], Any] = _sort_options,
    into: str = "given",
) -> Callable[..., None]:
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for name, parameter in signature.parameters.items() if name != into]
    names = {parameter.name for parameter in generated}

    @wraps(command)
    def wrapper(**values: Any) -> None:
        rest = {name: value for name, value in values.items() if name not in names}
        command(**rest, **{into: load_settings({name: value for name, value in values.items() if name in names})})

    if _HELP_ALL in generated:
        vars(wrapper)[RARE_OPTIONS] = _rare_options()
    parameters = [*(parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own), *generated]
    wrapper.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return wrapper
