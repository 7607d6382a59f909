"""Question sets of other tools, as those write them: read by every command, imported, and exported."""

import csv
import io
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from rag_chunk.cli import app
from rag_chunk.config import yaml_text
from rag_chunk.corpus import Corpus, Document, read_corpus
from rag_chunk.errors import InputError, MissingExtra, SettingsError
from rag_chunk.questions import read_questions
from rag_chunk.questions.imported import FORMATS, import_questions, parse_mapping

GUIDE = "# Keys\n\nTurn the key left to lock.\nIt's quiet.\n\nThe fee was cut from $32 to $8 in 2024.\n"
LOCK, FEE = "Turn the key left to lock.", "The fee was cut from $32 to $8 in 2024."
CORPUS = Corpus([Document("guide.md", GUIDE), Document("other.md", "Nothing of this.\n")])


def lines(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def table(header: list[str], *rows: list[object]) -> str:
    """Return a CSV as pandas writes it: a list is what Python shows of it."""
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


QUESTION = "How do I lock it?"
NODES = {"node-1": LOCK, "node-2": FEE}
LAYOUTS = {
    "ragas": lines({"user_input": QUESTION, "reference_contexts": [LOCK, FEE], "reference": "Left.", "synthesizer_name": "s"}),
    "ragas as a list": json.dumps([{"user_input": QUESTION, "reference_contexts": [LOCK, FEE], "reference": "Left."}]),
    "ragas as CSV": table(["user_input", "reference_contexts", "reference", "synthesizer_name"], [QUESTION, [LOCK, FEE], "Left.", "s"]),
    "older ragas": lines({"question": QUESTION, "contexts": [LOCK, FEE], "ground_truth": "Left.", "evolution_type": "simple"}),
    "older ragas as CSV": table(["question", "contexts", "ground_truth"], [QUESTION, ["It's quiet.\n\n" + FEE, LOCK], "Left."]),
    "LlamaIndex": json.dumps({"queries": {"q-1": QUESTION}, "corpus": NODES, "relevant_docs": {"q-1": ["node-1", "node-2"]}, "mode": "text"}, indent=4),
    "LegalBench-RAG": json.dumps({"tests": [{"query": QUESTION, "snippets": [
        {"file_path": "guide.md", "span": [8, 34], "answer": LOCK}, {"file_path": "guide.md", "span": [48, 87], "answer": FEE}], "tags": ["a"]}]}),
    "DeepEval": json.dumps([{"input": QUESTION, "actual_output": None, "expected_output": "Left.", "context": [LOCK, FEE], "source_file": "guide.md"}]),
    "MLflow": json.dumps([{"inputs": {"question": QUESTION}, "expectations": {"expected_retrieved_context": [
        {"doc_uri": "guide.md", "content": LOCK}, {"doc_uri": "guide.md", "content": FEE}]}}]),
    "DeepEval as CSV": table(["input", "actual_output", "expected_output", "context", "source_file"], [QUESTION, "", "Left.", f"{LOCK}|{FEE}", "guide.md"]),
    "DeepEval as JSONL": lines({"input": QUESTION, "expected_output": "Left.", "context": f"{LOCK}|{FEE}", "source_file": "guide.md"}),
    "LlamaIndex's LabelledRagDataset": json.dumps({"examples": [{"query": QUESTION, "query_by": None, "reference_contexts": [LOCK, FEE], "reference_answer": "Left."}]}, indent=4),
    "MLflow as CSV": table(["dataset_record_id", "inputs", "expectations"], ["dr-1", json.dumps({"question": QUESTION}), json.dumps(
        {"expected_retrieved_context": [{"doc_uri": "guide.md", "content": LOCK}, {"doc_uri": "guide.md", "content": FEE}]})]),
    "FinanceBench": lines({"financebench_id": "f1", "question": QUESTION, "answer": "Left.", "question_type": "x", "doc_name": "guide", "evidence": [
        {"evidence_text": LOCK, "doc_name": "guide", "evidence_page_num": 0}, {"evidence_text": FEE, "evidence_doc_name": "guide", "evidence_page_num": 0}]}),
}  # fmt: skip


@pytest.fixture
def folder(folder: Path) -> Path:
    """Return a working folder with documents in docs/."""
    (folder / "docs").mkdir()
    for document in CORPUS.documents:
        (folder / "docs" / document.name).write_text(document.text)
    return folder


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, [*arguments])


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_a_question_set_of_another_tool_is_read_as_a_question_file(content: str, tmp_path: Path) -> None:
    (tmp_path / "set").write_text(content)
    (question,) = read_questions(tmp_path / "set", CORPUS).questions
    assert question.question == QUESTION
    stretches = {CORPUS.text(*item.spans[0]) for item in question.evidence}
    assert LOCK in stretches
    assert any(stretch.endswith(FEE) for stretch in stretches)


