"""Question sets that the tools themselves write and read: `make test-formats` installs these.

Each tool runs in a process of its own: they need other versions of much than we do. `FORMATS_PYTHON` has them.
"""

import json
import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag_chunk.cli import app
from rag_chunk.corpus import Corpus, Document, read_corpus
from rag_chunk.questions import read_questions
from tests.support.warm_process import program_path

LOCK, QUIET = "Turn the key left to lock.", "It's quiet, and never before 22:00."
GUIDE = f"# Keys\n\n{LOCK}\n\n{QUIET}\n"
CORPUS = Corpus([Document("guide.md", GUIDE)])
QUESTION = 'How do I "lock" it, and when?'
KNOWN = f"LOCK, QUIET, QUESTION = {LOCK!r}, {QUIET!r}, {QUESTION!r}\n"
WRITERS = {
    "ragas as CSV": ("ragas", """
from ragas.dataset_schema import SingleTurnSample
from ragas.testset.synthesizers.testset_schema import Testset, TestsetSample
sample = SingleTurnSample(user_input=QUESTION, reference_contexts=[LOCK, QUIET], reference="Left.")
Testset(samples=[TestsetSample(eval_sample=sample, synthesizer_name="single")]).to_csv("set")
"""),
    "ragas as JSONL": ("ragas", """
from ragas.dataset_schema import EvaluationDataset, SingleTurnSample
sample = SingleTurnSample(user_input=QUESTION, reference_contexts=[LOCK, QUIET], reference="Left.")
EvaluationDataset(samples=[sample]).to_jsonl("set")
"""),
    "LlamaIndex EmbeddingQAFinetuneDataset": ("llama_index", """
from llama_index.core.llama_dataset.legacy.embedding import EmbeddingQAFinetuneDataset
EmbeddingQAFinetuneDataset(queries={"q": QUESTION}, corpus={"a": LOCK, "b": QUIET}, relevant_docs={"q": ["a", "b"]}).save_json("set")
"""),
    "LlamaIndex LabelledRagDataset": ("llama_index", """
from llama_index.core.llama_dataset import CreatedBy, CreatedByType, LabelledRagDataExample, LabelledRagDataset
by = CreatedBy(type=CreatedByType.HUMAN)
example = LabelledRagDataExample(query=QUESTION, reference_contexts=[LOCK, QUIET], reference_answer="Left", query_by=by, reference_answer_by=by)
LabelledRagDataset(examples=[example]).save_json("set")
"""),
    **{f"DeepEval as {form}": ("deepeval", f"""
import os
from deepeval.dataset import EvaluationDataset, Golden
golden = Golden(input=QUESTION, expected_output="Left.", context=[LOCK, QUIET], source_file="guide.md")
os.rename(EvaluationDataset(goldens=[golden]).save_as(file_type={form!r}, directory="."), "set")
""") for form in ("json", "csv", "jsonl")},
    "AutoRAG": ("autorag", """
import pandas as pd
from autorag.data.qa.schema import QA, Corpus
passages = {"doc_id": ["a", "b"], "contents": [LOCK, QUIET], "path": ["guide.md"] * 2, "start_end_idx": [(0, 4), (5, 9)], "metadata": [{"page": 1}] * 2}
corpus = Corpus(pd.DataFrame(passages), None)
asked = {"qid": ["q"], "query": [QUESTION], "retrieval_gt": [[["a"], ["b"]]], "generation_gt": [["Left."]]}
QA(pd.DataFrame(asked), corpus).to_parquet("set.parquet", "corpus.parquet")
"""),
}  # fmt: skip
MAPPED = {
    "LangSmith": (
        "langsmith",
        """
import datetime, json, uuid
from langsmith.schemas import Example
example = Example(id=uuid.uuid4(), dataset_id=uuid.uuid4(), inputs={"query": QUESTION}, metadata={"source": "guide.md"},
    outputs={"documents": [{"page_content": LOCK}, {"page_content": QUIET}]}, created_at=datetime.datetime.now(datetime.UTC))
open("set", "w").write(example.json() + "\\n")
""",
        "question=inputs.query,evidence=outputs.documents,doc=metadata.source",
    ),
    "Langfuse": (
        "langfuse",
        """
import datetime
from langfuse.api import DatasetItem, DatasetStatus
now = datetime.datetime.now(datetime.UTC)
item = DatasetItem(id="i", status=DatasetStatus.ACTIVE, input={"query": QUESTION}, expected_output={"contexts": [LOCK, QUIET]}, dataset_id="d",
    metadata={"source": "guide.md"}, dataset_name="doors", created_at=now, updated_at=now, media_references=[])
open("set", "w").write(item.json() + "\\n")
""",
        "question=input.query,evidence=expectedOutput.contexts,doc=metadata.source",
    ),
    **{
        f"Phoenix as {form}": (
            "phoenix.client",
            f"""
import json
from phoenix.client.resources.datasets import Dataset
now = "2026-01-01T00:00:00+00:00"
example = {{"id": "e", "node_id": "n", "input": {{"question": QUESTION}}, "output": {{"reference": [LOCK, QUIET]}}, "metadata": {{"source": "guide.md"}}, "updated_at": now}}
about = {{"id": "d", "name": "doors", "description": None, "metadata": {{}}, "created_at": now, "updated_at": now, "example_count": 1}}
dataset = Dataset(about, {{"dataset_id": "d", "version_id": "v", "filtered_splits": [], "examples": [example]}})
{write}
""",
            "question=input.question,evidence=output.reference,doc=metadata.source",
        )
        for form, write in {
            "JSON": 'json.dump(dataset.to_dict(), open("set", "w"))',
            "JSON lines": 'dataset.to_dataframe().to_json("set", orient="records", lines=True)',
            "CSV": 'dataset.to_dataframe().to_csv("set")',
        }.items()
    },
}
SQUAD = """
from datasets import Dataset, Features, Value
answers = {"text": Value("string"), "answer_start": Value("int32")}
features = Features({**{name: Value("string") for name in ("id", "title", "context", "question")}, "answers": [answers]})
row = {"id": "s", "title": "Keys", "context": LOCK, "question": QUESTION, "answers": {"text": ["left"], "answer_start": [13]}}
other = {**row, "id": "t", "context": "Nothing of this."}
set = Dataset.from_list([{**other, "answers": {"text": [], "answer_start": []}}, row])
"""
MTEB = """
import mteb
from datasets import Dataset, DatasetDict
from mteb.abstasks.retrieval_dataset_loaders import RetrievalSplitData
from mteb.abstasks.task_metadata import TaskMetadata
from pathlib import Path


def keep(splits, name, config, **_):  # instead of sending it, as the hub stores it
    for split, rows in splits.items():
        Path("mteb", config).mkdir(parents=True, exist_ok=True)
        rows.to_parquet(f"mteb/{config}/{split}-00000-of-00001.parquet")


DatasetDict.push_to_hub = keep
TaskMetadata.push_dataset_card_to_hub = lambda *_, **__: None
task = mteb.get_task("NFCorpus")
corpus = Dataset.from_list([{"id": "d1", "title": "Keys", "text": LOCK}, {"id": "d2", "title": "", "text": QUIET}])
split = RetrievalSplitData(corpus=corpus, queries=Dataset.from_list([{"id": "q1", "text": QUESTION}]), relevant_docs={"q1": {"d1": 2, "d2": 0}}, top_ranked=None)
task.dataset, task.data_loaded = {"default": {"test": split}}, True
task.push_dataset_to_hub("someone/doors")
"""  # fmt: skip


