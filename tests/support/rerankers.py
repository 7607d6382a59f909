"""Rerankers that play: one that knows the evidence, one that turns an order round, and one behind an address."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from tests.support.json_server import Answer, JsonServer, serving_json

_EVIDENCE: dict[str, str] = {}


def knows(evidence: dict[str, str]) -> None:
    """Let `oracle` know the evidence of each question."""
    _EVIDENCE.clear()
    _EVIDENCE.update(evidence)


def oracle(question: str, texts: Sequence[str]) -> list[float]:
    return [float(_EVIDENCE[question] in text) for text in texts]


def backwards(question: str, texts: Sequence[str]) -> list[int]:
    del question
    return list(range(len(texts)))


def by_length(question: str, texts: Sequence[str]) -> list[int]:
    del question
    return list(map(len, texts))


def too_few(question: str, texts: Sequence[str]) -> list[int]:
    del question, texts
    return [1]


def no_numbers(question: str, texts: Sequence[str]) -> list[float]:
    del question
    return [float("nan")] * len(texts)


def broken(question: str, texts: Sequence[str]) -> list[float]:
    raise RuntimeError(f"cannot score {len(texts)} texts for {question}")


class RerankServer(JsonServer):
    """Answers with the length of each text as its score."""

    def usual_answer(self, body: dict[str, Any]) -> Answer:
        return lengths(body["documents"])


def lengths(texts: list[str]) -> Answer:
    """Return an answer as Jina's and Cohere's are: the best first."""
    rows = [{"index": number, "relevance_score": float(len(text))} for number, text in enumerate(texts)]
    return 200, {}, {"model": "m", "results": sorted(rows, key=lambda row: -float(str(row["relevance_score"])))}


def serving_rerank() -> AbstractContextManager[RerankServer]:
    """Serve on a free port of this machine."""
    return serving_json(RerankServer, "rerank")
