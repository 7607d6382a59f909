"""`WorkersConfig`: on which workers shards are done, and how large a shard is. It changes no chunk."""

import math
import re
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rag_chunk.config.problems import option_of
from rag_chunk.errors import SettingsError

_SCHEDULER = re.compile(r"[a-z]+://[^\s/@]+:\d+/?")
_MOST_WORKERS = 4  # unless more are asked for: the process that joins what they send keeps no more of them busy
_WORTH_A_WORKER = 16  # megabytes: a process takes a second to start, and each shard costs something by itself
_HELD = 128  # megabytes in the shards of all workers together, so that memory does not grow with the cores
_FULL = 0.97  # of a shard is filled, as documents are not divided


class Division(NamedTuple):
    """How a corpus is divided: how many processes go through it, and how many megabytes a shard has at most."""

    workers: int
    shard_size: float


class WorkersConfig(BaseModel):
    """The workers, and the size of the shards that they get."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    workers: int | Literal["auto"] = Field(
        "auto",
        description="How many processes work on shards at the same time; auto is one for each core, at most 4, and 1 where "
        "an embedding model is needed.",
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
        description="Megabytes of text in a shard; a worker holds one shard at a time, and chunk writes one file for each. "
        "Other commands take smaller ones for several workers, if you name no size.",
        json_schema_extra={"panel": "Workers"},
    )

    def divide(self, megabytes: float, cores: int, *, keep_size: bool = False) -> Division:
        """Return how so much text is divided where there are `cores`; with `keep_size` into the same shards on any machine.

        >>> WorkersConfig().divide(50, 2)
        Division(workers=1, shard_size=64)
        >>> WorkersConfig().divide(97, 2)
        Division(workers=2, shard_size=25.0)
        """
        if megabytes <= self.shard_size:
            return Division(1, self.shard_size)
        if keep_size or self.scheduler or "shard_size" in self.model_fields_set:
            return Division(self._count_workers(megabytes, cores, _HELD // self.shard_size), self.shard_size)
        count = self._count_workers(megabytes, cores, _MOST_WORKERS)
        largest = max(min(self.shard_size, _HELD / count), _WORTH_A_WORKER) * _FULL
        rounds = math.ceil(megabytes / count / largest)
        if rounds == 1 < count and megabytes / count >= 2 * _WORTH_A_WORKER:
            rounds = 2  # so that a worker that is done sooner does more
        return Division(count, megabytes / count / rounds / _FULL)

    def _count_workers(self, megabytes: float, cores: int, most: int) -> int:
        """Return how many were asked for, or how many are worth it."""
        if self.workers != "auto":
            return self.workers
        return max(min(cores, _MOST_WORKERS, most, int(megabytes / _WORTH_A_WORKER)), 1)

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