@pytest.fixture
def folder(folder: Path) -> Path:
    (folder / "docs").mkdir()
    (folder / "docs" / "guide.md").write_text(GUIDE)
    return folder


def by_tool(package: str, code: str) -> str:
    """Run code that uses a package, and return what it prints."""
    python = os.environ.get("FORMATS_PYTHON", "")
    if not python and not find_spec(package.partition(".")[0]):
        pytest.skip(f"{package} is not installed; make test-formats does that")
    quiet = {"DEEPEVAL_TELEMETRY_OPT_OUT": "YES", "RAGAS_DO_NOT_TRACK": "true", "HF_HUB_OFFLINE": "1"}
    command = [python or program_path("python"), "-W", "ignore", "-c", KNOWN + code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | quiet)
    assert done.returncode == 0, done.stderr
    return done.stdout


def evidence(path: str) -> list[str]:
    (question,) = read_questions(path, CORPUS).questions
    assert question.question == QUESTION
    return [CORPUS.text(*item.spans[0]) for item in question.evidence]


@pytest.mark.parametrize("name", WRITERS)
def test_what_a_tool_writes_is_imported_and_analysed_as_it_is(name: str, folder: Path) -> None:
    by_tool(*WRITERS[name])
    written = "set" if (folder / "set").exists() else "set.parquet"
    result = CliRunner().invoke(app, ["import-questions", written, "-o", "q.yaml"])
    assert result.exit_code == 0, result.output
    assert evidence("q.yaml") == evidence(written) == [LOCK, QUIET]
    assert CliRunner().invoke(app, ["analyze", "docs", "--test-file", written, "--strategy", "sentence"]).exit_code == 0


