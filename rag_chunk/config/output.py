"""`OutputConfig`: where results are shown and sent. It changes no number, and is kept in no config file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, model_validator

from rag_chunk.config.numbers import numbers

OutputFormat = Literal["table", "json", "csv", "markdown", "html"]
LogChunks = Literal["all", "best", "spans", "none"]
WHERE_RUNS_ARE = "Where runs are kept; else MLFLOW_TRACKING_URI, else MLflow's own default."
_MLFLOW: dict[str, JsonValue] = {"panel": "MLflow"}
_FORMATS = {".html": "html", ".htm": "html", ".json": "json", ".csv": "csv", ".md": "markdown"}
FORMAT_DEFAULT: dict[str, JsonValue] = {"default_text": "by the ending of the output file, else table"}


def with_format(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, with `output` by the ending of `output_file` where only the file was named.

    >>> with_format({"output_file": "report.html"})["output"]
    'html'
    """
    named = _FORMATS.get(Path(given.get("output_file") or "").suffix.lower())
    return {**({"output": named} if named else {}), **given}


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
        description="Write it to this file instead; a table as Markdown.",
        json_schema_extra={"flags": ["-o", "--output-file"]},
    )
    top: int | None = Field(None, ge=1, description="How many configurations the table shows, best first.")
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
