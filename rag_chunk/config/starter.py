"""The `rag-chunk.yaml` that `init` writes: every setting with its help, as a comment that is ready to be used."""

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from rag_chunk.config.analysis import ONLY_SCORE, AnalysisConfig
from rag_chunk.config.catalog import RETRIEVERS, STRATEGIES, help_of
from rag_chunk.config.field_notes import notes_of
from rag_chunk.config.file import SCHEMA_VERSION
from rag_chunk.config.run import RunConfig

_WIDTH = 100
_HEAD = """\
# Settings of rag-chunk: every command that is run in this folder uses them. Options override this file.
# A setting that begins with # is at its default; take the # away and change it.
# While no strategy is set, `rag-chunk analyze` compares all of them.
"""
_BUILT_IN: Mapping[str, Mapping[str, str]] = {"strategy": help_of(STRATEGIES), "retriever": help_of(RETRIEVERS)}


def starter_config(source: Path, test_file: Path | None, *, skip_unreadable: bool = False) -> str:
    """Return the text of a config file in which only the documents and questions are set."""
    usual = AnalysisConfig().model_dump(mode="json") | {"source": source.as_posix(), "skip_unreadable": skip_unreadable}
    given = {"source", *(["test_file"] if test_file else []), *(["skip_unreadable"] if skip_unreadable else [])}
    usual |= {"test_file": test_file.as_posix() if test_file else "questions.json"}
    return "\n".join(
        [
            f"{_HEAD}schema_version: {SCHEMA_VERSION}\n",
            *_lines(RunConfig, RunConfig().model_dump(mode="json"), set(), ""),
            "# What is analysed. Paths start at this file's folder.\nanalysis:",
            *_lines(AnalysisConfig, usual, given, "  "),
        ]
    )


def _lines(model: type[BaseModel], values: Mapping[str, Any], given: set[str], indent: str) -> Iterator[str]:
    """Yield each setting below its help, commented out unless it is `given`."""
    for name, info in model.model_fields.items():
        if name in ONLY_SCORE:
            continue
        help_lines = textwrap.wrap(_help(name, info), _WIDTH - 2 - len(indent), break_on_hyphens=False)
        setting = f"{name}: {json.dumps(values[name], ensure_ascii=False)}"  # JSON is YAML, on one line
        yield "\n".join(f"{indent}# {line}" for line in help_lines)
        yield f"{indent}{'' if name in given else '#'}{setting}\n"


def _help(name: str, info: FieldInfo) -> str:
    """Return the description, what may be chosen, and a default that is no fixed value."""
    chosen = [*_BUILT_IN[name], "or your own, package.module:function"] if name in _BUILT_IN else _choices(info)
    notes = notes_of(info)
    usual = f" Default: {notes['default_text']}." if "default_text" in notes else ""
    return str(info.description) + (f" One of {', '.join(chosen)}." if chosen else "") + usual


def _choices(info: FieldInfo) -> list[str]:
    kind: Any = info.annotation
    element = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return list(get_args(element)) if get_origin(element) is Literal else []
