"""What a CommonMark parser finds in Markdown documents: blocks and their parts, by their places in UTF-8."""

import json
import re
from array import array
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import accumulate
from sys import intern
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyromark import Markdown
    from pyromark.event import Range

LAST = 100  # the depth of a place where a cut parts what belongs together, as a table's header and its first row
_DEEPEST = 100
_DEEP_LINE = re.compile(rb"[ \t]*(?:(?:>|[-+*]|\d{1,9}[.)])[ \t]*){%d}" % _DEEPEST)
_SURROGATES = re.compile("[\ud800-\udfff]")
_LONE_RETURN = re.compile(rb"\r(?!\n)")
_FRONT_MATTER = re.compile(rb"[ \t]*(-{3,})|(\+{3})[ \t]*(?=[\r\n]|$)|(\{)[ \t]*(?=[\r\n])")
_YAML_END = re.compile(rb"(-{3,}|\.{3})[ \t]*[\r\n]*")
_YAML_BEGINNING = re.compile(
    r"(?:[\w$@./-]+(?: [\w-]+){0,2}|\"[^\"]*\"|'[^']*')[ \t]*[:=](?:\s|$)|[{%]"
)  # a key, or a template's mark
_MATH = re.compile(rb"^[ ]{0,3}\$\$(?:[^$\r\n]|\$(?!\$)|\r?\n(?![ \t]*\r?\n))*+\$\$", re.MULTILINE)
_RULE = re.compile(rb"(?<=\n)(?<!\n\n)(?:=+|-+)(?=[ \t]*\r?\n)")  # in an equation no heading ends
_REST_OF_LINE = re.compile(rb"[^\r\n]*")
_LINE_ENDS = re.compile(r"[\r\n]+")
_ATX_MARK = re.compile(r"#{1,6}")
KINDS = ("paragraph", "heading", "fence", "code", "table", "list", "quote", "html", "break", "front_matter")
NODES = (*KINDS, "header", "row", "item")
_HEADING, _FENCE, _BREAK, _FRONT_MATTER_KIND = map(NODES.index, ("heading", "fence", "break", "front_matter"))
_KINDS = {  # by the parser's names, with the parts of blocks; it has no front matter that ends where ours does
    name: NODES.index(kind)
    for name, kind in {
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
    }.items()
}
# Link references would make paragraphs disappear, and links be read for nothing. Brackets open no block but CDATA.
# A form feed and a vertical tab are no white space in CommonMark; to the parser they are.
_NEUTRAL = bytes.maketrans(b"[]\x01\x02\v\f", b"\x01\x02@@@@")


class MarkdownNodes:
    """What was found in the documents so far, in columns, since there may be millions: blocks and their parts.

    `nodes` has five numbers for each, which comes before what lies in it: the kind (in `NODES`), how deep it lies in
    others, where it starts and ends, and the level of a heading. `infos` has a text for each: that of a heading, or what is
    said of a fence. Places are bytes of UTF-8, counted from the first document on, with one more between two documents;
    `lines` are where lines start, and where each document ends. `documents` has two numbers for each, that of its first
    line on the corpus' line, and how many of `lines` are its own.
    """

    def __init__(self) -> None:
        """Begin with nothing."""
        self.nodes, self.lines, self.documents = array("q"), array("q"), array("q")
        self.infos: list[str] = []

    def add(self, text: str, first_line: int) -> None:
        """Add the blocks of a Markdown document, in order; none where it is blank."""
        if not text or text.isspace():
            return
        document = _MarkdownText(text)
        start = self._add_lines(map(len, document.lines), first_line)
        if document.front_matter:
            self._add_node(
                _FRONT_MATTER_KIND, 0, start, start + sum(map(len, document.lines[: document.front_matter])), 0
            )
        for kind, depth, first, last, level in _nodes(document.to_parse()):
            info = ""
            if kind == _HEADING and not depth:
                info = document.title(first, last)
            elif kind == _FENCE:
                info = document.fence_info(first)
            self._add_node(kind, depth, start + first, start + last, level, info)

    def add_headings(
        self, lines: Sequence[str], headings: Iterable[tuple[int, int, int, str]], first_line: int
    ) -> None:
        """Add a document that is not Markdown: its headings, as the first line, the line after the last, level and text.

        As only lines are known of these, each of its `lines` counts as one byte.
        """
        start = self._add_lines([1] * len(lines), first_line)
        for first, after, level, title in headings:
            self._add_node(_HEADING, 0, start + first, start + after, level, title)

    def _add_lines(self, lengths: Iterable[int], first_line: int) -> int:
        """Add a document whose lines have these lengths; return where it starts."""
        start, before = self.lines[-1] + 1 if self.lines else 0, len(self.lines)
        self.lines.extend(accumulate(lengths, initial=start))
        self.documents.extend((first_line, len(self.lines) - before))
        return start

    def _add_node(self, kind: int, depth: int, start: int, end: int, level: int, info: str = "") -> None:
        self.nodes.extend((kind, depth, start, end, level))
        self.infos.append(info)


