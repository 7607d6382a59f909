"""Reading documents, and the line on which they lie."""

import itertools
import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.corpus import MARKER, Corpus, Document, read_corpus
from rag_chunk.corpus.arrays import as_spans, percentiles, union
from rag_chunk.corpus.characters import CLUSTER
from rag_chunk.errors import InputError
from tests.support.texts import texts


def names(corpus: Corpus) -> list[str]:
    return [document.name for document in corpus.documents]


def refused(source: str | Path, **options: object) -> str:
    with pytest.raises(InputError) as error:
        read_corpus(source, **options)  # type: ignore[arg-type]
    return str(error.value)


def write(folder: Path, *paths: str, text: str = "words\n") -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def test_a_folder_is_read_recursively_in_the_order_of_names(folder: Path) -> None:
    write(folder, "b.md", "a/z.txt", "a/B.MARKDOWN", "c.mdx", "d.rst")
    assert names(read_corpus(folder)) == ["a/B.MARKDOWN", "a/z.txt", "b.md", "c.mdx", "d.rst"]


def test_what_is_no_document_is_not_read(folder: Path) -> None:
    write(
        folder, "a.md", ".hidden/b.md", ".c.md", "mlruns/0/d.md", "mlartifacts/e.md", "node_modules/x/f.md", "old/g.md"
    )
    (folder / "old" / MARKER).touch()
    assert names(read_corpus(folder)) == ["a.md"]


def test_files_of_other_kinds_are_counted(folder: Path) -> None:
    write(folder, "a.md", "b.png", "c.PNG", "Makefile")
    found = {skipped.name for skipped in read_corpus(folder).skipped}
    assert found == {"2 .png", "1 without an ending"}


