"""Settings: names, limits, files, precedence, sweeps."""

import itertools
import time
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from rag_chunk.analysis import analyze
from rag_chunk.analysis.report import parse_report
from rag_chunk.config import (
    FOLDER_FILE,
    STRATEGIES,
    UNITS,
    AnalysisConfig,
    OutputConfig,
    RunConfig,
    TrackingConfig,
    parse_config,
    read_config,
    yaml_text,
)
from rag_chunk.config.catalog import needs_vectors
from rag_chunk.config.history import ComparisonConfig
from rag_chunk.config.names import safe_name
from rag_chunk.config.redaction import redact
from rag_chunk.config.sources import CommandLineOptions, load_settings
from rag_chunk.config.sweep import names_of, sweep
from rag_chunk.config.tracking import parse_tags
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import InputError, SettingsError

GOLDEN = Path(__file__).parent / "golden"
EVERYTHING = RunConfig(
    strategy="header", chunk_size=321, overlap=12, unit="tokens", model="gpt-4o", top_k=7, budget=900, seed=3, merge_overlaps=True
)  # fmt: skip


def settings(*, files: tuple[Path, ...] = (), analysis: dict[str, object] | None = None, **given: str):
    return load_settings(CommandLineOptions(given, analysis or {}, files=files), lambda _: None)


def problem(text: str) -> str:
    with pytest.raises(InputError) as error:
        parse_config(text, "config.yaml")
    return str(error.value)


configs = st.builds(
    lambda strategy, size, share, unit, seed: RunConfig(
        strategy=strategy,
        chunk_size=size,
        overlap=int(size * share),
        unit=unit,
        seed=seed,
        embedding_model="hashing" if needs_vectors(None, strategy) else None,
    ),
    st.sampled_from([*STRATEGIES, "my.package:cut"]),
    st.integers(1, 10_000),
    st.floats(0, 0.99),
    st.sampled_from(UNITS),
    st.integers(0, 2**32 - 1),
)


@given(configs)
def test_a_config_written_as_yaml_is_read_back_the_same(config: RunConfig) -> None:
    from rag_chunk.config import ConfigFile

    assert parse_config(ConfigFile(config.model_dump()).to_yaml(), "x").config() == config


@given(configs)
def test_what_changed_is_enough_to_make_the_config_again(config: RunConfig) -> None:
    assert RunConfig(**config.non_default()) == config


@pytest.mark.parametrize(("size", "overlap"), [(1, 0), (4, 1), (100, 25), (200, 50), (4000, 50)])
def test_the_usual_overlap_is_a_quarter_of_the_size_and_at_most_50(size: int, overlap: int) -> None:
    assert RunConfig(chunk_size=size).overlap == overlap


def test_overlap_is_checked_first_and_then_recorded_as_none_where_the_strategy_has_none() -> None:
    assert RunConfig(strategy="paragraph", chunk_size=10, overlap=5).overlap == 0
    with pytest.raises(ValidationError, match=r"overlap \(10\) must be smaller than chunk_size \(10\)"):
        RunConfig(strategy="paragraph", chunk_size=10, overlap=10)


def test_the_digest_covers_only_what_differs_from_the_defaults() -> None:
    assert RunConfig().digest() == RunConfig(chunk_size=200, overlap=50, unit="words").digest()
    assert RunConfig().digest() != RunConfig(chunk_size=201).digest()
    assert RunConfig().non_default() == {}


def test_params_are_flat_text_and_name_no_model_where_no_tokenizer_takes_part() -> None:
    params = EVERYTHING.params()
    assert params["use_tiktoken"] == "True"
    assert params["model"] == "gpt-4o"
    assert set(params) == {*RunConfig.model_fields, "use_tiktoken"}
    assert all(isinstance(value, str) for value in params.values())
    assert RunConfig(model="gpt-4o").params()["model"] == "none"


def test_the_golden_file_of_the_current_schema_reads_as_it_always_did() -> None:
    file = read_config(GOLDEN / "config-2.yaml")
    assert file.config() == EVERYTHING
    assert file.to_yaml() == (GOLDEN / "config-2.yaml").read_text()


def test_a_file_of_the_first_schema_is_upgraded() -> None:
    config = read_config(GOLDEN / "config-1.yaml").config()
    assert config == RunConfig(strategy="sliding-window", chunk_size=150, overlap=30, unit="tokens", model="gpt-4")


