"""A config file that was found in the working folder says what code it runs, and where it sends texts."""

from pathlib import Path

import pytest

from rag_chunk.config import FOLDER_FILE
from rag_chunk.config.sources import CommandLineOptions, load_settings, load_single

URL = "http://localhost:11434/v1"
EMBEDS = f"retriever: dense\nembedding_model: openai:nomic\nembedding_url: {URL}\n"
SENDS = f"{FOLDER_FILE} sends texts to {URL}, with the key in RAG_CHUNK_EMBEDDING_KEY if that is set"
OPENAI = (
    f"{FOLDER_FILE} sends texts to OpenAI, with the key in RAG_CHUNK_EMBEDDING_KEY or OPENAI_API_KEY if that is set"
)
CONTEXTS = "strategy: sentence\nindex_context: model\ncontext_model: m\n"
DRAFTS = "with the key in RAG_CHUNK_DRAFTING_KEY"
RUNS = f"{FOLDER_FILE} runs Python code: mine:cut"


def notices(text: str, **given: str) -> list[str]:
    Path(FOLDER_FILE).write_text(text)
    said: list[str] = []
    load_settings(CommandLineOptions(given), said.append)
    return [line for line in said if not line.startswith("settings from")]


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("strategy: mine:cut\n", [RUNS]),
        ('strategies: {"*.md": "mine:cut-200", "*.rst": "header-200-50"}\n', [RUNS]),
        ("strategy: sentence\nreranker: mine:again\n", [f"{FOLDER_FILE} runs Python code: mine:again"]),
        ("strategy: sentence\nindex_context: mine:place\n", [f"{FOLDER_FILE} runs Python code: mine:place"]),
        ("analysis: {converter: 'mine:read'}\n", [f"{FOLDER_FILE} runs Python code: mine:read"]),
        ("analysis: {converter: ['pypdfium2, mine:read']}\n", [f"{FOLDER_FILE} runs Python code: mine:read"]),
        ("strategy: sentence\nretriever: mine:rank\n", [f"{FOLDER_FILE} runs Python code: mine:rank"]),
        ("analysis: {custom_metrics: ['mine:a', 'mine:b']}", [f"{FOLDER_FILE} runs Python code: mine:a, mine:b"]),
        (EMBEDS, [SENDS]),
        (
            "retriever: dense\nembedding_model: openai:x\n",
            [OPENAI],
        ),
        (f"strategy: mine:cut\n{EMBEDS}", [f"{RUNS}, and {SENDS.removeprefix(f'{FOLDER_FILE} ')}"]),
        ("strategy: sentence\nretriever: dense\nembedding_model: hashing\n", []),
        (f"{CONTEXTS}context_url: {URL}\n", [f"{FOLDER_FILE} sends documents to {URL}, {DRAFTS} if that is set"]),
        (CONTEXTS, [f"{FOLDER_FILE} sends documents to OpenAI, {DRAFTS} or OPENAI_API_KEY if that is set"]),
        (f"context_url: {URL}\nstrategy: sentence\n", []),
    ],
)
def test_code_and_addresses_of_the_folders_file_are_named_in_one_line(text: str, lines: list[str]) -> None:
    assert notices(text) == lines


@pytest.mark.usefixtures("folder")
def test_what_the_command_line_replaces_is_not_named() -> None:
    assert notices("strategy: mine:cut\n", strategy="sentence") == []
    assert notices(EMBEDS, embedding_model="hashing") == []
    assert notices(CONTEXTS, index_context="none") == []
    assert len(notices(CONTEXTS, index_context="none,model")) == 1


@pytest.mark.usefixtures("folder")
def test_a_command_names_only_what_it_runs() -> None:
    said: list[str] = []
    Path(FOLDER_FILE).write_text("strategy: mine:cut\nretriever: mine:rank\n")
    load_single(CommandLineOptions(), said.append, used=())
    assert said == [f"settings from {FOLDER_FILE}"]
    Path(FOLDER_FILE).write_text("strategy: mine:cut\nanalysis: {converter: 'mine:read'}\n")
    load_single(CommandLineOptions(), said.append, used=())  # whatever reads documents may convert them
    assert said[-1] == f"{FOLDER_FILE} runs Python code: mine:read"
    Path(FOLDER_FILE).write_text("strategy: mine:cut\nretriever: mine:rank\n")
    load_single(CommandLineOptions(), said.append)
    assert said[-1] == RUNS


def test_a_file_that_was_named_is_trusted(folder: Path) -> None:
    (folder / "mine.yaml").write_text("strategy: mine:cut\n")
    said: list[str] = []
    load_settings(CommandLineOptions(files=(Path("mine.yaml"),)), said.append)
    assert said == ["settings from mine.yaml"]


def test_it_is_said_before_the_code_runs(folder: Path, run) -> None:
    (folder / "a.md").write_text("# A\n\nSome text.\n")
    (folder / "never_imported.py").write_text("raise SystemExit('imported')\n")
    (folder / FOLDER_FILE).write_text("strategy: never_imported:cut\n")
    status, _, said = run("analyze", "a.md")
    assert status == 3
    assert said.index("runs Python code: never_imported:cut") < said.index("importing never_imported")
    for arguments in (("import-config", FOLDER_FILE), ("strategies",)):
        assert "imported" not in run(*arguments)[2]
