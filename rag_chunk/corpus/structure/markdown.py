"""What a CommonMark parser finds in Markdown documents: blocks and where they may be cut, by the numbers of lines."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate
from sys import intern
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markdown_it_pyrs import MarkdownIt, Node

LAST = 100  # the depth of a place where a cut parts what belongs together, as a table's header and its first row
_DEEPEST = 100
_MOST = 254  # what a depth is said to be at most: one more still fits into a byte
_DEEP_LINE = re.compile(rb"[ \t]*(?:(?:>|[-+*]|\d{1,9}[.)])[ \t]*){%d}" % _DEEPEST)
_NO_HEADER = re.compile(rb"(?:#{1,6}[ \t]|>|[-+*][ \t]|\d{1,9}[.)][ \t])[^\r\n]*(?:\r\n?|\n)[ \t]*(?=[|:-])")
_SURROGATES = re.compile("[\ud800-\udfff]")
_NAMES = {  # the parser's, and ours
    "paragraph": "paragraph",
    "heading": "heading",
    "lheading": "heading",
    "fence": "fence",
    "code_block": "code",
    "table": "table",
    "bullet_list": "list",
    "ordered_list": "list",
    "blockquote": "quote",
    "html_block": "html",
    "hr": "break",
    "front_matter": "front_matter",
}
KINDS = tuple(dict.fromkeys(_NAMES.values()))


class MarkdownRows:
    """What was found in the documents so far: rows of numbers in arrays, end to end, since there may be millions.

    Lines are counted from the first of all documents. `blocks` has the kind (in `KINDS`), the first line, the line
    after the last and the level of each block; `cuts` the line and the depth of each place where blocks may be cut;
    `code` the first line, the line after the last, the depth, and whether it is a fence, of what may be cut at its lines.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.blocks, self.cuts, self.code = array("i"), array("i"), array("i")
        self.infos: list[str] = []  # of each block: a fence's info string, a heading's text

    def add(self, text: str, first_line: int) -> None:
        """Add the blocks of a document, in order; none where it is blank."""
        if not text or text.isspace():
            return
        lines = _Lines(text, first_line)
        for node in _nodes(lines.content):
            if node.srcmap:
                self._add_block(node, lines)

    def _add_block(self, node: "Node", lines: "_Lines") -> None:
        kind, (first, after) = _NAMES[node.name], lines.of(node)
        self.blocks.extend((KINDS.index(kind), first, after, node.meta["level"] if kind == "heading" else 0))
        self.infos.append(_info(node, kind))
        if kind == "table":
            rows = [lines.of(row)[0] for body in node.children for row in body.children if row.srcmap]
            self.cuts.extend((first + 1, LAST))  # the line below the header, which is no row
            for number, row in enumerate(rows[1:]):
                self.cuts.extend((row, 0 if number else LAST))
        elif kind in {"list", "quote"}:
            self._add_nested(node, lines)
        elif kind in {"fence", "code", "html", "front_matter"}:
            self.code.extend((first, after, 0, kind == "fence"))

    def _add_nested(self, node: "Node", lines: "_Lines") -> None:
        """Add where the blocks inside a list or a quote start, outermost first, without recursion."""
        stack = [(child, 0) for child in reversed(node.children)]
        while stack:
            child, depth = stack.pop()
            if child.name == "text" or child.srcmap is None:
                continue
            first, after = lines.of(child)
            self.cuts.extend((first, depth, after, depth))
            inner = min(depth + 1, _MOST)
            if child.name in {"fence", "code_block"}:
                self.code.extend((first, after, inner, child.name == "fence"))
            stack += [(grandchild, inner) for grandchild in reversed(child.children)]


class _Lines:
    """The lines of a document as the parser gets them: in UTF-8, none with marks nested deeper than any text needs.

    Lengths stay as they are. The parser recurses at such marks, and it refuses lone surrogates.
    """

    def __init__(self, text: str, first_line: int) -> None:
        try:
            content = text.encode()
        except UnicodeEncodeError:
            content = _SURROGATES.sub("\ufffd", text).encode()
        lines = content.splitlines(keepends=True)
        self._starts = list(accumulate(map(len, lines[:-1]), initial=0))
        if lines[-1].endswith((b"\n", b"\r")):
            self._starts.append(len(content))
        self._first_line = first_line
        for number, line in enumerate(lines):
            if len(line) > _DEEPEST and (deep := _DEEP_LINE.match(line)):
                lines[number] = _hide(line, deep.end())
        self.content = b"".join(lines)

    def of(self, node: "Node") -> tuple[int, int]:
        """Return the first line of a node, and the line after its last."""
        start, end = node.srcmap or (0, 0)
        first = bisect_right(self._starts, start) - 1
        return self._first_line + first, self._first_line + bisect_right(self._starts, max(end - 1, 0))


def _hide(line: bytes, start: int) -> bytes:
    """Return a line with all that comes from `start` on made a word of the same length."""
    end = len(line.rstrip(b"\r\n"))
    return line[:start] + b"x" * (end - start) + line[end:]


@lru_cache(maxsize=1)
def _parser() -> "MarkdownIt":
    from markdown_it_pyrs import MarkdownIt

    # Inline rules and link references are left out: they change no block, and references cost quadratic time.
    parser = MarkdownIt("zero")
    parser.enable_many(["fence", "code", "blockquote", "hr", "list", "html_block", "heading", "lheading"])
    parser.enable_many(["table", "paragraph", "front_matter"])
    return parser


def _nodes(content: bytes) -> "Sequence[Node]":
    """Return the outermost blocks.

    The parser takes `# A` before `|---|` for a table's header, where CommonMark sees a heading: the second line of
    such a table is hidden from it.
    """
    while True:
        nodes = _parser().tree(content.decode()).children
        places = [node.srcmap[0] for node in nodes if node.name == "table" and node.srcmap]
        wrong = [found.end() for place in places if (found := _NO_HEADER.match(content, place))]
        if not wrong:
            return nodes
        hidden = bytearray(content)
        for place in wrong:
            hidden[place] = ord("x")
        content = bytes(hidden)


def _info(node: "Node", kind: str) -> str:
    """Return a heading's text, or what is said of a fence where it opens."""
    if kind == "heading":
        title = "".join(str(child.meta.get("content", "")) for child in node.children)
        return " ".join(title.split())
    return intern(str(node.meta.get("info", "")).strip()) if kind == "fence" else ""  # the same for most
