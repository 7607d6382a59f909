"""An imported config goes into a commented config file, whose comments stay."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_chunk.config import ConfigFile, parse_config
from rag_chunk.config.merge import merge_config
from rag_chunk.config.starter import starter_config
from rag_chunk.errors import InputError

STARTER = starter_config(Path("docs"), Path("questions.yaml"))
SETTINGS = st.fixed_dictionaries(
    {},
    optional={
        "strategy": st.sampled_from(["header", "sentence", "mine.cut:cut"]),
        "chunk_size": st.integers(100, 900),
        "overlap": st.integers(0, 99),
        "skip_blocks": st.lists(st.sampled_from(["code", "images"])),
        "merge_overlaps": st.booleans(),
        "model": st.text(min_size=1, max_size=9),
        "embedding_model": st.sampled_from([None, "hashing"]),
    },
)
ANALYSIS = st.fixed_dictionaries(
    {},
    optional={
        "include": st.lists(st.text(max_size=5), max_size=3),
        "baseline": st.text(min_size=1, max_size=5),
        "margin": st.floats(0, 1),
    },
)


def merged(text: str, run: dict[str, Any], analysis: dict[str, Any]) -> ConfigFile:
    return parse_config(merge_config(text, ConfigFile(run, analysis, {"run_id": "r"}), "x"), "x")


@settings(max_examples=30)  # each reads a whole file several times
@given(SETTINGS, ANALYSIS, SETTINGS, ANALYSIS)
def test_the_file_gives_the_imported_configuration_and_keeps_its_other_paths(first, before, second, after) -> None:
    text = merge_config(STARTER, ConfigFile(first, before, {"run_id": "q"}), "x")
    file = merged(text, second, after)
    assert file.config() == ConfigFile(second).config()
    assert file.recorded == {"run_id": "r"}
    assert set(file.analysis) == {"source", "test_file", *before, *after}


@settings(max_examples=30)  # each reads a whole file several times
@given(SETTINGS, ANALYSIS)
def test_no_comment_is_lost(run, analysis) -> None:
    text = merge_config(STARTER, ConfigFile(run, analysis), "x")
    assert {line for line in STARTER.splitlines() if "# " in line} <= set(text.splitlines())


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("chunk_size: 100  # ours\n", "chunk_size: 80  # ours\n"),
        ("top_k: 3\n# end", "chunk_size: 80\n#top_k: 5\n# end\n"),
        ("skip_blocks:\n- code\n# size\nchunk_size: 1\n", "#skip_blocks: []\n# size\nchunk_size: 80\n"),
    ],
)
def test_one_line_changes_for_one_setting(text: str, result: str) -> None:
    assert merge_config(text, ConfigFile({"chunk_size": 80}), "x") == result


@pytest.mark.parametrize("text", ["{top_k: 3, chunk_size: 100}", "schema_version: 1\nuse_tiktoken: true\n"])
def test_a_file_that_cannot_be_edited_is_refused_and_not_damaged(text: str) -> None:
    with pytest.raises(InputError, match=r"x cannot be edited: .* --force replaces it"):
        merge_config(text, ConfigFile({"unit": "words", "top_k": 4}), "x")