@pytest.mark.parametrize("model", [RunConfig, AnalysisConfig, OutputConfig, TrackingConfig, ComparisonConfig])
def test_true_is_no_number(model: type[BaseModel]) -> None:
    numbers = {
        name
        for name, info in model.model_fields.items()
        if {info.annotation, *get_args(info.annotation)} & {int, float}
    }
    assert numbers
    for name in numbers:
        with pytest.raises(ValidationError, match=r"should be a valid (integer|number)"):
            model.model_validate({name: True})


def test_paths_in_a_file_start_at_its_folder(folder: Path) -> None:
    (folder / "deep").mkdir()
    (folder / "deep" / "mine.yaml").write_text("analysis:\n  source: docs\n  test_file: q.json\n")
    analysis = read_config(Path("deep/mine.yaml")).analysis
    assert analysis == {"source": str(folder / "deep" / "docs"), "test_file": str(folder / "deep" / "q.json")}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("chunk_size: 0", "chunk_size must be at least 1, not 0"),
        ("chunk_size: true", "chunk_size must be a whole number, not True"),
        ("chunk_size: many", "chunk_size must be a whole number, not 'many'"),
        ("chunk_sise: 3", "unknown setting 'chunk_sise' (did you mean 'chunk_size'?)"),
        ("strategy: recursve", "unknown strategy 'recursve' (did you mean 'recursive-character'?)"),
        ("chunk_size: 10\noverlap: 50", "overlap (50) must be smaller than chunk_size (10)"),
        ("unit: pages", "unit must be 'words', 'tokens' or 'characters', not 'pages'"),
        ("schema_version: 9", "has schema_version 9; this rag-chunk reads up to 2"),
        ("schema_version: no", "schema_version must be a whole number from 1 to 2, not False"),
        ("[1, 2]", "it holds a list"),
        ("", "it holds nothing"),
        ("analysis: 3", "analysis must hold settings"),
        ("analysis:\n  missing: maybe", "missing must be 'error' or 'warn', not 'maybe'"),
        ("chunk_size: 1\nchunk_size: 2", "line 2: the key 'chunk_size' appears twice"),
        ("a: &x 1\nb: *x", "line 1: anchors and aliases are not read"),
        ("a: !!python/name:os.system", "line 1: the tag"),
        ("a: [1", "cannot be read as YAML: line"),
        ("1: a", "the key 1 must be text"),
        ("x" * 1_000_001, "at most 1,000,000 are read"),
        ("[" * 5000, "cannot be read as YAML"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_in_a_sentence(text: str, sentence: str) -> None:
    assert sentence in problem(text)


def test_all_problems_of_a_file_are_said_at_once() -> None:
    said = problem("chunk_size: 0\nunit: pages\nfoo: 1")
    assert "chunk_size" in said
    assert "unit" in said
    assert "foo" in said


@pytest.mark.parametrize("text", ["no", "010", "12:30", "null", "~", "1e3", "é漢", "a: b", "# x", "'"])
def test_text_stays_text_through_yaml(text: str) -> None:
    from rag_chunk.config import yaml_text

    assert yaml_text.load(yaml_text.dump({"a": text, "b": [text]})) == {"a": text, "b": [text]}


def test_flags_win_over_a_config_file_which_wins_over_the_folders_file(folder: Path) -> None:
    (folder / FOLDER_FILE).write_text("strategy: sentence\nchunk_size: 100\nbudget: 500\ntop_k: 3\n")
    (folder / "mine.yaml").write_text("chunk_size: 150\nbudget: 600\n")
    (config,) = settings(files=(Path("mine.yaml"),), chunk_size="300").configs.values()
    assert (config.strategy, config.chunk_size, config.budget, config.top_k) == ("sentence", 300, 600, 3)
    assert config.overlap == 50


def test_a_value_that_equals_the_default_still_wins_over_a_file(folder: Path) -> None:
    (folder / FOLDER_FILE).write_text("strategy: sentence\nchunk_size: 100\n")
    (config,) = settings(chunk_size="200").configs.values()
    assert config.chunk_size == 200


def test_every_strategy_is_run_when_none_is_named(folder: Path) -> None:
    usual = [name for name, row in STRATEGIES.items() if row.is_for_any]
    runnable = [name for name in usual if not needs_vectors(None, name)]
    assert [config.strategy for config in settings().configs.values()] == runnable
    assert settings(strategy="all").configs == settings().configs
    lacking = "it needs an embedding model (--embedding-model)"
    assert settings().skipped == (("semantic", lacking), ("cluster-semantic", lacking))
    assert [config.strategy for config in settings(embedding_model="hashing").configs.values()] == usual


def test_lists_with_commas_are_multiplied_out(folder: Path) -> None:
    named = settings(strategy="sentence,fixed-size", chunk_size="100, 200", overlap="0,20").configs
    assert list(named) == [
        "sentence-100-0", "sentence-100-20", "sentence-200-0", "sentence-200-20", "fixed-size-100-0", "fixed-size-200-0",
    ]  # fmt: skip


def test_impossible_pairs_of_a_product_are_left_out_and_named(folder: Path) -> None:
    swept = settings(strategy="sentence", chunk_size="10,100", overlap="50")
    assert list(swept.configs) == ["sentence-100-50"]
    assert swept.skipped == (("sentence-10-50", "overlap (50) must be smaller than chunk_size (10)"),)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"chunk_size": "10", "overlap": "50"}, "--overlap (50) must be smaller than --chunk-size (10)"),
        ({"chunk_size": "0,100"}, "--chunk-size must be at least 1"),
        ({"chunk_size": "100,,200"}, "--chunk-size is a list with an empty place in it"),
        ({"strategy": "headr"}, "did you mean 'header'?"),
        ({"top_k": "many"}, "--top-k must be a whole number, not 'many'"),
    ],
)
def test_wrong_settings_on_the_line_are_said_in_a_sentence(folder: Path, given: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingsError) as error:
        settings(**given)  # type: ignore[arg-type]
    assert sentence in str(error.value)