class _MarkdownText:
    """A document in UTF-8, its lines, and what the parser gets of it, which has the same length."""

    def __init__(self, text: str) -> None:
        try:
            self._content = text.encode()
        except UnicodeEncodeError:
            self._content = _SURROGATES.sub("\ufffd", text).encode()
        self.lines = self._content.splitlines(keepends=True)
        self.front_matter = _front_matter(self.lines)  # the number of its lines

    def to_parse(self) -> str:
        r"""Return the text without front matter, lone \r, equations that look like headings, and deep nesting.

        Lines after marks that are nested deeper than any text needs would cost as much time as the marks are deep.
        """
        lines = [b"\n" * len(line) for line in self.lines[: self.front_matter]]
        lines += [_hide_deep(line) if len(line) > _DEEPEST else line for line in self.lines[self.front_matter :]]
        content = b"".join(lines)
        if b"\r" in content:
            content = _LONE_RETURN.sub(b"\n", content)
        if b"$$" in content:
            content = _MATH.sub(lambda math: _RULE.sub(lambda rule: b"x" * len(rule[0]), math[0]), content)
        content = content.translate(_NEUTRAL).replace(b"<!\x01CDATA\x01", b"<![CDATA[").replace(b"\x02\x02>", b"]]>")
        return content.decode()

    def title(self, start: int, end: int) -> str:
        """Return the text of the heading between two places."""
        return _title(self._content[start:end].decode())

    def fence_info(self, start: int) -> str:
        """Return what is said of the fence that opens at a place."""
        opening = _REST_OF_LINE.match(self._content, start)
        marked = opening[0].strip() if opening else b""
        return intern(marked.lstrip(marked[:1]).decode().strip())  # the same for most


def _hide_deep(line: bytes) -> bytes:
    """Return a line with all that comes after very many marks made a word of the same length."""
    deep = _DEEP_LINE.match(line)
    if not deep:
        return line
    end = len(line.rstrip(b"\r\n"))
    return line[: deep.end()] + b"x" * (end - deep.end()) + line[end:]


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


def _nodes(text: str) -> Iterator[tuple[int, int, int, int, int]]:
    """Yield blocks and their parts, each before what lies in it: the numbers of `MarkdownNodes`."""
    depth = 0
    for event, place in _events(text):
        if "Start" in event:
            tag = event["Start"]
            name = tag if isinstance(tag, str) else next(iter(tag))
            kind = _KINDS.get(name)
            if kind is not None:
                level = int(tag[name]["level"][1:]) if kind == _HEADING else 0
                is_fence = name == "CodeBlock" and tag[name] != "Indented"
                yield _FENCE if is_fence else kind, depth, place["start"], place["end"], level
            depth += 1
        elif "End" in event:
            depth -= 1
        elif event == "Rule":
            yield _BREAK, depth, place["start"], place["end"], 0


def _events(text: str) -> "Iterator[tuple[Any, Range]]":
    return _parser().events_with_range(text, merge_text=True)


def _title(heading: str) -> str:
    """Return the text of a heading: without its `#`, or without the line below it."""
    lines = _LINE_ENDS.split(heading.strip(" \t\r\n"))
    if len(lines) == 1 and (mark := _ATX_MARK.match(lines[0])):
        text = lines[0][mark.end() :]
        unclosed = text.rstrip("#")
        return " ".join((unclosed if unclosed.endswith((" ", "\t")) else text).split())
    return " ".join(" ".join(lines[:-1]).split())
