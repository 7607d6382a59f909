"""The syntax of source code and data, by tree-sitter: where definitions, statements and entries start, and their titles.

A comment, a decorator or an annotation stays with what it is about, and what comes first in a list with what opens the list.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.source_files import grammar_of
from rag_chunk.corpus.structure.definitions import title_of
from rag_chunk.errors import MissingExtra

_ABOUT_NEXT = re.compile(
    r"\w*comment|decorator|attribute_item|(?:marker_)?annotation"
)  # nodes that belong to the next one
_ENDS = re.compile(r"\w*_end|end")  # nodes that close a list of others
_LONG = 200  # bytes of a line, or of a node on one line, that may be cut inside
_FAR = 256  # bytes back: at most so much white space is between a node and the sign before it
_SIGNS, _SEPARATORS = frozenset(b",;{}[]("), frozenset(b",;")


class Definition(NamedTuple):
    """Where a definition starts, with the comments about it, and ends, in its document; and its title."""

    start: int
    end: int
    title: str


class Syntax(NamedTuple):
    """The places where a document may be cut, with their depths, both [places]; and its definitions, in order.

    Depths are even between siblings, 0 outermost; an odd one is that of the border before what comes first in siblings.
    """

    places: Positions
    depths: Positions
    definitions: list[Definition]


def syntax_of(corpus: Corpus) -> list[Syntax | None]:
    """Return the syntax of each document, parsed once and kept as long as the corpus."""
    return corpus.derive(list, lambda: [parse_syntax(each.name, each.text) for each in corpus.documents], "syntax")


def parse_syntax(name: str, text: str) -> Syntax | None:
    r"""Return the syntax of a document, by its name; None where that says nothing of source code or data.

    Raise `MissingExtra` where the grammars are not installed.

    >>> parse_syntax("a.py", "x = 1\n# Add.\ndef add():\n    pass\n").definitions
    [Definition(start=6, end=32, title='add')]
    """
    parse = _parser_of(grammar := grammar_of(name))
    if grammar is None:
        return None
    data = text.encode("utf-8", "surrogatepass")
    parts = list(_walk(parse(data).root_node, data))
    definitions = [part for part in parts if isinstance(part, Definition)]
    borders = [part for part in parts if not isinstance(part, Definition)]
    places, depths = np.array(borders, np.int64).reshape(-1, 2).T
    return Syntax(_to_characters(data, places), depths, sorted(_moved(data, definitions)))


@lru_cache(maxsize=64)
def _parser_of(grammar: str | None) -> Callable[[bytes], Any]:
    """Return the function that parses bytes by a grammar that is part of its package: nothing is downloaded."""
    try:
        import_module("tree_sitter_language_pack.bindings")  # versions without it would download grammars
        from tree_sitter_language_pack import get_parser
    except ImportError:
        raise MissingExtra("code", "the strategy code") from None
    name: Any = grammar or "python"
    parse: Callable[[bytes], Any] = get_parser(name).parse
    return parse


def _moved(data: bytes, definitions: list[Definition]) -> Iterator[Definition]:
    """Yield definitions in bytes with their places in characters."""
    borders = np.array([each[:2] for each in definitions], np.int64).reshape(-1, 2)
    for (start, end), each in zip(_to_characters(data, borders).tolist(), definitions, strict=True):
        yield Definition(start, end, each.title)


def _to_characters(data: bytes, places: Any) -> Any:
    """Return places in bytes of UTF-8 as places in characters."""
    if data.isascii():
        return places
    begins = (np.frombuffer(data, np.uint8) & 0xC0) != 0x80  # noqa: PLR2004 - a byte that continues a character
    return np.concatenate([[0], np.cumsum(begins)])[places]


class _Visit(NamedTuple):
    """A node whose children are to be looked at, and where the definition starts that comes first in it, if not there."""

    node: Any
    depth: int
    start: int | None


class _Sibling(NamedTuple):
    """A node among its siblings: where it starts with what belongs to it, and whether it may be cut from what is before."""

    node: Any
    start: int
    is_apart: bool


def _walk(root: Any, data: bytes) -> Iterator[tuple[int, int] | Definition]:
    """Yield the borders, as place and depth, and the definitions, in bytes."""
    lines, visits = _SourceLines(data), [_Visit(root, 0, None)]
    while visits:
        visit = visits.pop()
        siblings = list(_siblings(visit, lines))
        titles = [title_of(each.node) for each in siblings]
        deeper = visit.depth + 2 * any(each.is_apart or title for each, title in zip(siblings, titles, strict=True))
        for (node, start, is_apart), title in zip(siblings, titles, strict=True):
            if is_apart or title:
                yield start, visit.depth + (not is_apart)
            if title:
                yield Definition(start, node.end_byte, title)
            if node.end_point.row > node.start_point.row or node.end_byte - node.start_byte > _LONG:
                is_body = node is siblings[-1].node or lines.opens(node)
                depth = deeper if is_body else visit.depth + 2
                visits.append(_Visit(node, depth, None if title else start))


def _siblings(visit: _Visit, lines: "_SourceLines") -> Iterator[_Sibling]:
    """Yield the children of a node: each that opens a line with the comments and decorators before it."""
    before, start = None, visit.start  # the last one that opens a line, and where it starts with what belongs to it
    for node in visit.node.named_children:
        if not lines.opens(node):
            is_first = start is not None and before is None and lines.sign_before(node) not in _SIGNS
            yield _Sibling(node, start if start is not None and is_first else node.start_byte, is_apart=False)
            continue
        if before is None:
            sign = lines.sign_before(node)
            is_apart = sign in _SEPARATORS
            start = None if sign in _SIGNS else start
        else:
            is_near = node.start_point.row - before.end_point.row <= 1
            is_apart = not (is_near and _ABOUT_NEXT.fullmatch(before.type))
        start = node.start_byte if is_apart or start is None else start
        yield _Sibling(node, start, is_apart)
        before = node


class _SourceLines:
    """Tells which nodes open a line, or come after a sign in a long one."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._feeds = np.append(np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")), len(data))

    def opens(self, node: Any) -> bool:
        if _ENDS.fullmatch(node.type) or node.start_byte == node.end_byte:
            return False
        column, start = node.start_point.column, node.start_byte
        if column <= _LONG and not self._data[start - column : start].strip():
            return True
        is_long = self._feeds[node.start_point.row] - (start - column) > _LONG
        return bool(is_long) and self.sign_before(node) in _SIGNS

    def sign_before(self, node: Any) -> int:
        """Return the byte before a node and the white space before it; 0 at the start."""
        return (self._data[max(node.start_byte - _FAR, 0) : node.start_byte].rstrip() or b"\0")[-1]