def test_several_config_files_are_rivals_under_their_own_names(folder: Path) -> None:
    (folder / "today.yaml").write_text("strategy: fixed-size\nchunk_size: 64\n")
    (folder / "next.yaml").write_text("strategy: header\n")
    files = (Path("today.yaml"), Path("next.yaml"))
    assert list(settings(files=files).configs) == ["today", "next"]
    named = settings(files=files, strategy="sentence", budget="900").configs
    assert list(named) == ["sentence-200-50", "today", "next"]
    assert {config.budget for config in named.values()} == {900}


@given(st.lists(configs, min_size=1, max_size=8, unique=True))
def test_names_are_unique_and_safe_as_file_names(runs: list[RunConfig]) -> None:
    names = names_of(runs)
    assert len(set(names)) == len(runs)
    assert all(name.replace("-", "").replace(".", "").replace("_", "").isalnum() for name in names)


def test_parents_that_are_handed_over_stand_in_the_name() -> None:
    config = RunConfig(strategy="hierarchical", retrieve_parents=True)
    assert names_of([config]) == ["hierarchical-200-0-retrieve_parents"]
    assert names_of([config.with_settings(retrieve_parents=False)]) == ["hierarchical-200-0"]


def test_whatever_else_varies_stands_in_the_name() -> None:
    named = sweep({"strategy": "sentence"}, {"unit": ["words", "tokens"], "top_k": ["3", "5"]}).configs
    assert list(named) == [
        f"sentence-200-50-{unit}-top_k-{k}" for unit, k in itertools.product(["words", "tokens"], [3, 5])
    ]


def test_vectors_need_a_model_and_nothing_else_records_one() -> None:
    for settings_ in ({"retriever": "dense"}, {"retriever": "hybrid"}, {"strategy": "semantic"}):
        with pytest.raises(ValidationError, match=r"needs an embedding model. Give --embedding-model backend:name"):
            RunConfig.model_validate(settings_)
    assert RunConfig(embedding_model="hashing") == RunConfig(embedding_model="hashing", index_headings=False)
    assert RunConfig(embedding_model="hashing").embedding_model is None
    assert RunConfig(retriever="mine:dense", embedding_model="model2vec:x").embedding_model == "model2vec:x"
    dense = RunConfig(retriever="dense", embedding_model="openai:x", embedding_url="http://localhost:1/v1/")
    assert dense.embedding_url == "http://localhost:1/v1"
    assert RunConfig(retriever="dense", embedding_model="hashing", embedding_url="http://x").embedding_url is None
    assert dense.non_default().keys() == {"retriever", "embedding_model", "embedding_url"}


