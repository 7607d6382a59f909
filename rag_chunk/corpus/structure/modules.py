"""Module statements of MDX: `import` and `export`, over as many lines as they have."""

import re
from collections.abc import Iterator

_NAME = r"[\w$]+"
_NAMED = r"\{[^{}]*\}"
_IMPORT = re.compile(
    rf"import\s+(?:(?:type\s+)?(?:{_NAME}|(?:{_NAME}\s*,\s*)?(?:{_NAMED}|\*\s*as\s+{_NAME}))\s*from\s*)?"
    r"(?:\"[^\"\r\n]*\"|'[^'\r\n]*')(?:\s*(?:with|assert)\s*\{[^{}]*\})?[ \t]*;?[ \t]*(?=[\r\n]|//|/\*|$)"
)
_EXPORT = re.compile(
    rf"export\s+(?:(?:const|let|var)\s+(?:{_NAME}|[{{\[][^=]*)\s*(?::[^=]*)?=|(?:default\s+)?(?:async\s+)?function\b\s*\*?\s*(?:{_NAME})?\s*[(<]"
    rf"|(?:default\s+)?(?:abstract\s+)?class\s+(?:{_NAME}\s*)?(?:extends\s+[\w$.]+\s*)?\{{|type\s+{_NAME}[^=\r\n]*=|interface\s+{_NAME}[^{{\r\n]*\{{|enum\s+{_NAME}\s*\{{"
    rf"|{_NAMED}|\*\s*(?:as\s+{_NAME}\s*)?from\s*[\"']|default\s+(?:[({{\[\"'`]|{_NAME}\s*(?:[;(]|=>|[\r\n]|$)))"
)
_PIECE = re.compile(
    r"//[^\r\n]*|/\*.*?\*/|(?<=[=(,:&|?!])[ \t]*/(?:[^/\\\[\r\n]|\\.|\[(?:[^\]\\\r\n]|\\.)*\])+/"
    r"|\"(?:[^\"\\\r\n]|\\.)*\"|'(?:[^'\\\r\n]|\\.)*'|`(?:[^`\\]|\\.)*`|[()\[\]{}\r\n]",
    re.DOTALL,
)
_LINE_END = re.compile(r"[ \t]*(?:\r\n?|\n|$)")
_COMMENT = re.compile(r"[ \t]*(?://[^\r\n]*|/\*(?:(?!\*/).)*+\*/[ \t]*)(?:\r\n?|\n|$)", re.DOTALL)
_MDX_COMMENT = re.compile(r"\{\s*/\*(?:(?!\*/).)*+\*/\s*\}[ \t]*(?:\r\n?|\n|$)", re.DOTALL)
_GOES_ON = re.compile(r"(?:\r\n?|\n)[ \t]+(?:\.\w|[?:+]|\|\||&&)")  # the next line is of the same statement
_UNFINISHED = re.compile(r"(?:[=,?:&|+([{]|=>|\bfrom)[ \t]*$")


def module_statements(text: str, paragraphs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    r"""Yield the stretches of module statements, which begin where a paragraph does.

    >>> list(module_statements("import A from 'a'\nexport const b = [\n]\n\nText.", [(0, 37)]))
    [(0, 39)]
    """
    reached = 0
    for paragraph, _ in paragraphs:
        start = _after_all(_MDX_COMMENT, text, paragraph)
        end = max(start, reached)
        while (after := _after_statement(text, _after_all(_COMMENT, text, end) if end > start else end)) > end:
            end = after
        if start >= reached and end > start:
            yield start, end
        reached = max(reached, end)


def mdx_comments(text: str, paragraphs: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Yield the stretches of comments in MDX, `{/* */}` on lines of their own, which begin where a paragraph does."""
    for start, _ in paragraphs:
        end = _after_all(_MDX_COMMENT, text, start)
        if end > start:
            yield start, end


def _after_all(pattern: re.Pattern[str], text: str, start: int) -> int:
    """Return where what matches `pattern` ends, over and over, from `start` on."""
    while match := pattern.match(text, start):
        start = match.end()
    return start


def _after_statement(text: str, start: int) -> int:
    """Return where the line after a statement begins that starts there; `start` where none does."""
    if statement := _IMPORT.match(text, start):
        end = _LINE_END.match(text, statement.end())
        return end.end() if end else _after_brackets(text, statement.end(), start)
    return _after_brackets(text, start, start) if _EXPORT.match(text, start) else start


def _after_brackets(text: str, place: int, otherwise: int) -> int:
    """Return where the first line begins before which no bracket is open, or `otherwise` where one stays open."""
    depth, line = 0, place
    for piece in _PIECE.finditer(text, place):
        if piece[0] in "([{":
            depth += 1
        elif piece[0] in ")]}":
            depth -= 1
        elif piece[0] in "\r\n" and depth <= 0 and not _is_unfinished(text, line, piece.start()):
            end = _LINE_END.match(text, piece.start())
            return end.end() if end else otherwise
        if piece[0] in "\r\n":
            line = piece.end()
    return len(text) if depth <= 0 else otherwise


def _is_unfinished(text: str, line: int, end: int) -> bool:
    return bool(_UNFINISHED.search(text, line, end) or _GOES_ON.match(text, end))
