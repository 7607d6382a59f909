"""A loopback server that answers JSON with JSON, and keeps what it was asked."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, TypeVar

Answer = tuple[int, dict[str, str], Any]  # status, headers, body


@dataclass
class JsonServer:
    """What was asked, bodies and headers, and what is answered next; without that, what `usual_answer` returns.

    A `ConnectionError` that is raised instead closes the connection.
    """

    address: str
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def answer(self, body: dict[str, Any]) -> Answer:
        return self.answers.pop(0) if self.answers else self.usual_answer(body)

    def usual_answer(self, body: dict[str, Any]) -> Answer:
        raise NotImplementedError


Served = TypeVar("Served", bound=JsonServer)


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that was interrupted has gone."""


@contextmanager
def serving_json(make: Callable[[str], Served], path: str) -> Iterator[Served]:
    """Serve what `make` makes of the address, below `/v1` on a free port of this machine; only `path` is there."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.headers.append({name.lower(): value for name, value in self.headers.items()})
            known.asked.append(body)
            try:
                status, headers, answer = known.answer(body)
            except ConnectionError:
                self.connection.close()
                return
            text = json.dumps(answer).encode()
            self.send_response(status if self.path == f"/v1/{path}" else 404)
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

    server = _QuietServer(("127.0.0.1", 0), Handler)
    known = make(f"http://127.0.0.1:{server.server_port}/v1")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
