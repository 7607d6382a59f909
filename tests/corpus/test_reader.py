"""Reading a folder: what is left out and named, and that nothing in the folder is ever run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk.corpus import Corpus, read_corpus
from rag_chunk.errors import InputError
from tests.conftest import Program
from tests.support.warm_process import program_path

PATTERNS = ["a", "a/", "/a", "*.md", "!c.md", "b/*", "**/d.md", "a/**", "*", "!*/", "!*.md", "/*", "a/b", "c.*", "?",
            "[ab]", "#x", "\\#x", "b/**/d.md", "!a/b/c.md", "!", "/", "[", "d.md ",
            "a/*", "!/b/", "!a/b/**", "**/", "/a*/*/", "a/**/", "*d", "[!a]", "[[:alpha:]]", "?.[k-m]d", "a\x0cb", "c.md\r",
            "d.md\\ ", "*/*.md", "**/b/**", "a**", "!b", "[b-", "\\c.md"]  # fmt: skip


def names(corpus: Corpus) -> list[str]:
    return [document.name for document in corpus.documents]


def write(folder: Path, *paths: str, text: str = "words\n") -> None:
    for path in paths:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


def left_out(folder: str | Path = ".") -> list[str]:
    return [f"{name} {reason}" for name, reason in read_corpus(folder).skipped]


def test_documents_that_git_ignores_are_counted(folder: Path) -> None:
    write(folder, "a.md", "data/b.md", "data/deep/c.md", "data/picture.png")
    write(folder, ".gitignore", text="data/\n")
    git(folder, "init", "-q")
    assert names(read_corpus(folder)) == ["a.md"]
    assert left_out() == ["2 documents left out: git ignores them"]


def test_rules_hold_in_their_folder_and_the_deeper_and_later_ones_win(folder: Path) -> None:
    write(folder, "a.draft.md", "docs/b.draft.md", "docs/keep.draft.md", "docs/old/c.md", "excluded.md")
    write(folder, ".gitignore", text="*.draft.md\n")
    write(folder, "docs/.gitignore", text="!keep.draft.md\n/old\n")
    git(folder, "init", "-q")
    (folder / ".git" / "info" / "exclude").write_text("excluded.md\n")
    assert names(read_corpus(folder)) == ["docs/keep.draft.md"]
    assert names(read_corpus("docs")) == ["keep.draft.md"]


def test_a_submodule_has_rules_of_its_own_and_the_rest_keeps_its_rules(folder: Path) -> None:
    write(folder, "a.md", "lib/readme.md", "lib/notes.md", "old/secret.md", "zzz/secret.md")
    write(folder, ".gitignore", text="old/\nzzz/\nnotes.md\n")
    git(folder, "init", "-q")
    (folder / ".git/modules").mkdir()
    git(folder, "init", "-q", "--separate-git-dir", str(folder / ".git/modules/lib"), "lib")
    (folder / ".git/modules/lib/info/exclude").write_text("readme.md\n")
    assert names(read_corpus(folder)) == ["a.md", "lib/notes.md"]


def test_a_repository_that_is_reached_through_a_link_keeps_its_rules(folder: Path) -> None:
    write(folder, "real/docs/a.md", "real/docs/secret/b.md")
    write(folder, "real/.gitignore", text="secret/\n")
    git(folder / "real", "init", "-q")
    (folder / "link").symlink_to("real/docs", target_is_directory=True)
    assert names(read_corpus("link")) == ["a.md"]


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_what_is_ignored_is_what_git_ignores(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.mktemp("repository").resolve()
    git(folder, "init", "-q")
    write(folder, "a/c.md", "a/b/c.md", "a/b/d.md", "b/d.md", "b/a/c.md", "c.md", "d.md")
    for place in data.draw(st.lists(st.sampled_from(["", "a", "a/b", "b"]), min_size=1, max_size=2, unique=True)):
        patterns = data.draw(st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=3))
        write(folder, f"{place}/.gitignore".lstrip("/"), text="\n".join(patterns))
    kept = (
        {document.name for document in read_corpus(folder, skip_unreadable=True).documents}
        if _listed(folder)
        else set()
    )
    assert kept == _listed(folder)


def _listed(folder: Path) -> set[str]:
    """Return the documents that git does not ignore."""
    command = ["git", "-C", str(folder), "ls-files", "-o", "-z", "--exclude-standard", "--", "*.md"]
    return set(filter(None, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\0")))


@pytest.mark.parametrize(
    ("rules", "kept"),
    [
        ({"": "private/\n!/docs/\n"}, ["a b/x.md", "docs/a/k.md"]),
        ({"": "docs/*\n!docs/a/**\n"}, ["a b/x.md"]),
        ({"a b": "**/\n"}, ["a b/x.md", "docs/a/k.md", "docs/private/s.md"]),
        ({"": "/d*/*/\n"}, ["a b/x.md"]),
        ({"": "x\x0b.md\nx\x0cdocs/\n"}, ["a b/x.md", "docs/a/k.md", "docs/private/s.md"]),
    ],
)
def test_a_rule_is_of_the_folder_itself_and_nothing_inside_an_ignored_one_comes_back(
    folder: Path, rules: dict[str, str], kept: list[str]
) -> None:
    write(folder, "a b/x.md", "docs/a/k.md", "docs/private/s.md")
    for place, text in rules.items():
        write(folder / place, ".gitignore", text=text)
    git(folder, "init", "-q")
    assert sorted(_listed(folder)) == kept
    assert names(read_corpus(folder)) == kept


def test_a_hostile_pattern_does_not_hold_the_reading_up(folder: Path) -> None:
    write(folder, "a" * 120 + ".md")
    write(
        folder, ".gitignore", text="\n".join(["*a" * 25 + "b", "**/" * 40 + "*a" * 40 + "/b", "[" * 4000, "[a" * 2000])
    )
    git(folder, "init", "-q")
    command = [program_path("rag-chunk"), "chunk", str(folder), "-q"]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def test_ignore_rules_that_are_too_many_to_be_used_are_named(folder: Path) -> None:
    write(folder, "a.md", "sub/b.md", "deep/er/c.md")
    write(folder, ".gitignore", text="x\n" * 10_000 + "\n#\na.md\n")
    write(folder, "sub/.gitignore", text="x" * 1_000_001)
    git(folder, "init", "-q")
    (folder / ".git" / "info" / "exclude").write_text("x\n" * 10_000)
    assert left_out() == [
        ".gitignore has more than 10,000 lines of ignore rules, and those after them are not used",
        "sub/.gitignore has more than 1 MB of ignore rules, and none of them is used",
    ]
    assert left_out("sub") == [
        "../.gitignore has more than 10,000 lines of ignore rules, and those after them are not used",
        ".gitignore has more than 1 MB of ignore rules, and none of them is used",
    ]


@pytest.mark.parametrize("kind", ["plain", "bare", "filters"])
def test_nothing_that_a_hostile_repository_names_is_run(folder: Path, kind: str) -> None:
    trap = folder / "ran"
    script = folder / "script.sh"
    script.write_text(f"#!/bin/sh\ntouch '{trap}'\ncat\n")
    script.chmod(0o755)
    docs = folder / "docs"
    write(docs, "a.md", "b.md")
    write(docs, ".gitattributes", text="* filter=evil\n")
    git(docs, "init", "-q", *(["--bare"] if kind == "bare" else []))
    config = docs / ("config" if kind == "bare" else ".git/config")
    names_of_traps = "fsmonitor sshCommand pager editor hooksPath".split() if kind != "filters" else []
    lines = "".join(f"\t{name} = {script}\n" for name in names_of_traps)
    filters = f'[filter "evil"]\n\tclean = {script}\n\tsmudge = {script}\n\trequired = true\n'
    with config.open("a") as file:
        file.write(f"[core]\n{lines}{filters}")
    command = [program_path("rag-chunk"), "chunk", str(docs), "-q"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert '"document": "a.md"' in done.stdout
    assert not trap.exists()
    if kind == "plain":
        git(docs, "add", "a.md")
        assert trap.exists(), "the trap is none"


def test_linked_folders_are_named_and_not_followed(folder: Path) -> None:
    write(folder, "docs/a.md", "shared/b.md")
    (folder / "docs" / "shared").symlink_to("../shared", target_is_directory=True)
    assert names(read_corpus("docs")) == ["a.md"]
    assert left_out("docs") == ["shared is a linked folder, and not followed"]


@pytest.mark.parametrize(("encoding", "advice"), [("utf-16", "UTF-16"), ("utf-32", "UTF-32")])
def test_wide_text_with_a_mark_is_refused_with_the_line_that_converts_it(
    folder: Path, encoding: str, advice: str
) -> None:
    write(folder, "a.md")
    (folder / "notes.txt").write_bytes("Grüße aus Köln".encode(encoding))
    with pytest.raises(InputError) as error:
        read_corpus(folder)
    assert f"notes.txt is {advice}, not UTF-8" in str(error.value)
    assert f"iconv -f {advice} -t UTF-8" in str(error.value)
    assert "pdftotext" not in str(error.value)


@pytest.mark.parametrize("encoding", ["UTF-16LE", "UTF-16BE", "UTF-32LE"])
def test_wide_text_without_a_mark_is_named_though_it_is_utf_8_with_nuls(folder: Path, encoding: str) -> None:
    write(folder, "a.md")
    (folder / "notes.txt").write_bytes("The port is 8080.\n".encode(encoding))
    assert names(read_corpus(folder)) == ["a.md"]
    assert left_out() == [f"notes.txt looks like {encoding}, and is left out. Convert it: iconv -f {encoding} -t UTF-8"]
    (folder / "notes.txt").write_bytes("Für Köln\n".encode(encoding))
    with pytest.raises(InputError, match=f"notes.txt is {encoding}, not UTF-8"):
        read_corpus(folder)


def test_a_nul_in_utf_8_is_text(folder: Path) -> None:
    write(folder, "a.md", text="ein\0zelnes Wort \0\0")
    assert names(read_corpus(folder)) == ["a.md"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes with names")
def test_devices_and_pipes_are_refused_and_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    (folder / "zero.md").symlink_to("/dev/zero")
    write(folder, "a.md")
    for source in ("pipe.md", "/dev/zero", "zero.md", "."):
        with pytest.raises(InputError, match="is a device, a pipe or a broken link"):
            read_corpus(source)
    assert names(read_corpus(".", skip_unreadable=True)) == ["a.md"]


@pytest.mark.skipif(sys.platform == "win32", reason="no name has a colon there")
@pytest.mark.parametrize("source", ["co:/docs", "file://{here}/co:/docs", "file:///{here}/co%3A/docs"])
def test_a_folder_with_a_colon_and_an_address_of_this_machine_are_local(
    folder: Path, run: Program, source: str
) -> None:
    (folder / "co:" / "docs").mkdir(parents=True)
    (folder / "co:" / "docs" / "a.md").write_text("Text of a.")
    status, out, err = run("chunk", source.format(here=folder))
    assert status == 0, err
    assert json.loads(out)["text"] == "Text of a."
