"""Markdown blocks of one document, as a CommonMark parser sees them."""

import itertools
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rag_chunk.arrays import Positions
from rag_chunk.corpus import Document

if TYPE_CHECKING:
    from markdown_it_pyrs import MarkdownIt, Node

LAST = 100
_DEEPEST = 100
_DEEP_LINE = re.compile(rf"(?m)^([ \t]*(?:(?:>|[-+*]|\d{{1,9}}[.)])[ \t]*){{{_DEEPEST}}})[^\r\n]*")
_NO_HEADER = re.compile(rb"(?:#{1,6}[ \t]|>|[-+*][ \t]|\d{1,9}[.)][ \t])[^\r\n]*(?:\r\n?|\n)[ \t]*(?=[|:-])")
_KINDS = {
    "bullet_list": "list",
    "ordered_list": "list",
    "code_block": "code",
    "fence": "fence",
    "blockquote": "quote",
    "html_block": "html",
    "lheading": "heading",
}


class Block(NamedTuple):
    """A block: offsets within the document, from the start of its first line to the end of its last.

    `level` is a heading's, `info` a fence's info string, a table's header rows or a heading's text. `parts` are
    where it may be cut when it has to be: pairs of a place and a depth (items, rows, lines; 0 is the outermost,
    `LAST` is where a cut parts what belongs together, as a table's header and its first row).
    """

    kind: str
    start: int
    end: int
    level: int = 0
    info: str = ""
    parts: tuple[tuple[int, int], ...] = ()


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it_pyrs import MarkdownIt

    # Inline rules and link references are left out: they change no block, and references cost quadratic time.
    parser = MarkdownIt("zero")
    parser.enable_many(["fence", "code", "blockquote", "hr", "list", "html_block", "heading", "lheading"])
    parser.enable_many(["table", "paragraph", "front_matter"])
    return parser


class _Lines:
    """Turns the parser's byte offsets into the starts and ends of lines, in characters."""

    def __init__(self, document: Document) -> None:
        self.text = document.text
        self.starts = document.line_starts
        self._characters: Positions | None = None
        if not document.text.isascii():
            content = np.frombuffer(document.text.encode("utf-8", "surrogatepass"), np.uint8)
            self._characters = np.cumsum((content & 0xC0) != 0x80) - 1  # noqa: PLR2004 - not a continuation byte

    def _character(self, byte: int) -> int:
        if self._characters is None or not len(self._characters):
            return byte
        return int(self._characters[byte]) if byte < len(self._characters) else len(self.text)

    def start(self, byte: int) -> int:
        """Return where the line that holds the byte starts."""
        return int(self.starts[np.searchsorted(self.starts, self._character(byte), side="right") - 1])

    def after(self, byte: int) -> int:
        """Return where the line after the byte before `byte` starts, or the text's end."""
        index = int(np.searchsorted(self.starts, self._character(max(byte - 1, 0)), side="right"))
        return int(self.starts[index]) if index < len(self.starts) else len(self.text)

    def line_starts(self, start: int, end: int) -> Iterator[int]:
        """Yield the starts of the lines in (start, end)."""
        first, last = np.searchsorted(self.starts, [start + 1, end])
        yield from self.starts[first:last].tolist()


def _shallow(text: str) -> str:
    """Hide marks nested deeper than any text needs: the parser recurses. Lengths stay as they are."""
    return _DEEP_LINE.sub(lambda found: found[1] + "x" * (len(found[0].encode()) - len(found[1].encode())), text)


def parse_blocks(document: Document) -> list[Block]:
    """Return the blocks of a Markdown document, in order; none where it is blank."""
    if not document.text.strip():
        return []
    lines = _Lines(document)
    return [_block(node, lines) for node in _nodes(_parseable(document.text)) if node.srcmap]


