"""Puts an imported config into a config file that has comments, and keeps them."""

import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import BaseModel

from rag_chunk.config.analysis import AnalysisConfig
from rag_chunk.config.file import ConfigFile, parse_config
from rag_chunk.config.run import RunConfig
from rag_chunk.config.yaml_text import dump, dump_line
from rag_chunk.errors import InputError

_Nodes = Mapping[str, tuple[yaml.Node, yaml.Node]]  # key and value of each setting, by its name


def merge_config(text: str, imported: ConfigFile, where: str) -> str:
    r"""Return the text of the config file `where` with the imported settings in it; its comments stay.

    Settings of a configuration that the import does not name go back to their defaults, so that the file gives the
    imported configuration; those of the analysis stay. Raise `InputError` where the text has a form that cannot be edited.

    >>> print(merge_config("# ours\n#chunk_size: 200\ntop_k: 3\n", ConfigFile({"chunk_size": 80}), "x"), end="")
    # ours
    chunk_size: 80
    #top_k: 5
    """
    lines = [f"{line}\n" for line in text.splitlines()]
    top = _nodes(yaml.compose(text, Loader=yaml.SafeLoader))
    edits = _section_edits(lines, top, RunConfig, imported.settings, after=-1)
    end = ""
    if "analysis" in top:
        key, section = top["analysis"]
        edits |= _section_edits(lines, _nodes(section), AnalysisConfig, imported.analysis, after=key.start_mark.line)
    elif imported.analysis:
        end += dump({"analysis": dict(imported.analysis)})
    if "recorded" in top:
        edits |= dict.fromkeys(_span(*top["recorded"]), "")
    if imported.recorded:
        end += dump({"recorded": dict(imported.recorded)})
    merged = edits.get(-1, "") + "".join(edits.get(number, line) for number, line in enumerate(lines)) + end
    _check_merged(merged, text, imported, where)
    return merged


def _check_merged(merged: str, text: str, imported: ConfigFile, where: str) -> None:
    """Read back the edited text; raise `InputError` where it does not hold what it should."""
    before, wanted = parse_config(text, where), parse_config(imported.to_yaml(), where)
    try:
        now = parse_config(merged, where)
        is_right = now.settings == wanted.settings and now.analysis == {**before.analysis, **wanted.analysis}
    except InputError:
        is_right = False
    if not is_right:
        raise InputError(f"{where} cannot be edited: it is not one setting a line. --force replaces it")


def _nodes(node: yaml.Node | None) -> _Nodes:
    return {key.value: (key, value) for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}


def _section_edits(
    lines: list[str], nodes: _Nodes, model: type[BaseModel], settings: Mapping[str, Any], *, after: int
) -> dict[int, str]:
    """Return new texts of lines, by number, that set `settings` in one section; what has no line yet comes `after` one."""
    is_top = model is RunConfig
    indent = " " * (0 if is_top else next((key.start_mark.column for key, _ in nodes.values()), 2))
    commented = {
        match[1]: number for number, line in enumerate(lines) if (match := re.match(rf"{indent}#(\w+):", line))
    }
    defaults = model().model_dump(mode="json")
    edits, added = dict[int, str](), ""
    for name in model.model_fields:
        setting = f"{indent}{name}: {dump_line(settings[name])}" if name in settings else ""
        if name in nodes and (setting or is_top):
            edits |= _replacement(lines, *nodes[name], setting or f"{indent}#{name}: {dump_line(defaults[name])}")
        elif setting and name in commented:
            edits[commented[name]] = f"{setting}\n"
        elif setting:
            added += f"{setting}\n"
    return edits | ({after: (lines[after] if after >= 0 else "") + added} if added else {})


def _replacement(lines: list[str], key: yaml.Node, value: yaml.Node, setting: str) -> dict[int, str]:
    """Return the setting in the place of its lines, with the comment that is behind its value."""
    first, *others = _span(key, value)
    mark = _last(value).end_mark
    return {first: setting + lines[mark.line][mark.column :], **dict.fromkeys(others, "")}


def _span(key: yaml.Node, value: yaml.Node) -> range:
    """Return the numbers of the lines of a setting."""
    return range(key.start_mark.line, _last(value).end_mark.line + 1)


def _last(node: yaml.Node) -> yaml.Node:
    """Return the last value in a node: a block's own end is only where the next key begins, behind comments."""
    while isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        node = last[1] if isinstance(last, tuple) else last
    return node