def test_what_says_nothing_of_a_strategy_or_retriever_leaves_digests_and_files_as_they_were() -> None:
    assert RunConfig(smallest_size=7, split_percentile=3.0).digest() == RunConfig().digest() == "44136fa355b3"
    names = {"smallest_size", "split_percentile", "embedding_model", "embedding_url"}
    assert not names & RunConfig().applicable_settings().keys()
    assert "index_headings" not in RunConfig(retriever="random", index_headings=True).applicable_settings()
    semantic = RunConfig(strategy="semantic", embedding_model="hashing", chunk_size=100)
    assert (semantic.overlap, semantic.smallest_size) == (0, 25)
    assert {"smallest_size", "split_percentile", "embedding_model"} < semantic.applicable_settings().keys()


@pytest.mark.parametrize("name", ["minilm", "hashing:7", "openai:", "openai: ", "sentence-transformer:x", "a.b:c"])
def test_an_embedding_model_that_cannot_be_one_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="unknown embedding model"):
        RunConfig(retriever="dense", embedding_model=name)


@pytest.mark.parametrize(
    "url", ["localhost:1", "ftp://x", "http://user:secret@x", "http://x/v1?key=secret", "http://x#secret"]
)
def test_an_address_that_could_carry_a_key_is_refused_and_not_repeated(url: str, folder: Path) -> None:
    with pytest.raises(SettingsError, match="RAG_CHUNK_EMBEDDING_KEY") as caught:
        settings(retriever="dense", embedding_model="openai:x", embedding_url=url)
    assert "secret" not in str(caught.value)


