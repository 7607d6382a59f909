"""`AnalysisConfig`: what was analysed, and how configurations were compared."""

import itertools
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, field_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.catalog import CONVERTERS
from rag_chunk.config.metric_table import DEFAULT_GROUPS, METRIC_GROUPS, ON_REQUEST
from rag_chunk.config.names import did_you_mean, is_function_name, is_stored_address, local_path, path_text, safe_name
from rag_chunk.config.prices import Prices
from rag_chunk.config.setting_checks import numbers
from rag_chunk.errors import SettingsError

Missing = Literal["error", "warn"]
ONLY_SCORE = ("chunks", "retrieved")  # fields that `score` has, and no other command
ONLY_ANALYZE = ("max_embed_tokens", "max_context_tokens")  # those that `score`, which asks no model, has not
_SourcePath = Annotated[  # a folder, or an address of a store
    Path, BeforeValidator(local_path), PlainSerializer(path_text, when_used="json")
]
PATHS = ("source", "test_file", "chunks", "retrieved")
SOURCE_HELP = (
    "A folder of documents, one document, a table of {name, text} (.jsonl, .jsonl.gz, .parquet), a quoted pattern of "
    "tables, or an address such as s3://bucket/docs."
)
_GROUPS = "; ".join(f"{name}: {what}" for name, what in METRIC_GROUPS.items())


