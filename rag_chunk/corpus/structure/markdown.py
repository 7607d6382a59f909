"""What a CommonMark parser finds in Markdown documents: blocks and where they may be cut, by the numbers of lines."""

import json
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import accumulate
from sys import intern
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from pyromark import Markdown
    from pyromark.event import Range

LAST = 100  # the depth of a place where a cut parts what belongs together, as a table's header and its first row
_DEEPEST = 100
_MOST = 254  # what a depth is said to be at most: one more still fits into a byte
_DEEP_LINE = re.compile(rb"[ \t]*(?:(?:>|[-+*]|\d{1,9}[.)])[ \t]*){%d}" % _DEEPEST)
_SURROGATES = re.compile("[\ud800-\udfff]")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_FRONT_MATTER = re.compile(rb"[ \t]*(-{3,})|(\+{3})[ \t]*(?=[\r\n]|$)|(\{)[ \t]*(?=[\r\n])")
_YAML_END = re.compile(rb"(-{3,}|\.{3})[ \t]*[\r\n]*")
_YAML_BEGINNING = re.compile(r"(?:[\w$@./-]+|\"[^\"]*\"|'[^']*')[ \t]*[:=](?:\s|$)|[{%]")  # a key, or a template's mark
_MATH = re.compile(rb"^[ ]{0,3}\$\$(?:[^$\r\n]|\$(?!\$)|\r?\n(?![ \t]*\r?\n))*+\$\$", re.MULTILINE)
_RULE = re.compile(rb"(?<=\n)(?<!\n\n)(?:=+|-+)(?=[ \t]*\r?\n)")  # in an equation no heading ends
_ATX_HEADING = re.compile(r"#{1,6}(.*?)(?:(?<![^ \t])#+)?", re.DOTALL)
KINDS = ("paragraph", "heading", "fence", "code", "table", "list", "quote", "html", "break", "front_matter")
_KINDS = {  # by the parser's names, with the parts of blocks; it has no front matter that ends where ours does
    "Paragraph": "paragraph",
    "Heading": "heading",
    "CodeBlock": "code",
    "Table": "table",
    "TableHead": "header",
    "TableRow": "row",
    "List": "list",
    "Item": "item",
    "BlockQuote": "quote",
    "HtmlBlock": "html",
}
_INNERMOST = {"paragraph", "fence", "code", "table", "html"}
# Link references would make paragraphs disappear, and links be read for nothing. Brackets open no block but CDATA.
# A form feed and a vertical tab are no white space in CommonMark; to the parser they are.
_NEUTRAL = bytes.maketrans(b"[]\x01\x02\v\f", b"\x01\x02@@@@")


class _Node(NamedTuple):
    """A block or a part of one: how deep it lies in others, where it is in the UTF-8, and the level of a heading."""

    kind: str
    depth: int
    start: int
    end: int
    level: int


class MarkdownRows:
    """What was found in the documents so far: rows of numbers in arrays, end to end, since there may be millions.

    Lines are counted from the first of all documents. `blocks` has the kind (in `KINDS`), the first line, the line
    after the last and the level of each block; `inner` the kind, the first line and the line after the last of each block
    inside a list or a quote that holds no other; `cuts` the line and the depth of each place where blocks may be cut;
    `code` the first line, the line after the last, the depth, and whether it is a fence, of what may be cut at its lines.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.blocks, self.inner, self.cuts, self.code = array("i"), array("i"), array("i"), array("i")
        self.infos: list[str] = []  # of each block: a fence's info string, a heading's text
        self.inner_infos: list[str] = []  # the same of each inner block

    def add(self, text: str, first_line: int) -> None:
        """Add the blocks of a document, in order; none where it is blank."""
        if not text or text.isspace():
            return
        lines, outer = _Lines(text, first_line), ""
        if lines.front_matter:
            self._add_block(_Node("front_matter", 0, 0, 0, 0), (first_line, first_line + lines.front_matter), "")
        for node in _nodes(lines.to_parse()):
            span = lines.of(node)
            if not node.depth:
                self._add_block(node, span, lines.info(node))
                outer = node.kind
            elif outer == "table":
                self._add_row(node, span)
            else:
                self._add_nested(node, span, lines.info(node) if node.kind == "fence" else "")

    def _add_block(self, node: _Node, span: tuple[int, int], info: str) -> None:
        self.blocks.extend((KINDS.index(node.kind), *span, node.level))
        self.infos.append(info)
        if node.kind == "table":
            self.cuts.extend((span[0] + 1, LAST))  # the line below the header, which is no row
        elif node.kind in {"fence", "code", "html", "front_matter"}:
            self.code.extend((*span, 0, node.kind == "fence"))

    def _add_row(self, node: _Node, span: tuple[int, int]) -> None:
        if node.kind == "row":
            header = self.blocks[-3]  # the first line of the block added last, the table
            self.cuts.extend((span[0], LAST if span[0] == header + 2 else 0))

    def add_headings(self, headings: Iterable[tuple[int, int, int, str]], first_line: int) -> None:
        """Add the headings of a document that is not Markdown: first line, line after the last, level and text of each."""
        for first, after, level, title in headings:
            self.blocks.extend((KINDS.index("heading"), first_line + first, first_line + after, min(level, _MOST)))
            self.infos.append(title)

    def _add_nested(self, node: _Node, span: tuple[int, int], info: str) -> None:
        """Add where a block inside a list or a quote starts and ends; the rows of a table lie deeper than its parts."""
        outer, inner = min(node.depth - 1, _MOST), min(node.depth, _MOST)
        depth = inner if node.kind in {"header", "row"} else outer
        if node.kind in _INNERMOST:
            self.inner.extend((KINDS.index(node.kind), *span))
            self.inner_infos.append(info)
        self.cuts.extend((span[0], depth, span[1], depth))
        if node.kind == "header":
            self.cuts.extend((span[1] + 1, outer))
        elif node.kind in {"fence", "code"}:
            self.code.extend((*span, inner, node.kind == "fence"))


class _Lines:
    """The lines of a document in UTF-8, and what the parser gets of them, which has the same length."""

    def __init__(self, text: str, first_line: int) -> None:
        try:
            self._content = text.encode()
        except UnicodeEncodeError:
            self._content = _SURROGATES.sub("\ufffd", text).encode()
        self._lines = self._content.splitlines(keepends=True)
        self._starts = list(accumulate(map(len, self._lines[:-1]), initial=0))
        if self._lines[-1].endswith((b"\n", b"\r")):
            self._starts.append(len(self._content))
        self._first_line = first_line
        self.front_matter = _front_matter(self._lines)  # the number of its lines

    def to_parse(self) -> str:
        r"""Return the text without front matter, lone \r, equations that look like headings, and deep nesting.

        Lines after marks that are nested deeper than any text needs would cost as much time as the marks are deep.
        """
        lines = [b"\n" * len(line) for line in self._lines[: self.front_matter]]
        for line in self._lines[self.front_matter :]:
            deep = len(line) > _DEEPEST and _DEEP_LINE.match(line)
            lines.append(_hide(line, deep.end()) if deep else line)
        content = b"".join(lines)
        if b"\r" in content:
            content = _LONE_RETURN.sub(b"\n", content)
        if b"$$" in content:
            content = _MATH.sub(lambda math: _RULE.sub(lambda rule: b"x" * len(rule[0]), math[0]), content)
        content = content.translate(_NEUTRAL).replace(b"<!\x01CDATA\x01", b"<![CDATA[").replace(b"\x02\x02>", b"]]>")
        return content.decode()

    def of(self, node: _Node) -> tuple[int, int]:
        """Return the first line of a node, and the line after its last; one blank line at its end does not count."""
        after = bisect_left(self._starts, node.end)
        if node.kind == "list" and node.end < len(self._content):  # it may go on to the marks of the next line
            after = bisect_right(self._starts, node.end) - 1
        if not self._lines[after - 1].strip(b"\r\n"):
            after -= 1
        return self._first_line + bisect_right(self._starts, node.start) - 1, self._first_line + after

    def info(self, node: _Node) -> str:
        """Return a heading's text, or what is said of a fence where it opens."""
        if node.kind == "heading":
            return _title(self._content[node.start : node.end].decode())
        if node.kind == "fence":
            line = bisect_right(self._starts, node.start) - 1
            opening = self._lines[line][node.start - self._starts[line] :].strip()
            return intern(opening.lstrip(opening[:1]).decode().strip())  # the same for most
        return ""


