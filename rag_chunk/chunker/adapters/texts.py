"""`from_texts`: a splitter that returns strings becomes a strategy."""

from collections.abc import Callable, Iterable
from typing import Any

from rag_chunk.chunker.adapters.alignment import locate
from rag_chunk.config import RunConfig
from rag_chunk.errors import InputError

SpanFunction = Callable[[str, RunConfig], Iterable[tuple[int, int]]]


def from_texts(split: Callable[[str], Iterable[str]]) -> Callable[[str, RunConfig], list[tuple[int, int]]]:
    """Make a strategy of `split`, which cuts a text into strings; it is called as it is, for each document.

    The strings are located in the text in order and exactly: only white space may have been lost or changed, and
    neighbours may overlap. Blank strings are left out. Where a text repeats, `rag_chunk.chunker.adapters.alignment` says which
    place is taken. Any other change raises `InputError`, which shows the chunk that cannot be placed.

    >>> from rag_chunk import RunConfig, from_texts
    >>> cut = from_texts(lambda text: text.split("."))
    >>> cut("One two. Three.", RunConfig())
    [(0, 7), (8, 14)]
    """

    def cut(text: str, config: RunConfig) -> list[tuple[int, int]]:
        return locate(text, _strings(split(text)))

    return cut


def _strings(returned: Any) -> list[str]:
    """Return what a splitter returned as a list of strings; raise `InputError` where it is none."""
    if isinstance(returned, str | bytes) or not isinstance(returned, Iterable):
        raise InputError(f"the splitter returned a value of type {type(returned).__name__}, not a list of strings")
    strings = list(returned)
    for number, string in enumerate(strings, start=1):
        if not isinstance(string, str):
            raise InputError(f"the splitter returned a {type(string).__name__} as chunk {number}, not a string")
    return strings
