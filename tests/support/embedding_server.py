"""A loopback server that speaks OpenAI's protocol for embeddings, and errs on demand."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from rag_chunk.embedder.hashing import hashing

Answer = tuple[int, dict[str, str], Any]  # status, headers, body


@dataclass
class EmbeddingServer:
    """What was asked, and what is answered next; without that, vectors."""

    address: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        """Every text that vectors were asked for, in order."""
        return [text for body in self.asked for text in body["input"]]


def vectors(texts: list[str]) -> Answer:
    """Return an answer with the vectors of `hashing`, ten times as long, in an order of its own."""
    found = hashing("", None).embed(texts, "document") * 10
    rows = [{"object": "embedding", "index": row, "embedding": vector} for row, vector in enumerate(found.tolist())]
    return (
        200,
        {},
        {"object": "list", "data": rows[::-1], "model": "m", "usage": {"prompt_tokens": 1, "total_tokens": 1}},
    )


@contextmanager
def serving() -> Iterator[EmbeddingServer]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.headers.append({name.lower(): value for name, value in self.headers.items()})
            known.asked.append(body)
            status, headers, answer = known.answers.pop(0) if known.answers else vectors(body["input"])
            text = json.dumps(answer).encode()
            self.send_response(status if self.path == "/v1/embeddings" else 404)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(text)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known = EmbeddingServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