def _hide(line: bytes, start: int) -> bytes:
    """Return a line with all that comes from `start` on made a word of the same length."""
    end = len(line.rstrip(b"\r\n"))
    return line[:start] + b"x" * (end - start) + line[end:]


def _front_matter(lines: list[bytes]) -> int:
    """Return how many lines the front matter has: YAML between dashes, TOML between `+++`, or a JSON object."""
    opening = _FRONT_MATTER.match(lines[0])
    if not opening:
        return 0
    if opening[1]:
        return _yaml_lines(lines, opening[1])
    closing = b"+++" if opening[2] else b"}"
    after = next((number for number, line in enumerate(lines[1:], start=2) if line.rstrip() == closing), 0)
    return after if opening[2] or _is_json(b"".join(lines[:after])) else 0


def _yaml_lines(lines: list[bytes], dashes: bytes) -> int:
    """Return how many lines of YAML a text begins with, with those of dashes; 0 where the first is only a rule.

    A rule is followed by a blank line or by text, YAML by a comment or a key.
    """
    begun = False
    if not b"".join(lines[1:2]).strip():
        return 0
    for number, line in enumerate(lines[1:], start=2):
        if (end := _YAML_END.fullmatch(line)) and (end[1] == b"..." or len(end[1]) >= len(dashes)):
            return number
        if not begun and line.strip() and not line.startswith(b"#"):
            if not _YAML_BEGINNING.match(line.decode()):
                return 0
            begun = True
    return 0


def _is_json(content: bytes) -> bool:
    try:
        return isinstance(json.loads(content), dict)
    except (ValueError, RecursionError):
        return False


@lru_cache(maxsize=1)
def _parser() -> "Markdown":
    from pyromark import Markdown, Options

    return Markdown(options=Options.ENABLE_TABLES)


def _nodes(text: str) -> Iterator[_Node]:
    """Yield blocks and their parts, each before what lies in it."""
    depth = 0
    for event, place in _events(text):
        if "Start" in event:
            tag = event["Start"]
            name = tag if isinstance(tag, str) else next(iter(tag))
            if name in _KINDS:
                kind = "fence" if name == "CodeBlock" and tag[name] != "Indented" else _KINDS[name]
                level = int(tag[name]["level"][1:]) if kind == "heading" else 0
                yield _Node(kind, depth, place["start"], place["end"], level)
            depth += 1
        elif "End" in event:
            depth -= 1
        elif event == "Rule":
            yield _Node("break", depth, place["start"], place["end"], 0)


def _events(text: str) -> "Iterator[tuple[Any, Range]]":
    return _parser().events_with_range(text, merge_text=True)


def _title(heading: str) -> str:
    """Return the text of a heading: without its `#`, or without the line below it."""
    lines = re.split(r"[\r\n]+", heading.strip(" \t\r\n"))
    if len(lines) == 1 and (atx := _ATX_HEADING.fullmatch(lines[0])):
        return " ".join(atx[1].split())
    return " ".join(" ".join(lines[:-1]).split())
