"""The command line as a person uses it and as a person errs, through its real entry point.

Where many runs tell the same thing in different words, one is a process and the others call what it calls.
"""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rag_chunk.config import FOLDER_FILE, STRATEGIES, read_config
from rag_chunk.corpus import MARKER
from rag_chunk.errors import Interrupted, interruptible
from tests.conftest import Program
from tests.support.warm_process import program_path

GUIDE = """# Keys

Turn the key to the left to lock the door.

# Doors

Pull the handle towards you to open the door. The handle is made of brass.
"""
QUESTIONS = [
    {"id": "lock", "question": "How do I lock?", "relevant": ["Turn the key to the left"]},
    {"id": "open", "question": "How does it open?", "relevant": [["Pull the handle", "Drag the handle"]]},
]


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a working folder with documents in docs/ and questions beside them."""
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE)
    (folder / "docs" / "notes.txt").write_text("The brass is polished once a year.\n")
    (folder / "questions.json").write_text(json.dumps(QUESTIONS))
    return folder


def rag_chunk(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", **environment}
    return subprocess.run([program_path("rag-chunk"), *arguments], capture_output=True, text=True, env=env, check=False)


def done(*arguments: str) -> str:
    result = rag_chunk(*arguments)
    assert result.returncode == 0, result.stderr
    return result.stdout


def refused(status: int, *arguments: str) -> str:
    result = rag_chunk(*arguments)
    assert result.returncode == status, result.stderr
    assert "Traceback" not in result.stderr
    assert result.stdout == ""
    return result.stderr


def test_analyze_shows_every_strategy_and_a_verdict(docs: Path) -> None:
    shown = done("analyze", "docs", "--test-file", "questions.json")
    assert all(
        f"{name}-200-" in shown
        for name, row in STRATEGIES.items()
        if row.is_for_any and name not in {"sentence", "sliding-window", "semantic", "cluster-semantic"}
    )
    assert "This holds for" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_without_questions_the_chunks_are_measured_and_a_hint_is_given(docs: Path) -> None:
    result = rag_chunk("analyze", "docs", "--strategy", "header")
    assert "chunk_" in result.stdout
    assert "recall" not in result.stdout
    assert "\n\n\n" not in result.stdout
    assert "--test-file" in result.stderr


def test_results_go_to_stdout_and_all_else_to_stderr(docs: Path) -> None:
    (docs / "docs" / "a.sh").touch()
    result = rag_chunk("analyze", "docs", "--test-file", "questions.json", "--output", "json")
    report = json.loads(result.stdout)
    assert report["configurations"][0]["metrics"]["budget_recall"] == 1.0
    assert "1 .sh" in result.stderr
    assert rag_chunk("analyze", "docs", "--output", "json", "--quiet").stderr == ""


def test_csv_has_a_row_for_each_configuration_with_settings_and_metrics(docs: Path) -> None:
    text = done("analyze", "docs", "--strategy", "header,sentence", "--chunk-size", "5,8", "--output", "csv")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["configuration"], row["chunk_size"], row["overlap"]) for row in rows] == [
        ("header-5-1", "5", "1"), ("header-8-2", "8", "2"), ("sentence-5-1", "5", "1"), ("sentence-8-2", "8", "2"),
    ]  # fmt: skip
    assert all(float(row["num_chunks"]) > 0 for row in rows)


def test_the_comparison_can_be_written_to_a_file(docs: Path) -> None:
    assert done("analyze", "docs", "--output", "markdown", "-o", "out.md") == ""
    assert "| configuration |" in (docs / "out.md").read_text()


def test_the_ending_of_the_output_file_tells_its_format_unless_one_is_named(docs: Path, run: Program) -> None:
    begins = {
        "out.html": "<!doctype html>",
        "OUT.JSON": "{",
        "out.csv": "configuration,",
        "out.md": "# rag-chunk",
        "out": "# rag-chunk",
    }
    for name, beginning in begins.items():
        assert run("analyze", "docs", "--strategy", "header", "-o", name)[0] == 0
        assert (docs / name).read_text().lstrip().startswith(beginning), name
    assert run("analyze", "docs", "--strategy", "header", "--output", "csv", "-o", "out.html")[0] == 0
    assert (docs / "out.html").read_text().startswith("configuration,")
    _, _, said = run("compare", "a", "b", "-o", "out.html")
    assert "out.html: no output format has this file name extension" in said


def test_save_writes_the_whole_results_folder_which_is_no_document_afterwards(docs: Path) -> None:
    done("analyze", "docs", "--strategy", "header,sentence", "--test-file", "questions.json", "--save", "docs/results")
    files = {path.relative_to(docs / "docs/results").as_posix() for path in (docs / "docs/results").rglob("*.*")}
    names = [
        f"{folder}/{name}" for folder, name in [("configs", "header-200-50.yaml"), ("chunks", "header-200-50.jsonl")]
    ]
    assert {
        "report.json",
        "analysis.yaml",
        "comparison.csv",
        "report.html",
        "report.md",
        "questions.json",
        "tracking.json",
        MARKER,
        *names,
    } <= files
    lines = [json.loads(line) for line in (docs / "docs/results/chunks/header-200-50.jsonl").read_text().splitlines()]
    assert lines[0]["text"] == GUIDE[lines[0]["start"] : lines[0]["end"]]
    asked = json.loads((docs / "docs/results/questions.json").read_text())
    assert [(question["id"], question["steps"]) for question in asked] == [("lock", ["exact"]), ("open", ["exact"])]
    report = json.loads(done("analyze", "docs", "--output", "json"))
    assert [document["name"] for document in report["corpus"]["documents"]] == ["guide.md", "notes.txt"]


def test_a_saved_config_runs_the_same_analysis_without_any_argument(docs: Path) -> None:
    options = ["--strategy", "sentence", "--chunk-size", "12", "--test-file", "questions.json", "--output", "json"]
    first = json.loads(done("analyze", "docs", *options, "--save", "results"))
    (docs / "elsewhere").mkdir()
    config = docs / "results/configs/sentence-12-3.yaml"
    os.chdir("elsewhere")
    done("import-config", str(config))
    again = json.loads(done("analyze", "--output", "json"))
    times = {"processing_time", "chunk_time"}
    assert [
        again["configurations"][0]["metrics"][name]
        for name in first["configurations"][0]["metrics"]
        if name not in times
    ] == [value for name, value in first["configurations"][0]["metrics"].items() if name not in times]
    assert read_config(Path(FOLDER_FILE)).config() == read_config(config).config()


def test_import_reads_standard_input_and_replaces_a_broken_config_only_by_force(docs: Path) -> None:
    command = [program_path("rag-chunk"), "import-config", "-"]
    text = "schema_version: 1\nuse_tiktoken: true\n"
    assert (
        subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
        == Path(FOLDER_FILE).read_text()
    )
    Path(FOLDER_FILE).write_text("chunk_sise: 3\n")
    again = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert again.returncode == 3
    assert "did you mean 'chunk_size'?). --force replaces the file" in again.stderr
    subprocess.run([*command, "--force"], input=text, capture_output=True, text=True, check=True)
    assert read_config(Path(FOLDER_FILE)).config().unit == "tokens"


def test_identical_chunkings_run_once_and_are_named(docs: Path) -> None:
    shown = done("analyze", "docs", "--strategy", "fixed-size", "--chunk-size", "500,600")
    assert "has the same chunks as" in " ".join(shown.split())


def test_impossible_combinations_are_named_once(docs: Path) -> None:
    result = rag_chunk("analyze", "docs", "--strategy", "sentence", "--chunk-size", "10,100", "--overlap", "50")
    assert result.returncode == 0, result.stderr
    assert result.stderr.count("overlap (50) must be smaller than chunk_size (10)") == 1
    assert "must be smaller" not in result.stdout


def test_only_the_best_are_shown_when_that_is_asked(docs: Path) -> None:
    shown = done("analyze", "docs", "--test-file", "questions.json", "--chunk-size", "5", "--top", "2")
    assert "more configurations are not shown" in shown


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [
        (3, ["analyze", "empty"], "no document under empty"),
        (3, ["analyze", "bad"], "latin.md is not UTF-8 at byte 3"),
        (2, ["analyze", "docs", "--strategy", "headr"], "unknown strategy 'headr' (did you mean 'header'?)"),
        (2, ["analyze", "docs", "--retriever", "bm52"], "unknown retriever 'bm52' (did you mean 'bm25'?)"),
        (2, ["analyze", "docs", "--chunk-size", "0"], "--chunk-size must be at least 1, not 0"),
        (2, ["analyze", "docs", "--chunk-size", "ten"], "--chunk-size must be a whole number, not 'ten'"),
        (2, ["analyze", "docs", "--chunk-size", "10", "--overlap", "10"], "--overlap (10) must be smaller than --chunk-size (10)"),
        (2, ["analyze", "docs", "--output", "pdf"], "--output must be"),
        (2, ["analyze", "docs", "--holdout", "2"], "--holdout must be less than 1, not 2"),
        (2, ["analyze", "docs", "--config", "sized.yaml", "--overlap", "9"], "--overlap (9) must be smaller than chunk_size (5)"),
        (3, ["analyze", "docs", "--test-file", "nothing.json"], "there is no question file nothing.json"),
        (3, ["analyze", "docs", "--test-file", "broken.json"], "broken.json"),
        (3, ["analyze", "docs", "--test-file", "none.json"], "the file holds no question"),
        (3, ["analyze", "docs", "--test-file", "absent.json"], "a phrase that is not there"),
        (3, ["analyze", "docs", "--config", "nothing.yaml"], "there is no config file nothing.yaml"),
        (3, ["analyze", "docs", "--config", "newer.yaml"], "newer.yaml has schema_version 99"),
        (3, ["analyze", "docs", "--config", "misspelt.yaml"], "unknown setting 'chunk_sise' (did you mean 'chunk_size'?)"),
        (3, ["import-config", "unsafe.yaml"], "line 1: the tag"),
        (3, ["analyze", "docs", "--save", "docs", "--test-file", "absent.json"], "holds files that are not rag-chunk's"),
        (3, ["analyze", "docs", "--strategy", "nothing:here"], "nothing"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_sentence_and_status(
    docs: Path, run: Program, status: int, arguments: list[str], sentence: str
) -> None:
    (docs / "empty").mkdir()
    (docs / "bad").mkdir()
    (docs / "bad" / "latin.md").write_bytes(b"caf\xe9")
    (docs / "broken.json").write_text('[{"question": ')
    (docs / "none.json").write_text("[]")
    absent = [
        {"question": "Where?", "relevant": ["a phrase that is not there"]},
        {"question": "Or?", "relevant": ["nor this"]},
    ]
    (docs / "absent.json").write_text(json.dumps(absent))
    (docs / "sized.yaml").write_text("chunk_size: 5\n")
    (docs / "newer.yaml").write_text("schema_version: 99\n")
    (docs / "misspelt.yaml").write_text("chunk_sise: 3\n")
    (docs / "unsafe.yaml").write_text("a: !!python/name:os.system\n")
    ended, _, said = run(*arguments)
    assert ended == status, said
    assert "Traceback" not in said
    assert sentence in " ".join(said.split())


@pytest.mark.parametrize(
    ("status", "arguments", "sentence"),
    [(2, ["analyze"], "no documents were named"), (3, ["analyze", "nowhere"], "there is no file or folder nowhere")],
)
def test_a_mistake_is_the_status_of_the_process(docs: Path, status: int, arguments: list[str], sentence: str) -> None:
    assert sentence in refused(status, *arguments)


def test_missing_phrases_are_all_named_and_can_be_left_out(docs: Path) -> None:
    questions = [*QUESTIONS, {"id": "far", "question": "Where?", "relevant": ["no such phrase", "nor such a one"]}]
    (docs / "questions.json").write_text(json.dumps(questions))
    said = refused(3, "analyze", "docs", "--test-file", "questions.json")
    assert "far" in said
    assert "no such phrase" in said
    assert "nor such a one" in said
    result = rag_chunk("analyze", "docs", "--test-file", "questions.json", "--missing", "warn", "--output", "json")
    assert [line for line in result.stderr.splitlines() if line.startswith("left out:")] != []
    report = json.loads(result.stdout)
    assert report["questions"]["count"] == 2
    assert report["questions"]["without_evidence"] == 1


def test_unreadable_files_can_be_left_out_and_are_reported(docs: Path) -> None:
    (docs / "docs" / "latin.md").write_bytes(b"caf\xe9")
    report = json.loads(done("analyze", "docs", "--skip-unreadable", "--output", "json"))
    assert {"name": "latin.md", "reason": "is not UTF-8 at byte 3"} in report["corpus"]["skipped"]


def test_the_traceback_of_a_users_function_is_shown_on_request(docs: Path) -> None:
    (docs / "mine.py").write_text("def cut(text, config):\n    raise KeyError('oh')\n")
    assert "mine:cut raised KeyError for guide.md: 'oh'" in refused(3, "analyze", "docs", "--strategy", "mine:cut")
    shown = rag_chunk("analyze", "docs", "--strategy", "mine:cut", "--debug")
    assert "Traceback" in shown.stderr
    assert "mine.py" in shown.stderr


def test_the_old_names_of_options_still_work(docs: Path) -> None:
    text = done(
        "analyze",
        "docs",
        "--strategy",
        "fixed-size",
        "--use-tiktoken",
        "--tiktoken-model",
        "gpt-4o",
        "--output",
        "json",
    )
    config = json.loads(text)["configurations"][0]["config"]
    assert (config["unit"], config["model"]) == ("tokens", "gpt-4o")


def test_questions_is_another_name_of_test_file(docs: Path) -> None:
    arguments = ("analyze", "docs", "--strategy", "header", "--output", "csv")
    columns = [done(*arguments, option, "questions.json").splitlines()[0] for option in ("--test-file", "--questions")]
    assert columns[0] == columns[1]
    assert "budget_recall" in columns[0]


def test_which_config_was_used_is_said(docs: Path) -> None:
    (docs / FOLDER_FILE).write_text("strategy: header\n")
    (docs / "mine.yaml").write_text("chunk_size: 50\n")
    said = rag_chunk("analyze", "docs", "--config", "mine.yaml").stderr
    assert f"settings from {FOLDER_FILE}" in said
    assert "settings from mine.yaml" in said


def test_the_version_is_shown() -> None:
    assert done("--version").startswith("rag-chunk ")


_HEAVY = {"mlflow", "numpy", "tiktoken", "yaml", "regex", "jinja2", "requests"}


@pytest.mark.parametrize(
    ("words", "heavy"), [(["analyze", "--help"], _HEAVY), (["--help"], {*_HEAVY, "pydantic", "rag_chunk.config"})]
)
def test_help_imports_nothing_heavy(words: list[str], heavy: set[str]) -> None:
    assert imports_of(words, heavy) == "[]"


def imports_of(words: list[str], names: set[str]) -> str:
    """Return which of these modules a command imports."""
    code = (
        f"import sys; sys.argv = ['rag-chunk', *{words}]\n"
        "from rag_chunk.cli import main\n"
        "try: main()\nexcept SystemExit: pass\n"
        f"print(sorted({names} & set(sys.modules)), file=sys.stderr)"
    )
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr.strip()


UNUSED = """
analysis.cost_estimate analysis.external analysis.running_costs analysis.shard_passes analysis.shard_survey config.extras
config.history config.redaction corpus.converters.conversion corpus.joined_corpus corpus.shard corpus.structure.skipping
corpus.structure.syntax embedder.chat embedder.token_vectors questions.drafting questions.joined_questions
questions.shared_records rendering retriever.bm25_candidates retriever.dense scorer.outlined_chunking workflow.results
workflow.spool
""".split()


def test_an_analysis_imports_only_what_it_uses(docs: Path) -> None:
    words = ["analyze", str(docs / "docs"), "--test-file", str(docs / "questions.json"), "--strategy", "sentence"]
    unused = {"yaml", "rapidfuzz", "pathspec", "numpy.ma", *(f"rag_chunk.{name}" for name in UNUSED)}
    assert imports_of([*words, "--output", "json", "--quiet"], unused) == "[]"


def test_tracking_without_the_extra_names_the_line_that_installs_it(docs: Path) -> None:
    (docs / "mlflow.py").write_text("raise ModuleNotFoundError(\"No module named 'mlflow'\", name='mlflow')\n")
    result = rag_chunk("analyze", "docs", "--mlflow-tracking", PYTHONPATH=str(docs))
    assert result.returncode == 4
    assert "pip install 'rag-chunk[mlflow]'" in result.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_ends_it_with_the_shells_status(docs: Path, number: signal.Signals, status: int) -> None:
    (docs / "mine.py").write_text(
        "import pathlib, time\ndef cut(text, config):\n    pathlib.Path('begun').touch()\n    time.sleep(60)\n    return []\n"
    )
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    with subprocess.Popen(
        [sys.executable, "-m", "rag_chunk", "analyze", "docs", "--strategy", "mine:cut"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        signal.signal(signal.SIGINT, before)
        for _ in range(1200):
            if Path("begun").exists():
                break
            time.sleep(0.05)
        process.send_signal(number)
        _, said = process.communicate(timeout=120)
    assert process.returncode == status
    assert "Traceback" not in said


def test_a_signal_that_a_library_makes_an_error_of_is_a_signal_all_the_same():
    """As pydantic does where it builds what checks a model."""

    def fail() -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except Interrupted:
            raise ValueError("a schema could not be built") from None

    with pytest.raises(Interrupted, match="SIGTERM"), interruptible():
        fail()
