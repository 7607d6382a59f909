"""`OutputConfig`: where results are shown and sent. It changes no number, and is kept in no config file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.problems import option_of
from rag_chunk.config.run import numbers

OutputFormat = Literal["table", "json", "csv", "markdown", "html"]
LogChunks = Literal["all", "best", "spans", "none"]
WHERE_RUNS_ARE = "Where runs are kept; else MLFLOW_TRACKING_URI, else MLflow's own default."
_MLFLOW: dict[str, JsonValue] = {"panel": "MLflow"}
_WHERE_ALONE = ("mlflow_uri",)  # no results folder keeps an address: it may hold a password
_FORMATS = {".html": "html", ".htm": "html", ".json": "json", ".csv": "csv", ".md": "markdown"}
FORMAT_DEFAULT: dict[str, JsonValue] = {"default_text": "by the ending of the output file, else table"}


def with_format(cls: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, with `output` by the ending of `output_file` where only the file was named.

    >>> with_format(OutputConfig, {"output_file": "report.html"})["output"]
    'html'
    """
    ending = Path(given.get("output_file") or "").suffix.lower()
    if not ending or given.get("output") is not None:
        return dict(given)
    forms = get_args(cls.model_fields["output"].annotation)
    endings = {each: form for each, form in _FORMATS.items() if form in forms}
    if ending not in endings:
        raise PydanticCustomError(
            "unknown_ending",
            "{file} does not tell its format by its ending ({endings}); name it, as in --output json",
            {"file": str(given["output_file"]), "endings": ", ".join(endings)},
        )
    return {**given, "output": endings[ending]}


def refuse_unheard(config: BaseModel, names: Collection[str], switch: str) -> None:
    """Refuse settings among `names` that were given, and that nobody asks for without the option `switch`."""
    given = [
        option_of(name, type(config)) for name in names if name in config.model_fields_set and getattr(config, name)
    ]
    if given:
        raise PydanticCustomError(
            "contradiction",
            "{given} {does} nothing without {switch}: add that, or leave {it} out",
            {
                "given": " and ".join(given),
                "does": "does" if len(given) == 1 else "do",
                "switch": switch,
                "it": given[0] if len(given) == 1 else "them",
            },
        )


def _without_top(value: Any) -> Any:
    """Return the number of `top:5`; a number may stand alone, too."""
    return value.removeprefix("top:") if isinstance(value, str) else value


class OutputConfig(BaseModel):
    """How the comparison is written, where results are kept, and what MLflow is told."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    output: OutputFormat = Field(
        "table", description="How the comparison is written.", json_schema_extra=FORMAT_DEFAULT
    )
    output_file: Path | None = Field(
        None,
        description="Write it to this file instead: .html, .json, .csv, .md, or another as --output says.",
        json_schema_extra={"flags": ["-o", "--output-file"]},
    )
    top: int | None = Field(None, ge=1, description="How many configurations the table shows, best first.")
    explain: bool = Field(
        False,
        description="Show below the table what stands behind the verdict.",
        json_schema_extra={"flags": ["--explain"]},
    )
    save: Path | None = Field(None, description="A folder for all results: report.html, report.json, configs, chunks.")
    cache: bool = Field(True, description="Keep tokens on disk, for the next analysis of the same documents.")
    quiet: bool = Field(
        False, description="No notices and no progress.", json_schema_extra={"flags": ["--quiet", "-q"]}
    )
    mlflow_tracking: bool = Field(
        False,
        description="Log the analysis to MLflow.",
        json_schema_extra={"flags": ["--mlflow-tracking"], **_MLFLOW},
    )
    mlflow_uri: str | None = Field(
        None,
        description=WHERE_RUNS_ARE,
        json_schema_extra=_MLFLOW,
    )
    experiment_name: str | None = Field(
        None, description="The experiment.", json_schema_extra={"default_text": "rag-chunk", **_MLFLOW}
    )
    run_name: str | None = Field(None, description="The run's name.", json_schema_extra=_MLFLOW)
    tags: tuple[str, ...] = Field(
        (), description="Tags for every run.", json_schema_extra={"metavar": "KEY=VALUE[,…]", **_MLFLOW}
    )
    document_type: str | None = Field(
        None,
        description="The tag document_type.",
        json_schema_extra={"default_text": "the files' type, or mixed", **_MLFLOW},
    )
    dataset_name: str | None = Field(
        None, description="The tag dataset_name.", json_schema_extra={"default_text": "the folder's name", **_MLFLOW}
    )
    dataset_version: str | None = Field(None, description="The tag version.", json_schema_extra=_MLFLOW)
    log_chunks: LogChunks | None = Field(
        None,
        description="Whose chunks are logged.",
        json_schema_extra={"default_text": "all, while they are under 20 MB together", **_MLFLOW},
    )
    chunk_files: bool = Field(
        False,
        description="Log one .txt file a chunk, too.",
        json_schema_extra={"flags": ["--chunk-files"], **_MLFLOW},
    )
    log_runs: Annotated[int | None, BeforeValidator(_without_top)] = Field(
        None,
        ge=1,
        description="Log runs of the N best configurations only.",
        json_schema_extra={"metavar": "top:N", "default_text": "all", **_MLFLOW},
    )

    _numbers = numbers
    _with_format = model_validator(mode="before")(with_format)

    @model_validator(mode="after")
    def _tracking_is_asked_for(self) -> Self:
        """Refuse to lose what MLflow was to be told; what is saved keeps it for `track`, but for the address."""
        if not self.mlflow_tracking:
            refuse_unheard(self, _WHERE_ALONE if self.save else _OF_MLFLOW, "--mlflow-tracking")
        return self


_OF_MLFLOW = tuple(
    name
    for name, field in OutputConfig.model_fields.items()
    if isinstance(field.json_schema_extra, dict) and field.json_schema_extra.get("panel") == _MLFLOW["panel"]
)
