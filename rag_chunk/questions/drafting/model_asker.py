"""`ModelAsker`: asks a model, counts what that takes, and stops before it takes too much."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from threading import Condition
from typing import Any

from rag_chunk.corpus.background import fulfil
from rag_chunk.questions.drafting.prompts import Message, ModelAnswer, Reply, parse_reply, schema_of

Ask = Callable[[Sequence[Message], Mapping[str, Any]], ModelAnswer]
Estimate = Callable[[Sequence[Message]], int]  # the tokens of a request with its answer; 0 where that is kept


class NoMoreAnswers(Exception):
    """The next answer could take more tokens than may be used, or asking was stopped."""


class ModelAsker:
    """A model, with the tokens that its answers took, how many answers were new, and how many were kept from before.

    Several threads may ask at once: the same is requested once.
    """

    def __init__(self, ask: Ask, estimate: Estimate, max_tokens: int | None = None) -> None:
        """Ask by `ask`. Without `max_tokens` there is no limit."""
        self._ask, self._estimate, self._max_tokens = ask, estimate, max_tokens
        self._answers: dict[bytes, Future[ModelAnswer]] = {}  # by a digest: what is asked may be long
        self._changed = Condition()
        self._is_stopped = False
        self._reserved = 0  # tokens that requests under way may take
        self.tokens = 0
        self.new = 0
        self.kept = 0

    def ask(self, reply: type[Reply], messages: Sequence[Message]) -> tuple[Reply | None, ModelAnswer]:
        """Return the reply, or None where the answer is no such JSON, and the answer.

        Raise `NoMoreAnswers` before more tokens are used than may be, and once this was stopped.
        """
        mine, asked = Future[ModelAnswer](), messages[-1]["content"].encode("utf-8", "surrogatepass")
        with self._changed:
            future = self._answers.setdefault(hashlib.blake2b(asked).digest(), mine)
        if future is mine:
            fulfil(mine, lambda: self._request(reply, messages))
        answer = future.result()
        return parse_reply(reply, answer.text), answer

    def stop(self) -> None:
        """Ask nothing more, on any thread."""
        with self._changed:
            self._is_stopped = True
            self._changed.notify_all()

    def _request(self, reply: type[Reply], messages: Sequence[Message]) -> ModelAnswer:
        most = self._estimate(messages)
        self._reserve(most)
        try:
            answer = self._ask(messages, schema_of(reply))
            self._count(answer)
            return answer
        finally:
            with self._changed:
                self._reserved -= most
                self._changed.notify_all()

    def _reserve(self, most: int) -> None:
        """Wait until a request may take so many tokens; raise `NoMoreAnswers` where none that is under way can help."""
        with self._changed:
            while not self._is_stopped and self._would_pass(self.tokens + self._reserved + most) and most:
                if not self._reserved:
                    raise NoMoreAnswers
                self._changed.wait()
            if self._is_stopped:
                raise NoMoreAnswers
            self._reserved += most

    def _would_pass(self, tokens: int) -> bool:
        return self._max_tokens is not None and tokens > self._max_tokens

    def _count(self, answer: ModelAnswer) -> None:
        with self._changed:
            self.kept += answer.is_kept
            self.new += not answer.is_kept
            self.tokens += 0 if answer.is_kept else answer.tokens