@pytest.mark.parametrize("content", LAYOUTS.values(), ids=LAYOUTS)
def test_an_imported_set_is_a_question_file_with_the_same_evidence(content: str, folder: Path) -> None:
    (folder / "set").write_text(content)
    result = run("import-questions", "set", "-o", "q.yaml")
    assert result.exit_code == 0, result.output
    assert "Wrote q.yaml: 1 question." in result.stderr
    spans = [[item.spans for item in read_questions(name, CORPUS).questions[0].evidence] for name in ("set", "q.yaml")]
    assert spans[0] == spans[1]


SQUAD = {
    "version": "1.1",
    "data": [
        {
            "title": "Keys",
            "paragraphs": [
                {"context": "Nothing yet.", "qas": []},
                {
                    "context": LOCK,
                    "qas": [
                        {"id": "s1", "question": QUESTION, "answers": [{"text": "left", "answer_start": 13}, {"text": "key left", "answer_start": 9}]},
                        {"id": "s2", "question": "Why?", "answers": [], "is_impossible": True},
                    ],
                },
            ],
        }
    ],
}  # fmt: skip


def test_the_contexts_of_squad_become_documents(folder: Path) -> None:
    (folder / "dev.json").write_text(json.dumps(SQUAD))
    result = run("import-questions", "dev.json", "-o", "q.yaml", "--documents", "squad")
    assert result.exit_code == 0, result.output
    assert "1 of 2 records left out: no question, or no evidence" in result.stderr
    corpus = read_corpus(folder / "squad")
    (item,) = read_questions("q.yaml", corpus).questions[0].evidence
    assert [corpus.text(*span) for span in item.spans] == ["key left", "left"]


@pytest.mark.parametrize(
    ("name", "qrels"),
    [
        ("qrels/test.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t0\n"),
        (
            "qrels/test.jsonl",
            lines(
                {"query-id": "q1", "corpus-id": "d1", "score": 2.0}, {"query-id": "q1", "corpus-id": "d2", "score": 0}
            ),
        ),
        ("qrels.txt", "q1 0 d1 2\nq1 0 d2 0\n"),
    ],
    ids=["BEIR", "MTEB", "TREC"],
)
def test_the_evidence_of_beir_is_the_whole_document(name: str, qrels: str, folder: Path) -> None:
    (folder / "beir" / "qrels").mkdir(parents=True)
    documents = [{"_id": "d1", "title": "Keys", "text": LOCK}, {"_id": "d2", "title": "", "text": FEE}]
    (folder / "beir" / "corpus.jsonl").write_text(lines(*documents))
    (folder / "beir" / "queries.jsonl").write_text(lines({"_id": "q1", "text": QUESTION, "metadata": {}}))
    if name == "qrels.txt":
        (folder / "beir" / "qrels").rmdir()
    (folder / "beir" / name).write_text(qrels)
    result = run("import-questions", "beir", "-o", "q.yaml", "--documents", "texts")
    assert result.exit_code == 0, result.output
    assert "evidence is each relevant document as a whole" in result.stderr
    corpus = read_corpus(folder / "texts")
    (question,) = read_questions("q.yaml", corpus).questions
    assert [corpus.text(*item.spans[0]) for item in question.evidence] == [f"Keys\n\n{LOCK}"]
    assert question.tags == ("grade-2",)


