"""A server before an MLflow server, which can be busy, die, fall silent, drip, or be something else altogether."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ANSWERS = {
    "404": (404, "<html><body>Not Found</body></html>"),
    "page": (200, "<html><body>Welcome</body></html>"),
    "host": (403, "Invalid Host header - possible DNS rebinding attack detected"),
    "403": (403, '{"error_code": "PERMISSION_DENIED", "message": "Permission denied"}'),
    "401": (401, "You are not authenticated."),
}

FALSE = {
    "error after": (500, b'{"error_code": "INTERNAL_ERROR", "message": "no idea"}'),
    "empty": (200, b""),
    "foreign": (200, b"<html>Welcome to our portal</html>"),
    "hollow": (200, b"{}"),
}
PASSED_ON = {"error after", "cut after", "late"}  # the server does what is asked, and its answer is lost
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
DRIPS = {"drips head": HEAD + b"X-Long: ", "drips body": HEAD + b"Content-Length: 1000000\r\n\r\n"}


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Proxy:
    """`busy`: so many requests get 503 first. After `die_after` more requests the mode is `then`."""

    def __init__(self, behind: str) -> None:
        self.behind = urlsplit(behind).netloc
        self.mode = ""
        self.busy = 0
        self.die_after: int | None = None
        self.then = "cut"
        self.failing_since = 0.0
        self.faults: dict[tuple[str, int], str] = {}  # what happens to the n-th request whose path contains a text
        self.requests: list[str] = []
        self.late_seconds = 6.0
        self.over = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        self._closed = False

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self.over.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def pass_on(self, handler: BaseHTTPRequestHandler) -> tuple[int, bytes]:
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection(self.behind, timeout=30)
        headers = {name: value for name, value in handler.headers.items() if name.lower() != "host"}
        connection.request(handler.command, handler.path, body, headers)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, content

    def count(self) -> None:
        """Fail from now on, when enough requests have passed."""
        if self.die_after is not None:
            self.die_after -= 1
            if self.die_after < 0 and self.mode != self.then:
                self.mode, self.failing_since = self.then, time.monotonic()

    def fault(self, handler: BaseHTTPRequestHandler) -> str | None:
        """Return what is to happen to this request."""
        self.requests.append(f"{handler.command} {handler.path}")
        for (part, number), kind in self.faults.items():
            if part in self.requests[-1] and sum(part in request for request in self.requests) == number:
                return kind
        return None

    def answer_falsely(self, handler: BaseHTTPRequestHandler, kind: str) -> tuple[int, bytes] | None:
        """Do a fault; return the answer, or nothing where the connection is cut."""
        if kind in PASSED_ON:
            answer = self.pass_on(handler)
        else:
            handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
            answer = FALSE.get(kind, (200, b""))
        if kind in {"cut", "cut after"}:
            with contextlib.suppress(OSError):
                handler.connection.shutdown(socket.SHUT_RDWR)
            return None
        if kind == "late":
            self.over.wait(self.late_seconds)
            return answer
        return FALSE[kind]

    def drip(self, handler: BaseHTTPRequestHandler) -> None:
        """Send a byte now and then, so that no time-out between two bytes ends it."""
        with contextlib.suppress(OSError):
            handler.wfile.write(DRIPS[self.mode])
            while not self.over.wait(0.2):
                handler.wfile.write(b" ")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self
        failing: dict[str, Callable[[BaseHTTPRequestHandler], object]] = {
            "cut": lambda handler: handler.connection.shutdown(socket.SHUT_RDWR),
            "silent": lambda _: proxy.over.wait(30),
            **dict.fromkeys(DRIPS, proxy.drip),
        }

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                proxy.count()
                if proxy.mode in failing:
                    failing[proxy.mode](self)
                    return
                kind = proxy.fault(self)
                answer = proxy.answer_falsely(self, kind) if kind else self.status_and_content()
                if answer is None:
                    return
                status, content = answer
                with contextlib.suppress(OSError):  # nobody waits for it any more
                    self.send(status, content)

            def send(self, status: int, content: bytes) -> None:
                self.send_response(status)
                if status == 503:
                    self.send_header("Retry-After", "1")
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def status_and_content(self) -> tuple[int, bytes]:
                if proxy.mode in ANSWERS:
                    status, text = ANSWERS[proxy.mode]
                    return status, text.encode()
                if proxy.busy:
                    proxy.busy -= 1
                    return 503, b"busy"
                return proxy.pass_on(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - http.server looks for these

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        return Handler
