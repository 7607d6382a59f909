"""HTML to Markdown: the main part of a page, without scripts, styles, navigation and embedded pictures."""

from html.parser import HTMLParser
from typing import Any

from rag_chunk.corpus.converters.pages import ConvertedPages, Limits

_DROPPED = "nav script style noscript template iframe object embed svg".split()
_AROUND = ("header", "footer", "aside")  # dropped around the main part; inside it they are part of the text
_EMBEDDED = 'img[src^="data:"]'
_MAIN = ("main", "article")


def read_html(data: bytes, ending: str, limits: Limits, **options: Any) -> ConvertedPages:
    """Return the Markdown of `<main>`, else of the `<article>`s that hold most of the text, else of the page."""
    from html_to_markdown import ConversionOptions, PreprocessingOptions, convert

    settings = ConversionOptions(
        preprocessing=PreprocessingOptions(
            remove_navigation=False, remove_forms=False
        ),  # what is dropped is decided here
        exclude_selectors=[*_DROPPED, _EMBEDDED],
        max_depth=500,
        **options,
    )
    content = convert(_main_part(_decode_html(data)), settings).content
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
    """Return the encoding that a page declares, as browsers understand the name; Windows-1252 where none is usable."""
    import codecs
    import re

    pattern = rb"(?:charset|<\?xml[^>]{0,200}?\bencoding)\s*=\s*[\"']?([\w.:-]+)"
    declared = re.search(pattern, data[:2048], re.IGNORECASE)
    try:
        name = codecs.lookup(declared[1].decode()).name if declared else "cp1252"
        b"x".decode(name, "replace")  # raises where the codec is of no text
    except (LookupError, ValueError):
        return "cp1252"
    return "cp1252" if name in {"iso8859-1", "ascii"} else name


def _main_part(text: str) -> str:
    finder = _Finder(text)
    finder.feed(text)
    finder.close()
    main, articles = finder.spans("main"), finder.spans("article")
    if main or (articles and 2 * finder.in_articles >= finder.in_page):
        return "\n".join(text[start:end] for start, end in main or articles)
    return _without_surroundings(text, finder, articles)


def _without_surroundings(text: str, finder: "_Finder", articles: list[tuple[int, int]]) -> str:
    """Return the page without what is `_AROUND`, except where it is in an article or holds one."""
    around = sorted(span for tag in _AROUND for span in finder.ended[tag])
    kept, position = [], 0
    for start, end in around:
        if start >= position and not any(first < end and start < last for first, last in articles):
            kept.append(text[position:start])
            position = end
    return "".join([*kept, text[position:]])


class _Finder(HTMLParser):
    """Finds the outermost elements of `_MAIN` and `_AROUND` in a page, and counts the characters of its text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=False)
        self.ended: dict[str, list[tuple[int, int]]] = {tag: [] for tag in (*_MAIN, *_AROUND)}
        self.in_page = self.in_articles = 0
        self._text = text
        self._line_starts = [0]
        for line in text.split("\n"):
            self._line_starts.append(self._line_starts[-1] + len(line) + 1)
        self._open: dict[str, list[int]] = {tag: [] for tag in (*_MAIN, *_AROUND, *_DROPPED, "head")}

    def spans(self, tag: str) -> list[tuple[int, int]]:
        """Return where the outermost elements begin and end; one that is not closed reaches to the end of the page."""
        return [*self.ended[tag], *((start, len(self._text)) for start in self._open[tag][:1])]

    def _position(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002 - the parser names it
        if tag == "body":
            self._open["head"].clear()
        if tag in self._open and tag != "embed":  # which has no end
            self._open[tag].append(self._position())

    def handle_endtag(self, tag: str) -> None:
        if self._open.get(tag):
            start = self._open[tag].pop()
            if not self._open[tag] and tag in self.ended:
                end = self._text.find(">", self._position()) + 1 or len(self._text)
                self.ended[tag].append((start, end))

    def handle_data(self, data: str) -> None:
        in_article = bool(self._open["article"])
        silent = (*_DROPPED, "head") if in_article else (*_DROPPED, *_AROUND, "head")
        if not any(self._open[tag] for tag in silent):
            length = len("".join(data.split()))
            self.in_page += length
            self.in_articles += length if in_article else 0