def _nodes(text: str) -> "Sequence[Node]":
    """Return the outermost blocks.

    The parser takes `# A` before `|---|` for a table's header, where CommonMark sees a heading: the second line of
    such a table is hidden from it.
    """
    content = bytearray(text.encode())
    while True:
        nodes = _parser().tree(content.decode()).children
        places = [node.srcmap[0] for node in nodes if node.name == "table" and node.srcmap]
        wrong = [found.end() for place in places if (found := _NO_HEADER.match(content, place))]
        if not wrong:
            return nodes
        for place in wrong:
            content[place] = ord("x")


def _parseable(text: str) -> str:
    r"""Return `text` with lone surrogates, which the parser refuses, as other characters of three bytes."""
    return re.sub("[\ud800-\udfff]", "\ufffd", _shallow(text))


def _block(node: "Node", lines: _Lines) -> Block:
    first, last = node.srcmap or (0, 0)
    start, end = lines.start(first), lines.after(last)
    kind = _KINDS.get(node.name, node.name)
    if kind == "heading":
        title = "".join(str(child.meta.get("content", "")) for child in node.children)
        return Block(kind, start, end, int(node.meta["level"]), " ".join(title.split()))
    if kind == "table":
        rows = [lines.start(row.srcmap[0]) for body in node.children for row in body.children if row.srcmap]
        header = lines.text[start : rows[1] if len(rows) > 1 else end].strip()
        return Block(
            kind, start, end, info=header, parts=tuple((row, LAST if row in rows[:2] else 0) for row in rows[1:])
        )
    if kind in {"list", "quote"}:
        return Block(kind, start, end, parts=tuple(_nested(node, lines, 0)))
    if kind in {"fence", "code", "html", "front_matter"}:
        parts = tuple(_code_lines(lines, start, end, 0, fenced=kind == "fence"))
        return Block(kind, start, end, info=str(node.meta.get("info", "")).strip(), parts=parts)
    return Block(kind, start, end)


def _code_lines(lines: _Lines, start: int, end: int, depth: int, *, fenced: bool) -> Iterator[tuple[int, int]]:
    """Yield where code may be cut: better after a blank line, and last at the lines of the fence itself."""
    starts = [start, *lines.line_starts(start, end)]
    for number, (before, here) in enumerate(itertools.pairwise(starts), 1):
        if fenced and number in {1, len(starts) - 1}:
            yield here, LAST
        else:
            yield here, depth if not lines.text[before:here].strip() else depth + 1


def _nested(node: "Node", lines: _Lines, depth: int) -> Iterator[tuple[int, int]]:
    """Yield where the blocks inside a list or a quote start, outermost first, without recursion."""
    stack = [(child, depth) for child in reversed(node.children)]
    while stack:
        child, level = stack.pop()
        if child.srcmap is None or child.name == "text":
            continue
        yield lines.start(child.srcmap[0]), level
        yield lines.after(child.srcmap[1]), level
        if child.name in {"fence", "code_block"}:
            first, last = lines.start(child.srcmap[0]), lines.after(child.srcmap[1])
            yield from _code_lines(lines, first, last, level + 1, fenced=child.name == "fence")
        stack += [(grandchild, level + 1) for grandchild in reversed(child.children)]


_IMAGES = re.compile(r"(?:!\[[^\]]*\]\([^)]*\)\s*)+")
_IMPORTS = re.compile(r"(?:(?:import|export)\b[^\r\n]*\s*)+")


def skipped_kind(block: Block, document: Document) -> str | None:
    """Return under which name `skip_blocks` leaves this block out, if under any."""
    if block.kind in {"fence", "code"}:
        return "code"
    text = document.text[block.start : block.end].strip()
    if block.kind == "html" and text.startswith("<!--") and text.endswith("-->"):
        return "html_comments"
    if block.kind == "paragraph" and _IMAGES.fullmatch(text):
        return "images"
    if block.kind == "paragraph" and document.name.lower().endswith(".mdx") and _IMPORTS.fullmatch(text):
        return "mdx_imports"
    return block.kind if block.kind == "front_matter" else None
