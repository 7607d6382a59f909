"""What an application that uses MLflow takes from rag-chunk: `EvidenceRecall`, a scorer for `mlflow.genai.evaluate`."""

from typing import Any

_NAMES = ["EvidenceRecall"]


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from rag_chunk.mlflow_tracker.evidence_recall import scorer_class

    return scorer_class()


def __dir__() -> list[str]:
    return _NAMES
