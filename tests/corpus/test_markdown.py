"""Blocks as CommonMark sees them, and the strategies that keep them whole."""

import re
import time
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from rag_chunk.chunker import Chunk, chunk, chunk_text
from rag_chunk.config import RunConfig
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.arrays import Positions
from rag_chunk.corpus.structure import KINDS, structure_of
from tests.support.texts import texts

BY_MARKDOWN_IT = {
    "heading_open": "heading", "paragraph_open": "paragraph", "fence": "fence", "code_block": "code", "table_open": "table",
    "bullet_list_open": "list", "ordered_list_open": "list", "blockquote_open": "quote", "html_block": "html", "hr": "break",
}  # fmt: skip
FRONT_MATTER = re.compile(r"(-{3,}).*\n(?:#.*\n\n*)*(?:\w+:.*\n(?:.*\n)*?)?\1-*(?:\n|\Z)")  # as these tests have it


def by_markdown_it(text: str) -> list[tuple[str, int]]:
    """Return each top-level block's kind and first line, as markdown-it-py sees them."""
    parser = MarkdownIt("commonmark").enable("table").disable(["reference"])
    front = FRONT_MATTER.match(text)
    tokens = parser.parse("\n" * front[0].count("\n") + text[front.end() :] if front else text)
    return [("front_matter", 0)] * bool(front) + [
        (BY_MARKDOWN_IT[token.type], token.map[0])
        for token in tokens
        if token.level == 0 and token.map and token.type in BY_MARKDOWN_IT
    ]


def by_us(text: str) -> list[tuple[str, int]]:
    document = Document("a.md", text)
    blocks, starts = structure_of(Corpus([document])).blocks, document.line_starts.tolist()
    rows = zip(blocks.kinds.tolist(), blocks.starts.tolist(), strict=True)
    return [(KINDS[kind], starts.index(start)) for kind, start in rows]


@pytest.mark.parametrize(
    "text",
    [
        "# One\n\nTwo\n===\n\nThree\n---\ntext\n",
        "```py\n# no\n```\n~~~\n## no\n~~~~\n````\n```\n````\n",
        "    # indented\n\ntext\n    # lazy\n",
        "```\nunclosed\n\n# still code\n",
        "---\na: 1\n---\n# After\n",
        "| a | b |\n|---|--:|\n| 1 | 2 |\n\ntext\n",
        "- a\n\n  # inside\n\n- b\n  1. c\n\nend\n",
        "> # quoted\n> text\n\n<div>\n# html\n</div>\n\n<!-- a\n\n# b -->\n",
        "#no\n####### no\n#\n# yes #\n\\# no\n",
        "a\r\n# b\r\n\r\nc\rd\r",
        "é漢字\n# Über\n\n```é\n漢\n```\n",
        "a\n***\nb\n- - -\n",
        "[a]: b\n\n[c]:\n/d 'e'\n# f\n\n- [g]: h\n\n```\n[i]: j\n```\n",
        "<![CDATA[\n\n# [a]\n]]>\n\n[[b]]>\n# c\n",
        "```a [b]\rc\r```\r    d\re\r---\r<div>\r\rf\r",
        "\f\n# a\n\n\v\nb\n===\n> \f\n",
        "a\x00\n# b\x00\n\x00\n===\n",
        "> b\n-\n",
        "- - - a\n    > b\n\nc\n> d\ne\n",
        "-----\na\n---\nb\n------\n# c\n",
        "---\na\n\nb\n",
    ],
)
def test_blocks_are_those_of_commonmark(text: str) -> None:
    assert by_us(text) == by_markdown_it(text)


