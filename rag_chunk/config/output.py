"""`OutputConfig`: where results are shown and sent. It changes no number, and is kept in no config file."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.problems import option_of
from rag_chunk.config.setting_checks import numbers

OutputFormat = Literal["table", "json", "csv", "markdown", "html"]
_FORMATS = {".html": "html", ".htm": "html", ".json": "json", ".csv": "csv", ".md": "markdown"}
FORMAT_DEFAULT: dict[str, JsonValue] = {"default_text": "from the name of the output file, else table"}


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
            "{file}: no output format has this file name extension. Use one of {endings}, or give --output, as in "
            "--output json",
            {"file": str(given["output_file"]), "endings": ", ".join(endings)},
        )
    return {**given, "output": endings[ending]}


def refuse_unheard(config: BaseModel, names: Collection[str], switch: str) -> None:
    """Refuse settings among `names` that were given, and that have no effect without the option `switch`."""
    given = [
        option_of(name, type(config)) for name in names if name in config.model_fields_set and getattr(config, name)
    ]
    if given:
        raise PydanticCustomError(
            "contradiction",
            "{given} {does} no effect without {switch}: add that, or leave {it} out",
            {
                "given": " and ".join(given),
                "does": "has" if len(given) == 1 else "have",
                "switch": switch,
                "it": given[0] if len(given) == 1 else "them",
            },
        )


class OutputConfig(BaseModel):
    """How the comparison is written, where results are kept, and whether MLflow gets them."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    output: OutputFormat = Field(
        "table", description="The format of the comparison.", json_schema_extra={**FORMAT_DEFAULT, "common": True}
    )
    output_file: Path | None = Field(
        None,
        description="Write the comparison to this file (.html, .json, .csv or .md) instead of printing it.",
        json_schema_extra={"flags": ["-o", "--output-file"], "common": True},
    )
    top: int | None = Field(None, ge=1, description="Show only this many configurations in the table, best first.")
    explain: bool = Field(
        False,
        description="Show the reasons of the verdict below the table.",
        json_schema_extra={"flags": ["--explain"], "common": True},
    )
    plot: bool = Field(
        False,
        description="Draw a chart of recall against the chunk size below the table, if you compare several sizes.",
        json_schema_extra={"flags": ["--plot"]},
    )
    explain_metrics: bool = Field(
        False,
        description="Explain every measured metric below the table, one line each.",
        json_schema_extra={"flags": ["--explain-metrics"]},
    )
    save: Path | None = Field(
        None,
        description="Save all results in this folder: report.html, report.json, configs, chunks.",
        json_schema_extra={"common": True},
    )
    cache: bool = Field(
        True,
        description="Keep tokens, places of evidence and vectors on disk for the next analysis of the same documents.",
    )
    quiet: bool = Field(
        False, description="No notices and no progress.", json_schema_extra={"flags": ["--quiet", "-q"]}
    )
    mlflow_tracking: bool = Field(
        False,
        description="Log the analysis to MLflow.",
        json_schema_extra={"flags": ["--mlflow-tracking"], "panel": "MLflow", "common": True},
    )
    _numbers = numbers
    _with_format = model_validator(mode="before")(with_format)
