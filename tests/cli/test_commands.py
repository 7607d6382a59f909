"""What the smaller commands do, through the real entry point, in this process."""

import csv
import errno
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import fsspec
import pyarrow.parquet
import pytest

from rag_chunk import cli
from rag_chunk.cli import app, main
from rag_chunk.cli.commands import COMMANDS, load_command
from rag_chunk.config import (
    RETRIEVERS,
    STRATEGIES,
    AnalysisConfig,
    RunConfig,
    catalog,
    parse_config,
    yaml_text,
)
from rag_chunk.config.catalog import Retriever, Strategy
from rag_chunk.corpus import MARKER, Corpus, Document, read_corpus
from rag_chunk.corpus.units.encoder import encoder_of
from rag_chunk.errors import Interrupted
from rag_chunk.questions import check_questions
from rag_chunk.questions.drafts import drafts, drafts_yaml
from rag_chunk.workflow import chunk_folder

GUIDE = """# Keys

Turn the key to the left to lock the door.

## Lost keys

A lost key is reported at the front desk, which blocks it at once. A new key costs 25 euros.

```python
lock(door)  # the one in the north, at 22:00
unlock(door)  # the same door, early in the morning
```
"""


class Done(NamedTuple):
    status: int
    out: str
    err: str

    @property
    def said(self) -> str:
        """What was said, on one line."""
        return " ".join(self.err.split())


@pytest.fixture
def rag_chunk(monkeypatch, capsys):
    """Return a function that runs rag-chunk with these arguments."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["rag-chunk", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "80")
        with pytest.raises(SystemExit) as ended:
            main()
        printed = capsys.readouterr()
        return Done(int(ended.value.code or 0), printed.out, printed.err)

    return run


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a folder of documents, docs/, in a working folder of its own."""
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE)
    (folder / "docs" / "notes.txt").write_text(
        "The brass is polished once a year. Nobody remembers why it is done then.\n"
    )
    return folder / "docs"


def test_strategies_shows_all_that_is_built_in_and_fits_80_columns(rag_chunk):
    shown = rag_chunk("strategies").out
    rows: list[Strategy | Retriever] = [*STRATEGIES.values(), *RETRIEVERS.values()]
    assert all(f"\n{'- ' if row.needs_vectors else '  '}{row.name} " in shown for row in rows)
    assert max(map(len, shown.splitlines())) <= 80
    lacking = [row for row in rows if row.needs_vectors]
    assert " ".join(shown.split()).count("needs an embedding model") == len(lacking)  # once for each


def test_what_lacks_a_package_is_marked_with_the_line_that_installs_it(rag_chunk, docs, monkeypatch):
    monkeypatch.setitem(catalog.EXTRAS, "gears", catalog.Extra("gears", "no_such_package", "gears"))
    monkeypatch.setitem(STRATEGIES, "header", replace(STRATEGIES["header"], extra="gears"))
    lacks = {part["name"]: part["lacks"] for part in json.loads(rag_chunk("strategies", "--output", "json").out)}
    assert lacks["header"] == lacks["gears"] == "a package: pip install 'rag-chunk[gears]'"
    assert lacks["sentence"] is None
    assert "- header " in rag_chunk("strategies").out
    report = json.loads(rag_chunk("analyze", docs, "--output", "json").out)
    assert not any(each["name"].startswith("header") for each in report["configurations"])
    assert {"name": "header", "reason": "it needs a package: pip install 'rag-chunk[gears]'"} in report["skipped"]


@pytest.mark.parametrize("command", COMMANDS)
def test_the_purpose_in_the_list_of_commands_is_the_first_paragraph_of_its_help(command):
    first, *_ = str(load_command(command).help).split("\n\n")
    assert COMMANDS[command].purpose == " ".join(first.split())