marks = st.lists(
    st.sampled_from(
        ["# a\n", "a\n", "\n", "===\n", "---\n", "```\n", "~~~\n", "- a\n", "  b\n", "1. c\n", "> q\n", "    code\n",
         "\n| a | b |\n|---|---|\n| 1 | 2 |\n\n", "<div>\n", "</div>\n", "<!-- c -->\n", "***\n", "## é漢\n", "text. More\n"]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(marks)
def test_blocks_of_random_markdown_are_those_of_commonmark(text: str) -> None:
    headings = [place for kind, place in by_us(text) if kind == "heading"]
    assert headings == [place for kind, place in by_markdown_it(text) if kind == "heading"]
    assert [kind for kind, _ in by_us(text)] == [kind for kind, _ in by_markdown_it(text)]


@given(st.lists(st.tuples(marks, st.sampled_from(["md", "txt"])), max_size=4))
def test_the_structure_of_documents_is_that_of_each_by_itself(drawn: list[tuple[str, str]]) -> None:
    documents = [Document(f"{number}.{ending}", text) for number, (text, ending) in enumerate(drawn)]
    corpus = Corpus(documents)
    alone = [places(Corpus([document])) for document in documents]
    for name, found in places(corpus).items():
        shifted = [own[name] + start for own, start in zip(alone, corpus.starts.tolist(), strict=False)]
        expected = np.sort(np.concatenate([np.zeros(0, np.int64), *shifted]))
        assert found.tolist() == (np.unique(expected) if name in DISTINCT else expected).tolist(), name


DISTINCT = ("sentence_starts", "paragraph_starts", "section_starts")  # of empty documents and those after them


def places(corpus: Corpus) -> dict[str, Positions]:
    """Return all places of a corpus' structure, in order."""
    structure = structure_of(corpus)
    of_text = {name: getattr(structure, name) for name in ("line_starts", "stanza_starts", *DISTINCT)}
    return of_text | {name: np.sort(getattr(structure.blocks, name)) for name in ("starts", "ends", "cuts")}


def test_marks_nested_deeper_than_any_text_needs_do_no_harm() -> None:
    document = Document("a.md", "> " * 200_000 + "deep\n\n# After\n")
    assert by_us(document.text)[-1] == ("heading", 2)


def test_lines_after_marks_nested_deeply_cost_no_more_than_others() -> None:
    before = time.process_time()
    assert len(by_us("> " * 100_000 + "deep\n" + "lazy\n" * 100_000)) == 1
    assert time.process_time() - before < 3


def test_items_nested_deeper_than_a_byte_counts_are_cut_like_the_deepest() -> None:
    text = "".join("  " * depth + "- a\n" for depth in range(300))
    assert best_depths(text)[299] == 254


def best_depths(text: str) -> dict[int, int]:
    """Return at which lines blocks may be cut inside, and the outermost depth there."""
    document = Document("a.md", text)
    blocks, starts = structure_of(Corpus([document])).blocks, document.line_starts.tolist()
    depths: dict[int, int] = {}
    for cut, depth in zip(blocks.cuts.tolist(), blocks.depths.tolist(), strict=True):
        line = starts.index(cut) if cut in starts else len(starts)
        depths[line] = min(depth, depths.get(line, depth))
    return depths


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("- a\n  - b\n  - c\n- d\n", {0: 0, 1: 1, 2: 2, 3: 0, 4: 0}),
        ("- a\n\n  b\n\n\n- c\n\n\nend\n", {0: 0, 1: 1, 2: 1, 3: 1, 4: 0, 5: 0, 6: 1, 7: 0}),
        ("> a\n>\n> - b\n>\n>\n> c\n", {0: 0, 1: 0, 2: 0, 5: 0, 6: 0}),
        ("> | a |\n> |---|\n> | 1 |\n> | 2 |\n", {0: 0, 1: 2, 2: 1, 3: 2, 4: 0}),
        ("- ```py\n  a\n  ```\n- b\n", {0: 0, 1: 100, 2: 100, 3: 0, 4: 0}),
        ("| a |\n|---|\n| 1 |\n| 2 |\n| 3 |\n", {1: 100, 2: 100, 3: 0, 4: 0}),
        ("---\na: 1\n\nb: 2\n---\n", {1: 1, 2: 1, 3: 0, 4: 1}),
    ],
)
def test_blocks_are_cut_between_their_parts_the_outermost_first(text: str, expected: dict[int, int]) -> None:
    assert best_depths(text) == expected


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("# a", "a"),
        ("  ##  a  b ##  \n", "a b"),
        ("#\ta #\\#\n", "a #\\#"),
        ("### #\n", ""),
        ("# a #b\n", "a #b"),
        ("# [a]: `b` &amp; \\*\n", "[a]: `b` &amp; \\*"),
        ("a\r\n  *b*\r\n===\r\n", "a *b*"),
        ("#a\r---\r", "#a"),
        ("# \ud800\n", "\ufffd"),
    ],
)
def test_a_heading_is_called_what_is_written(text: str, title: str) -> None:
    assert [heading.path for heading in structure_of(Corpus([Document("a.md", text)])).headings] == [(title,)]


