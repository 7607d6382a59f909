"""`code`: definitions whole, comments with what they are about, and the path of definitions as headings."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag_chunk import Chunk, Corpus, Document, RunConfig, chunk, chunk_text, read_corpus
from rag_chunk.chunker.handed_over import handed_over
from rag_chunk.config.extras import components
from rag_chunk.corpus.source_files import PLAIN_ENDINGS, SOURCE_ENDINGS, grammar_of
from rag_chunk.corpus.structure.syntax import parse_syntax
from rag_chunk.errors import InputError, MissingExtra
from rag_chunk.retriever.indexed import titles_above
from tests.support.warm_process import program_path

PYTHON = '''"""Doors."""

import locks


# Opens a door.
# Twice, if it sticks.
@locks.checked
def open_door(door):
    return door.open() or door.open()


class Guard:
    """Knows the locks."""

    keys = 3

    # Rings first.
    def ring(self):
        return "ring"

    def lock(self):
        for key in range(self.keys):
            key.turn()
        return True
'''
FUNCTIONS = {
    "a.c": "int open_door(int key)\n{\n    return key;\n}\n",
    "a.cpp": "namespace doors {\ntemplate <class T>\nint open_door(T key) {\n  return 1;\n}\n}\n",
    "a.cs": "class Doors {\n  int open_door(int key) {\n    return key;\n  }\n}\n",
    "a.ex": "defmodule Doors do\n  def open_door(key) do\n    key\n  end\nend\n",
    "a.go": "package doors\n\nfunc open_door(key int) int {\n\treturn key\n}\n",
    "a.java": "class Doors {\n  @Override\n  int open_door(int key) {\n    return key;\n  }\n}\n",
    "a.js": "export const open_door = (key) => {\n  return key;\n};\n",
    "a.kt": "class Doors {\n  fun open_door(key: Int): Int {\n    return key\n  }\n}\n",
    "a.lua": "local function open_door(key)\n  return key\nend\n",
    "a.php": "<?php\nclass Doors {\n  function open_door($key) {\n    return $key;\n  }\n}\n",
    "a.py": "def open_door(key):\n    return key\n",
    "a.rb": "module Doors\n  def open_door(key)\n    key\n  end\nend\n",
    "a.rs": "impl Doors {\n    /// Opens.\n    fn open_door(key: u8) -> u8 {\n        key\n    }\n}\n",
    "a.scala": "object Doors {\n  def open_door(key: Int) = {\n    key\n  }\n}\n",
    "a.sh": "open_door() {\n  echo $1\n}\n",
    "a.swift": "class Doors {\n  func open_door(key: Int) -> Int {\n    return key\n  }\n}\n",
    "a.ts": "export class Doors {\n  open_door(key: number) {\n    return key;\n  }\n}\n",
    "a.tf": 'resource "open_door" "front" {\n  key = 1\n}\n',
    "a.toml": "[open_door]\nkey = 1\n",
    "a.yaml": "doors:\n  open_door:\n    key: 1\n",
    "a.json": '{"doors": {\n  "open_door": {\n    "key": 1}}}\n',
    "a.tex": "\\section{open_door}\nThe key.\n",
}


def cut(text: str, size: int, name: str = "doors.py") -> list[Chunk]:
    return chunk_text(text, RunConfig(strategy="code", chunk_size=size), name=name)


def test_a_definition_is_whole_with_the_comments_and_decorators_before_it() -> None:
    texts = [each.text for each in cut(PYTHON, 16)]
    [opening] = [text for text in texts if "def open_door" in text]
    [ringing] = [text for text in texts if "def ring" in text]
    assert opening.startswith("# Opens a door.\n# Twice, if it sticks.\n@locks.checked\ndef open_door")
    assert opening.endswith("door.open()")
    assert '# Rings first.\n    def ring(self):\n        return "ring"' in ringing


def test_chunks_know_the_definitions_that_hold_them() -> None:
    paths = {each.text.split("\n")[0]: each.headings for each in cut(PYTHON, 12)}
    assert paths["# Opens a door."] == ("open_door",)
    assert paths["# Rings first."] == ("Guard", "ring")
    assert paths["def lock(self):"] == ("Guard", "lock")


def test_several_whole_definitions_share_no_path_of_their_own() -> None:
    [everything] = cut(PYTHON, 200)
    assert everything.headings == ()


def test_the_definitions_above_a_chunk_are_indexed_with_it() -> None:
    chunking = chunk(Corpus([Document("doors.py", PYTHON)]), RunConfig(strategy="code", chunk_size=12))
    titles = dict(zip((each.text.split("\n")[0] for each in chunking), titles_above(chunking), strict=True))
    assert titles["# Opens a door."] == ""
    assert titles["# Rings first."] == "Guard"


def test_a_chunk_is_handed_over_with_its_outermost_definition() -> None:
    config = RunConfig(strategy="code", chunk_size=12, retrieve_parents=True)
    parents = handed_over(chunk(Corpus([Document("doors.py", PYTHON)]), config), config)
    [guard] = {each.text for each in parents if "key.turn" in each.text}
    assert guard.startswith("class Guard:")
    assert guard.endswith("return True")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_definitions_are_seen_in_many_languages(name: str) -> None:
    syntax = parse_syntax(name, FUNCTIONS[name])
    assert syntax is not None
    assert any("open_door" in each.title for each in syntax.definitions)


def test_entries_of_data_are_whole_wherever_lines_break() -> None:
    rows = [{"id": number, "name": f"door {number}", "opens": ["07:00", "08:30"]} for number in range(50)]
    [line] = [json.dumps(rows)]
    ends = {each.text[-1] for each in cut(line, 30, "doors.json")}
    assert ends == {",", "]"}
    assert all(each.text.lstrip("[").startswith("{") for each in cut(line, 30, "doors.json"))


def test_letters_of_several_bytes_move_no_border() -> None:
    text = "x = 'é漢👍🏽'\n\ndef öffne():\n    pass\n"
    syntax = parse_syntax("a.py", text)
    assert syntax is not None
    assert [text[start:end] for start, end, _ in syntax.definitions] == ["def öffne():\n    pass"]


def test_text_of_other_kinds_is_cut_as_recursive_character_does() -> None:
    corpus = Corpus([Document("a.md", "# One\n\nText. More text.\n"), Document("b.txt", "Words. " * 50)])
    plain = RunConfig(strategy="recursive-character", chunk_size=9, overlap=0)
    assert chunk(corpus, RunConfig(strategy="code", chunk_size=9)).ids == chunk(corpus, plain).ids


def test_rules_cut_code_by_definitions_and_know_their_paths() -> None:
    corpus = Corpus([Document("doors.py", PYTHON), Document("guide.md", "# Guide\n\nText.\n")])
    ruled = RunConfig(strategy="markdown", chunk_size=50, strategies={"*.py": "code-12"})
    paths = {each.headings for each in chunk(corpus, ruled)}
    assert {("Guide",), ("Guard", "ring")} <= paths


def test_source_files_are_read_where_include_names_their_ending(tmp_path: Path) -> None:
    for name in ("a.py", "b.md", "c.js", "d.bin"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    assert [each.name for each in read_corpus(tmp_path).documents] == ["b.md"]
    assert [each.name for each in read_corpus(tmp_path, include=["**"]).documents] == ["b.md"]
    assert [each.name for each in read_corpus(tmp_path, include=["*.py", "*.bin", "*.md"]).documents] == [
        "a.py",
        "b.md",
    ]


def test_a_folder_of_source_code_alone_says_how_to_read_it(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("x = 1", encoding="utf-8")
    with pytest.raises(InputError, match=r"to read source code, name its ending: --include '\*\.py'"):
        read_corpus(tmp_path)


def test_asciidoc_is_plain_text_where_its_ending_is_named(tmp_path: Path) -> None:
    text = "= Doors\n\nLock it:\n----\nlock(now)\n----\n"
    (tmp_path / "a.adoc").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"to read AsciiDoc, name its ending: --include '\*\.adoc'"):
        read_corpus(tmp_path)
    corpus = read_corpus(tmp_path, include=["*.adoc"])
    for strategy in ("header", "markdown", "code"):
        (only,) = chunk(corpus, RunConfig(strategy=strategy))
        assert (only.text, only.headings) == (text.rstrip(), ())


def test_every_ending_has_a_grammar_that_is_installed() -> None:
    for ending in set(SOURCE_ENDINGS) - set(PLAIN_ENDINGS):
        assert parse_syntax(f"a{ending}", "x") is not None
        assert grammar_of(f"A{ending.upper()}")


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    from rag_chunk.corpus.structure import syntax

    monkeypatch.setitem(sys.modules, "tree_sitter_language_pack.bindings", None)
    syntax._parser_of.cache_clear()  # noqa: SLF001 - what was imported before
    try:
        with pytest.raises(MissingExtra, match=r"pip install 'rag-chunk\[code\]'"):
            cut(PYTHON, 20)
    finally:
        syntax._parser_of.cache_clear()  # noqa: SLF001


def test_the_list_of_strategies_names_it() -> None:
    assert any(each.name == "code" for each in components())
    shown = subprocess.run([program_path("rag-chunk"), "strategies"], capture_output=True, text=True, check=True)
    assert "code" in shown.stdout
