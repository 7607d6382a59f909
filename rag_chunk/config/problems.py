"""Validation errors of pydantic, in plain sentences."""

from collections.abc import Collection, Mapping
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from rag_chunk.config.field_notes import notes_of
from rag_chunk.config.names import did_you_mean

_SENTENCES = {
    "missing": "must be given",
    "greater_than": "must be more than {gt:g}",
    "less_than": "must be less than {lt:g}",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing_size": "must be a smaller whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "finite_number": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "literal_error": "must be {expected}",
    "path_type": "must be a path",
    "tuple_type": "must be a list",
}
_SAID = {
    "contradiction",
    "missing_model",
    "unknown_ending",
    "unknown_name",
    "unusable_path",
    "unusable_url",
}  # by our own checks, in whole sentences


def option_of(name: str, model: type[BaseModel]) -> str:
    """Return the option of the command line that gives a field."""
    flags = notes_of(model.model_fields[name]).get("flags", ())
    return next((flag for flag in flags if flag.startswith("--")), f"--{name.replace('_', '-')}")


def _with_options(detail: ErrorDetails, model: type[BaseModel], flags: Collection[str]) -> str:
    """Return a sentence of our own, in which a field precedes its value: `overlap (50)`."""
    sentence = detail["msg"]
    for name, value in detail.get("ctx", {}).items():
        if name in flags:
            sentence = sentence.replace(f"{name} ({value})", f"{option_of(name, model)} ({value})")
    return sentence


def _sentence(detail: ErrorDetails, model: type[BaseModel], flags: Collection[str]) -> str:
    name = ".".join(str(part) for part in detail["loc"] if isinstance(part, str))
    if detail["type"] == "extra_forbidden":
        return f"unknown setting {name!r}{did_you_mean(name, model.model_fields)}"
    if detail["type"] in _SAID:
        return _with_options(detail, model, flags)
    if detail["loc"] and detail["loc"][0] in flags:
        name = option_of(str(detail["loc"][0]), model)
    words = _SENTENCES.get(detail["type"])
    if words is None:
        return f"{name}: {detail['msg']}"
    if detail["type"] == "missing":
        return f"{name} {words}"
    context: Mapping[str, Any] = detail.get("ctx", {})
    value = detail["input"]
    shown = value if isinstance(value, str) and _is_number(value) else repr(value)
    nearest = (
        did_you_mean(value, _choices(model, str(detail["loc"][0])))
        if detail["type"] == "literal_error" and shown
        else ""
    )
    return f"{name} {words.format(**context)}, not {shown}{nearest}"


def _choices(model: type[BaseModel], name: str) -> list[str]:
    """Return the values that a setting may have, where they are listed; of a list, its elements'."""
    kinds, listed = [model.model_fields[name].annotation], list[str]()
    while kinds:
        kind = kinds.pop()
        listed += map(str, get_args(kind)) if get_origin(kind) is Literal else []
        kinds += get_args(kind) if get_origin(kind) is not Literal else []
    return listed


def _is_number(text: str) -> bool:
    """Whether `text` from the command line is a number, which is shown without quotes."""
    return text.strip().lstrip("-").replace(".", "", 1).isdigit()


def explain(error: ValidationError, model: type[BaseModel], flags: Collection[str] = ()) -> str:
    """Return every problem that `error` holds, as sentences joined by `; `.

    `flags` are the fields that were given on the command line: they are named by their options.
    """
    return "; ".join(_sentence(detail, model, flags) for detail in _causes(error))


def is_contradiction(error: ValidationError) -> bool:
    """Whether each value is fine by itself and only their combination is not."""
    return all(detail["type"] == "contradiction" for detail in _causes(error))


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Return what is wrong, without the defaults that could not be derived from it."""
    return [each for each in error.errors(include_url=False) if each["type"] != "default_factory_not_called"]
