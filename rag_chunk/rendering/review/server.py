"""The server of the page: on loopback, for who knows the address, and for no other page."""

import secrets
import socket
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rag_chunk.corpus import Corpus
from rag_chunk.errors import InputError, MissingExtra
from rag_chunk.questions.editable_file import EditableFile, StaleChange
from rag_chunk.rendering.review.endpoints import BadRequest, routes
from rag_chunk.rendering.review.session import ReviewSession
from rag_chunk.rendering.review.stable_address import ReviewAddress, keep_address, recall_address

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

LOOPBACK = "127.0.0.1"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
Next = Callable[["Request"], Awaitable["Response"]]


def serve(path: Path, corpus: Corpus, on_start: Callable[[str], None]) -> None:
    """Serve the review of the questions at `path` until the process is stopped; `on_start` gets the address."""
    try:
        import uvicorn
    except ImportError:
        raise MissingExtra("review", "The review page") from None
    session = ReviewSession(EditableFile(path), corpus)
    address = recall_address(path)
    listener = listen_on_loopback(address.port)
    port = listener.getsockname()[1]
    app = review_app(session, address.token, {f"{LOOPBACK}:{port}", f"localhost:{port}"})
    keep_address(path, ReviewAddress(port, address.token))
    config = uvicorn.Config(app, log_level="error", access_log=False, lifespan="off", timeout_graceful_shutdown=1)
    on_start(f"http://{LOOPBACK}:{port}/{address.token}/")
    uvicorn.Server(config).run(sockets=[listener])


def listen_on_loopback(port: int) -> socket.socket:
    """Return a socket on loopback: at the port, or at any where that is in use."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError:
        listener.bind((LOOPBACK, 0))
    listener.listen()
    return listener


def review_app(session: ReviewSession, token: str, hosts: set[str]) -> "Starlette":
    """Return the app. It answers under the token alone, to requests for one of the `hosts`, and changes from its own page."""
    try:
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.middleware.base import BaseHTTPMiddleware
        from starlette.routing import Mount
    except ImportError:
        raise MissingExtra("review", "The review page") from None

    async def guard(request: "Request", answer: Next) -> "Response":
        response = _refuse(request, token, hosts) or await answer(request)
        response.headers.update(_HEADERS)
        return response

    explained = {StaleChange: _explain(409), InputError: _explain(422), BadRequest: _explain(400)}
    app = Starlette(
        routes=[Mount(f"/{token}", routes=routes())],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=guard)],
        exception_handlers=explained,
    )
    app.state.session, app.state.lock = session, threading.Lock()
    return app


def _refuse(request: "Request", token: str, hosts: set[str]) -> "Response | None":
    """Return why a request is refused, if it is: another page may not ask, nor a name that was bent to this machine."""
    from starlette.responses import PlainTextResponse

    host = request.headers.get("host", "")
    if host not in hosts:
        return PlainTextResponse("This address is only for the browser on this machine.", 403)
    given = request.url.path.split("/")[1]
    if not secrets.compare_digest(given.encode(), token.encode()):
        return PlainTextResponse("Open the whole address that rag-chunk review has printed.", 404)
    origin = request.headers.get("origin")
    if request.method not in {"GET", "HEAD"} and origin != f"http://{host}":
        return PlainTextResponse("Changes are taken from the page itself only.", 403)
    return None


def _explain(status: int) -> "Callable[[Request, Exception], Response]":
    from starlette.responses import JSONResponse

    return lambda _, error: JSONResponse({"error": str(error)}, status)
