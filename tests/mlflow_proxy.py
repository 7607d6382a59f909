"""A server before an MLflow server, which can be busy, die, fall silent, or be something else altogether."""

import http.client
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

ANSWERS = {
    "404": (404, "<html><body>Not Found</body></html>"),
    "page": (200, "<html><body>Welcome</body></html>"),
    "host": (403, "Invalid Host header - possible DNS rebinding attack detected"),
    "403": (403, '{"error_code": "PERMISSION_DENIED", "message": "Permission denied"}'),
    "401": (401, "You are not authenticated."),
}


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Proxy:
    """`busy`: so many requests get 503 first. `die_after`: so many requests pass, the rest are cut off."""

    def __init__(self, behind: str) -> None:
        self.behind = urlsplit(behind).netloc
        self.mode = ""
        self.busy = 0
        self.die_after: int | None = None
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

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                if proxy.mode == "silent":
                    proxy.over.wait(30)
                    return
                if proxy.die_after is not None:
                    proxy.die_after -= 1
                    if proxy.die_after < 0:
                        self.connection.shutdown(socket.SHUT_RDWR)
                        return
                status, content = self.status_and_content()
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
