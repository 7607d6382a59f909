"""An application with a retriever of its own, traced by MLflow and judged by how much evidence it retrieves.

    python examples/traced_app.py ask VERSION CHUNK_SIZE [QUESTIONS]   ask all questions, as people do in production
    python examples/traced_app.py evaluate DATASET CHUNK_SIZE          judge it with an evaluation dataset

The first goes to the experiment `handbook-app`, the second to `handbook-app-evaluation`. Afterwards,

    rag-chunk score --corpus examples --test-file examples/questions.json --traces handbook-app

compares the versions that were asked. Needs rag-chunk with its extra mlflow, and MLflow 3.4 or later.
"""

import os
import re
import sys
from collections import Counter
from pathlib import Path

import mlflow  # noqa: TID253 - this is an application, and starts with it
from mlflow.entities import Document, SpanType  # noqa: TID253

from rag_chunk import RunConfig, chunk, read_corpus, read_questions
from rag_chunk.mlflow import EvidenceRecall

HERE = Path(__file__).parent
EXPERIMENT = "handbook-app"


class Handbook:
    """Chunks, and a search by how many of a question's words they have, rare words first."""

    def __init__(self, config: RunConfig) -> None:
        self.chunks = list(chunk(read_corpus(HERE, skip_unreadable=True), config))
        self.words = [set(words_of(each.text)) for each in self.chunks]
        self.count = Counter(word for words in self.words for word in words)

    @mlflow.trace(span_type=SpanType.RETRIEVER)
    def retrieve(self, question: str) -> list[Document]:
        """Return the best chunks as MLflow shows them, each with its place in its document."""
        asked = set(words_of(question))
        scores = [sum(1 / self.count[word] for word in asked & words) for words in self.words]
        best = sorted(range(len(scores)), key=lambda row: -scores[row])[:8]
        return [
            Document(
                page_content=each.text,
                metadata={"doc_uri": each.document.name, "start_index": each.start, "end_index": each.end},
                id=each.id,
            )
            for each in (self.chunks[row] for row in best)
        ]

    @mlflow.trace
    def answer(self, question: str) -> str:
        """Return the passage that fits best; a model would write an answer of all of them."""
        return self.retrieve(question)[0].page_content


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def ask(handbook: Handbook, version: str, file: str | Path = HERE / "questions.json") -> None:
    """Ask every question of the file, and tag the traces with the version of the application."""

    @mlflow.trace
    def request(question: str) -> str:
        mlflow.update_current_trace(tags={"version": version})
        return handbook.answer(question)

    questions = read_questions(file, read_corpus(HERE, skip_unreadable=True))
    for question in questions.texts:
        request(question)
    print(f"{version}: {len(questions)} questions asked")


def evaluate(handbook: Handbook, name: str) -> None:
    """Judge the application by the equal-budget recall of the expected evidence."""
    from mlflow.genai.datasets import search_datasets

    if mlflow.get_tracking_uri().startswith("sqlite"):
        # The file takes one writer at a time, and traces that wait too long are lost.
        os.environ.setdefault("MLFLOW_GENAI_EVAL_MAX_WORKERS", "1")
    dataset = next(iter(search_datasets(filter_string=f"name = '{name}'")), None)
    if dataset is None:
        sys.exit(
            f"there is no dataset {name!r}: make one with rag-chunk analyze … --mlflow-tracking --questions-dataset {name}"
        )
    result = mlflow.genai.evaluate(
        data=dataset,
        predict_fn=handbook.answer,
        scorers=[EvidenceRecall(corpus=str(HERE), budget=4000)],
    )
    print(f"evidence_recall {result.metrics['evidence_recall/mean']:.3f}")


def main(what: str, name: str, size: str, *rest: str) -> None:
    mlflow.set_experiment(EXPERIMENT if what == "ask" else f"{EXPERIMENT}-evaluation")
    handbook = Handbook(RunConfig(strategy="header", chunk_size=int(size)))
    {"ask": ask, "evaluate": evaluate}[what](handbook, name, *rest)


if __name__ == "__main__":
    main(*sys.argv[1:])
