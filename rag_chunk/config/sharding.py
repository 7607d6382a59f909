"""`WorkersConfig`: on which workers shards are done, and how large a shard is. It changes no chunk."""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.problems import option_of
from rag_chunk.errors import SettingsError

_SCHEDULER = re.compile(r"[a-z]+://[^\s/@]+:\d+/?")


class WorkersConfig(BaseModel):
    """The workers, and the size of the shards that they get."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    workers: int | Literal["auto"] = Field(
        1,
        description="How many processes work on shards at the same time; auto is one for each core.",
        json_schema_extra={"metavar": "N|auto", "panel": "Workers"},
    )
    scheduler: str | None = Field(
        None,
        description="The workers of this Dask cluster instead, such as tcp://host:8786; needs rag-chunk\\[cluster].",
        json_schema_extra={"metavar": "ADDRESS", "panel": "Workers"},
    )
    shard_size: int = Field(
        64,
        ge=1,
        description="Megabytes of text in a shard; a worker holds one shard at a time, and chunk writes one file for each.",
        json_schema_extra={"panel": "Workers"},
    )

    def refuse_unused(self, where: str) -> None:
        """Raise `SettingsError` where one of these was given: it has no effect, in words, `where`."""
        if self.model_fields_set:
            options = " and ".join(sorted(option_of(name, type(self)) for name in self.model_fields_set))
            raise SettingsError(f"{options} has no effect {where}, or leave it out")

    @field_validator("workers", mode="before")
    @classmethod
    def _workers_are_counted(cls, workers: Any) -> Any:
        text = str(workers)
        if text != "auto" and not (text.isascii() and text.isdigit() and int(text)):
            raise PydanticCustomError(
                "unknown_name", "--workers must be a whole number from 1, or auto; not {given}", {"given": repr(text)}
            )
        return text if text == "auto" else int(text)

    @field_validator("scheduler")
    @classmethod
    def _scheduler_has_a_port(cls, scheduler: str | None) -> str | None:
        if scheduler is not None and not _SCHEDULER.fullmatch(scheduler):
            raise PydanticCustomError(
                "unknown_name",
                "--scheduler must be an address such as tcp://host:8786; not {given}",
                {"given": repr(scheduler)},
            )
        return scheduler

    @model_validator(mode="after")
    def _one_kind_of_workers(self) -> "WorkersConfig":
        if self.scheduler and "workers" in self.model_fields_set:
            raise PydanticCustomError("contradiction", "--scheduler names workers of its own: leave --workers out", {})
        return self