@pytest.mark.parametrize("name", MAPPED)
def test_what_a_platform_exports_is_imported_by_a_map(name: str, folder: Path) -> None:
    package, code, mapping = MAPPED[name]
    by_tool(package, code)
    result = CliRunner().invoke(app, ["import-questions", "set", "--map", mapping, "-o", "q.yaml"])
    assert result.exit_code == 0, result.output
    assert evidence("q.yaml") == [LOCK, QUIET]


@pytest.mark.parametrize("form", ["json", "parquet"])
def test_rows_of_squad_become_documents_and_spans(form: str, folder: Path) -> None:
    by_tool("datasets", f"{SQUAD}set.to_{form}('set')")
    result = CliRunner().invoke(app, ["import-questions", "set", "-o", "q.yaml", "--documents", "texts"])
    assert result.exit_code == 0, result.output
    assert "1 of 2 records left out" in result.output
    corpus = read_corpus("texts")
    assert [document.text for document in corpus.documents] == [f"Nothing of this.\n\n{LOCK}"]
    (question,) = read_questions("q.yaml", corpus).questions
    assert [corpus.text(*item.spans[0]) for item in question.evidence] == ["left"]


def test_a_retrieval_task_of_mteb_is_imported_as_its_data_set_is_stored(folder: Path) -> None:
    by_tool("mteb", MTEB)
    result = CliRunner().invoke(app, ["import-questions", "mteb", "-o", "q.yaml", "--documents", "texts"])
    assert result.exit_code == 0, result.output
    corpus = read_corpus("texts")
    (question,) = read_questions("q.yaml", corpus).questions
    assert (question.id, question.question, question.tags) == ("q1", QUESTION, ("grade-2",))
    assert [corpus.text(*item.spans[0]) for item in question.evidence] == [f"Keys\n\n{LOCK}"]


def export(form: str) -> None:
    asked = [{"id": "q", "question": QUESTION, "relevant": [LOCK, QUIET]}]
    Path("q.json").write_text(json.dumps(asked))
    result = CliRunner().invoke(app, ["export-questions", "q.json", "docs", "--to", form, "-o", "out"])
    assert result.exit_code == 0, result.output


def test_ragas_reads_what_is_exported(folder: Path) -> None:
    export("ragas")
    code = "from ragas.dataset_schema import EvaluationDataset\nimport json\nprint(json.dumps(EvaluationDataset.from_jsonl('out').to_list()))"
    (sample,) = json.loads(by_tool("ragas", code))
    assert (sample["user_input"], sample["reference_contexts"]) == (QUESTION, [LOCK, QUIET])


def test_beir_reads_what_is_exported(folder: Path) -> None:
    export("beir")
    code = """
import json
from beir.datasets.data_loader import GenericDataLoader
print(json.dumps(GenericDataLoader("out").load(split="test")))
"""
    corpus, queries, qrels = json.loads(by_tool("beir", code))
    assert corpus == {"guide.md": {"text": GUIDE, "title": ""}}
    assert queries == {"q": QUESTION}
    assert qrels == {"q": {"guide.md": 1}}
    assert CliRunner().invoke(app, ["import-questions", "out", "-o", "q.yaml", "--documents", "texts"]).exit_code == 0
    corpus = read_corpus("texts")
    assert [item.spans for item in read_questions("q.yaml", corpus).questions[0].evidence] == [((0, len(GUIDE) - 1),)]


def test_an_evaluation_dataset_of_mlflow_takes_what_is_exported_and_gives_it_back(folder: Path) -> None:
    export("mlflow")
    code = """
import json, mlflow
if tuple(map(int, mlflow.__version__.split(".")[:2])) < (3, 5):
    raise SystemExit("too old")
mlflow.set_tracking_uri("sqlite:///mlflow.db")
from mlflow.genai.datasets import create_dataset
dataset = create_dataset(name="doors", experiment_id=mlflow.create_experiment("doors"))
dataset.merge_records(json.load(open("out")))
frame = dataset.to_df()
frame.to_json("set", orient="records")
frame.to_csv("set.csv", index=False)
"""
    by_tool("mlflow", code)
    assert evidence("set") == [LOCK, QUIET]
    assert evidence("set.csv") == [LOCK, QUIET]
    assert read_questions("set", CORPUS).ids == ["q"]
