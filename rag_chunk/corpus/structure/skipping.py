"""What `skip_blocks` can leave out: code, images, HTML comments, module statements of MDX, front matter, heads of pages."""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from typing import NamedTuple

from rag_chunk.corpus import Corpus
from rag_chunk.corpus.arrays import Bytes, Positions, Spans, as_spans
from rag_chunk.corpus.structure.blocks import Blocks
from rag_chunk.corpus.structure.markdown import KINDS
from rag_chunk.corpus.structure.page_furniture import find_furniture

CONTAINERS = re.compile(r"^[ \t]*(?:>[ \t]?|(?:[-+*]|\d{1,9}[.)])[ \t]+)*", re.MULTILINE)  # marks of quotes and lists
_COMMENTS = re.compile(r"(?:<!--(?:(?!-->).)*+-->\s*)+", re.DOTALL)
# Text that is indented after these is part of them: an admonition, a tab, a footnote, a definition.
_INDENTING = re.compile(r"(?:!!!|\?\?\?\+?)[ \t]*\w|===[+!]*[ \t]+[\"']|\[\^[^\]\s]+\]:")
_DEFINING = re.compile(r"^[ ]{0,3}:[ \t]", re.MULTILINE)
_LABEL = r"\[(?:[^\[\]\\]|\\.|\[[^\[\]]*\])*+\]"
_TARGET = r"\((?:[^()\\]|\\.|\([^()]*\))*+\)"
_IMAGE = re.compile(rf"!(?P<alt>{_LABEL})(?:{_TARGET}|(?P<label>\[[^\[\]]*\])|(?=(?P<shortcut>)))", re.DOTALL)
_LINK_END = re.compile(rf"\](?:{_TARGET}|\[[^\[\]]*\])")
_IMAGE_TAG = re.compile(
    r"</?(?:(?P<is_image>img|image)|picture|source|a|p|div|center|figure|span|br|h[1-6])\b"
    r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*+>",
    re.IGNORECASE,
)
_EMBEDDED = re.compile(r"!\[\[[^\[\]\r\n]+\.(?:png|jpe?g|gif|svg|webp|avif|bmp)(?:\|[^\[\]\r\n]*)?\]\]", re.IGNORECASE)
_BESIDE_IMAGES = re.compile(  # white space of any kind, comments, and attributes, as of kramdown
    r"(?:\s|\\(?=[\r\n])|&nbsp;|<!--(?:(?!-->).)*+-->|\{[^{}]*\})*+", re.DOTALL
)
_PART = re.compile(  # lines up to one that is blank or begins an item
    r"[^\r\n]+(?:(?:\r\n?|\n)(?![> \t]*(?:[-+*][ \t]|\d{1,9}[.)][ \t]|[\r\n]|$))[^\r\n]+)*"
)
_FENCE = re.compile(  # in indented text, up to its end where nothing closes it
    r"^[ \t]+(?P<marks>`{3,}|~{3,})[^`\r\n]*(?:\r\n?|\n)(?:.*\n)*?(?:[ \t]+(?P=marks)[`~]*[ \t]*$|\Z)", re.MULTILINE
)
_DEFINITION = re.compile(
    r"[ ]{0,3}\[((?:[^\[\]\\]|\\.)+)\]:[ \t]*(?:\r\n?|\n)?[ \t]*(<[^<>\r\n]*>|[^\s<]\S*)"
    r"(?:(?:[ \t]+|[ \t]*(?:\r\n?|\n)[ \t]*)(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*(?:\r\n?|\n|$)"
)

_Stretch = tuple[int, int]


class _Definition(NamedTuple):
    """A link reference definition: its label, its target, and where it is in the document."""

    label: str
    target: str
    start: int
    end: int


class _Block(NamedTuple):
    """A block of a document, by its offsets."""

    kind: str
    start: int
    end: int


def skippable_spans(corpus: Corpus, blocks: Blocks) -> dict[str, Spans]:
    """Return by each name that `skip_blocks` takes the spans on the line that it leaves out, in no order."""
    spans = defaultdict[str, list[_Stretch]](list)
    outer, inner = (_by_document(corpus, each.kinds, each.starts, each.ends) for each in (blocks, blocks.inner))
    for index, start in enumerate(corpus.starts[:-1].tolist()):
        document = corpus.documents[index]
        is_mdx = document.name.lower().endswith(".mdx")
        for kind, (first, last) in _skippable_in(document.text, outer[index], inner[index], is_mdx=is_mdx):
            spans[kind].append((start + first, start + last))
        spans["page_furniture"] += [(start + first, start + last) for first, last in find_furniture(document)]
    return defaultdict(lambda: as_spans([]), {kind: as_spans(pairs) for kind, pairs in spans.items()})


def _by_document(corpus: Corpus, kinds: Bytes, starts: Positions, ends: Positions) -> list[list[_Block]]:
    blocks: list[list[_Block]] = [[] for _ in corpus.documents]
    index = corpus.documents_at(starts)
    offsets = corpus.starts[index]
    rows = zip(index.tolist(), kinds.tolist(), (starts - offsets).tolist(), (ends - offsets).tolist(), strict=True)
    for number, kind, start, end in rows:
        blocks[number].append(_Block(KINDS[kind], start, end))
    return blocks


