"""`EvidenceRecall`: a scorer for `mlflow.genai.evaluate` that measures retrieval as rag-chunk does, without a judge."""

from functools import cache
from importlib.util import find_spec
from typing import Any

from rag_chunk.analysis.external.placement import TextPlacement
from rag_chunk.analysis.external.single_question import SingleRecall, recall_of
from rag_chunk.config import RunConfig
from rag_chunk.corpus import read_corpus
from rag_chunk.errors import MissingExtra, TrackingError
from rag_chunk.mlflow_tracker.environment import mlflow_version
from rag_chunk.mlflow_tracker.retriever_spans import expected_evidence, retrieved_texts

LOST_TRACE = (
    "MLflow has not stored the trace of this question, so its recall is not known. Where MLflow keeps its runs in a "
    "SQLite file, set MLFLOW_GENAI_EVAL_MAX_WORKERS=1: the file takes one writer at a time"
)
SCORERS = (3, 4)  # the first MLflow whose scorers get a trace and what is expected


@cache
def scorer_class() -> Any:
    """Return the class, made when it is first used: its base is MLflow's. Raise `TrackingError` before MLflow 3.4."""
    if find_spec("mlflow") is None:
        raise MissingExtra("mlflow", "EvidenceRecall")
    if mlflow_version() < SCORERS:
        number = ".".join(map(str, mlflow_version()))
        raise TrackingError(f"MLflow {number} has no scorers of traces; 3.4 and later do: pip install -U mlflow")
    from mlflow.entities import Feedback
    from mlflow.genai.scorers import Scorer

    class EvidenceRecall(Scorer):  # type: ignore[misc]  # MLflow brings no types along
        """The share of the expected evidence within the first `budget` characters of what an application retrieved.

        `corpus` is the folder of documents that the application searches. Texts are those of the retriever spans of a
        trace, in their order; the evidence is `expectations.expected_retrieved_context`, as `--questions-dataset`
        merges it. The value is from 0 to 1, the same as `budget_recall` of `rag-chunk score`.
        """

        name: str = "evidence_recall"
        corpus: str
        budget: int = RunConfig().budget

        def __call__(self, *, trace: Any, expectations: dict[str, Any] | None = None) -> list[Any]:
            """Return the recall of one trace, or nothing where no evidence is expected.

            Raise `TrackingError` where MLflow has lost the trace.
            """
            if trace is None:
                raise TrackingError(LOST_TRACE)
            recall = recall_of(
                _placement(self.corpus),
                retrieved_texts(trace),
                expected_evidence(expectations),
                RunConfig(budget=self.budget),
            )
            if recall is None:
                return []
            return [Feedback(name=self.name, value=recall.recall, rationale=_rationale(recall, self.budget))]

    return EvidenceRecall


@cache
def _placement(folder: str) -> TextPlacement:
    return TextPlacement(read_corpus(folder, skip_unreadable=True))


def _rationale(recall: SingleRecall, budget: int) -> str:
    """Return the value in words, with what could not be placed."""
    sentences = [f"{100 * recall.recall:.0f} % of the evidence is in the first {budget:,} characters retrieved."]
    if recall.unplaced_texts:
        sentences.append(f"Left out, as they are in none of the documents: {recall.unplaced_texts} retrieved texts.")
    if recall.unplaced_evidence:
        sentences.append(
            f"Left out, as they are in none of the documents: {recall.unplaced_evidence} items of evidence."
        )
    return " ".join(sentences)
