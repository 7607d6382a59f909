"""The settings of a configuration by what they belong to: a stage of the work, or a configuration's name."""

from typing import Literal

from rag_chunk.config.field_notes import notes_of
from rag_chunk.config.run import RunConfig, Stage


def settings_named(when: Literal["always", "last"]) -> tuple[str, ...]:
    """Return the settings that are in every name, or in one only where nothing else tells two configurations apart."""
    return tuple(name for name, info in RunConfig.model_fields.items() if notes_of(info).get("in_name") == when)


def settings_of(*stages: Stage) -> tuple[str, ...]:
    """Return the settings that belong to some stages, in the order of the fields."""
    return tuple(name for name, info in RunConfig.model_fields.items() if notes_of(info).get("stage") in stages)
