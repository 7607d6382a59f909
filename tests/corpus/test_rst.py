"""Section titles of reStructuredText are those that docutils reads."""

import sysconfig
from pathlib import Path

import pytest
from docutils import nodes
from docutils.core import publish_doctree
from hypothesis import assume, given
from hypothesis import strategies as st

from rag_chunk import Chunk, RunConfig, chunk_text
from rag_chunk.corpus.structure.rst import titles

SETTINGS = {
    "report_level": 5, "halt_level": 6, "doctitle_xform": False, "sectsubtitle_xform": False, "raw_enabled": False,
    "file_insertion_enabled": False, "_disable_config": True,
}  # fmt: skip
PARTS = (
    "Title\n=====\n", "Sub title\n---------\n", "=====\nOver\n=====\n", "~~~~~~~~\n indented\n~~~~~~~~\n", "Short\n==\n",
    "Long title here\n====\n", "\n", "\n\n", "Text of a paragraph.\n", "Text that ends::\n", "  indented line\n",
    "> quoted\n", ".. note:: x\n   body\n", ".. comment\n", "- item\n  more\n", "1. one\n", "1. Intro\n========\n", "----\n",
    "--------\n", "===  ===\n", "a    b\n", "A    span\n--------\n", ":field: x\n", "| line\n", "+---+---+\n", "| a | b |\n",
    "term\n  def\n", "漢字\n====\n", "Ünï\n^^^\n", "- T\n---\n", ">>> x\n", "...\n", "::\n", "A\n=\n", "``code``\n========\n",
    "\t tab\n",
)  # fmt: skip
INSTALLED = sorted(Path(sysconfig.get_path("purelib")).rglob("*.rst"))

GUIDE = "=====\nGuide\n=====\n\nIntro.\n\nKeys\n----\n\nTurn left.\n\nPull.\n\nDoors\n-----\nPush.\n"


def by_docutils(text: str) -> list[tuple[int, str]] | None:
    """Return level and text of each title; nothing where docutils refuses one because its level is left out above it."""
    tree = publish_doctree(text, settings_overrides=SETTINGS)
    if any("inconsistent" in message.astext().lower() for message in tree.findall(nodes.system_message)):
        return None
    return [(_level(title), title.rawsource) for title in tree.findall(nodes.title) if _level(title)]


def _level(node: nodes.Node) -> int:
    level = 0
    while isinstance(node.parent, nodes.section):
        node, level = node.parent, level + 1
    return level if isinstance(node.parent, nodes.document) else 0


def by_us(text: str) -> list[tuple[int, str]]:
    return [(level, title) for _, _, level, title in titles(text.splitlines())]


@given(text=st.lists(st.sampled_from(PARTS), max_size=12).map("".join))
def test_titles_of_random_text_are_those_of_docutils(text: str) -> None:
    expected = by_docutils(text)
    assume(expected is not None)
    assert by_us(text) == expected


@pytest.mark.skipif(not INSTALLED, reason="no installed package has an .rst file")
def test_titles_of_real_files_are_those_of_docutils() -> None:
    for path in INSTALLED:
        text = path.read_text(encoding="utf-8")
        assert by_us(text) == by_docutils(text), path


def cut(strategy: str, size: int = 100) -> list[Chunk]:
    return chunk_text(GUIDE, RunConfig(strategy=strategy, chunk_size=size), name="guide.rst")


@pytest.mark.parametrize("strategy", ["header", "markdown", "hierarchical"])
def test_sections_of_rst_are_not_glued_and_know_their_headings(strategy: str) -> None:
    assert [(chunk.text.split()[-1], chunk.headings) for chunk in cut(strategy)] == [
        ("Intro.", ("Guide",)),
        ("Pull.", ("Guide", "Keys")),
        ("Push.", ("Guide", "Doors")),
    ]


def test_a_title_stays_with_the_paragraph_after_it() -> None:
    assert [chunk.text for chunk in cut("markdown", 4)] == [
        "=====\nGuide\n=====\n\nIntro.", "Keys\n----\n\nTurn left.", "Pull.", "Doors\n-----\nPush.",
    ]  # fmt: skip
    assert [chunk.text for chunk in cut("paragraph")][1:3] == ["Keys\n----\n\nTurn left.", "Pull."]


def test_lines_of_other_files_make_no_titles() -> None:
    (chunk,) = chunk_text(GUIDE, RunConfig(strategy="header"), name="guide.txt")
    assert chunk.headings == ()


def test_lines_end_alike_in_rst_of_every_system() -> None:
    for end in ("\r\n", "\r"):
        chunks = chunk_text(GUIDE.replace("\n", end), RunConfig(strategy="header"), name="guide.rst")
        assert [chunk.headings for chunk in chunks] == [chunk.headings for chunk in cut("header")]
