"""What the page may ask of the server, one function an address."""

import json
import threading
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from rag_chunk.rendering.review.session import ReviewSession

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

_LARGEST_BODY = 1_000_000  # bytes


class BadRequest(Exception):
    """A request that the page does not make."""


def routes() -> "list[Route]":
    """Return the addresses of the page and of what it asks."""
    from starlette.routing import Route

    asked = {"/overview": _overview, "/question": _question, "/document": _document, "/search": _search}
    return [
        Route("/", _page),
        Route("/review.js", _script),
        Route("/review.css", _style),
        *(Route(path, endpoint) for path, endpoint in asked.items()),
        Route("/change", _change, methods=["POST"]),
        Route("/undo", _undo, methods=["POST"]),
    ]


async def _page(request: "Request") -> "Response":
    from starlette.responses import HTMLResponse

    session = request.app.state.session
    names = [document.name for document in session.corpus.documents]
    return HTMLResponse(_template().render(file=session.file.path.name, documents=names))


async def _script(request: "Request") -> "Response":
    from starlette.responses import Response

    return Response(_source("review.js"), media_type="text/javascript")


async def _style(request: "Request") -> "Response":
    from starlette.responses import Response

    return Response(_source("review.css"), media_type="text/css")


async def _overview(request: "Request") -> "Response":
    return await _answer(request, lambda session: session.overview())


async def _question(request: "Request") -> "Response":
    name = request.query_params.get("id", "")
    return await _answer(request, lambda session: session.question(name))


async def _document(request: "Request") -> "Response":
    try:
        index, at = (int(request.query_params.get(name, "0")) for name in ("index", "at"))
    except ValueError:
        raise BadRequest("a place is two whole numbers") from None
    return await _answer(request, lambda session: session.document(index, at))


async def _search(request: "Request") -> "Response":
    text = request.query_params.get("text", "")
    return await _answer(request, lambda session: session.search(text))


async def _change(request: "Request") -> "Response":
    body = await _read_body(request)

    def change(session: ReviewSession) -> Mapping[str, Any]:
        try:
            question = session.change(body["id"], body["version"], body["operation"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise BadRequest(f"there is no such change: {error!r}") from None
        return {"question": question, "overview": session.overview()}

    return await _answer(request, change)


async def _undo(request: "Request") -> "Response":
    return await _answer(request, lambda session: {"question": session.undo(), "overview": session.overview()})


async def _answer(request: "Request", ask: Callable[[ReviewSession], Any]) -> "Response":
    """Ask the session in a thread, so that a slow answer holds up no other connection; one at a time."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    session: ReviewSession = request.app.state.session
    lock: threading.Lock = request.app.state.lock

    def ask_alone() -> Any:
        with lock:
            return ask(session)

    return Response(json.dumps(await run_in_threadpool(ask_alone)), media_type="application/json")


async def _read_body(request: "Request") -> dict[str, Any]:
    """Return the JSON object that a request holds, of a size that a change can have."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequest("a change is JSON")
    data = b""
    async for part in request.stream():
        data += part
        if len(data) > _LARGEST_BODY:
            raise BadRequest(f"a change has at most {_LARGEST_BODY:,} bytes")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        raise BadRequest("a change is JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("a change is an object")
    return body


def _source(name: str) -> str:
    """Return a file beside the templates as it is."""
    return files(__package__).joinpath("templates", name).read_text("utf-8")


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("rag_chunk.rendering.review")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined).get_template("review.html")