@pytest.mark.parametrize("name", ["test.parquet", "test-00000-of-00001.parquet"])
def test_judgements_in_parquet_are_those_of_the_test_split(name: str, folder: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (folder / "beir" / "qrels").mkdir(parents=True)
    (folder / "beir" / "corpus.jsonl").write_text(lines({"_id": "d1", "text": LOCK}, {"_id": "d2", "text": FEE}))
    (folder / "beir" / "queries.jsonl").write_text(lines({"_id": "q1", "text": QUESTION}))
    for split, document in ((name, "d1"), ("train.parquet", "d2")):
        judged = {"query-id": ["q1"], "corpus-id": [document], "score": [1]}
        pq.write_table(pa.table(judged), folder / "beir" / "qrels" / split)
    (question,) = import_questions(folder / "beir").questions
    assert [item["doc"] for item in question["evidence"]] == ["d1.txt"]


def test_the_parquet_files_of_autorag_are_read(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    rows = {"qid": ["a"], "query": [QUESTION], "retrieval_gt": [[["c1"], ["c2"]]], "generation_gt": [["Left."]]}
    pq.write_table(pa.table(rows), tmp_path / "qa.parquet")
    chunks = {"doc_id": ["c1", "c2"], "contents": [LOCK, FEE], "path": ["guide.md", "guide.md"]}
    pq.write_table(pa.table(chunks), tmp_path / "corpus.parquet")
    (question,) = import_questions(tmp_path / "qa.parquet").questions
    assert question == {"id": "a", "question": QUESTION, "evidence": [{"text": LOCK}, {"text": FEE}]}


MAPPED = {
    "LangSmith": ({"inputs": {"query": QUESTION}, "outputs": {"documents": [{"page_content": LOCK, "metadata": {}}]}, "metadata": {"source": "guide.md"}},
        "question=inputs.query,evidence=outputs.documents,doc=metadata.source"),
    "Langfuse": ({"id": "x", "input": {"query": QUESTION}, "expectedOutput": {"contexts": [LOCK]}, "metadata": {"source": "guide.md"}},
        "question=input.query,evidence=expectedOutput.contexts,doc=metadata.source"),
    "Phoenix": ({"input": {"question": QUESTION}, "output": {"reference": LOCK}, "metadata": {"source": "guide.md"}},
        "question=input.question,evidence=output.reference,doc=metadata.source"),
}  # fmt: skip


@pytest.mark.parametrize(("record", "mapping"), MAPPED.values(), ids=MAPPED)
def test_any_other_layout_is_read_by_a_map(record: dict[str, object], mapping: str, tmp_path: Path) -> None:
    for content in (lines(record), json.dumps([record]), json.dumps({"examples": [record]}), table(list(record), list(record.values()))):  # fmt: skip
        (tmp_path / "set").write_text(content)
        (question,) = import_questions(tmp_path / "set", parse_mapping(mapping)).questions
        assert question == {"question": QUESTION, "evidence": [{"doc": "guide.md", "text": LOCK}]}


@pytest.mark.parametrize("mapping", ["question=a", "questoin=a,evidence=b", "question,evidence=b", ""])
def test_a_map_that_is_none_is_refused(mapping: str) -> None:
    with pytest.raises(InputError, match=r"--map is question=…,evidence=…"):
        parse_mapping(mapping)


def test_what_is_lost_is_counted(folder: Path) -> None:
    rows = [{"user_input": QUESTION, "reference_contexts": [LOCK]}, {"user_input": "Why?", "reference_contexts": []}]
    (folder / "a.jsonl").write_text(lines(*rows))
    (folder / "b.jsonl").write_text(lines({"question": QUESTION, "relevant": [FEE], "answer": "x"}))
    result = run("import-questions", "a.jsonl", "b.jsonl", "-o", "q.yaml")
    assert "a.jsonl: 1 of 2 records left out" in result.stderr
    assert "b.jsonl: fields not kept: answer (1)" in result.stderr
    assert len(yaml_text.load((folder / "q.yaml").read_text())["questions"]) == 2


def test_nothing_is_replaced_and_nothing_leaves_the_folder(folder: Path) -> None:
    (folder / "set").write_text(LAYOUTS["ragas"])
    (folder / "q.yaml").write_text("mine")
    assert "exists already" in str(run("import-questions", "set", "-o", "q.yaml").exception)
    assert (folder / "q.yaml").read_text() == "mine"
    squad = {"data": [{**SQUAD["data"][0], "title": ".."}]}  # type: ignore[dict-item]
    (folder / "dev.json").write_text(json.dumps(squad))
    assert run("import-questions", "dev.json", "-o", "a.yaml", "--documents", "new").exit_code == 0
    assert [path.name for path in (folder / "new").iterdir()] == ["...txt"]


@pytest.mark.parametrize(
    "content", ['{"tests": 3}', '{"data": [1]}', "[]", '{"queries": [], "corpus": 1, "relevant_docs": 2}']
)
def test_a_set_of_another_form_is_an_error_that_says_so(content: str, folder: Path) -> None:
    (folder / "set").write_text(content)
    result = run("import-questions", "set", "-o", "q.yaml")
    assert isinstance(result.exception, InputError)
    assert not (folder / "q.yaml").exists()


@pytest.mark.parametrize("form", ["ragas", "mlflow"])
def test_what_is_exported_reads_back_with_the_same_evidence(form: str, folder: Path) -> None:
    (folder / "q.jsonl").write_text(
        lines({"id": "a", "question": QUESTION, "relevant": [LOCK, ["the fee was CUT", FEE]]})
    )
    assert run("export-questions", "q.jsonl", "docs", "--to", form, "-o", "out").exit_code == 0
    assert run("export-questions", "q.jsonl", "docs", "--to", form).stdout == (folder / "out").read_text()
    texts = [[CORPUS.text(*item.spans[0]) for item in read_questions(name, CORPUS).questions[0].evidence] for name in ("q.jsonl", "out")]  # fmt: skip
    assert texts[0] == texts[1]


def test_what_an_export_cannot_hold_is_counted(folder: Path) -> None:
    first = {"question": QUESTION, "relevant": [LOCK, ["the fee was CUT", FEE]], "tags": ["fact"], "reviewed": False}
    second, third = {"question": "What else?"}, {"question": "And the fee?", "relevant": [FEE], "reviewed": "rejected"}
    (folder / "q.jsonl").write_text(lines(first, second, third))
    losses = [
        "left out: 1 question marked reviewed: rejected",
        "1 question without evidence, left out",
        "1 question with tags, which are left out",
        "1 question not reviewed, which the export does not say",
    ]
    said = run("export-questions", "q.jsonl", "docs", "--to", "ragas").stderr.splitlines()
    assert said[:4] == losses
    assert said[4:] == ["1 piece of evidence with alternatives, of which the first is written"]
    said = run("export-questions", "q.jsonl", "docs", "--to", "beir", "-o", "beir").stderr.splitlines()
    assert said[:5] == [*losses, "2 pieces of evidence written as whole documents"]


def test_an_export_to_beir_imports_again(folder: Path) -> None:
    (folder / "q.jsonl").write_text(lines({"id": "a", "question": QUESTION, "relevant": [LOCK, FEE]}))
    assert run("export-questions", "q.jsonl", "docs", "--to", "beir", "-o", "beir").exit_code == 0
    assert (folder / "beir" / "qrels" / "test.tsv").read_text() == "query-id\tcorpus-id\tscore\na\tguide.md\t1\n"
    (question,) = import_questions(folder / "beir").questions
    assert question["evidence"] == [{"doc": "guide.md.txt"}]
    assert "name it: -o FOLDER" in str(run("export-questions", "q.jsonl", "docs", "--to", "beir").exception)


NAMES = {
    "ragas": "ragas", "ragas as CSV": "ragas", "older ragas": "ragas-0.1", "LlamaIndex": "llama-index", "DeepEval": "deepeval",
    "LlamaIndex's LabelledRagDataset": "llama-index-rag", "LegalBench-RAG": "legalbench-rag", "MLflow": "mlflow", "FinanceBench": "financebench",
}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_named_format_is_the_only_one_tried(name: str, folder: Path) -> None:
    (folder / "set").write_text(LAYOUTS[name])
    assert run("import-questions", "set", "--format", NAMES[name], "-o", "q.yaml").exit_code == 0
    assert import_questions(folder / "set", form=NAMES[name]).questions == import_questions(folder / "set").questions
    for other in FORMATS:
        if other != NAMES[name]:
            with pytest.raises((InputError, MissingExtra)):
                import_questions(folder / "set", form=other)


def test_an_unknown_format_is_named_with_those_that_are_known(folder: Path) -> None:
    (folder / "set").write_text(LAYOUTS["ragas"])
    result = run("import-questions", "set", "--format", "rags", "-o", "q.yaml")
    assert isinstance(result.exception, SettingsError)
    assert all(name in str(result.exception) for name in FORMATS)


def test_the_help_names_every_format() -> None:
    named = " ".join(run("import-questions", "--help").output.replace("│", " ").split())
    assert all(name in named for name in FORMATS)


@pytest.mark.parametrize("queries", ["queries.tsv", "topics.tsv", "queries.jsonl"])
def test_qrels_of_trec_alone_name_documents_of_your_own(queries: str, folder: Path) -> None:
    (folder / "qrels.robust.txt").write_text("301 0 guide.md 2\n301 0 other 1\n301 0 other.md 0\n302 0 other.md 1\n")
    rows = lines({"_id": "301", "text": QUESTION}) if queries.endswith("l") else f"301\t{QUESTION}\n"
    (folder / queries).write_text(rows)
    result = run("import-questions", "qrels.robust.txt", "-o", "q.yaml")
    assert result.exit_code == 0, result.output
    assert "queries left out, as their text is not beside the judgements: 1" in result.stderr
    assert "judgements left out, not relevant or an empty document: 1" in result.stderr
    for path in ("q.yaml", "qrels.robust.txt"):
        (question,) = read_questions(path, CORPUS).questions
        assert [CORPUS.text(*item.spans[0]) for item in question.evidence] == [
            each.text.strip() for each in CORPUS.documents
        ]
        assert question.tags == ("grade-1", "grade-2")


def test_qrels_without_their_queries_say_where_those_belong(folder: Path) -> None:
    (folder / "qrels.txt").write_text("301 0 guide.md 2\n")
    with pytest.raises(InputError, match=r"queries\.jsonl or queries\.tsv or topics\.tsv"):
        import_questions(folder / "qrels.txt")


def test_a_folder_and_parquet_are_read_as_a_test_file_too(folder: Path) -> None:
    pa, pq = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (folder / "beir" / "qrels").mkdir(parents=True)
    (folder / "beir" / "corpus.jsonl").write_text(lines({"_id": "guide", "title": "", "text": LOCK}))
    (folder / "beir" / "queries.jsonl").write_text(lines({"_id": "a", "text": QUESTION}))
    (folder / "beir" / "qrels" / "test.tsv").write_text("query-id\tcorpus-id\tscore\na\tguide\t1\n")
    pq.write_table(pa.table({"qid": ["a"], "query": [QUESTION], "retrieval_gt": [[["c1"], ["gone"]]]}), folder / "qa")
    pq.write_table(pa.table({"doc_id": ["c1"], "contents": [LOCK]}), folder / "corpus.parquet")
    for name in ("beir", "qa"):
        result = run("analyze", "docs", "--test-file", name, "--strategy", "sentence")
        if name == "beir":
            assert "'guide.txt' is not in the corpus" in str(result.exception)
            run("import-questions", "beir", "-o", "q.yaml", "--documents", "texts")
            result = run("analyze", "texts", "--test-file", name, "--strategy", "sentence")
        assert result.exit_code == 0, result.output
    assert "passages left out, as they have no text: 1" in result.stderr


def test_passages_without_a_text_are_counted(folder: Path) -> None:
    nodes = {"queries": {"q": QUESTION}, "corpus": {"a": LOCK}, "relevant_docs": {"q": ["a", "gone"]}}
    (folder / "li.json").write_text(json.dumps(nodes))
    result = run("import-questions", "li.json", "-o", "q.yaml")
    assert "li.json: passages left out, as they have no text: 1" in result.stderr
    assert "dropped" not in (folder / "q.yaml").read_text()
    assert any("left out: 1" in warning for warning in read_questions("li.json", CORPUS).warnings)


def test_a_passage_that_is_only_partly_there_says_which_share(folder: Path) -> None:
    passage = f"{LOCK} It's quiet. {FEE} " + "zq " * 6
    (folder / "set").write_text(lines({"user_input": QUESTION, "reference_contexts": [passage]}))
    (warning,) = [each for each in read_questions("set", CORPUS).warnings if "of it is there" in each]
    assert "only 82 % of it is there" in warning