@pytest.mark.parametrize(
    ("text", "info"),
    [
        ("```\n```\n", ""),
        ("~~~ py `a` ~ \nb\n~~~\n", "py `a` ~"),
        ("  ````[a]: b\r\nc", "[a]: b"),
        ("```c\\+ &ouml;\r```\r", "c\\+ &ouml;"),
    ],
)
def test_a_fence_is_said_to_hold_what_is_written(text: str, info: str) -> None:
    assert structure_of(Corpus([Document("a.md", text)])).blocks.infos == [info]


@pytest.mark.parametrize("sign", ["=", "-", "---"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_an_equation_is_no_heading(sign: str, end: str) -> None:
    text = end.join(["# Rotation", "", "$$", "a", sign, "b $", "$$", "", "And so on.", "", "Costs $$", "-----"])
    assert [heading.path[-1] for heading in structure_of(Corpus([Document("a.md", text)])).headings] == [
        "Rotation",
        "Costs $$",
    ]


def test_headings_have_their_path_and_a_new_document_has_none() -> None:
    corpus = Corpus([Document("a.md", "# A\n## B\n### C\n## D *x*\n"), Document("b.md", "text\n# E\n")])
    assert [heading.path for heading in structure_of(corpus).headings] == [
        ("A",), ("A", "B"), ("A", "B", "C"), ("A", "D *x*"), ("E",),
    ]  # fmt: skip


def cut(text: str, size: int, overlap: int = 0, **settings: Any) -> list[Chunk]:
    config = RunConfig(strategy="markdown", chunk_size=size, overlap=overlap, **settings)
    return chunk_text(text, config, name="a.md")


def text_of(chunks: list[Chunk]) -> list[str]:
    return [found.text for found in chunks]


def test_blocks_are_packed_and_sections_are_not_glued() -> None:
    assert text_of(cut("# A\n\none\n\ntwo\n\n# B\n\nthree\n", 20)) == ["# A\n\none\n\ntwo", "# B\n\nthree"]


FENCE = "```py\nfirst = 1\n\nsecond = 2\n```"
TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n| 5 | 6 |"


@pytest.mark.parametrize("block", [FENCE, TABLE, "- one two\n- three four", "> one two\n> three four"])
def test_a_block_that_fits_is_never_cut(block: str) -> None:
    words = len(block.split())
    for before in range(words + 6):
        text = f"{'word ' * before}\n\n{block}\n\nafter. And more words.\n"
        assert any(block in found.text for found in cut(text, words))


def test_a_fence_over_the_limit_is_cut_between_lines_and_its_parts_know_the_language() -> None:
    found = cut(FENCE, 5)
    assert text_of(found) == ["```py\nfirst = 1", "second = 2\n```"]
    assert [part.context and part.context.text for part in found] == [None, "py"]


def test_a_table_over_the_limit_is_cut_between_rows_and_its_parts_know_the_header() -> None:
    found = cut(TABLE, 15)
    assert text_of(found) == ["| a | b |\n|---|---|\n| 1 | 2 |", "| 3 | 4 |\n| 5 | 6 |"]
    assert [part.context and part.context.text for part in found] == [None, "| a | b |\n|---|---|"]


@pytest.mark.parametrize("marks", [("1. ", "   "), ("> ", "> "), ("- > ", "  > "), ("- a\n\n  > ", "  > ")])
def test_parts_of_a_fence_in_a_list_or_quote_know_its_language(marks: tuple[str, str]) -> None:
    lines = ["```py", *(f"x{number} = {number}" for number in range(40)), "```"]
    chunks = cut(f"\n{marks[1]}".join([marks[0] + lines[0], *lines[1:]]), 20)
    inner = [chunk for chunk in chunks[1:] if "=" in chunk.text]
    assert len(inner) > 3
    assert {chunk.context for chunk in inner} == {("fence", "py")}


@pytest.mark.parametrize("marks", [("- ", "  "), ("> ", "> "), ("1. > ", "   > ")])
def test_parts_of_a_table_in_a_list_or_quote_know_its_header(marks: tuple[str, str]) -> None:
    lines = ["| a | b |", "|---|---|", *(f"| {number} | {number} |" for number in range(40))]
    chunks = cut(f"\n{marks[1]}".join([marks[0] + lines[0], *lines[1:]]), 30)
    assert len(chunks) > 3
    assert {chunk.context for chunk in chunks[1:]} == {("table", "| a | b |\n|---|---|")}


@pytest.mark.parametrize("marks", ["- ", "> - ", "- - ", "> > - "])
@pytest.mark.parametrize("size", [13, 14, 15])
def test_an_item_that_fits_is_not_cut_because_of_the_heading_above_it(marks: str, size: int) -> None:
    item = "One sentence of five words. Another one of five words."
    inner = marks.replace("-", " ")
    text = f"# A heading\n\n{marks}{item}\n{inner if '>' in inner else ''}\n".replace("\n\n\n", "\n\n")
    text += "".join(
        f"{inner[:-2]}{marks[-2:]}Another item, the number {number}, of ten words in all.\n" for number in range(5)
    )
    assert any(item in chunk.text for chunk in cut(text, size))


def test_a_list_over_the_limit_is_cut_between_its_outermost_items() -> None:
    text = "- a b\n  - c d\n- e f\n  - g h\n"
    assert text_of(cut(text, 8)) == ["- a b\n  - c d", "- e f\n  - g h"]


def test_a_heading_stays_with_the_text_after_it() -> None:
    text = "# Head\n\n" + "One two three. " * 5
    assert text_of(cut(text, 9))[0] == "# Head\n\nOne two three. One two three."


def test_a_heading_goes_alone_where_the_first_item_of_a_long_list_fits_only_without_it() -> None:
    text = "# Head\n\n- a b\n  - c d\n- e f\n  - g h\n"
    assert text_of(cut(text, 6)) == ["# Head", "- a b\n  - c d", "- e f\n  - g h"]
    assert text_of(cut(text, 8)) == ["# Head\n\n- a b\n  - c d", "- e f\n  - g h"]


def test_a_table_whose_header_alone_is_nearly_too_much_is_cut_between_its_lines() -> None:
    found = cut("| aaa bbb ccc ddd | e |\n|---|---|\n| one two three | x |\n", 8)
    assert text_of(found) == ["| aaa bbb ccc ddd | e |", "|---|---|\n| one two three | x |"]


@pytest.mark.parametrize("block", [FENCE, TABLE, "- one two\n- three four", "> one two\n> three four"])
def test_overlap_cuts_no_block_that_fits(block: str) -> None:
    words = len(block.split())
    full, over = " ".join(["word"] * (words + 2)), " ".join(["word"] * (words + 6))
    for text in (f"{full}\n\n{block}\n\n{over}\n", f"{full}\n\n{block}\n\n```\n{over}\n```\n"):
        found = [(each.start, each.end) for each in cut(text, words + 2, words)]
        start, end = text.index(block), text.index(block) + len(block)
        assert not any(start < border < end for each in found for border in each), (text, found)


def test_overlap_leaves_room_for_the_next_item_of_a_long_list() -> None:
    text = "a b c d\n\ne f\n\n- one\n  - two three four\n- five six seven eight nine\n"
    assert text_of(cut(text, 6, 4)) == ["a b c d\n\ne f", "- one\n  - two three four", "- five six seven eight nine"]


def test_overlap_cuts_no_item_that_fits_where_no_other_block_begins() -> None:
    text = "- item\n  - nested\n\n- item\n  - nested\n\n# Heading\n"
    assert text_of(cut(text, 6, 2)) == ["- item\n  - nested", "- item\n  - nested", "# Heading"]


@pytest.mark.parametrize("after", ["", "\n", "\n\n \n"])
def test_blank_text_at_the_very_end_cuts_nothing_before_it(after: str) -> None:
    corpus = Corpus([Document("a.md", f"{FENCE}\n"), Document("b.md", after)])
    config = RunConfig(strategy="markdown", chunk_size=20)
    assert [found.text for found in chunk(corpus, config)] == [FENCE]


def test_overlap_is_made_of_whole_blocks() -> None:
    text = "a b\n\nc d\n\ne f\n\ng h\n"
    assert text_of(cut(text, 4, 2)) == ["a b\n\nc d", "c d\n\ne f", "e f\n\ng h"]
    assert text_of(cut(text, 4, 1)) == ["a b\n\nc d", "e f\n\ng h"]


def test_plain_text_is_one_section_of_paragraphs() -> None:
    config = RunConfig(strategy="markdown", chunk_size=4, overlap=0)
    found = chunk_text("# a b\nc\n\nd e\n\nf", config, name="a.txt")
    assert text_of(found) == ["# a b\nc", "d e\n\nf"]


def test_chunks_of_hierarchical_lie_in_their_parents() -> None:
    text = "# A\n\n" + "One two three four. " * 12 + "\n\n# B\n\nfive\n"
    found = chunk_text(text, RunConfig(strategy="hierarchical", chunk_size=8, parent_ratio=3))
    assert all(part.units <= 8 for part in found)
    for part in found:
        assert part.parent
        start, end = map(int, part.parent.rpartition(":")[2].split("-"))
        assert start <= part.start < part.end <= end
    assert len({part.parent for part in found}) < len(found)


@given(
    text=texts,
    size=st.integers(1, 20),
    ratio=st.integers(2, 5),
    unit=st.sampled_from(["words", "tokens", "characters"]),
)
def test_every_chunk_lies_in_one_parent_that_keeps_the_limit(text: str, size: int, ratio: int, unit: str) -> None:
    config = RunConfig(strategy="hierarchical", chunk_size=size, parent_ratio=ratio, unit=unit)
    chunking = chunk(Corpus([Document("a.md", text)]), config)
    assert chunking.parents is not None
    for (start, end), row in zip(chunking.spans.tolist(), chunking.rows_of_parents().tolist(), strict=True):
        assert chunking.parents[row, 0] <= start
        assert end <= chunking.parents[row, 1]


SKIPPABLE = "---\na: 1\n---\nText one.\n\n<!-- note -->\n\n![x](y.png)\n\n```\ncode\n```\n\nText two.\n"


@pytest.mark.parametrize(
    "strategy", ["fixed-size", "sliding-window", "sentence", "recursive-character", "markdown", "hierarchical"]
)
def test_skipped_blocks_are_in_no_chunk(strategy: str) -> None:
    blocks = "front_matter,html_comments,images,code"
    found = chunk_text(SKIPPABLE, RunConfig(strategy=strategy, skip_blocks=blocks))
    assert text_of(found) == ["Text one.", "Text two."]


def test_imports_of_mdx_can_be_skipped() -> None:
    text = "import A from 'a'\nexport const b = 1\n\nText.\n"
    config = RunConfig(skip_blocks=("mdx_imports",))
    assert text_of(chunk_text(text, config, name="a.mdx")) == ["Text."]
    assert len(text_of(chunk_text(text, config, name="a.md"))[0]) > 5
