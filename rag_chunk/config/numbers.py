"""A number in a setting is no truth: pydantic would take `True` for 1."""

from typing import Any, get_args

from pydantic import BaseModel, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError


def _number(model: type[BaseModel], value: Any, info: ValidationInfo) -> Any:
    """Refuse `True` and `False` where the field is a number; pass on everything else."""
    kind = model.model_fields[str(info.field_name)].annotation
    kinds = {kind, *get_args(kind)}
    if isinstance(value, bool) and kinds & {int, float}:
        raise PydanticKnownError("int_type" if int in kinds else "float_type")
    return value


numbers = field_validator("*", mode="before")(classmethod(_number))  # for the body of a model, under any name
