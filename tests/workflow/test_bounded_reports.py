"""Reports on more documents than they list: counts and digests in the report, the lists in files beside it."""

import hashlib
import json
from pathlib import Path

import pytest

from rag_chunk.analysis.document_lists import DOCUMENT_LIST, SKIPPED_LIST
from rag_chunk.analysis.folder import check_unchanged, read_results
from rag_chunk.analysis.report_inputs import CorpusEntry
from rag_chunk.config import TrackingConfig
from rag_chunk.mlflow_tracker.content import Contents
from tests.conftest import Program

ANALYZE = ("analyze", "docs", "--test-file", "questions.json", "--strategy", "sentence", "--chunk-size", "8")


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a folder with two documents and two files that are skipped, beside a question file, in the working folder."""
    (folder / "docs").mkdir()
    for name, kind in (("a", "sh"), ("b", "xyz")):
        (folder / "docs" / f"{name}.md").write_text(f"Turn the key {name} to the left. Then pull the handle.\n" * 9)
        (folder / "docs" / f"{name}.{kind}").write_text("true\n")
    (folder / "questions.json").write_text('[{"question": "How?", "relevant": ["Turn the key a to"]}]')
    return folder / "docs"


@pytest.fixture
def low_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a report list one document."""
    monkeypatch.setattr("rag_chunk.analysis.document_lists.MOST_LISTED", 1)


def saved_corpus() -> CorpusEntry:
    """Return what the saved report says of the corpus."""
    return read_results(Path("results")).report.corpus


def test_lists_beyond_the_limit_are_files_with_their_digests_in_the_report(
    docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*ANALYZE, "--save", "results")[0] == 0
    whole, page = saved_corpus(), Path("results/report.md").read_text()
    assert not (Path("results") / DOCUMENT_LIST).exists()
    assert '_list":' not in Path("results/report.json").read_text()
    monkeypatch.setattr("rag_chunk.analysis.document_lists.MOST_LISTED", 1)
    assert run(*ANALYZE, "--save", "results")[0] == 0
    bounded = saved_corpus()
    assert (bounded.documents, bounded.skipped) == ((), ())
    for listed, entries in ((bounded.document_list, whole.documents), (bounded.skipped_list, whole.skipped)):
        assert listed
        data = (Path("results") / listed.file).read_bytes()
        assert (listed.count, listed.sha256) == (2, hashlib.sha256(data).hexdigest())
        assert [json.loads(line) for line in data.splitlines()] == [
            each.model_dump(exclude_none=True) for each in entries
        ]
    facts = (whole.digest, whole.num_documents, whole.characters, whole.suffix)
    assert (bounded.digest, bounded.num_documents, bounded.characters, bounded.suffix) == facts
    assert Path("results/report.md").read_text() == page
    html = Path("results/report.html").read_text()
    assert "2 documents, " in html
    assert "2 files were skipped" in html


def test_lists_of_earlier_results_are_removed(docs: Path, run: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as limited:
        limited.setattr("rag_chunk.analysis.document_lists.MOST_LISTED", 1)
        assert run(*ANALYZE, "--save", "results")[0] == 0
    assert run(*ANALYZE, "--save", "results")[0] == 0
    assert not any((Path("results") / name).exists() for name in (DOCUMENT_LIST, SKIPPED_LIST))
    check_unchanged(read_results(Path("results")))


@pytest.mark.usefixtures("low_limit")
def test_reproduce_names_the_document_that_changed_by_the_saved_list(docs: Path, run: Program) -> None:
    assert run(*ANALYZE, "--save", "results")[0] == 0
    assert "The documents are as they were" in run("reproduce", "results")[1]
    (docs / "b.md").write_text("Another text.\n")
    assert "b.md: changed" in run("reproduce", "results")[1]
    (Path("results") / DOCUMENT_LIST).unlink()
    assert "one or more of 2 documents: not the same" in " ".join(run("reproduce", "results")[1].split())


@pytest.mark.usefixtures("low_limit")
def test_compare_names_the_documents_that_differ_by_the_saved_lists(docs: Path, run: Program) -> None:
    assert run(*ANALYZE, "--save", "results")[0] == 0
    (docs / "c.md").write_text("A new text.\n")
    assert run(*ANALYZE, "--save", "later")[0] == 0
    said = run("compare", "results", "later", "--anyway")[1]
    assert "c.md: new" in said


@pytest.mark.usefixtures("low_limit")
def test_a_list_that_was_edited_is_refused(docs: Path, run: Program) -> None:
    assert run(*ANALYZE, "--save", "results")[0] == 0
    (Path("results") / DOCUMENT_LIST).write_text("{}\n")
    for command in ("reproduce", "track"):
        status, _, said = run(command, "results")
        assert status == 3
        assert DOCUMENT_LIST in said or "was edited" in said


@pytest.mark.usefixtures("low_limit")
def test_json_counts_the_documents_and_tells_where_a_list_can_be_had(docs: Path, run: Program) -> None:
    status, shown, said = run(*ANALYZE, "--output", "json")
    corpus = json.loads(shown)["corpus"]
    assert (status, corpus["documents"], corpus["document_list"]["count"]) == (0, [], 2)
    assert "counts its 2 documents; add --save DIR" in said
    assert "counts its" not in run(*ANALYZE, "--output", "json", "--save", "results")[2]


@pytest.mark.usefixtures("low_limit")
def test_mlflow_gets_counts_and_no_lists(docs: Path, run: Program) -> None:
    assert run(*ANALYZE, "--save", "results")[0] == 0
    notices: list[str] = []
    content = Contents(read_results(Path("results")), TrackingConfig(), notices.append).analysis()
    assert "report.json" in {artifact.path for artifact in content.artifacts}
    assert not {artifact.path for artifact in content.artifacts} & {DOCUMENT_LIST, SKIPPED_LIST}
    assert content.tags["document_type"] == "md"
    assert any("number and the digest of 2 documents" in notice for notice in notices)
