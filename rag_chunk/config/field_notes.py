"""What a setting's field says beside its type: its flags, its stage, its panel in the help."""

from typing import Any

from pydantic.fields import FieldInfo


def notes_of(info: FieldInfo) -> dict[str, Any]:
    """Return the notes of a field, by name, as they were given to `Field(json_schema_extra=...)`."""
    return dict(info.json_schema_extra) if isinstance(info.json_schema_extra, dict) else {}
