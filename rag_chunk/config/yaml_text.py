"""YAML that is safe to read: no tags, no aliases, no duplicate keys, 1 MB at most."""

from typing import Any

import yaml

LARGEST_FILE = 1_000_000
DEEPEST = 100


class _Loader(yaml.SafeLoader):
    """A safe loader that refuses a key that stands twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key!r} must be text")
            if key in seen:
                raise yaml.YAMLError(f"line {key_node.start_mark.line + 1}: the key {key!r} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {  # a date stays text: no setting and no field of a question is one
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class _Quoted(yaml.SafeDumper):
    """A dumper that quotes text values, so that `no`, `010` and `12:30` stay text."""

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
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise yaml.YAMLError(f"line {line}: it is nested too deeply")
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.YAMLError(f"line {line}: anchors and aliases are not read")
        if tag := getattr(event, "tag", None):
            raise yaml.YAMLError(f"line {line}: the tag {tag!r} is not read")


def load(text: str) -> Any:
    """Return what `text` holds. Raise `ValueError` with the line of the first problem."""
    return load_with_lines(text)[0]


def load_with_lines(text: str, name: str = "") -> tuple[Any, list[int]]:
    """Return what `text` holds, and the line of each element of its list: the whole, or what stands under `name`.

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
        raise ValueError(f"line {line}: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _lines(node: yaml.Node | None, name: str) -> list[int]:
    listed = node
    if isinstance(node, yaml.MappingNode):
        listed = next((value for key, value in node.value if key.value == name), None)
    if not isinstance(listed, yaml.SequenceNode):
        return []
    return [element.start_mark.line + 1 for element in listed.value]


def dump(value: Any) -> str:
    """Return `value` as YAML, keys in their order, text quoted."""
    text: str = yaml.dump(value, Dumper=_Quoted, sort_keys=False, allow_unicode=True, width=1000)
    return text
