"""`ChatModel`: a model that answers in JSON, behind an address that speaks OpenAI's protocol.

Every answer is kept on disk under what was asked, so that work that was cut off goes on where it was.
"""

import datetime
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rag_chunk.config.setting_checks import DRAFTING_KEY
from rag_chunk.corpus import cache
from rag_chunk.embedder.connection import HOME, Connection, connect
from rag_chunk.embedder.huggingface import import_backend

SECONDS = 300.0  # for an answer: a large model on a laptop takes its time, and answers several after each other
LONGEST_ANSWER = 2000  # tokens
_REFUSED_FORM = {400, 404, 415, 422}  # what servers answer that know no structured output
_KEPT = "Answers that were given"

Message = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChatAnswer:
    """What a model said, the tokens that this took, and the day. Nothing is paid for what `is_kept` from before."""

    text: str
    tokens: int
    day: str
    is_kept: bool = False


@dataclass(frozen=True, slots=True)
class ChatModel:
    """A model. `ask` sends messages with the JSON schema of the answer; `load` returns an answer that was kept."""

    name: str
    address: str
    ask: Callable[[Sequence[Message], Mapping[str, Any]], ChatAnswer]
    load: Callable[[Sequence[Message]], ChatAnswer | None]


def chat_model(name: str, url: str | None, url_option: str = "--url") -> ChatModel:
    """Return the model; nothing is asked of it yet. `url_option` gives another address than OpenAI's.

    Raise `MissingExtra` without the package, `SettingsError` without a key for OpenAI.
    """
    package = import_backend("openai", "openai", name, "the model")
    connection = connect(package, name, url, DRAFTING_KEY, url_option, seconds=SECONDS)
    forms = ["json_schema", "text"]  # the first that the address takes stays the first

    def ask(messages: Sequence[Message], schema: Mapping[str, Any]) -> ChatAnswer:
        if kept := load(messages):
            return kept
        answer = _request_answer(connection, name, messages, schema, forms)
        _store(_key(connection.address, name, messages), answer)
        return answer

    def load(messages: Sequence[Message]) -> ChatAnswer | None:
        return _load(_key(connection.address, name, messages))

    return ChatModel(name, url or HOME, ask, load)


def estimate_tokens(messages: Sequence[Message]) -> int:
    """Return about how many tokens messages are, rather too many than too few: a third of their bytes.

    >>> estimate_tokens([{"role": "user", "content": "Which way?"}])
    14
    """
    return sum(10 + -(-len(message["content"].encode("utf-8", "replace")) // 3) for message in messages)


def _request_answer(
    connection: Connection, name: str, messages: Sequence[Message], schema: Mapping[str, Any], forms: list[str]
) -> ChatAnswer:
    """Return what the address answers: structured output, or text where it refuses that."""
    limit = "max_completion_tokens" if connection.address.startswith(HOME) else "max_tokens"
    settings = {"model": name, "messages": list(messages), limit: LONGEST_ANSWER}

    def send() -> ChatAnswer:
        if forms[0] == "json_schema":
            try:
                return _read(_send(connection, settings | _json_format(schema)), messages)
            except connection.package.APIStatusError as error:
                if error.status_code not in _REFUSED_FORM:
                    raise
            answer = _send(connection, settings)
            forms[:] = ["text"]  # only now: what text cannot mend is no refusal of the form
            return _read(answer, messages)
        return _read(_send(connection, settings), messages)

    return connection.request(send, f"did not answer with {name}", _KEPT)


def _send(connection: Connection, settings: Mapping[str, Any]) -> Any:
    return connection.client.chat.completions.create(**settings)


def _json_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    form = {"name": "answer", "strict": True, "schema": dict(schema)}
    return {"response_format": {"type": "json_schema", "json_schema": form}}


def _read(answer: Any, messages: Sequence[Message]) -> ChatAnswer:
    """Return the text, and the tokens as the address counts them, or about as many where it does not."""
    if not answer.choices:
        raise ValueError("it answered without a choice.")
    text = str(answer.choices[0].message.content or "")
    told = [{"content": text}]
    tokens = answer.usage.total_tokens if answer.usage else estimate_tokens([*messages, *told])
    return ChatAnswer(text, int(tokens), datetime.datetime.now(datetime.UTC).date().isoformat())


def _key(address: str, name: str, messages: Sequence[Message]) -> str:
    """Return what an answer is kept under. A schema follows from the messages, and takes no part."""
    asked = json.dumps([address, name, *messages], ensure_ascii=True, sort_keys=True)
    return f"answer-{hashlib.sha256(asked.encode()).hexdigest()[:32]}"


def _store(key: str, answer: ChatAnswer) -> None:
    kept = json.dumps({"text": answer.text, "tokens": answer.tokens, "day": answer.day}, ensure_ascii=True)
    cache.store(key, np.frombuffer(kept.encode(), np.uint8))


def _load(key: str) -> ChatAnswer | None:
    array = cache.load(key)
    return None if array is None else ChatAnswer(**json.loads(array.tobytes()), is_kept=True)
