"""A review page in this process, and what asks it as a browser would."""

import http.client
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rag_chunk.corpus import Corpus
from rag_chunk.questions.editable_file import EditableFile
from rag_chunk.rendering.review.server import listen_on_loopback, review_app
from rag_chunk.rendering.review.session import ReviewSession

TOKEN = "the-token-of-the-tests-0123456789"  # noqa: S105 - of a server that only tests know


class ReviewClient:
    """Asks one server; answers are a status, and the JSON or the text that came."""

    def __init__(self, port: int, session: ReviewSession) -> None:
        self.port, self.session = port, session
        self.host = f"127.0.0.1:{port}"

    @property
    def address(self) -> str:
        return f"http://{self.host}/{TOKEN}/"

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, dict[str, str]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            text = response.read().decode()
            kind = response.getheader("content-type") or ""
            return response.status, json.loads(text) if "json" in kind else text, dict(response.getheaders())
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> tuple[int, Any]:
        return self.send("GET", f"/{TOKEN}/{path}" + (f"?{urlencode(query)}" if query else ""))[:2]

    def post(self, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Content-Type": "application/json", "Origin": f"http://{self.host}"}
        return self.send("POST", f"/{TOKEN}/{path}", json.dumps(body or {}), **headers)[:2]

    def question(self, name: str) -> dict[str, Any]:
        status, question = self.get("question", id=name)
        assert status == 200, question
        return dict(question)

    def change(self, name: str, version: str | None = None, **operation: Any) -> tuple[int, Any]:
        version = version or self.question(name)["version"]
        return self.post("change", {"id": name, "version": version, "operation": operation})


@contextmanager
def running_review(path: Path, corpus: Corpus) -> Iterator[ReviewClient]:
    """Serve the review of a file in a thread."""
    import uvicorn

    session = ReviewSession(EditableFile(path), corpus)
    listener = listen_on_loopback(0)
    port = listener.getsockname()[1]
    app = review_app(session, TOKEN, {f"127.0.0.1:{port}", f"localhost:{port}"})
    server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield ReviewClient(port, session)
    finally:
        server.should_exit = True
        thread.join(10)
        listener.close()
