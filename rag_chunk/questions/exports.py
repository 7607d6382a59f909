"""Questions and their evidence as other tools read them."""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal

from rag_chunk.corpus import Corpus
from rag_chunk.questions.question import Question, Questions, question_to_dict

ExportFormat = Literal["ragas", "beir", "mlflow"]


def export_questions(questions: Questions, corpus: Corpus, form: ExportFormat) -> dict[str, str]:
    """Return the files of an export by name: one, whose name is empty, or those of a folder.

    Of alternatives the first is taken: none of these layouts has more.
    """
    return _FORMATS[form](questions, corpus)


def list_losses(questions: Questions, form: ExportFormat) -> list[str]:
    """Return what of the questions an export does not hold, each with its count."""
    asked = questions.questions
    alternatives = sum(len(item.spans) > 1 for question in asked for item in question.evidence)
    items = sum(len(question.evidence) for question in asked)
    counts = {
        "without evidence, left out": len(questions.without_evidence),
        "with tags, which are left out": sum(bool(question.tags) for question in asked),
        "not reviewed, which the export does not say": questions.unreviewed,
    }
    losses = [f"{_count(count, 'question')} {what}" for what, count in counts.items() if count]
    if form == "beir" and items:
        return [*losses, f"{_count(items, 'piece')} of evidence written as whole documents"]
    if alternatives:
        losses.append(f"{_count(alternatives, 'piece')} of evidence with alternatives, of which the first is written")
    return losses


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _to_ragas(questions: Questions, corpus: Corpus) -> dict[str, str]:
    rows = [
        {"user_input": question.question, "reference_contexts": [item["text"] for item in _evidence(question, corpus)]}
        for question in questions.questions
    ]
    return {"": _jsonl(rows)}


def _to_mlflow(questions: Questions, corpus: Corpus) -> dict[str, str]:
    """Return records as `mlflow.genai.datasets` merges them."""
    rows = [
        {
            "inputs": {"question": question.question},
            "expectations": {
                "expected_retrieved_context": [
                    {"doc_uri": item["doc"], "content": item["text"]} for item in _evidence(question, corpus)
                ]
            },
            "tags": {"id": question.id},
        }
        for question in questions.questions
    ]
    return {"": json.dumps(rows, ensure_ascii=False, indent=1) + "\n"}


def _to_beir(questions: Questions, corpus: Corpus) -> dict[str, str]:
    documents = [{"_id": each.name, "title": "", "text": each.text} for each in corpus.documents]
    asked = [{"_id": question.id, "text": question.question} for question in questions.questions]
    judged = [
        f"{question.id}\t{name}\t1"
        for question in questions.questions
        for name in dict.fromkeys(item["doc"] for item in _evidence(question, corpus))
    ]
    qrels = "\n".join(["query-id\tcorpus-id\tscore", *judged]) + "\n"
    return {"corpus.jsonl": _jsonl(documents), "queries.jsonl": _jsonl(asked), "qrels/test.tsv": qrels}


def _evidence(question: Question, corpus: Corpus) -> list[Mapping[str, Any]]:
    items = question_to_dict(question, corpus)["evidence"]
    return [item[0] if isinstance(item, list) else item for item in items]


def _jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


_FORMATS: dict[ExportFormat, Callable[[Questions, Corpus], dict[str, str]]] = {
    "ragas": _to_ragas,
    "beir": _to_beir,
    "mlflow": _to_mlflow,
}