def test_files_that_git_ignores_are_not_read(folder: Path) -> None:
    write(folder, "a.md", "build/b.md", "docs/c.md", "docs/d.draft.md")
    (folder / ".gitignore").write_text("build/\n*.draft.md\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    assert names(read_corpus(folder)) == ["a.md", "docs/c.md"]
    assert names(read_corpus("docs")) == ["c.md"]


def test_a_folder_that_git_ignores_is_read_when_it_is_named(folder: Path) -> None:
    write(folder, "build/b.md")
    (folder / ".gitignore").write_text("build/\n")
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    assert names(read_corpus("build")) == ["b.md"]


def test_include_and_exclude_are_globs_on_names(folder: Path) -> None:
    write(folder, "a.md", "guide/b.md", "guide/c.txt", "guide/old/d.md")
    assert names(read_corpus(folder, include=["guide/**"])) == ["guide/b.md", "guide/c.txt", "guide/old/d.md"]
    assert names(read_corpus(folder, include=["*.md"], exclude=["old/"])) == ["a.md", "guide/b.md"]
    assert "passes --include and --exclude" in refused(folder, include=["*.nothing"])


def test_one_file_of_any_ending_can_be_named(folder: Path) -> None:
    write(folder, "notes.log")
    assert names(read_corpus("notes.log")) == ["notes.log"]


def test_what_is_no_text_is_said_to_be_none(folder: Path) -> None:
    (folder / "paper.doc").write_bytes(b"%PDF-1.7\n\x00\xe2\xe3")
    said = refused(folder / "paper.doc")
    assert "paper.doc is no text" in said
    assert "Convert them (pdftotext, pandoc)" in said


def test_every_file_that_is_not_utf_8_is_named_with_its_byte(folder: Path) -> None:
    write(folder, "a.md")
    (folder / "b.md").write_bytes(b"caf\xe9")
    (folder / "c.md").write_bytes(b"\xef\xbb\xbfok \xff")
    said = refused(folder)
    assert "b.md is not UTF-8 at byte 3" in said
    assert "c.md is not UTF-8 at byte 6" in said
    assert "--skip-unreadable" in said
    corpus = read_corpus(folder, skip_unreadable=True)
    assert names(corpus) == ["a.md"]
    assert [skipped.name for skipped in corpus.skipped] == ["b.md", "c.md"]


def test_a_byte_order_mark_is_not_text_and_nothing_else_is_changed(folder: Path) -> None:
    (folder / "a.md").write_bytes(b"\xef\xbb\xbf one\r\n\ttwo \x00")
    assert read_corpus(folder).documents[0].text == " one\r\n\ttwo \x00"


def test_missing_and_empty_folders_are_a_sentence(folder: Path) -> None:
    assert "there is no file or folder nowhere" in refused("nowhere")
    assert "the folder is empty" in refused(folder)
    write(folder, "a.png")
    assert "there are 1 .png" in refused(folder)


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_named(folder: Path) -> None:
    write(folder, "a.md")
    (folder / "a.md").chmod(0)
    assert "a.md cannot be read (Permission denied)" in refused(folder)


def test_a_jsonl_holds_a_document_a_line(folder: Path) -> None:
    lines = [{"name": "b", "text": "two"}, {"name": "a", "text": "\ud800one"}]
    (folder / "d.jsonl").write_text("\n".join(map(json.dumps, lines)) + "\n\n")
    corpus = read_corpus("d.jsonl")
    assert [(document.name, document.text) for document in corpus.documents] == [("a", "\ud800one"), ("b", "two")]


def test_every_wrong_line_of_a_jsonl_is_named(folder: Path) -> None:
    (folder / "d.jsonl").write_text('{"name": "a", "text": "x"}\n{"name": "a"}\n[1]\nnot json\n')
    said = refused("d.jsonl")
    assert all(f"line {number}" in said for number in (2, 3, 4))
    assert "line 1:" not in said
    (folder / "e.jsonl").write_text("\n")
    assert "it has no lines" in refused("e.jsonl")


def test_a_name_that_utf_8_cannot_hold_is_written_out(folder: Path) -> None:
    (folder / "texts.jsonl").write_text('{"name": "a\\udcff.md", "text": "One."}')
    assert [document.name for document in read_corpus(folder / "texts.jsonl").documents] == ["a\\udcff.md"]
    try:
        (folder / os.fsdecode(b"\xff.md")).write_text("Two.")
    except OSError:
        pytest.skip("this file system takes names in UTF-8 only")
    assert "\\udcff.md" in [document.name for document in read_corpus(folder).documents]


def test_a_line_that_is_nested_deeply_is_named(folder: Path) -> None:
    (folder / "texts.jsonl").write_text('{"name": "a.md", "text": "One."}\n' + "[" * 100_000)
    with pytest.raises(InputError, match="line 2: it is nested too deeply"):
        read_corpus(folder / "texts.jsonl")


def test_two_documents_of_one_name_are_refused(folder: Path) -> None:
    (folder / "d.jsonl").write_text('{"name": "a", "text": "x"}\n{"name": "a", "text": "y"}\n')
    assert "two documents are named 'a'" in refused("d.jsonl")


def test_the_digest_tells_names_and_texts_apart() -> None:
    digests = {
        Corpus([Document(name, text)]).digest for name, text in [("a", "b"), ("b", "a"), ("a", "a"), ("a", "b ")]
    }
    assert len(digests) == 4


@given(st.lists(texts, max_size=3))
def test_solid_characters_are_those_that_are_no_white_space(parts: list[str]) -> None:
    corpus = Corpus([Document(str(number), text) for number, text in enumerate(parts)])
    line = "".join(parts)
    places = np.arange(len(line) + 1)
    assert corpus.non_whitespace_before(places).tolist() == [
        sum(not letter.isspace() for letter in line[:place]) for place in places.tolist()
    ]


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b c"]), st.integers(0, 70)), max_size=6), st.integers(0, 3))
def test_white_space_of_any_width_is_passed(parts: list[tuple[str, int]], cut: int) -> None:
    line = "".join(ink + " " * width for ink, width in parts)
    corpus = Corpus([Document("a", line[:cut]), Document("b", line[cut:])])
    places = np.arange(len(line) + 1)
    ends = [len(line) - len(line[place:].lstrip()) for place in places.tolist()]
    assert corpus.whitespace.past(places).tolist() == ends
    assert corpus.whitespace.past(places, -1).tolist() == [len(line[:place].rstrip()) for place in places.tolist()]


@given(texts)
def test_grapheme_clusters_are_those_of_the_library(text: str) -> None:
    corpus = Corpus([Document("a", text)])
    starts = [found.start() for found in regex.finditer(r"\X", text)]
    places = np.arange(len(text) + 1)
    below = [max([start for start in [*starts, len(text)] if start <= place], default=0) for place in places.tolist()]
    above = [min([start for start in [*starts, len(text)] if start >= place], default=0) for place in places.tolist()]
    assert corpus.graphemes.starts(places).tolist() == below
    assert corpus.graphemes.ends(places).tolist() == above


@given(texts)
def test_lines_end_at_line_feeds_and_carriage_returns_only(text: str) -> None:
    starts = [0] + [found.end() for found in regex.finditer(r"\r\n|\r|\n", text)]
    assert Document("a", text).line_starts.tolist() == starts


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=12))
def test_a_union_covers_each_place_once(pairs: list[tuple[int, int]]) -> None:
    spans = [(start, start + length) for start, length in pairs]
    found = union(as_spans(spans)).tolist()
    covered = {place for start, end in spans for place in range(start, end)}
    assert sorted(place for start, end in found for place in range(start, end)) == sorted(covered)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(found))


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=40), st.lists(st.floats(0, 100), min_size=1, max_size=3))
def test_percentiles_are_those_of_numpy_to_the_last_digit(numbers: list[int], percents: list[float]) -> None:
    assert percentiles(np.array(numbers), percents) == np.percentile(numbers, percents).tolist()


@given(st.text(alphabet="\U0001f1e9\U0001f1ea\u0301\u200d\U0001f469\u0600a\u0903\r\n\u1100\u1161", max_size=12))
def test_clusters_are_those_of_unicode_also_among_flags(text: str) -> None:
    assert CLUSTER.findall(text) == regex.findall(r"\X", text)


def test_the_questions_in_the_folder_are_no_documents_and_nothing_that_was_left_out(tmp_path: Path) -> None:
    for name in ("a.md", "questions.txt", "questions.json"):
        (tmp_path / name).write_text("text", encoding="utf-8")
    (tmp_path / "other.txt").symlink_to(tmp_path / "questions.txt")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "questions.txt").write_text("another file of that name")
    apart = [tmp_path / "." / "questions.txt", tmp_path / "questions.json"]
    corpus = read_corpus(tmp_path, apart=apart)
    assert [document.name for document in corpus.documents] == ["a.md", "b/questions.txt"]
    assert not corpus.skipped
    assert len(read_corpus(tmp_path).documents) == 4


@pytest.mark.parametrize(
    ("stored", "glob"), [("relev\u00e9.md", "releve\u0301.*"), ("releve\u0301.md", "relev\u00e9.*")]
)
def test_globs_and_names_are_compared_in_composed_form(stored: str, glob: str, tmp_path: Path) -> None:
    (tmp_path / stored).write_text("x")
    (tmp_path / "b.md").write_text("y")
    assert names(read_corpus(tmp_path, include=[glob])) == [stored]
    assert names(read_corpus(tmp_path, exclude=[glob])) == ["b.md"]