def test_names_tell_what_differs_and_no_more(folder: Path) -> None:
    swept = settings(strategy="header", retriever="bm25,dense", embedding_model="hashing", index_headings=[True, False])  # type: ignore[arg-type]
    assert list(swept.configs) == [
        "header-200-50-bm25-index_headings", "header-200-50-bm25", "header-200-50-dense-index_headings", "header-200-50-dense",
    ]  # fmt: skip
    models = [RunConfig(retriever="dense", embedding_model=f"model2vec:{name}") for name in ("a/b", "c")]
    assert names_of(models) == ["recursive-character-200-50-model2vec.a.b", "recursive-character-200-50-model2vec.c"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs /dev/zero")
def test_a_path_of_a_file_that_does_not_exist_is_named_with_its_file(folder: Path) -> None:
    (folder / FOLDER_FILE).write_text("analysis: {source: gone, test_file: gone.json}")
    with pytest.raises(InputError, match=rf"{FOLDER_FILE} sets source to .*gone, which does not exist; .*test_file"):
        settings()
    with pytest.raises(InputError, match=rf"{FOLDER_FILE} sets test_file to .*gone.json, which does not exist"):
        settings(analysis={"source": str(folder)})
    assert settings(analysis={"source": str(folder), "test_file": FOLDER_FILE}).configs


def test_the_config_file_that_wins_is_the_one_whose_path_must_exist(folder: Path) -> None:
    (folder / FOLDER_FILE).write_text("analysis: {source: gone}")
    (folder / "mine.yaml").write_text("analysis: {source: .}")
    assert settings(files=(Path("mine.yaml"),)).analysis.source == folder
    (folder / "mine.yaml").write_text("analysis: {source: lost}")
    with pytest.raises(InputError, match=r"mine\.yaml sets source to .*lost"):
        settings(files=(Path("mine.yaml"),))


def test_null_is_no_path(folder: Path) -> None:
    file = parse_config("analysis: {source: null, test_file: null}", "x")
    assert file.relative_to_folder(folder) == file


def test_a_setting_of_the_analysis_at_the_top_is_sent_to_its_section() -> None:
    assert problem("source: docs") == "config.yaml: unknown setting 'source'. Put source below analysis:"


def test_a_file_without_an_end_is_not_read_to_its_end() -> None:
    with pytest.raises(InputError, match="more than 4,000,000 bytes"):
        read_config(Path("/dev/zero"))


@pytest.mark.parametrize(
    ("written", "read"),
    [("200", 200), ("-7", -7), ("1e3", 1000.0), ("0", 0), ("-0.5", -0.5)],
)
def test_a_number_in_yaml_is_what_it_looks_like(written: str, read: float) -> None:
    assert yaml_text.load(f"a: {written}") == {"a": read}


@pytest.mark.parametrize(("written", "read"), [("0200", 200), ("010", 10), ("1_000", 1000), ("+5", 5), ("080", 80)])
def test_a_number_in_another_form_is_text_as_an_id_and_a_number_as_a_setting(written: str, read: int) -> None:
    assert yaml_text.load(f"a: {written}") == {"a": written}
    assert parse_config(f"chunk_size: {written}", "config.yaml").config().chunk_size == read


@pytest.mark.parametrize("written", ["22:00", "1:30:00", "0x10", "0o17", "0b1", "2024-01-01", "1:30.5", "1.2.3"])
def test_what_looks_like_no_decimal_number_is_text(written: str) -> None:
    assert yaml_text.load(f"a: {written}") == {"a": written}
    assert f"chunk_size must be a whole number, not '{written}'" in problem(f"chunk_size: {written}")


@pytest.mark.parametrize("written", ["no", "off", "Yes"])
def test_a_truth_where_text_is_expected_is_refused_as_what_was_read(written: str) -> None:
    assert "strategy must be text" in problem(f"strategy: {written}")


@pytest.mark.parametrize(
    ("written", "tags"),
    [
        ('authors="Ann,Bo"', {"authors": "Ann,Bo"}),
        ('"authors=Ann,Bo",team=x', {"authors": "Ann,Bo", "team": "x"}),
        ('size=5" disk', {"size": '5" disk'}),
        ("a=b=c,", {"a": "b=c"}),
        ('a="",b=1', {"a": "", "b": "1"}),
    ],
)
def test_a_tag_keeps_a_comma_that_is_in_quotes(written: str, tags: dict[str, str]) -> None:
    assert parse_tags([written]) == tags


def test_a_comma_in_a_tag_without_quotes_is_refused_with_the_way_to_write_it() -> None:
    with pytest.raises(SettingsError, match=r"'Bo' has no '='.*--tags 'key=\"a, b\"'"):
        parse_tags(["authors=Ann,Bo"])


@given(st.text(max_size=300))
def test_a_name_that_was_made_safe_is_a_file_name_that_stays(text: str) -> None:
    name = safe_name(text)
    assert safe_name(name) == name
    assert 0 < len(name.encode()) <= 150
    assert Path(name).name == name
    assert name not in {".", ".."}


@pytest.mark.parametrize("stem", ["my config", "a(1)", "[b]mine", "ünï 試験", "x" * 300, "a:b", "…", "-", "con|fig"])
def test_results_of_a_config_file_of_any_name_are_read_back(stem: str, tmp_path: Path) -> None:
    corpus = Corpus([Document("a.txt", "One sentence. Another one.")])
    report = analyze(corpus, {stem: RunConfig(chunk_size=2), "other": RunConfig(chunk_size=3)}).report
    assert parse_report(report.to_json(), "report.json") == report


@pytest.mark.parametrize(
    ("name", "value", "is_secret"),
    [
        ("OPENAI_MAX_TOKENS", "100000", False),
        ("TOKEN_LIMIT", "250000", False),
        ("MLFLOW_TRACKING_TOKEN", "t0ken-of-mine", True),
        ("RAG_CHUNK_EMBEDDING_KEY", "sk-123", True),
        ("RAG_CHUNK_DRAFTING_KEY", "sk-123", True),
        ("OPENAI_API_KEY", "sk-12345678", True),
        ("SORT_KEY", "budget_recall", False),
        ("TOKENIZERS_PARALLELISM", "falsehood", False),
        ("GOOGLE_APPLICATION_CREDENTIALS", "/home/ann/key.json", False),
    ],
)
def test_secrets_are_told_by_name_and_value(name: str, value: str, is_secret: bool, monkeypatch) -> None:  # noqa: FBT001 - a case
    monkeypatch.setenv(name, value)
    assert (redact(f"it is {value}!") == "it is ***!") == is_secret


@pytest.mark.parametrize("unit", ["a", "a.", "a://", "a://b:c", "?a", "&key", "bearer ", "http://u:p", "x@"])
def test_redacting_a_long_answer_takes_no_time(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    started = time.process_time()
    redact(text)
    assert time.process_time() - started < 10  # seconds; with time quadratic in the length it would be minutes