def test_every_command_is_in_the_list_of_commands():
    for row in COMMANDS.values():
        import_module(f"rag_chunk.cli.{row.module}")
    modules = {path.stem for path in Path(cli.__file__).parent.glob("*.py") if "@app.command" in path.read_text()}
    assert modules == {row.module for row in COMMANDS.values()}
    assert len(app.registered_commands) == len(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_every_name_whole_at_80_columns(rag_chunk, command):
    parameters: list[Any] = load_command(command).params
    has_more = any(each.name == "help_all" for each in parameters)
    shown = rag_chunk(command, "--help-all" if has_more else "--help").out
    names = {name for each in parameters for name in [*each.opts, *each.secondary_opts] if name.startswith("--")}
    assert {name for name in names if not re.search(rf"(?m)^│ (-\w, )?{name}[ ,]", shown)} == set()
    assert max(map(len, shown.splitlines())) <= 80
    assert "…  " not in shown.replace("[,…]", "")


def test_chunks_are_the_same_in_every_form(rag_chunk, docs):
    config = ("--strategy", "hierarchical", "--chunk-size", "9")
    rows = [json.loads(line) for line in rag_chunk("chunk", docs, *config).out.splitlines()]
    texts = {name: (docs / name).read_text() for name in ("guide.md", "notes.txt")}
    for row in rows:
        text = texts[row["document"]]
        assert row["text"] == text[row["start"] : row["end"]]
        assert row["lines"] == [text.count("\n", 0, row["start"]) + 1, text.count("\n", 0, row["end"]) + 1]
    assert any("context" in row for row in rows)
    for name in ("c.jsonl", "c.csv", "c.parquet"):
        assert f"({'hierarchical-9-0'}) to {name}" in rag_chunk("chunk", docs, *config, "-o", name).err
    assert [json.loads(line) for line in Path("c.jsonl").read_text().splitlines()] == rows
    table = pyarrow.parquet.read_table("c.parquet").to_pylist()
    assert [{name: value for name, value in row.items() if value is not None} for row in table] == rows
    with Path("c.csv").open(newline="") as file:
        flat = list(csv.DictReader(file))
    assert [(row["id"], row["text"], row["parent"]) for row in flat] == [
        (row["id"], row["text"], row["parent"]) for row in rows
    ]
    assert [row["headings"].split(" > ") for row in flat if row["headings"]] == [
        row["headings"] for row in rows if row["headings"]
    ]


def test_the_parents_of_chunks_can_be_written_and_hold_them(rag_chunk, docs):
    config = ("--strategy", "hierarchical", "--chunk-size", "9", "--quiet")
    children = [json.loads(line) for line in rag_chunk("chunk", docs, *config).out.splitlines()]
    parents = {
        row["id"]: row for row in map(json.loads, rag_chunk("chunk", docs, *config, "--parents").out.splitlines())
    }
    assert all(child["text"] in parents[child["parent"]]["text"] for child in children)
    assert len(parents) < len(children)


def test_the_parts_of_documents_that_hold_chunks_can_be_written(rag_chunk, docs):
    config = ("--strategy", "sentence", "--chunk-size", "5", "--quiet")
    written = list(map(json.loads, rag_chunk("chunk", docs, *config, "--parents").out.splitlines()))
    first, both, second = (row["text"] for row in written[:3])  # one chunk is in both sections
    assert (first.splitlines()[0], second.splitlines()[0]) == ("# Keys", "## Lost keys")
    assert both == f"{first}\n\n{second}"


def test_chunk_takes_the_folders_config_and_its_documents(rag_chunk, docs):
    Path("rag-chunk.yaml").write_text("strategy: sentence\nchunk_size: 7\nanalysis:\n  source: docs\n")
    done = rag_chunk("chunk")
    assert "(sentence-7-1)" in done.err
    assert all(json.loads(line)["units"] <= 7 for line in done.out.splitlines())


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (2, ["-o", "c.txt"], "no format has this file name extension"),
        (2, ["--format", "parkuet"], "unknown format 'parkuet' (did you mean 'parquet'?)"),
        (2, ["--strategy", "header,sentence"], "this command takes one configuration"),
        (3, ["-o", "missing/c.csv"], "missing/c.csv cannot be written: there is no folder missing"),
    ],
)
def test_what_chunk_cannot_do_is_said(rag_chunk, docs, status, arguments, sentence):
    done = rag_chunk("chunk", docs, *arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.said


def test_parquet_without_pyarrow_names_the_extra(rag_chunk, docs, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = rag_chunk("chunk", docs, "-o", "c.parquet")
    assert done.status == 4
    assert "pip install 'rag-chunk[parquet]'" in done.said


def test_init_makes_files_with_which_the_next_command_works(rag_chunk, docs):
    begun = rag_chunk("init", docs.name)
    assert begun.err.endswith("Next:\n\nrag-chunk analyze\n\n")
    shown = rag_chunk("analyze")
    assert shown.status == 0
    warning = "All 4 questions are unreviewed drafts: review them before you trust any result."
    assert " ".join(f"{shown.out} {shown.err}".split()).count("unreviewed drafts") == 1
    assert warning in " ".join(shown.out.split())
    assert warning in rag_chunk("analyze", "--output", "csv").err
    asked = yaml_text.load(Path("questions.yaml").read_text())["questions"]
    assert [each["question"] for each in asked] == [
        "What is said about Keys?",
        "What is said about Keys, Lost keys?",
        "What is said about brass, polished, year?",
        "What is said about nobody, remembers, why?",
    ]
    assert all(each["reviewed"] is False for each in asked)
    assert warning in rag_chunk("analyze", "--output", "html").out
    Path("questions.yaml").write_text(Path("questions.yaml").read_text().replace("reviewed: false", "reviewed: true"))
    assert "drafts" not in rag_chunk("analyze", "--output", "markdown").out


def test_each_commented_setting_is_the_default_and_can_be_uncommented(rag_chunk, docs):
    rag_chunk("init", docs.name)
    text = Path("rag-chunk.yaml").read_text()
    assert parse_config(text, "as it is").settings == {}
    file = parse_config(re.sub(r"(?m)^( *)#(?=\w)", r"\1", text), "uncommented", Path())
    assert set(file.settings) == set(RunConfig.model_fields)
    assert file.config() == RunConfig()
    assert set(file.analysis) == set(AnalysisConfig.model_fields) - {"chunks", "retrieved"}
    assert all(len(line) <= 110 for line in text.splitlines())


def test_init_replaces_nothing_without_being_told(rag_chunk, docs):
    Path("questions.yaml").write_text("mine")
    refused = rag_chunk("init", docs.name)
    assert (refused.status, refused.said) == (
        3, "rag-chunk: there is a questions.yaml here already; move it away, or replace it with --force"
    )  # fmt: skip
    assert Path("questions.yaml").read_text() == "mine"
    assert not Path("rag-chunk.yaml").exists()
    assert rag_chunk("init", docs.name, "--force").status == 0
    assert "draft-1" in Path("questions.yaml").read_text()


def test_a_question_file_and_its_documents_in_the_wrong_order_are_told_apart(rag_chunk, docs):
    Path("q.json").write_text('[{"question": "Which way?", "relevant": ["Turn the kez to the left"]}]')
    swapped = rag_chunk("check-questions", docs.name, "q.json")
    assert swapped.status == 3
    assert swapped.said.endswith(f"the questions come first: rag-chunk check-questions q.json {docs.name}")


def test_an_analysis_tells_of_phrases_that_were_not_found_word_for_word(rag_chunk, docs):
    Path("q.json").write_text('[{"question": "Which way?", "relevant": ["Turn the kez to the left, then pull"]}]')
    (docs / "more.md").write_text("Turn the key to the left, then pull the door.\n")
    said = rag_chunk("analyze", docs.name, "--test-file", "q.json", "--strategy", "header").err
    assert "phrases without an exact match: 1." in said


def test_of_many_warnings_about_questions_an_analysis_shows_the_first(rag_chunk, docs):
    asked = [{"question": f"Which way is {number}?", "relevant": ["key"]} for number in range(11)]
    Path("q.json").write_text(json.dumps(asked))
    (docs / "more.md").write_text("Turn the key to the left, then pull the door.\n")
    said = rag_chunk("analyze", docs.name, "--test-file", "q.json", "--strategy", "header").err
    assert said.count("has only 3 characters") == 8
    assert "and 3 more warnings about questions; rag-chunk check-questions lists them" in said
    assert rag_chunk("check-questions", "q.json", docs.name).out.count("has only 3 characters") == 11


def test_documents_whose_accents_are_apart_from_their_letters_are_counted(rag_chunk, docs):
    assert "NFC" not in rag_chunk("analyze", docs.name, "--strategy", "header").err
    (docs / "menu.md").write_text("Un cafe\u0301 solo.\n")
    said = rag_chunk("analyze", docs.name, "--strategy", "header").said
    assert "1 document is not in Unicode NFC" in said


def test_documents_without_sentences_get_no_question_file(rag_chunk, folder):
    Path("list.md").write_text("- one\n- two\n")
    Path("empty.md").touch()
    assert "so it wrote no question file" in rag_chunk("init", "empty.md").said
    assert "so it wrote no question file" in rag_chunk("init", "list.md", "--force").said
    assert not Path("questions.yaml").exists()
    assert rag_chunk("analyze").status == 0


def test_every_draft_is_found_where_it_was_drawn_from(folder):
    text = "他在早上七点打开北门，晚上十点再把它锁上，周末和节假日除外，其余的门都由保安人员负责管理。" * 3
    files = read_corpus(Path(__file__).parents[2] / "examples").documents
    corpus = Corpus([*files, Document("门.txt", text), Document("empty.md", ""), Document("same.md", files[0].text)])
    questions = drafts(corpus, 200)
    assert len({draft.document for draft in questions}) >= len(files)
    assert len({draft.question for draft in questions}) == len(questions)
    Path("q.yaml").write_text(drafts_yaml(questions), encoding="utf-8")
    check = check_questions("q.yaml", corpus)
    assert check.of("error") == []
    assert [finding.kind for finding in check.of("note")] == ["unreviewed"]
    for draft, checked in zip(questions, check.questions, strict=True):
        names = {corpus.place(*span).document.name for span in checked.question.evidence[0].spans}
        assert draft.document in names


def test_fewer_drafts_are_spread_over_all_documents(folder):
    corpus = read_corpus(Path(__file__).parents[2] / "examples")
    questions = drafts(corpus, 19)
    assert len({draft.document for draft in questions}) == 19
    assert drafts(corpus, 0) == []


def test_reviewed_is_read_in_every_format_and_kept_by_fix(rag_chunk, docs):
    Path("q.csv").write_text(
        "question,relevant,reviewed\nHow do I lock?,Turn the key to the left,false\nWhat does a key cost?,25 euros,TRUE\n"
    )
    checked = rag_chunk("check-questions", "q.csv", docs, "--fix", "fixed.json")
    assert "1 of 2 questions are unreviewed drafts" in checked.out
    assert re.search(r"not reviewed +1\n", checked.out)
    fixed = json.loads(Path("fixed.json").read_text())["questions"]
    assert [str(each["reviewed"]).lower() for each in fixed] == ["false", "true"]
    Path("q.csv").write_text("question,relevant,reviewed\nHow do I lock?,Turn the key to the left,perhaps\n")
    assert "reviewed must be true, false or rejected, not 'perhaps'" in rag_chunk("check-questions", "q.csv", docs).out


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (3, ["analyze", "docs", "-o", "missing/x.md"], "missing/x.md cannot be written: there is no folder missing"),
        (3, ["analyze", "docs", "-o", "docs"], "docs cannot be written: it is a folder"),
        (
            2,
            ["analyze", "docs", "-o", "x.pdf"],
            "x.pdf: no output format has this file name extension. Use one of .html, .htm, .json, .csv, .md,",
        ),
        (
            2,
            ["compare", "one", "two", "-o", "x.html"],
            "x.html: no output format has this file name extension. Use one of .json, .md,",
        ),
        (
            2,
            ["analyze", "docs", "--mlflow-uri", "sqlite:///x.db"],
            "--mlflow-uri has no effect without --mlflow-tracking",
        ),
        (
            2,
            ["analyze", "docs", "--tags", "a=b", "--chunk-files"],
            "--tags and --chunk-files have no effect without --mlflow-tracking",
        ),
        (2, ["analyze", "docs", "--mlflow-uri", "x", "--run-name", "y", "--save", "z"], "--mlflow-uri has no effect"),
        (2, ["reproduce", "one", "--run-name", "x"], "--run-name has no effect without --track"),
        (2, ["check-questions"], "no questions were named. Give them, and the documents"),
        (3, ["check-questions", "docs"], "docs is a folder; the questions come first"),
        (3, ["analyze", "docs", "--config", "docs"], "the config file docs cannot be read: Is a directory"),
        (3, ["analyze", "docs/guide.md", "--test-file", "docs"], "rag-chunk analyze docs --test-file docs/guide.md"),
        (2, ["analyze", "docs", "--chunk-size", "100", "200"], "as in --chunk-size 100,200"),
        (2, ["analyze", "docs", "--chunk-size", "100-400"], "A range is first:last:step, as in 100:800:100"),
        (2, ["analyze", "docs", "--embedding-model", "bge-small"], "did you mean 'sentence-transformers:bge-small'?"),
        (3, ["compare", "one", "two"], "there is no results folder one"),
        (3, ["check-questions", "q.json", "docs", "--fix", "missing/q.json"], "there is no folder missing"),
        (2, ["analyze", "docs", "--unit", "words,tokns"], "not 'tokns' (did you mean 'tokens'?)"),
        (2, ["analyze", "docs", "--output", "jsno"], "not 'jsno' (did you mean 'json'?)"),
        (2, ["analyze", "docs", "--skip-blocks", "cod"], "--skip-blocks must be"),
        (2, ["strategies", "--output", "tabel"], "not 'tabel' (did you mean 'table'?)"),
        (2, ["analyse", "docs"], "Did you mean 'analyze'?"),
        (2, ["analyze", "docs", "--chunk-sise", "3"], "--chunk-size"),
        (2, ["chunk"], "no documents were named"),
        (2, ["analyze", "docs", "q.json"], "--test-file names the questions"),
        (2, ["chunk", "docs/a.md", "docs/b.md"], "Name one"),
        (3, ["init", "nowhere"], "there is no file or folder nowhere"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(rag_chunk, docs, status, arguments, sentence):
    done = rag_chunk(*arguments)
    assert (done.status, done.out) == (status, "")
    assert sentence in done.said


def test_a_misspelt_field_is_named_beside_the_problems_that_it_causes(rag_chunk, docs):
    Path("q.json").write_text('[{"qestion": "How?", "relevant": "Turn"}, {"qestion": "Why?", "relevant": "Turn"}]')
    said = rag_chunk("analyze", "docs", "--test-file", "q.json").said
    assert "in 2 questions, the field 'qestion' is ignored (did you mean 'question'?)" in said
    Path("q.json").write_text('[{"question": "How?", "relevnt": "Turn"}]')
    said = rag_chunk("analyze", "docs", "--test-file", "q.json").said
    assert "in 1 question, the field 'relevnt' is ignored (did you mean 'relevant'?)" in said


def test_an_option_that_no_configuration_uses_is_named(rag_chunk, docs):
    alone = rag_chunk("analyze", "docs", "--strategy", "fixed-size", "--overlap", "5")
    assert "--overlap is ignored: no configuration here uses it" in alone.said
    beside = rag_chunk("analyze", "docs", "--strategy", "fixed-size,sliding-window", "--overlap", "5")
    assert "is ignored" not in beside.said


def test_check_questions_takes_what_the_folders_config_names(rag_chunk, docs):
    Path("q.json").write_text('[{"question": "How do I lock?", "relevant": ["Turn the key to the left"]}]')
    named = rag_chunk("check-questions", "q.json", "docs")
    Path("rag-chunk.yaml").write_text("analysis:\n  source: docs\n  test_file: q.json\n")
    assert rag_chunk("check-questions", "q.json").out == named.out != ""
    assert rag_chunk("check-questions").out == f"{docs.parent}/{named.out}"


def test_what_mlflow_is_to_be_told_later_is_saved(rag_chunk, docs):
    assert rag_chunk("analyze", "docs", "--strategy", "header", "--run-name", "mine", "--save", "out").status == 0
    assert json.loads(Path("out/tracking.json").read_text())["run_name"] == "mine"


def test_init_leaves_out_what_cannot_be_read_and_so_does_the_next_command(rag_chunk, docs):
    (docs / "latin.md").write_bytes(b"caf\xe9")
    assert "latin.md is not UTF-8 at byte 3, and is left out" in rag_chunk("init", docs.name).said
    assert rag_chunk("analyze").status == 0


def _process(command: str) -> subprocess.CompletedProcess[str]:
    program = f"{sys.executable} -m rag_chunk"
    return subprocess.run(
        ["bash", "-c", command.replace("rag-chunk", program)], capture_output=True, text=True, check=False
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_no_bug_of_ours(docs):
    done = _process("rag-chunk chunk docs --quiet > /dev/full")
    assert (done.returncode, done.stderr) == (3, "rag-chunk: the results cannot be written: No space left on device\n")


def test_a_reader_who_goes_ends_it_as_the_shell_has_it(docs):
    (docs / "long.md").write_text("A sentence of six words. " * 20_000)
    done = _process("rag-chunk chunk docs --quiet | head -c 1; exit ${PIPESTATUS[0]}")
    assert (done.returncode, done.stdout, done.stderr) == (141, "{", "")


def test_a_machine_without_a_folder_for_temporary_files_is_told_what_to_set(rag_chunk, docs, monkeypatch):
    def no_folder():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", no_folder)
    monkeypatch.delenv("TIKTOKEN_CACHE_DIR")
    encoder_of.cache_clear()  # what another test has loaded needs no folder
    done = rag_chunk("analyze", "docs", "--unit", "tokens", "--no-cache")
    assert done.status == 3
    assert done.said.endswith("Set TMPDIR to a folder that you may write to")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_what_nobody_may_read_is_named(rag_chunk, docs):
    (docs / "closed").mkdir()
    (docs / "closed").chmod(0)
    assert "closed cannot be read (Permission denied)" in rag_chunk("analyze", docs).said
    assert rag_chunk("analyze", docs, "--skip-unreadable").status == 0
    assert rag_chunk("analyze", docs / "closed").status == rag_chunk("analyze", docs / "closed" / "in").status == 3


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("analyze --strategy sent", ["sentence"]),
        ("analyze --strategy header,markdown,h", ["header,markdown,hierarchical"]),
        ("analyze --strategy al", ["all"]),
        ("analyze --retriever bm25,leg", ["bm25,legacy"]),
        ("analyze --unit words,t", ["words,tokens"]),
        ("chunk --unit t", ["tokens"]),
        ("chunk --unit words,t", []),
        ("analyze --skip-blocks images,co", ["images,code"]),
        ("analyze --metrics shape,bu", ["shape,budget"]),
        ("analyze --output ma", ["markdown"]),
        ("analyze --config m", ["mine.yaml"]),
        ("analyze --config results/c", ["results/configs/", "results/configs/header-200-50.yaml"]),
        ("analyze --config nowhere/", []),
        ("strat", ["strategies"]),
    ],
)
def test_the_shell_completes_names_lists_and_config_files(rag_chunk, docs, monkeypatch, typed, offered):
    (docs.parent / "mine.yaml").touch()
    (docs.parent / "more.md").touch()
    (docs.parent / "results" / "configs").mkdir(parents=True)
    (docs.parent / "results" / "configs" / "header-200-50.yaml").touch()
    words = f"rag-chunk {typed}"
    monkeypatch.setenv("_RAG_CHUNK_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split()) - 1))
    assert rag_chunk().out.split() == offered


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that somebody stands in")
def test_a_working_folder_that_is_gone_is_named(rag_chunk, folder):
    (folder / "gone").mkdir()
    os.chdir("gone")
    Path("../gone").rmdir()
    assert rag_chunk("strategies") == (
        3, "", "rag-chunk: the working folder no longer exists; change to another folder\n"
    )  # fmt: skip


@pytest.mark.skipif(sys.platform != "linux", reason="other systems take names in UTF-8 only")
def test_names_that_no_report_can_say_are_refused(rag_chunk, folder):
    odd = folder / os.fsdecode(b"odd\xff")
    odd.mkdir()
    said = "rag-chunk: the name odd\\udcff is not UTF-8, and no report can say it; rename it\n"
    assert rag_chunk("analyze", odd.name) == (2, "", said)
    assert rag_chunk("analyze", "docs", "--test-file", odd.name) == (2, "", said)
    os.chdir(odd)
    assert rag_chunk("strategies") == (
        3, "", "rag-chunk: the working folder's name is not UTF-8, and no report can say it; rename it\n"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (
            3,
            ["analyze", "docs", "-o", "docs/guide.md"],
            "docs/guide.md is one of the documents, and would be overwritten",
        ),
        (3, ["analyze", "docs", "--test-file", "q.json", "-o", "q.json"], "q.json is the question file, and would be"),
        (3, ["chunk", "docs", "-o", "link.jsonl"], "link.jsonl is one of the documents, and would be overwritten"),
        (3, ["chunk", "all.jsonl", "-o", "all.jsonl"], "all.jsonl is one of the documents, and would be overwritten"),
        (3, ["check-questions", "q.json", "docs", "--fix", "docs/notes.txt"], "docs/notes.txt is one of the documents"),
        (0, ["check-questions", "q.json", "docs", "--fix", "q.json"], "Wrote q.json"),
        (
            3,
            ["analyze", "docs", "--output", "csv", "-o", "rag-chunk.yaml"],
            "rag-chunk.yaml is the config of this folder, and would be",
        ),
        (3, ["compare", "one", "one", "-o", "one/report.json"], "one/report.json is part of a saved analysis"),
        (
            0,
            ["chunk", "docs", "--exclude", "notes.txt", "-o", "link.jsonl"],
            "(recursive-character-200-50) to link.jsonl",
        ),
    ],
)
def test_a_result_replaces_nothing_that_was_read(rag_chunk, docs, status, arguments, sentence):
    Path("q.json").write_text(json.dumps([{"question": "Which way?", "relevant": ["Turn the key"]}]))
    Path("all.jsonl").write_text(json.dumps({"name": "../docs/guide.md", "text": GUIDE}) + "\n")
    Path("link.jsonl").symlink_to(docs / "notes.txt")
    Path("rag-chunk.yaml").write_text("schema_version: 2\n")
    Path("one").mkdir()
    for name in (MARKER, "report.json"):
        Path("one", name).touch()
    before = {path: path.read_bytes() for path in (docs / "guide.md", docs / "notes.txt", Path("q.json"))}
    done = rag_chunk(*arguments)
    assert done.status == status
    assert sentence in done.said
    assert status == 0 or {path: path.read_bytes() for path in before} == before


def test_an_imported_config_names_what_is_below_its_folder_from_there(rag_chunk, docs):
    (docs / "old.yaml").write_text("analysis:\n  source: .\n  test_file: ../../outside.json\n")
    (docs.parent / "back.yaml").write_text("analysis:\n  source: docs/../docs\n")
    outside = str(docs / ".." / ".." / "outside.json")
    Path(outside).touch()
    assert rag_chunk("import-config", "docs/old.yaml").status == 0
    assert parse_config(Path("rag-chunk.yaml").read_text(), "x").analysis["source"] == str(docs)
    assert yaml_text.load(Path("rag-chunk.yaml").read_text())["analysis"] == {"source": "docs", "test_file": outside}
    assert rag_chunk("import-config", "back.yaml", "--force").status == 0
    assert yaml_text.load(Path("rag-chunk.yaml").read_text())["analysis"] == {"source": "docs"}


def test_an_imported_config_keeps_the_comments_of_the_folders_file_and_a_copy_of_it(rag_chunk, docs):
    assert rag_chunk("init", "docs").status == 0
    commented = Path("rag-chunk.yaml").read_text()
    Path("best.yaml").write_text("strategy: header\nchunk_size: 80\n")
    done = rag_chunk("import-config", "best.yaml")
    assert "Kept the file as it was: rag-chunk.yaml.bak" in done.said
    assert Path("rag-chunk.yaml.bak").read_text() == commented
    lines = zip(commented.splitlines(), Path("rag-chunk.yaml").read_text().splitlines(), strict=True)
    assert [new for old, new in lines if old != new] == ['strategy: "header"', "chunk_size: 80"]
    assert rag_chunk("import-config", "best.yaml").status == 0
    assert Path("rag-chunk.yaml.bak").read_text() == commented


def test_reproduce_names_the_code_that_a_recorded_configuration_runs(rag_chunk, docs):
    Path("mine.py").write_text("def cut(text, config):\n    yield 0, len(text)\n")
    assert rag_chunk("analyze", "docs", "--strategy", "mine:cut", "--save", "results").status == 0
    done = rag_chunk("reproduce", "results")
    assert done.status == 0
    assert "results runs Python code: mine:cut" in done.said


def test_an_imported_config_leaves_out_the_paths_of_somebody_elses_machine(rag_chunk, docs):
    Path("theirs.yaml").write_text("chunk_size: 80\nanalysis: {source: /home/nobody/docs, test_file: questions.json}\n")
    done = rag_chunk("import-config", "theirs.yaml")
    assert "left out source: /home/nobody/docs does not exist here" in done.said
    assert yaml_text.load(Path("rag-chunk.yaml").read_text())["analysis"] == {"test_file": "questions.json"}


def test_score_offers_nothing_that_it_cannot_use(rag_chunk):
    assert "--max-embed-tokens" not in rag_chunk("score", "--help").out
    assert "--max-embed-tokens" in rag_chunk("analyze", "--help-all").out


def test_the_help_of_analyze_shows_the_options_that_most_people_need_and_how_to_see_the_others(rag_chunk):
    options = [
        re.findall(r"(?m)^│ (?:-\w, )?(--[\w-]+)", rag_chunk("analyze", name).out) for name in ("--help", "--help-all")
    ]
    short, every = options
    assert set(short) < set(every)
    assert len(short) <= 18
    assert len(every) > 40
    assert {"--strategy", "--chunk-size", "--test-file", "--save", "--mlflow-tracking", "--help-all"} <= set(short)
    assert "source" in rag_chunk("analyze", "--help").out.split("╭─ Arguments")[1].split("╭─")[0].lower()


def test_documents_of_a_store_are_analysed_as_those_of_a_folder(run, docs):
    store = fsspec.filesystem("memory")
    store.put("docs", "/bucket/docs", recursive=True)
    try:
        source = "memory://bucket/docs"
        assert run("chunk", source, "-q") == run("chunk", "docs", "-q")
        Path("rag-chunk.yaml").write_text(f"strategy: sentence\nanalysis:\n  source: {source}\n")
        status, out, _ = run("analyze", "--output", "json", "--save", "results")
        report = json.loads(out)
        assert (status, report["corpus"]["digest"]) == (0, read_corpus("docs").digest)
        assert report["analysis"]["source"] == source
        assert all(source in file.read_text() for file in Path("results", "configs").iterdir())
        assert run("reproduce", "results")[0] == 0
        assert f"no document under {source} passes --include" in run("chunk", source, "--include", "zz*")[2]
        status, _, err = run("chunk", source, "--include", "zz*", "-o", "none")
        assert (status, f"no document under {source}: " in err) == (3, True)
        assert run("chunk", "-o", "chunks", "-q")[0] == 0
        assert f'"source": "{source}"' in Path("chunks", "manifest.jsonl").read_text()
    finally:
        store.store.clear()
    status, out, err = run("chunk", "s3://ann:s3cret@bucket/docs")
    assert (status, out) == (3, "")
    assert "s3cret" not in err


def test_export_config_says_where_the_configs_of_a_saved_analysis_are(run, docs):
    status, out, err = run("export-config", "docs")
    assert (status, out) == (3, "")
    assert "docs is a path" in err
    assert "in configs" in err


def test_who_interrupts_chunk_is_told_how_to_go_on(run, docs, monkeypatch):
    write = chunk_folder.chunk_source

    def write_and_stop(*arguments: Any) -> None:
        write(*arguments)
        raise Interrupted(signal.SIGINT)

    monkeypatch.setattr(chunk_folder, "chunk_source", write_and_stop)
    status, _, err = run("chunk", "docs", "-o", "chunks")
    assert (status, "stay in chunks; run the same command again" in err) == (130, True)
    monkeypatch.setattr(chunk_folder, "chunk_source", write)
    assert "of which 1 were there" in run("chunk", "docs", "-o", "chunks")[2]


def test_a_missing_mlflow_is_told_before_documents_are_read(run, docs, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    status, _, err = run("analyze", "docs", "--test-file", "nothing.json", "--mlflow-tracking")
    assert (status, "pip install 'rag-chunk[mlflow]'" in err) == (4, True)
