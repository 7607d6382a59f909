"""Settings of what is done with tracked or saved analyses: compare, reproduce, promote, diagnose.

They change no number of an analysis, and are kept in no config file.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from rag_chunk.config.output import FORMAT_DEFAULT, refuse_unheard, with_format
from rag_chunk.config.setting_checks import numbers
from rag_chunk.config.tracking import WHERE_RUNS_ARE

_MLFLOW: dict[str, JsonValue] = {"panel": "MLflow"}
_QUIET: dict[str, JsonValue] = {"flags": ["--quiet", "-q"]}
HEADLINE = "budget_recall"
MARGIN = 0.02  # the drop that a gate lets pass

# Settings that several of these commands have.
_TestFile = Annotated[
    Path | None,
    Field(
        description="The questions.",
        json_schema_extra={"aliases": ["--questions"], "default_text": "where they were"},
    ),
]
_Output = Annotated[
    Literal["table", "json", "markdown"],
    Field(description="How the outcome is written.", json_schema_extra=FORMAT_DEFAULT),
]
_OutputFile = Annotated[
    Path | None,
    Field(
        description="Write it to this file instead: .json, .md, or another as --output says.",
        json_schema_extra={"flags": ["-o", "--output-file"]},
    ),
]
_Cache = Annotated[bool, Field(description="Keep tokens on disk, for the next analysis of the same documents.")]
_Quiet = Annotated[bool, Field(description="No notices and no progress.", json_schema_extra=_QUIET)]
_Uri = Annotated[str | None, Field(description=WHERE_RUNS_ARE, json_schema_extra=_MLFLOW)]


class ComparisonConfig(BaseModel):
    """What is set side by side, by what, and when that is a failure."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    metric: str = Field(HEADLINE, description="The metric to test: one that each question has.")
    anyway: bool = Field(
        False,
        description="Compare all the same where settings of retrieval differ, or few questions are common.",
        json_schema_extra={"flags": ["--anyway"]},
    )
    fail_if_worse: bool = Field(
        False,
        description="Exit with 7 if a mean is lower than the first side's by more than the margin.",
        json_schema_extra={"flags": ["--fail-if-worse"]},
    )
    margin: float = Field(MARGIN, ge=0, le=1, description="How much lower than the first side's a mean may be.")
    output: Literal["table", "json", "markdown"] = Field(
        "table", description="How the comparison is written.", json_schema_extra=FORMAT_DEFAULT
    )
    output_file: _OutputFile = None
    quiet: bool = Field(False, description="No notices.", json_schema_extra=_QUIET)
    experiment: str | None = Field(
        None,
        description="Add the best configurations of this experiment.",
        json_schema_extra={"metavar": "NAME", **_MLFLOW},
    )
    top: int = Field(5, ge=1, description="How many of them.", json_schema_extra=_MLFLOW)
    mlflow_uri: _Uri = None

    _numbers = numbers
    _with_format = model_validator(mode="before")(with_format)


class ReproductionConfig(BaseModel):
    """What an analysis is run on again, and where the outcome goes."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    folder: Path | None = Field(
        None, description="The same as FOLDER.", json_schema_extra={"default_text": "where the documents were"}
    )
    test_file: _TestFile = None
    output: _Output = "table"
    output_file: _OutputFile = None
    cache: _Cache = True
    quiet: _Quiet = False
    track: bool = Field(
        False,
        description="Log it to MLflow, with the run's id in the tag rag_chunk.reproduces.",
        json_schema_extra={"flags": ["--track"], **_MLFLOW},
    )
    mlflow_uri: _Uri = None
    experiment_name: str | None = Field(
        None, description="The experiment.", json_schema_extra={"default_text": "the run's", **_MLFLOW}
    )
    run_name: str | None = Field(None, description="The run's name.", json_schema_extra=_MLFLOW)

    _with_format = model_validator(mode="before")(with_format)

    @model_validator(mode="after")
    def _tracking_is_asked_for(self) -> Self:
        if not self.track:
            refuse_unheard(self, ("experiment_name", "run_name"), "--track")
        return self


class PromotionConfig(BaseModel):
    """Which alias is to point at a run's config, and what it must not be worse than."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    alias: str = Field(
        description="The model in MLflow's registry, created if it is new, and the alias that is to point at the config.",
        json_schema_extra={"flags": ["--as"], "metavar": "NAME@ALIAS"},
    )
    if_better: bool = Field(
        False,
        description="Only if the paired test does not show the run to be worse than --than by more than --margin; else exit with 7.",
        json_schema_extra={"flags": ["--if-better"]},
    )
    than: str | None = Field(
        None,
        description="The run or alias to compare with.",
        json_schema_extra={"metavar": "RUN|NAME@ALIAS", "default_text": "what the alias points at"},
    )
    margin: float = Field(
        MARGIN, ge=0, le=1, description="How much lower than that of --than the mean may be, even if shown."
    )
    mlflow_uri: _Uri = None

    _numbers = numbers

    @model_validator(mode="after")
    def _comparison_is_asked_for(self) -> Self:
        if not self.if_better:
            refuse_unheard(self, ("than", "margin"), "--if-better")
        return self


class DiagnosisConfig(BaseModel):
    """What a configuration is diagnosed with, and where the outcome goes."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    test_file: _TestFile = None
    embedding_model: str | None = Field(
        None,
        description="Try retrieval by vectors too, with this model: hashing, or backend:name.",
        json_schema_extra={"metavar": "BACKEND:NAME"},
    )
    output: _Output = "table"
    output_file: _OutputFile = None
    cache: _Cache = True
    quiet: _Quiet = False
    mlflow_uri: _Uri = None

    _with_format = model_validator(mode="before")(with_format)
