"""The results folder: what is written is kept, whole, and nothing else is touched."""

import errno
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rag_chunk import RunConfig, analyze, read_corpus
from rag_chunk.analysis.folder import check_unchanged, claim_folder, read_results
from rag_chunk.corpus import Corpus, Document
from rag_chunk.errors import SettingsError
from rag_chunk.workflow.results import save_results
from tests.conftest import Program


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a folder with one document, beside a question file; the working folder holds both."""
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text("# Keys\n\nTurn the key to the left.\n\nThen pull the handle.\n" * 9)
    (folder / "questions.json").write_text('[{"question": "How?", "relevant": ["Turn the key"]}]')
    return folder / "docs"


def test_a_folder_that_cannot_take_the_results_is_refused_before_the_work(docs: Path, run: Program) -> None:
    foreign = docs.parent / "other"
    foreign.mkdir()
    (foreign / "mine.txt").write_text("mine")
    for name, why in {"other": "holds files", "questions.json": "is a file", "other/mine.txt/x": "be written"}.items():
        status, shown, said = run("analyze", "docs", "--save", name)
        assert (status, shown) == (3, "")
        assert why in said
    assert [path.name for path in foreign.iterdir()] == ["mine.txt"]


def test_what_is_linked_into_a_results_folder_is_not_removed(docs: Path, run: Program) -> None:
    assert run("analyze", "docs", "--save", "results")[0] == 0
    (Path("results") / "chunks").rename("apart")
    (Path("results") / "chunks").symlink_to(docs)
    status, _, said = run("analyze", "docs", "--save", "results")
    assert status == 3
    assert "chunks is a link" in said
    assert (docs / "guide.md").exists()


def test_results_are_kept_before_they_are_shown(docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("rag_chunk.cli.analyze._print_table", full)
    assert run("analyze", docs.name, "--save", "results")[0] == 3
    assert read_results(Path("results")).report.configurations


def test_results_that_were_never_finished_are_said_to_be_so(
    docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> str:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("rag_chunk.workflow.results.csv_text", stopped)
        assert run("analyze", "docs", "--save", "results")[0] == 130
    for command in ("reproduce", "compare", "track"):
        status, shown, said = run(command, "results")
        assert (status, shown) == (3, "")
        assert "results holds no results yet" in said
    assert run("analyze", "docs", "--save", "results")[0] == 0
    assert read_results(Path("results")).report.configurations


def test_two_analyses_into_one_folder_leave_the_results_of_one(docs: Path) -> None:
    corpus = read_corpus(docs)
    both = [
        analyze(corpus, [RunConfig(strategy=name, chunk_size=size) for size in range(4, 16)])
        for name in ("sentence", "header")
    ]
    with ThreadPoolExecutor() as threads:
        list(threads.map(lambda each: save_results(each, Path("results")), both * 2))
    found = read_results(Path("results"))
    for kind in ("configs", "chunks"):
        assert {path.stem for path in (Path("results") / kind).iterdir()} == set(found.configs)


def test_while_an_analysis_is_on_its_way_to_a_folder_another_one_is_refused_before_it_reads(
    docs: Path, run: Program
) -> None:
    assert run("analyze", "docs", "--save", "results")[0] == 0
    (docs / "guide.md").write_bytes(b"\xff\xfe\xfa")  # whoever reads it says so
    with claim_folder(Path("results")):
        status, _, said = run("analyze", "docs", "--save", "results")
        assert read_results(Path("results")).report.configurations  # readers need not wait
    assert status == 3
    assert "another analysis is running that saves to results; wait for its end, or name another folder" in said
    (docs / "guide.md").write_text("Text.")
    assert run("analyze", "docs", "--save", "results")[0] == 0


def test_an_unknown_baseline_leaves_no_failed_run(docs: Path, run: Program) -> None:
    pytest.importorskip("mlflow")
    options = ["--test-file", "questions.json", "--baseline", "none", "--mlflow-tracking", "--mlflow-uri"]
    status, _, said = run("analyze", docs.name, *options, "sqlite:///runs.db")
    assert status == 2
    assert "no configuration has the name or strategy 'none'" in said
    assert not Path("runs.db").exists()


def test_an_analysis_needs_a_configuration(docs: Path) -> None:
    with pytest.raises(SettingsError, match="no configuration"):
        analyze(read_corpus(docs), [])


@pytest.mark.parametrize(
    "step", ["workflow.results.csv_text", "rendering.html.html_text", "chunker.Chunking.json_lines"]
)
def test_older_results_are_kept_until_the_new_ones_are_whole(
    step: str, docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert run("analyze", "docs", "--save", "results", "--test-file", "questions.json")[0] == 0
    before = {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()}
    with monkeypatch.context() as broken:
        broken.setattr(f"rag_chunk.{step}", full)
        status, shown, said = run("analyze", "docs", "--save", "results", "--strategy", "sentence")
    assert status == 3
    assert "sentence" in shown
    assert "No space left on device" in said
    assert {path: path.read_bytes() for path in Path("results").rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("moves", range(9))
def test_a_replacement_that_was_cut_off_is_finished_by_who_reads(
    moves: int, docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("analyze", "docs", "--save", "results", "--test-file", "questions.json")[0] == 0
    replace, left = Path.replace, [moves + 1]  # the first makes the new results whole

    def cut_off(source: Path, target: Path) -> Path:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return replace(source, target)

    with monkeypatch.context() as broken:
        broken.setattr(Path, "replace", cut_off)
        assert run("analyze", "docs", "--save", "results", "--strategy", "sentence,header")[0] in {0, 130}
    results = read_results(Path("results"))
    assert set(results.configs) == {path.stem for path in Path("results/chunks").iterdir()}
    assert {result.config.strategy for result in results.report.configurations} == {"sentence", "header"}
    assert not Path("results/questions.json").exists()
    check_unchanged(results)


def test_results_with_two_dots_in_a_name_are_kept_and_replaced(tmp_path):
    corpus = Corpus([Document("a.txt", "One sentence. Another one.")])
    analysis = analyze(corpus, {"my..conf": RunConfig(chunk_size=2), "b": RunConfig(chunk_size=3)})
    for _ in range(2):
        save_results(analysis, tmp_path / "out")
    assert (tmp_path / "out" / "configs" / "my..conf.yaml").exists()
    assert read_results(tmp_path / "out").report == analysis.report


def test_new_results_that_nobody_can_read_do_not_block_the_folder(tmp_path):
    analysis = analyze(Corpus([Document("a.txt", "One sentence.")]), RunConfig(chunk_size=2))
    save_results(analysis, tmp_path / "out")
    (tmp_path / "out" / ".whole").mkdir()
    (tmp_path / "out" / ".whole" / "digests.json").write_text("[]")
    save_results(analysis, tmp_path / "out")
    assert read_results(tmp_path / "out").report == analysis.report
