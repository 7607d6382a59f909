"""HTML to Markdown: the main part of a page, without scripts, styles, navigation and embedded pictures."""

from html.parser import HTMLParser

from rag_chunk.corpus.converters.pages import ConvertedPages, Limits

_DROPPED = "nav header footer aside script style noscript template iframe object embed form svg".split()
_EMBEDDED = 'img[src^="data:"]'
_MAIN = ("main", "article")


def read_html(data: bytes, ending: str, limits: Limits) -> ConvertedPages:
    """Return the Markdown of `<main>`, else of all outermost `<article>`s, else of the whole page."""
    from html_to_markdown import ConversionOptions, convert

    options = ConversionOptions(
        extract_metadata=False,
        bullets="-",
        compact_tables=True,
        exclude_selectors=[*_DROPPED, _EMBEDDED],
        max_depth=500,
        tier_strategy="auto",
    )
    content = convert(_main_part(_decode_html(data)), options).content
    return ConvertedPages((content or "",))


def _decode_html(data: bytes) -> str:
    """Return the text of a page: UTF-8, else by its mark, else by the encoding that it declares."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode(_declared_encoding(data), "replace")


def _declared_encoding(data: bytes) -> str:
    import codecs
    import re

    declared = re.search(rb"charset\s*=\s*[\"']?([\w.:-]+)", data[:2048], re.IGNORECASE)
    try:
        return codecs.lookup(declared[1].decode()).name if declared else "cp1252"
    except LookupError:
        return "cp1252"


def _main_part(text: str) -> str:
    finder = _Finder(text)
    finder.feed(text)
    finder.close()
    parts = finder.parts["main"] or finder.parts["article"]
    return "\n".join(parts) or text


class _Finder(HTMLParser):
    """Cuts the outermost elements of `_MAIN` out of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: dict[str, list[str]] = {tag: [] for tag in _MAIN}
        self._text = text
        self._line_starts = [0]
        for line in text.split("\n"):
            self._line_starts.append(self._line_starts[-1] + len(line) + 1)
        self._open: dict[str, list[int]] = {tag: [] for tag in _MAIN}

    def _position(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser names it
        if tag in _MAIN:
            self._open[tag].append(self._position())

    def handle_endtag(self, tag: str) -> None:
        if tag in _MAIN and self._open[tag]:
            start = self._open[tag].pop()
            if not self._open[tag]:
                end = self._text.find(">", self._position()) + 1
                self.parts[tag].append(self._text[start:end])