class AnalysisConfig(BaseModel):
    """Documents, questions, and how results are compared: with it an analysis can be repeated."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    source: _SourcePath | None = Field(None, description=SOURCE_HELP)
    include: tuple[str, ...] = Field((), description="Read only files that match one of these globs.")
    exclude: tuple[str, ...] = Field((), description="Leave out files that match one of these globs.")
    skip_unreadable: bool = Field(False, description="Leave out files that cannot be read, and say so.")
    converter: tuple[str, ...] = Field(
        (),
        description="How files that are not text become text, instead of the default for their ending: "
        f"{', '.join(CONVERTERS)}, or a function of yours (bytes, name) that returns the text. "
        "analyze compares those of a list with commas.",
        json_schema_extra={"metavar": "NAME[,…]"},
    )
    test_file: Path | None = Field(
        None,
        description="A file of questions with their evidence.",
        json_schema_extra={"aliases": ["--questions"], "common": True},
    )
    chunks: tuple[Path, ...] = Field(
        (),
        description="Your chunks, one JSON object a line: document, text (or start and end), and optionally an id.",
        json_schema_extra={"metavar": "FILE"},
    )
    retrieved: tuple[Path, ...] = Field(
        (),
        description="Your rankings, one JSON object a line: question or id, and chunks: their ids, best first.",
        json_schema_extra={"metavar": "FILE"},
    )
    missing: Missing = Field(
        "error",
        description="If a phrase is in no document: stop with an error, or leave it out and warn.",
    )
    metrics: tuple[str, ...] = Field(
        DEFAULT_GROUPS,
        description=f"Groups of metrics, or all. {_GROUPS}.",
        json_schema_extra={"metavar": "GROUP[,…]", "default_text": f"all but {' and '.join(ON_REQUEST)}"},
    )
    custom_metrics: tuple[str, ...] = Field(
        (),
        description="A metric of your own: a function (chunks, question) that returns a number, or a dict of numbers.",
        json_schema_extra={"flags": ["--custom-metric"], "metavar": "PACKAGE.MODULE:FUNCTION"},
    )
    baseline: str | None = Field(
        None,
        min_length=1,
        description="Compare every other configuration with this one: its name or its strategy.",
    )
    holdout: float | None = Field(
        None,
        gt=0,
        lt=1,
        description="Choose by the other questions, and report results on this share of them, as in 0.5.",
    )
    measure_costs: bool = Field(
        False,
        description="Measure what an index and a question cost: tokens, vectors and the retriever's time, and money if "
        "the config file has prices (costs).",
        json_schema_extra={"flags": ["--costs"]},
    )
    costs: Prices | None = Field(
        None,
        description="Prices: embedding (a million tokens), queries (a thousand), context (a million tokens), context_model (a "
        "million tokens), and the dimensions of a vector. They are measured where this is given.",
        json_schema_extra={"option": False},
    )
    max_embed_tokens: int = Field(
        2_000_000,
        ge=0,
        description="Stop before embedding if there are more tokens than this. hashing and model2vec have no limit.",
    )
    max_context_tokens: int = Field(
        2_000_000,
        ge=0,
        description="For index_context model: stop before more tokens than this are used; answers that were kept cost none.",
    )
    margin: float = Field(
        0,
        ge=0,
        le=1,
        description="Recommend the configuration with the fewest chunks whose recall is at most this much lower.",
    )

    _numbers = numbers

    @field_validator(*PATHS)
    @classmethod
    def _paths_can_be_written_down(cls, paths: Path | tuple[Path, ...] | None) -> Path | tuple[Path, ...] | None:
        """Refuse a name that UTF-8 cannot hold: no report and no config file could say it."""
        for path in (paths,) if isinstance(paths, Path) else paths or ():
            if (written := str(path).encode("utf-8", "backslashreplace").decode()) != str(path):
                raise PydanticCustomError(
                    "unusable_path",
                    "the name {path} is not UTF-8, and no report can say it; rename it",
                    {"path": written},
                )
        return paths

    @field_validator("metrics", mode="before")
    @classmethod
    def _list_metrics(cls, groups: Any) -> Any:
        """Take lists with commas too, and put the groups in one order; `budget` is always there."""
        listed = [groups] if isinstance(groups, str) else groups
        if not isinstance(listed, (list, tuple)) or not all(isinstance(group, str) for group in listed):
            return groups
        named = {name.strip() for group in listed for name in group.split(",")}
        for name in sorted(named - METRIC_GROUPS.keys() - {"all"}):
            raise PydanticCustomError(
                "unknown_name",
                "unknown group of metrics {name}{nearest}. There are {known}, and all",
                {"name": repr(name), "nearest": did_you_mean(name, METRIC_GROUPS), "known": ", ".join(METRIC_GROUPS)},
            )
        return tuple(group for group in METRIC_GROUPS if group in {*named, "budget"} or "all" in named)

    @field_validator("converter", mode="before")
    @classmethod
    def _converters_are_known(cls, names: Any) -> Any:
        listed = (names,) if isinstance(names, str) else names
        texts = [each for each in listed if isinstance(each, str)] if isinstance(listed, (list, tuple)) else []
        for name in (name for text in texts for name in _split(text)):
            if name not in CONVERTERS and not is_function_name(name):
                raise PydanticCustomError(
                    "unknown_name",
                    "unknown converter {name}{nearest}. There are {known}, and functions: package.module:function",
                    {"name": repr(name), "nearest": did_you_mean(name, CONVERTERS), "known": ", ".join(CONVERTERS)},
                )
        return listed

    @field_validator("custom_metrics", mode="before")
    @classmethod
    def _custom_metrics_name_functions(cls, functions: Any) -> Any:
        listed = (functions,) if isinstance(functions, str) else functions
        for name in listed if isinstance(listed, (list, tuple)) else ():
            if isinstance(name, str) and not is_function_name(name):
                raise PydanticCustomError(
                    "unknown_name",
                    "{name} does not name a metric function; the form is package.module:function",
                    {"name": repr(name)},
                )
        return listed

    def conversions(self) -> dict[str, tuple[str, ...]]:
        """Return the converters of each conversion that is compared, under its name; of a single one the name is empty.

        >>> AnalysisConfig(converter=("pypdfium2,liteparse", "xberg")).conversions()
        {'pypdfium2': ('pypdfium2', 'xberg'), 'liteparse': ('liteparse', 'xberg')}
        """
        rivals = [list(dict.fromkeys(_split(text))) for text in self.converter]
        varying = [place for place, names in enumerate(rivals) if len(names) > 1]
        return {
            safe_name("+".join(chosen[place] for place in varying)) if varying else "": chosen
            for chosen in itertools.product(*rivals)
        }

    def conversion(self) -> tuple[str, ...]:
        """Return the converters of the only conversion; raise `SettingsError` where several are named."""
        conversions = list(self.conversions().values())
        if len(conversions) > 1:
            raise SettingsError(
                f"--converter is a list, {','.join(self.converter)!r}; only analyze compares converters. Name one"
            )
        return conversions[0]

    def with_absolute_paths(self, folder: Path) -> "AnalysisConfig":
        """Return a copy whose relative paths are taken from `folder`, as absolute ones."""
        paths = {name: _absolute(value, folder) for name in PATHS if (value := getattr(self, name))}
        return self.model_copy(update=paths)

    def require_source(self) -> Path:
        """Return the source; raise `SettingsError` where there is none."""
        if self.source is None:
            message = "no documents were named. Name a folder, such as docs/"
            raise SettingsError(message)
        return self.source

    def require_test_file(self) -> Path:
        """Return the test file; raise `SettingsError` where there is none."""
        if self.test_file is None:
            message = "no question file was named. Name one: --test-file questions.json"
            raise SettingsError(message)
        return self.test_file

    def to_dict(self) -> dict[str, Any]:
        """Return the settings that are not at their defaults, with paths as text."""
        return self.model_dump(mode="json", exclude_defaults=True)


def _split(names: str) -> list[str]:
    return [name.strip() for name in names.split(",")]


def _absolute(value: Path | tuple[Path, ...], folder: Path) -> Path | tuple[Path, ...]:
    """Return a path, or several, taken from `folder`, as absolute ones."""
    if isinstance(value, tuple):
        return tuple((folder / path).absolute() for path in value)
    if is_stored_address(value) and not (folder / value.parts[0]).is_dir():  # a folder may be called s3:
        return value
    return (folder / value).absolute()
