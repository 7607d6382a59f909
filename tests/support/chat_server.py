"""A loopback server that speaks OpenAI's protocol for answers, and plays models: honest ones, and others."""

import json
import re
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, NamedTuple

from rag_chunk.corpus.terms import terms
from tests.support.json_server import Answer, JsonServer, serving_json

_PASSAGE = re.compile(r"<passage>\n(.*?)\n</passage>", re.DOTALL)
_TEXT = re.compile(r"<text>\n(.*?)\n</text>", re.DOTALL)
_QUESTION = re.compile(r"<question>(.*?)</question>", re.DOTALL)
_FOCUS = re.compile(r"^- The question should be about what the text says at: (.*)$", re.MULTILINE)
_CHUNK = re.compile(r"<chunk>\n(.*?)\n</chunk>", re.DOTALL)
_DOCUMENT = re.compile(r"^Document: (.*)$", re.MULTILINE)
_WORD = re.compile(r"[^\W\d_]{4,}")
_ASKS = "What is known in the documents concerning"
NAMED = 3  # words of a quote that a question names

Reply = dict[str, Any]
Model = Callable[["Asked"], Reply | str]


class Asked(NamedTuple):
    """What a model is asked: for a draft (with passages), a context (with a chunk), an answer (with a text), or a subject."""

    prompt: str

    @property
    def passages(self) -> list[str]:
        return _PASSAGE.findall(self.prompt)

    @property
    def text(self) -> str | None:
        texts = _TEXT.findall(self.prompt)
        return texts[0] if texts else None

    @property
    def chunk(self) -> str | None:
        chunks = _CHUNK.findall(self.prompt)
        return chunks[0] if chunks else None

    @property
    def question(self) -> str:
        return str(_QUESTION.findall(self.prompt)[0])

    @property
    def focus(self) -> list[str]:
        listed = _FOCUS.findall(self.prompt)[0]
        return [json.loads(part) for part in listed.split(" and at: ")]


def honest(asked: Asked) -> Reply:
    """Quote whole sentences, and ask for them by words that are nowhere else in what was shown; place chunks by name."""
    if asked.chunk is not None:
        return {"context": f"This is from {_DOCUMENT.findall(asked.prompt)[0]}."}
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
class ChatServer(JsonServer):
    """What was asked, and what is answered next: a status with headers and a body, or without that, by the `model`."""

    model: Model = honest
    refuses_forms: bool = False
    counts_tokens: bool = True
    before: Callable[[int], None] = lambda _: None

    def answer(self, body: dict[str, Any]) -> Answer:
        self.before(len(self.asked))
        return super().answer(body)

    def play(self, body: dict[str, Any]) -> Answer:
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


@dataclass(frozen=True)
class PlayedAnswer:
    """An answer of a model that is played without a server."""

    text: str
    tokens: int = 100
    day: str = "2026-01-01"
    is_kept: bool = False


def serving_chat() -> AbstractContextManager[ChatServer]:
    """Serve on a free port of this machine."""
    return serving_json(ChatServer, "chat/completions")
