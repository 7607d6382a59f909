"""No expression takes time with the square of a text that somebody else wrote: an error page, a document, a file.

One that is only ever matched from the start of a text is tried so; one that is looked for, at every place.
"""

import importlib
import inspect
import re
import time
from collections.abc import Iterator
from pkgutil import walk_packages
from typing import Any

import pytest
import regex

import rag_chunk

SIZE = 10_000  # characters
LONGEST = 0.25  # seconds of this process: the square of `SIZE` takes more
PIECES = (
    *"!#$&'(*-./:<=@[\\_`{|~a1 \n\t\u00e9\u4e2d",
    *(
        "1,",
        "1.",
        "a.",
        "A. ",
        "-\n",
        " \n",
        "[a](",
        "![",
        "<a ",
        "<!--",
        "```\n",
        "| a ",
        "a_",
        "\r\n",
        "a=b&",
        "https://a:",
    ),
)
LOOKED_FOR = ("finditer", "findall", "search", "sub", "subn", "split")
MATCHED = {
    "rag_chunk.config.yaml_text._FRACTION",  # by PyYAML, from the start
    "rag_chunk.config.yaml_text._DECIMAL",
    "rag_chunk.corpus.structure.modules._COMMENT",  # by `_after_all`, at one place
}


def expressions() -> Iterator[tuple[str, tuple[Any, bool]]]:
    """Yield the expressions of all modules by name, and whether they are looked for at every place of a text."""
    for module in walk_packages(rag_chunk.__path__, "rag_chunk."):
        if module.name.endswith("__main__"):
            continue
        try:
            loaded = importlib.import_module(module.name)
        except ImportError:  # of an extra that is not installed
            continue
        source = inspect.getsource(loaded)
        for name, value in vars(loaded).items():
            if isinstance(value, re.Pattern | regex.Pattern) and isinstance(value.pattern, str):
                is_anchored = f"{name}.match(" in source or f"{name}.fullmatch(" in source
                is_looked_for = any(f"{name}.{each}(" in source for each in LOOKED_FOR) or not is_anchored
                name = f"{module.name}.{name}"  # noqa: PLW2901
                yield name, (value, is_looked_for and name not in MATCHED)


EXPRESSIONS = dict(expressions())


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_no_expression_takes_time_with_the_square_of_a_text(name: str) -> None:
    expression, is_looked_for = EXPRESSIONS[name]
    slow = {}
    for piece in PIECES:
        text = piece * (SIZE // len(piece)) + "\x00"
        begun = time.process_time()
        if is_looked_for:
            expression.subn("", text)
        expression.fullmatch(text)
        if (seconds := time.process_time() - begun) > LONGEST:
            slow[piece] = round(seconds, 2)
    assert not slow


def test_the_expressions_are_known() -> None:
    assert len(EXPRESSIONS) > 80
