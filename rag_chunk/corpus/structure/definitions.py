"""The titles of definitions in trees of tree-sitter: functions, classes, sections of LaTeX, entries of data with parts."""

import re
from typing import Any

_KINDS = (
    "class|constructor|contract|enum|extension|function|impl|interface|library|macro|message|method|mod|module|namespace"
    "|object|protocol|record|rpc|service|struct|trait|type|union"
)
_DEFINITION = re.compile(
    rf"(?!.*(?:parameter|call))(?:\w+_)?(?:{_KINDS})(?:_\w+)?_(?:declaration|definition|item|spec|specifier|statement)"
    "|class|enum|message|method|module|rpc|service|singleton_method|table|table_array_element"
)
_SECTION = re.compile("part|chapter|(?:sub)*section|(?:sub)?paragraph")
_ENTRY = re.compile(r"(?:\w+_)?pair")
_NAME = re.compile(r"(?:\w+_)?(?:identifier|name|constant|key)")
_LONGEST = 100  # characters of a title


def title_of(node: Any) -> str | None:
    """Return the title of a definition, in one line; None where the node is none."""
    named = _name_of(node)
    text = " ".join(named.split()).strip("\"'{}") if named else ""
    return text[:_LONGEST] or None


def _name_of(node: Any) -> str | None:
    kind = node.type
    if kind == "variable_declarator":
        value = node.child_by_field_name("value")
        return _text(node.child_by_field_name("name")) if value and re.search("function|class", value.type) else None
    if kind == "block":
        return _labels(node)
    if kind == "call":
        return _of_elixir(node)
    if _SECTION.fullmatch(kind):
        return _text(node.child_by_field_name("text"))
    if _ENTRY.fullmatch(kind):
        has_parts = node.end_point.row > node.start_point.row
        return _text(node.child_by_field_name("key")) if has_parts else None
    return _of_definition(node) if _DEFINITION.fullmatch(kind) else None


def _of_definition(node: Any) -> str | None:
    if node.type.endswith("specifier") and not node.child_by_field_name("body"):
        return None  # C names a struct with the same words where it is only used
    if node.type == "impl_item":
        return _text(node.child_by_field_name("type"))
    name = node.child_by_field_name("name") or node.child_by_field_name("declarator")
    while name and (inner := name.child_by_field_name("declarator")):
        name = inner
    return _text(name or next((child for child in node.named_children if _NAME.fullmatch(child.type)), None))


def _labels(block: Any) -> str | None:
    """Return the type and the labels of a block of HCL: `resource "aws_vpc" "main"`."""
    for child in block.named_children:
        if child.type == "block_start":
            labels: bytes = block.text[: child.start_byte - block.start_byte]
            return labels.decode(errors="replace").replace('"', "")
    return None


def _of_elixir(call: Any) -> str | None:
    """Return the name after `defmodule` or `def`."""
    target = call.child_by_field_name("target")
    if not target or target.type != "identifier" or not target.text.startswith(b"def") or len(call.named_children) < 2:  # noqa: PLR2004 - the target and what it defines
        return None
    defined = next(iter(call.named_children[1].named_children), None)
    return _text(defined and (defined.child_by_field_name("target") or defined))


def _text(node: Any) -> str | None:
    return node.text.decode(errors="replace") if node else None
