"""What `skip_blocks` can leave out: code, images, HTML comments, module statements of MDX, front matter, heads of pages."""

import re
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
_BESIDE_IMAGES = re.compile(r"(?:\s|\{[^{}]*\})*+")  # attributes, as of kramdown
_DEFINITION = re.compile(
    r"[ ]{0,3}\[((?:[^\[\]\\]|\\.)+)\]:[ \t]*(?:\r\n?|\n)?[ \t]*(<[^<>\r\n]*>|[^\s<]\S*)"
    r"(?:[ \t]+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?[ \t]*(?:\r\n?|\n|$)"
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
        elif block.kind == "html" and _COMMENTS.fullmatch(text[block.start : block.end].strip()):
            yield "html_comments", block[1:]
    for blocks in (outer, inner):
        yield from (("code", stretch) for stretch in _code(text, blocks))
    paragraphs = [block[1:] for block in outer if block.kind == "paragraph"]
    yield from (("images", stretch) for stretch in _images(text, paragraphs))
    if is_mdx:
        from rag_chunk.corpus.structure.modules import module_statements

        yield from (("mdx_imports", stretch) for stretch in module_statements(text, paragraphs))


def _code(text: str, blocks: list[_Block]) -> Iterator[_Stretch]:
    """Yield fences and indented code, but for text that is indented because it belongs to the paragraph before it."""
    before = _Block("", 0, 0)
    for block in blocks:
        if block.kind == "fence" or (
            block.kind == "code" and not (before.kind == "paragraph" and _indents(text, before))
        ):
            yield block[1:]
        before = block


def _indents(text: str, paragraph: _Block) -> bool:
    content = CONTAINERS.sub("", text[paragraph.start : paragraph.end])
    return bool(_INDENTING.match(content) or _DEFINING.search(content))


def _images(text: str, paragraphs: list[_Stretch]) -> Iterator[_Stretch]:
    """Yield the paragraphs that hold nothing but images, and the definitions of images."""
    definitions = [each for start, end in paragraphs for each in _definitions(text, start, end)]
    known, of_images = {each.label for each in definitions}, set[str]()
    for start, end in paragraphs:
        labels = _labels_of_images(text[start:end].strip())
        if labels is not None and labels <= known:
            of_images |= labels
            yield start, end
    for label, target, start, end in definitions:
        if label in of_images or target.lstrip("<").lower().startswith("data:image/"):
            yield start, end


def _definitions(text: str, start: int, end: int) -> Iterator[_Definition]:
    """Yield the link reference definitions that a paragraph begins with."""
    while start < end and (definition := _DEFINITION.match(text, start, end)):
        yield _Definition(_normal(definition[1]), definition[2], start, definition.end())
        start = definition.end()


def _normal(label: str) -> str:
    return " ".join(label.split()).casefold()


def _labels_of_images(text: str) -> set[str] | None:
    """Return the labels that the images of a text refer to; nothing where there is more in it than images.

    An image may be the text of a link, as badges are.
    """
    place, labels, is_linked, has_images = 0, set[str](), False, False
    while place < len(text):
        if image := _IMAGE.match(text, place):
            has_images, place = True, image.end()
            if image["shortcut"] is not None or image["label"]:
                labels.add(_normal((image["label"] or "")[1:-1] or image["alt"][1:-1]))
        elif text[place] == "[" and not is_linked:
            is_linked, place = True, place + 1
        elif is_linked and (link := _LINK_END.match(text, place)):
            is_linked, place = False, link.end()
        else:
            return None
        beside = _BESIDE_IMAGES.match(text, place)
        place = beside.end() if beside else place
    return labels if has_images and not is_linked else None
