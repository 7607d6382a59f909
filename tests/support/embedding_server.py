"""A loopback server that speaks OpenAI's protocol for embeddings, and errs on demand."""

from contextlib import AbstractContextManager
from typing import Any

from rag_chunk.embedder.hashing import hashing
from tests.support.json_server import Answer, JsonServer, serving_json


class EmbeddingServer(JsonServer):
    """Answers with vectors."""

    @property
    def texts(self) -> list[str]:
        """Every text that vectors were asked for, in order."""
        return [text for body in self.asked for text in body["input"]]

    def usual_answer(self, body: dict[str, Any]) -> Answer:
        return vectors(body["input"])


def vectors(texts: list[str]) -> Answer:
    """Return an answer with the vectors of `hashing`, ten times as long, in an order of its own."""
    found = hashing("", None).embed(texts, "document") * 10
    rows = [{"object": "embedding", "index": row, "embedding": vector} for row, vector in enumerate(found.tolist())]
    return (
        200,
        {},
        {"object": "list", "data": rows[::-1], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}},
    )


def serving() -> AbstractContextManager[EmbeddingServer]:
    """Serve on a free port of this machine."""
    return serving_json(EmbeddingServer, "embeddings")
