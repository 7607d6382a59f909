"""Reports on more documents than they list: counts and digests in the report, the lists in files beside it."""

import hashlib
import json
from pathlib import Path

import pytest

from rag_chunk.analysis.document_lists import DOCUMENT_LIST, SKIPPED_LIST
from rag_chunk.analysis.folder import check_unchanged, read_results
from rag_chunk.analysis.report_inputs import CorpusEntry
from rag_chunk.config import TrackingConfig
from rag_chunk.config.tracking import LogChunks
from rag_chunk.mlflow_tracker.artifacts import plan_chunks
from rag_chunk.mlflow_tracker.content import Contents
from tests.conftest import Program
from tests.support.mlflow_folder import FOUR, report, write_folder

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
    whole, size = saved_corpus(), Path("results/report.md").read_text().splitlines()[2]
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
    assert size.startswith("2 documents of ")
    assert size in Path("results/report.md").read_text()
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


@pytest.mark.parametrize(
    ("asked", "places", "logged", "notice"),
    [
        (None, 10, 2, "the best configuration's chunks are logged with their text, the others' as spans"),
        (None, 1, 1, "the others' are not logged: 4 are more than 1; --log-chunks spans logs the places of all"),
        ("spans", 1, 2, "chunks are logged as spans, without their text"),
    ],
    ids=["few", "many", "many and asked for"],
)
def test_places_of_many_chunks_are_logged_only_if_asked_for(
    asked: LogChunks | None, places: int, logged: int, notice: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = tuple(each.model_copy(update={"metrics": {"num_chunks": 2.0}}) for each in FOUR[:2])
    monkeypatch.setattr("rag_chunk.mlflow_tracker.artifacts.MOST_BYTES", 1)
    monkeypatch.setattr("rag_chunk.mlflow_tracker.artifacts.MOST_PLACES", places)
    notices: list[str] = []
    results = read_results(write_folder(tmp_path / "results", report(pair)))
    plan = plan_chunks(results, TrackingConfig(log_chunks=asked), notices.append)
    assert sum(len(list(plan.artifacts(result))) for result in pair) == logged
    assert len(notices) == 1
    assert notice in notices[0]


@pytest.mark.parametrize(("places", "logged"), [(10, 2), (1, 0)], ids=["few", "many"])
def test_chunks_that_were_saved_without_text_are_logged_as_they_are_or_not_at_all(
    places: int, logged: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = tuple(each.model_copy(update={"metrics": {"num_chunks": 2.0}}) for each in FOUR[:2])
    results = read_results(write_folder(tmp_path / "results", report(pair)))
    for file in (tmp_path / "results" / "chunks").iterdir():
        file.write_text('{"id": "a.md:0-20", "document": "a.md", "start": 0, "end": 20, "units": 4}\n' * 2)
    (tmp_path / "results" / "report.html").write_text('<script type="application/json" id="texts">["x"]</script>')
    monkeypatch.setattr("rag_chunk.mlflow_tracker.artifacts.MOST_PLACES", places)
    notices: list[str] = []
    plan = plan_chunks(results, TrackingConfig(), notices.append)
    assert sum(len(list(plan.artifacts(result))) for result in pair) == logged
    said = "chunks are logged as spans, without their text" if logged else "chunks are not logged: 4 are more than 1"
    assert said in notices[0]
    (page,) = plan.page()
    page.write(tmp_path / "page.html")
    assert '["x"]' in (tmp_path / "page.html").read_text()  # only --log-chunks keeps text back
