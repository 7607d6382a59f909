"""One question of a YAML file, rewritten: its comments, its order and its quotes stay where ruamel.yaml keeps them."""

import io
import re
from collections.abc import Mapping
from typing import Any

from rag_chunk.config import yaml_text
from rag_chunk.errors import MissingExtra

_WIDE = 2**20  # no line is wrapped


def rewrite_yaml_record(old: str, fields: Mapping[str, Any], column: int) -> str:
    """Return the element of a list, hyphen included, that holds `fields`; its hyphen is at `column` of its line.

    Where its comments cannot be kept, it is written anew without them.
    """
    inner = len(old) - len(old[1:].lstrip(" ")) if re.match(r"- +\S", old) else 2
    body = " " * inner + old[inner:] if re.match(r"- +\S", old) else " " + old[1:]
    mapping = re.sub(rf"(?m)^ {{0,{column + inner}}}", "", " " * column + body) + "\n"
    for written in (_keep_comments, _write_anew):
        lines = written(mapping, fields).rstrip("\n").split("\n")
        element = "\n".join(
            f"{' ' * (inner if number == 0 else column + inner)}{line}" if line else ""
            for number, line in enumerate(lines)
        )
        element = "-" + element[1:]
        if _holds(f"{' ' * column}{element}\n", fields):
            return element
    raise AssertionError("a question that was written as YAML reads back as another one")


def _holds(text: str, fields: Mapping[str, Any]) -> bool:
    try:
        return bool(yaml_text.load(text) == [fields])
    except ValueError:
        return False


def _write_anew(_: str, fields: Mapping[str, Any]) -> str:
    return yaml_text.dump(dict(fields))


def _keep_comments(mapping: str, fields: Mapping[str, Any]) -> str:
    """Return the mapping with the fields that differ set, and those that are gone taken out."""
    try:
        from ruamel.yaml import YAML
        from ruamel.yaml.error import YAMLError
    except ImportError:
        raise MissingExtra("review", "Changing a question file in YAML") from None
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    offset = 2 if re.search(r"(?m)^ +- ", mapping) or not re.search(r"(?m)^- ", mapping) else 0
    yaml.indent(mapping=2, sequence=2 + offset, offset=offset)
    try:
        before = yaml_text.load(mapping)
        loaded = yaml.load(mapping)
        _update(loaded, before, fields)
        written = io.StringIO()
        yaml.dump(loaded, written)
    except (YAMLError, ValueError, TypeError, AttributeError):
        return ""
    return written.getvalue()


def _update(loaded: Any, before: Mapping[str, Any], fields: Mapping[str, Any]) -> None:
    for name in [name for name in before if name not in fields]:
        del loaded[name]
    for name, value in fields.items():
        if name in before and before[name] == value:
            continue
        if isinstance(value, list) and isinstance(before.get(name), list):
            _update_list(loaded[name], before[name], value)
        else:
            loaded[name] = _quote(value)


def _update_list(loaded: Any, before: list[Any], value: list[Any]) -> None:
    """Let elements that stay be as they are, with their comments."""
    kept = [number for number, element in enumerate(before) if element in value]
    for number in reversed([number for number in range(len(before)) if number not in kept]):
        del loaded[number]
    there = [before[number] for number in kept]
    for number, element in enumerate(value):
        if number >= len(there) or there[number] != element:
            loaded.insert(number, _quote(element))
            there.insert(number, element)


def _quote(value: Any) -> Any:
    """Return a value that is written with its texts quoted, and a list inside of a list on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString

    if isinstance(value, str):
        return DoubleQuotedScalarString(value)
    if isinstance(value, list):
        elements = [_quote(element) for element in value]
        for element in elements:
            if isinstance(element, CommentedSeq):
                element.fa.set_flow_style()
        return CommentedSeq(elements)
    if isinstance(value, dict):
        return CommentedMap({name: _quote(each) for name, each in value.items()})
    return value