def _skippable_in(
    text: str, outer: list[_Block], inner: list[_Block], *, is_mdx: bool
) -> Iterator[tuple[str, _Stretch]]:
    """Yield the name and the offsets of what can be left out of a document."""
    for block in outer:
        if block.kind == "front_matter":
            yield "front_matter", block[1:]
    for block in (*outer, *inner):
        if block.kind == "html" and _COMMENTS.fullmatch(_content(text, block)):
            yield "html_comments", block[1:]
    for blocks in (outer, inner):
        yield from (("code", stretch) for stretch in _code(text, blocks, is_mdx=is_mdx))
    paragraphs = [block[1:] for block in outer if block.kind == "paragraph"]
    yield from (("images", stretch) for stretch in _images(text, outer, inner))
    if is_mdx:
        from rag_chunk.corpus.structure.modules import mdx_comments, module_statements

        yield from (("mdx_imports", stretch) for stretch in module_statements(text, paragraphs))
        yield from (("html_comments", stretch) for stretch in mdx_comments(text, paragraphs))


def _content(text: str, block: _Block) -> str:
    """Return the text of a block without the marks of the lists and quotes that it is in."""
    return CONTAINERS.sub("", text[block.start : block.end]).strip()


def _code(text: str, blocks: list[_Block], *, is_mdx: bool) -> Iterator[_Stretch]:
    """Yield fences and indented code, but for text that is indented because it belongs to the paragraph before it.

    In such text, which is indented code to CommonMark, fences are looked for line by line. MDX has no indented code.
    """
    before = _Block("", 0, 0)
    for block in blocks:
        is_indented = block.kind == "code" and before.kind == "paragraph" and _indents(text, before)
        if block.kind == "fence" or (block.kind == "code" and not is_indented and not is_mdx):
            yield block[1:]
        elif is_indented or (block.kind == "paragraph" and _indents(text, block)):
            yield from ((fence.start(), fence.end()) for fence in _FENCE.finditer(text, block.start, block.end))
        before = block


def _indents(text: str, paragraph: _Block) -> bool:
    content = CONTAINERS.sub("", text[paragraph.start : paragraph.end])
    return bool(_INDENTING.match(content) or _DEFINING.search(content))


def _images(text: str, outer: list[_Block], inner: list[_Block]) -> Iterator[_Stretch]:
    """Yield the paragraphs that hold nothing but images, and the definitions of images."""
    paragraphs = [block for block in outer if block.kind == "paragraph"]
    definitions = [each for _, start, end in paragraphs for each in _definitions(text, start, end)]
    known, of_images = {each.label for each in definitions}, set[str]()
    for block in (*(each for each in outer if each.kind in {"paragraph", "html"}), *_parts(text, outer, inner)):
        labels = _labels_of_images(_content(text, block))
        if labels is not None and labels <= known:
            of_images |= labels
            yield block[1:]
    for label, target, start, end in definitions:
        if label in of_images or target.lstrip("<").lower().startswith("data:image/"):
            yield start, end


def _parts(text: str, outer: list[_Block], inner: list[_Block]) -> Iterator[_Block]:
    """Yield the parts of lists and quotes between blank lines and marks of items, but for code and tables.

    The parser has no paragraphs in items that no blank line parts.
    """
    others = [block for block in inner if block.kind in {"fence", "code", "table"}]
    ends = [block.end for block in others]
    for container in outer:
        if container.kind in {"list", "quote"}:
            for part in _PART.finditer(text, container.start, container.end):
                other = bisect_right(ends, part.start())
                if other == len(others) or others[other].start >= part.end():
                    yield _Block("paragraph", *part.span())


def _definitions(text: str, start: int, end: int) -> Iterator[_Definition]:
    """Yield the link reference definitions that a paragraph begins with."""
    while start < end and (definition := _DEFINITION.match(text, start, end)):
        yield _Definition(_normal(definition[1]), definition[2], start, definition.end())
        start = definition.end()


def _normal(label: str) -> str:
    return " ".join(label.split()).casefold()


def _labels_of_images(text: str) -> set[str] | None:
    """Return the labels that the images of a text refer to; nothing where there is more in it than images.

    An image may be the text of a link, as badges are, or a tag of HTML between others.
    """
    place, labels, is_linked, has_images = _after_blanks(text, 0), set[str](), False, False
    while place < len(text):
        if image := _EMBEDDED.match(text, place) or _IMAGE.match(text, place):
            has_images, place = True, image.end()
            labels |= _label_of(image)
        elif tag := _IMAGE_TAG.match(text, place):
            has_images, place = has_images or bool(tag["is_image"]), tag.end()
        elif text[place] == "[" and not is_linked:
            is_linked, place = True, place + 1
        elif is_linked and (link := _LINK_END.match(text, place)):
            is_linked, place = False, link.end()
        else:
            return None
        place = _after_blanks(text, place)
    return labels if has_images and not is_linked else None


def _label_of(image: re.Match[str]) -> set[str]:
    """Return the label that an image refers to, if it is no address."""
    parts = image.groupdict()
    if parts.get("label") or parts.get("shortcut") is not None:
        return {_normal((parts["label"] or "")[1:-1] or parts["alt"][1:-1])}
    return set()


def _after_blanks(text: str, place: int) -> int:
    beside = _BESIDE_IMAGES.match(text, place)
    return beside.end() if beside else place
