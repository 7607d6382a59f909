"""YAML that is safe to read: no tags, no aliases, no duplicate keys, 1 MB at most."""

import re
from collections.abc import Callable
from typing import Any

import yaml

LARGEST_FILE = 1_000_000
LONGEST_WRITTEN = LARGEST_FILE // 2  # characters: a review may add to what is written
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # several times as fast, where PyYAML has it
DEEPEST = 100
MOST_VALUES = 200_000  # 1 MB of brackets would keep the reader busy for many seconds
_TOO_DEEP = "exceeded maximum nesting depth"  # the words of the C parser, which looks ahead


class _Loader(_SafeLoader):  # type: ignore[misc] # one of two classes with the same methods
    """A safe loader that refuses a key that occurs twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key!r} must be text")
            if key in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key!r} appears twice")
            seen.add(key)
        return super().construct_mapping(node, deep)  # type: ignore[no-any-return] # PyYAML's


# YAML 1.1 takes 0200 for 128, 22:00 for 1320 and 2024-01-01 for a date. A number is what it looks like here. What looks
# like no decimal number is text, which no setting that wants a number accepts; 0200 is text, too, which may be an id, and
# which a setting reads as 200.
_OWN_RULES = {"timestamp", "int", "float"}
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FRACTION = re.compile(r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag.rpartition(":")[2] not in _OWN_RULES]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _resolve_as(tag: str, pattern: re.Pattern[str], parse: Callable[[str], float]) -> None:
    """Let the loader read what `pattern` matches as a number."""
    _Loader.add_implicit_resolver(tag, re.compile(rf"(?:{pattern.pattern})\Z"), list("-+.0123456789"))
    _Loader.add_constructor(tag, lambda _, node: parse(node.value.replace("_", "")))


_resolve_as("tag:yaml.org,2002:int", _DECIMAL, int)
_resolve_as("tag:yaml.org,2002:float", _FRACTION, float)


class _Quoted(yaml.SafeDumper):
    """A dumper that quotes text values, so that `no`, `010` and `12:30` stay text, and writes no alias."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML's
        return True

    def represent_mapping(self, tag: str, mapping: Any, flow_style: bool | None = None) -> yaml.MappingNode:  # noqa: FBT001 - PyYAML's
        node = super().represent_mapping(tag, mapping, flow_style)
        for key, _ in node.value:
            key.style = None
        return node


_Quoted.add_representer(str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"'))


def _refuse_tags_and_aliases(text: str) -> None:
    """Look at the events before anything is built: a few hundred bytes of aliases can fill the memory.

    Reading on in what is nested deeply would take time with the square of the depth.
    """
    depth = 0
    for count, event in enumerate(yaml.parse(text, Loader=_SafeLoader)):
        line = event.start_mark.line + 1 if event.start_mark else 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"line {line}: it is nested too deeply")
        if count > MOST_VALUES:
            raise yaml.YAMLError(f"line {line}: it has more than {MOST_VALUES:,} values; write it as JSON")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError(f"line {line}: anchors and aliases are not read")
        if tag := getattr(event, "tag", None):
            raise yaml.YAMLError(f"line {line}: the tag {tag!r} is not read")


def load(text: str) -> Any:
    """Return what `text` holds. Raise `ValueError` with the line of the first problem."""
    return load_with_lines(text)[0]


def load_with_lines(text: str, name: str = "") -> tuple[Any, list[int]]:
    """Return what `text` holds, and the line of each element of its list: the whole, or the value of `name`.

    Raise `ValueError` with the line of the first problem.
    """
    if len(text) > LARGEST_FILE:
        raise ValueError(f"it has {len(text):,} characters; at most {LARGEST_FILE:,} are read")
    try:
        _refuse_tags_and_aliases(text)
        loader = _Loader(text)
        node = loader.get_single_node()
        return (loader.construct_document(node) if node else None), _lines(node, name)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        problem = error.problem or error.context
        problem = "it is nested too deeply" if problem == _TOO_DEEP else problem
        raise ValueError(f"line {line}: {problem}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def find_list(text: str, name: str) -> yaml.SequenceNode:
    """Return the list in a text that can be read, with its marks: the whole, or the value of `name`; else an empty one."""
    listed = _list_in(yaml.compose(text, Loader=yaml.SafeLoader), name)
    return listed or yaml.SequenceNode("tag:yaml.org,2002:seq", [])


def _lines(node: yaml.Node | None, name: str) -> list[int]:
    listed = _list_in(node, name)
    return [element.start_mark.line + 1 for element in listed.value] if listed else []


def _list_in(node: yaml.Node | None, name: str) -> yaml.SequenceNode | None:
    if isinstance(node, yaml.MappingNode):
        node = next((value for key, value in node.value if key.value == name), None)
    return node if isinstance(node, yaml.SequenceNode) else None


def dump(value: Any) -> str:
    """Return `value` as YAML, keys in their order, text quoted."""
    text: str = yaml.dump(value, Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=1000)
    return text


def dump_line(value: Any) -> str:
    """Return `value` as YAML on one line, as it is written behind `name:`."""
    text: str = yaml.dump([value], Dumper=_Quoted, default_flow_style=True, allow_unicode=True, width=2**31)
    return text.strip()[1:-1]
