"""Rules by document: each is cut by the first whose glob fits, exactly as a configuration of its own would cut it."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk import Corpus, Document, RunConfig, analyze, chunk, chunk_text, langchain_splitter
from rag_chunk.chunker.rules import config_for
from rag_chunk.config import STRATEGIES, parse_config, read_config
from rag_chunk.config.sweep import names_of, validate_run
from rag_chunk.embedder import track_usage
from rag_chunk.errors import SettingsError
from tests.support.texts import texts

RULES = {"*.pdf": "page-400-0", "guides/**": "markdown-20-5", "*.txt": "sentence-5"}
CONFIG = RunConfig(strategy="fixed-size", chunk_size=7, strategies=RULES)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a/b.pdf", ("page", 400, 0)),
        ("guides/deep/x.md", ("markdown", 20, 5)),
        ("guides/x.pdf", ("page", 400, 0)),  # the first that fits
        ("notes.txt", ("sentence", 5, 1)),
        ("other.md", ("fixed-size", 7, 0)),
    ],
)
def test_the_first_glob_that_fits_counts(name, expected):
    config = config_for(CONFIG, name)
    assert (config.strategy, config.chunk_size, config.overlap) == expected
    assert config.strategies == ()


@given(drawn=st.lists(texts, min_size=1, max_size=4), data=st.data())
def test_every_strategy_cuts_its_documents_as_it_does_alone(drawn, data):
    names = data.draw(st.lists(st.sampled_from(["a.md", "b.txt", "guides/c.md", "d.mdx", "e.rst"]), min_size=len(drawn), max_size=len(drawn), unique=True))  # fmt: skip
    usable = [name for name, row in STRATEGIES.items() if not (row.has_parents or row.needs_vectors)]
    rules = {glob: f"{data.draw(st.sampled_from(usable))}-{data.draw(st.integers(1, 9))}" for glob in ("*.md", "*.txt")}
    config = RunConfig(strategy="sentence", chunk_size=3, strategies=rules)
    corpus = Corpus([Document(name, text) for name, text in zip(names, drawn, strict=True)])
    expected = [
        (each.id, each.units)
        for document in corpus.documents
        for each in chunk(Corpus([document]), config_for(config, document.name))
    ]
    assert [(each.id, each.units) for each in chunk(corpus, config)] == expected


def test_sentences_of_other_documents_are_not_embedded_for_a_rule():
    text = "Doors lock. Keys turn. Ovens bake bread. Bread is eaten. " * 3
    corpus = Corpus([Document("a.txt", text), Document("b.md", text)])
    config = RunConfig(strategy="sentence", chunk_size=5, strategies={"*.txt": "semantic-9"}, embedding_model="hashing")
    with track_usage(None) as usage:
        cut = chunk(corpus, config).ids
    assert usage.texts == 4
    assert cut == [*chunk(Corpus([corpus.documents[0]]), config).ids, *chunk(Corpus([corpus.documents[1]]), config).ids]


def test_rules_are_compared_named_and_exported(folder: Path):
    corpus = Corpus([Document("a.txt", "One two. Three four five. Six."), Document("b.md", "# T\n\nSix seven.")])
    configs = {"ruled": CONFIG, "plain": CONFIG.with_settings(strategies=())}
    report = analyze(corpus, configs).report
    assert [(each.name, each.reason) for each in report.skipped] == [
        (
            "strategies",
            f"no document here fits {glob}, so this rule cuts nothing",
        )
        for glob in ("*.pdf", "guides/**")
    ]
    assert names_of([CONFIG]) == names_of(list(configs.values()))[:1]
    assert {result.name: result.metrics["num_chunks"] for result in report.configurations} == {"ruled": 3, "plain": 2}
    assert names_of(list(configs.values()))[0] == "fixed-size-7-0-pdf.page-400-0-guides.markdown-20-5-txt.sentence-5"
    (folder / "mine.yaml").write_text("strategy: fixed-size\nchunk_size: 7\nstrategies:\n  '*.pdf': page-400-0\n  'guides/**': markdown-20-5\n  '*.txt': sentence-5\n")  # fmt: skip
    assert read_config(folder / "mine.yaml").config() == CONFIG
    assert RunConfig.model_validate_json(CONFIG.model_dump_json()) == CONFIG
    assert CONFIG.applicable_settings()["strategies"] == RULES
    assert "*.pdf: page-400-0" in CONFIG.params()["strategies"]
    assert "strategies" not in RunConfig().applicable_settings()
    assert RunConfig().params()["strategies"] == "none"


def test_chunk_runs_them(folder: Path, run):
    (folder / "docs").mkdir()
    (folder / "docs" / "a.txt").write_text("One two. Three four five.")
    (folder / "docs" / "b.md").write_text("One two. Three four five.")
    (folder / "rag-chunk.yaml").write_text("strategy: header\nstrategies: {'*.txt': sentence-3-0, '*.pdf': page-9}\n")
    status, out, err = run("chunk", "docs")
    assert (status, "strategies: no document here fits *.pdf, so this rule cuts nothing" in " ".join(err.split())) == (
        0,
        True,
    )
    assert [line.split('"')[3] for line in out.splitlines()] == ["a.txt:0-8", "a.txt:9-25", "b.md:0-25"]


def test_pipelines_cut_by_the_source_of_a_document():
    pytest.importorskip("langchain_text_splitters")
    text = "One two. Three four five. Six."
    made = langchain_splitter(CONFIG).create_documents([text, text], [{"source": "x.txt"}, {"source": "x.md"}])
    cut = {source: [each.page_content for each in made if each.metadata["source"] == source] for source in ("x.txt", "x.md")}  # fmt: skip
    assert cut["x.txt"] == [each.text for each in chunk_text(text, RunConfig(strategy="sentence", chunk_size=5))]
    assert cut["x.md"] == [each.text for each in chunk_text(text, CONFIG.with_settings(strategies=()))]
    assert cut["x.txt"] != cut["x.md"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"strategies": {"*.md": "markdown"}}, "is no rule. A rule is strategy-size or strategy-size-overlap"),
        ({"strategies": {"*.md": "markdwn-200"}}, "unknown strategy 'markdwn' (did you mean 'markdown'?)"),
        ({"strategies": {"*.md": "sentence-20-20"}}, "the overlap must be smaller than the size"),
        ({"strategies": {"*.md": "hierarchical-20"}}, "hierarchical makes parents, which other documents lack"),
        ({"strategies": {"*.md": "semantic-20"}}, "semantic needs an embedding model"),
        ({"strategies": "markdown-200"}, "strategies"),
        ({"strategies": {"*.md": "header", "*.txt": "markdwn-2"}}, "as in markdown-200-50; unknown strategy 'markdwn'"),
    ],
)
def test_what_is_no_rule_is_said(settings, sentence):
    with pytest.raises(SettingsError) as raised:
        validate_run(settings)
    assert sentence in str(raised.value)


def test_rules_change_the_digest_and_no_rules_do_not():
    assert RunConfig(strategies={}).digest() == RunConfig().digest() != RunConfig(strategies=RULES).digest()
    assert parse_config("strategies: {}\n", "x").config() == RunConfig()
