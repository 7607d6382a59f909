"""A loopback server that speaks OpenAI's protocol for answers, and plays models: honest ones, and others."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, NamedTuple

from rag_chunk.corpus.terms import terms

_PASSAGE = re.compile(r"<passage>\n(.*?)\n</passage>", re.DOTALL)
_TEXT = re.compile(r"<text>\n(.*?)\n</text>", re.DOTALL)
_QUESTION = re.compile(r"<question>(.*?)</question>", re.DOTALL)
_FOCUS = re.compile(r"^- The question should be about what the text says at: (.*)$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_ASKS = "What is known in the documents concerning"
NAMED = 3  # words of a quote that a question names

Reply = dict[str, Any]
Model = Callable[["Asked"], Reply | str]


class Asked(NamedTuple):
    """What a model is asked: for a draft (with passages), for a subject (with neither), or for an answer (with a text)."""

    prompt: str

    @property
    def passages(self) -> list[str]:
        return _PASSAGE.findall(self.prompt)

    @property
    def text(self) -> str | None:
        texts = _TEXT.findall(self.prompt)
        return texts[0] if texts else None

    @property
    def question(self) -> str:
        return str(_QUESTION.findall(self.prompt)[0])

    @property
    def focus(self) -> list[str]:
        listed = _FOCUS.findall(self.prompt)[0]
        return [json.loads(part) for part in listed.split(" and at: ")]


def honest(asked: Asked) -> Reply:
    """Quote whole sentences, and ask for them by words that are nowhere else in what was shown."""
    if asked.passages:
        return _draft(asked.passages, asked.focus)
    if asked.text is None:
        return {
            "subject": asked.question.removeprefix(_ASKS).strip(" ?"),
            "is_clear": "this section" not in asked.question,
        }
    named = terms(asked.question.removeprefix(_ASKS))
    lines = [line for line in asked.text.splitlines() if set(named) & set(terms(line))]
    if not named or not set(named) <= set(terms(asked.text)):
        return {"is_answered": False, "quotes": [], "same_language": True}
    return {"is_answered": True, "quotes": lines[:1], "same_language": True}


def _draft(passages: list[str], focus: list[str]) -> Reply:
    quotes = [_sentence(passage, start) for passage, start in zip(passages, focus, strict=True)]
    counts = Counter(term for passage in passages for term in terms(passage))
    unique = [
        [word for word in _WORD.findall(quote) if terms(word) == [word.lower()] and counts[word.lower()] == 1]
        for quote in quotes
    ]
    if not all(unique):
        return {"question": "", "quotes": []}
    named = [word for words in unique for word in words[:NAMED]]
    return {"question": f"{_ASKS} {' '.join(named)}?", "quotes": quotes}


def _sentence(passage: str, start: str) -> str:
    """Return the sentence that begins so, or its line where none ends."""
    place = passage.find(start.strip())
    rest = passage[max(place, 0) :]
    ends = [match.end() for match in re.finditer(r"[.!?。](?=\s|$)|\n\n|(?<=\|)\n", rest)]
    return rest[: ends[0] if ends else len(rest)].strip()


def paraphrasing(asked: Asked) -> Reply:
    """Be honest, but quote in words of its own."""
    reply = honest(asked)
    return reply | {"quotes": [f"Put briefly, {quote[:-5]}" for quote in reply["quotes"]]} if asked.passages else reply


def repeating(asked: Asked) -> Reply:
    """Ask the same of every passage."""
    if not asked.passages:
        return honest(asked)
    return {"question": "What is known in the documents?", "quotes": [_sentence(asked.passages[0], asked.focus[0])]}


def breaking(asked: Asked) -> str:
    """Answer in JSON that ends too early."""
    return json.dumps(honest(asked))[:-4]


def chatty(asked: Asked) -> str:
    """Put thoughts and a fence around the JSON, as models do that know no structured output."""
    return (
        f'<think>Perhaps {{"question": 1}}?</think>\nHere you are:\n```json\n{json.dumps(honest(asked))}\n```\nHelpful?'
    )


@dataclass
class ChatServer:
    """What was asked, and what is answered next: a status with headers and a body, or without that, by the `model`."""

    address: str
    model: Model = honest
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str], Any]] = field(default_factory=list)
    refuses_forms: bool = False
    counts_tokens: bool = True
    before: Callable[[int], None] = lambda _: None

    def answer(self, body: dict[str, Any]) -> tuple[int, dict[str, str], Any]:
        self.before(len(self.asked))
        if self.answers:
            return self.answers.pop(0)
        if self.refuses_forms and "response_format" in body:
            return 400, {}, {"error": {"message": "response_format is not supported"}}
        reply = self.model(Asked(body["messages"][-1]["content"]))
        text = reply if isinstance(reply, str) else json.dumps(reply, ensure_ascii=False)
        usage = {"prompt_tokens": 90, "completion_tokens": 10, "total_tokens": 100} if self.counts_tokens else None
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return (
            200,
            {},
            {"id": "1", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice], "usage": usage},
        )


class _QuietServer(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing: a client that was interrupted has gone."""


@contextmanager
def serving_chat() -> Iterator[ChatServer]:
    """Serve on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            known.headers.append({name.lower(): value for name, value in self.headers.items()})
            known.asked.append(body)
            try:
                status, headers, answer = known.answer(body)
            except ConnectionError:  # a model that dies
                self.connection.close()
                return
            text = json.dumps(answer).encode()
            self.send_response(status if self.path == "/v1/chat/completions" else 404)
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
    known = ChatServer(f"http://127.0.0.1:{server.server_port}/v1")
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield known
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
